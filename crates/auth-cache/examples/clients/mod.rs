//! What a Lambda function builds once in its init phase, here for the stand-in.

use std::time::Duration;

use auth_cache::{CognitoTokenSource, SsmCredentials, TokenUse};
use aws_sdk_ssm::config::{
    BehaviorVersion, Credentials, Region, SharedCredentialsProvider, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_types::SdkConfig;
use local_cloud::LocalCloud;

/// A source that signs the stand-in's service user in.
pub(crate) fn token_source(cloud: &LocalCloud) -> CognitoTokenSource<SsmCredentials> {
    let seed = cloud.seed();
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(seed.region.clone()))
        .endpoint_url(cloud.url())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("key", "secret", None, None, "example")))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::standard())
        .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(8)).build())
        .build();
    let credentials = SsmCredentials::new(aws_sdk_ssm::Client::new(&config), &seed.parameters_prefix);
    let cognito = aws_sdk_cognitoidentityprovider::Client::new(&config);
    CognitoTokenSource::new(cognito, credentials, TokenUse::Access)
}
