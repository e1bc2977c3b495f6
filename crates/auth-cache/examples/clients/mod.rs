//! What a Lambda function builds once in its init phase, here for the stand-in.

mod config;

use auth_cache::{CognitoTokenSource, SsmCredentials, TokenUse};
use local_cloud::LocalCloud;

/// A source that signs the stand-in's service user in.
pub(crate) fn token_source(cloud: &LocalCloud) -> CognitoTokenSource<SsmCredentials> {
    let config = config::sdk_config(cloud);
    let credentials = SsmCredentials::new(aws_sdk_ssm::Client::new(&config), &cloud.seed().parameters_prefix);
    let cognito = aws_sdk_cognitoidentityprovider::Client::new(&config);
    CognitoTokenSource::new(cognito, credentials, TokenUse::Access)
}
