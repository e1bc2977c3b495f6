//! The configuration of the SDK's clients, here for the stand-in.

use std::time::Duration;

use aws_sdk_cognitoidentityprovider::config::{
    BehaviorVersion, Credentials, Region, SharedCredentialsProvider, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_types::SdkConfig;
use local_cloud::LocalCloud;

pub(crate) fn sdk_config(cloud: &LocalCloud) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(cloud.seed().region.clone()))
        .endpoint_url(cloud.url())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("key", "secret", None, None, "example")))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::standard())
        .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(8)).build())
        .build()
}
