//! The Cognito and SSM clients against whatever speaks these services' protocols.
//!
//! By default that is `local-cloud`. With `EMULATOR_URL` set it is the emulator there: `.ci/run` runs these tests once
//! more against moto, which nobody here wrote.

mod service_user;

use std::time::Duration;

use auth_cache::{
    CognitoTokenSource, Credentials, CredentialsError, CredentialsSource, Identity, Renewal, SignInError,
    SsmCredentials, TokenSource as _, TokenUse,
};
use aws_sdk_cognitoidentityprovider::types::ExplicitAuthFlowsType;
use aws_sdk_ssm::{
    config::{
        BehaviorVersion, Credentials as AwsCredentials, Region, SharedCredentialsProvider,
        retry::{RetryConfig, RetryPartition},
    },
    types::ParameterType,
};
use aws_types::SdkConfig;
use local_cloud::LocalCloud;
use serde_json::json;

const REGION: &str = "eu-west-1";
const USERNAME: &str = "service-user";
const PASSWORD: &str = "Correct-password-1";

/// A user pool with a service user, and its parameters, made over HTTP as a deployment makes them.
struct Peer {
    cognito: aws_sdk_cognitoidentityprovider::Client,
    ssm: aws_sdk_ssm::Client,
    prefix: String,
    _cloud: Option<LocalCloud>,
}

impl Peer {
    async fn new() -> Self {
        let (url, cloud) = match emulator_url() {
            Some(url) => (url, None),
            None => {
                let cloud = LocalCloud::builder().seed(false).start().await.unwrap();
                (cloud.url(), Some(cloud))
            }
        };
        let (cognito, ssm) = sdk_clients(&url, REGION);

        let pool = cognito.create_user_pool().pool_name("peer").send().await.unwrap().user_pool.unwrap().id.unwrap();
        let client = cognito
            .create_user_pool_client()
            .user_pool_id(&pool)
            .client_name("service")
            .generate_secret(true)
            .explicit_auth_flows(ExplicitAuthFlowsType::AllowAdminUserPasswordAuth)
            .explicit_auth_flows(ExplicitAuthFlowsType::AllowRefreshTokenAuth)
            .send()
            .await
            .unwrap()
            .user_pool_client
            .unwrap();
        cognito.admin_create_user().user_pool_id(&pool).username(USERNAME).send().await.unwrap();
        cognito
            .admin_set_user_password()
            .user_pool_id(&pool)
            .username(USERNAME)
            .password(PASSWORD)
            .permanent(true)
            .send()
            .await
            .unwrap();

        // The pool's id makes the prefix unique: an emulator serves all tests at once.
        let peer = Self { cognito, ssm, prefix: format!("/{pool}/service-user"), _cloud: cloud };
        peer.put("user-pool-id", ParameterType::String, &pool).await;
        peer.put("client-id", ParameterType::String, &client.client_id.unwrap()).await;
        peer.put("client-secret", ParameterType::SecureString, &client.client_secret.unwrap()).await;
        peer.put_credentials(PASSWORD).await;
        peer
    }

    async fn put_credentials(&self, password: &str) {
        let credentials = json!({"username": USERNAME, "password": password}).to_string();
        self.put("credentials", ParameterType::SecureString, &credentials).await;
    }

    async fn put(&self, last: &str, kind: ParameterType, value: &str) {
        let name = format!("{}/{last}", self.prefix);
        self.ssm.put_parameter().name(name).r#type(kind).value(value).overwrite(true).send().await.unwrap();
    }

    async fn read(&self) -> Result<Credentials, CredentialsError> {
        CredentialsSource::<Credentials>::read(&self.credentials()).await
    }

    fn credentials(&self) -> SsmCredentials {
        SsmCredentials::new(self.ssm.clone(), &self.prefix)
    }

    fn source(&self, token_use: TokenUse) -> CognitoTokenSource<SsmCredentials> {
        CognitoTokenSource::new(self.cognito.clone(), self.credentials(), token_use)
    }
}

#[expect(clippy::disallowed_methods, reason = "which server the tests use is a matter of the test run")]
fn emulator_url() -> Option<String> {
    std::env::var("EMULATOR_URL").ok()
}

/// Clients of the SDK for a server on this machine.
pub(crate) fn sdk_clients(url: &str, region: &str) -> (aws_sdk_cognitoidentityprovider::Client, aws_sdk_ssm::Client) {
    let config = sdk_config(url, region);
    // All clients of a partition share one budget of retries: here each server has its own.
    let cognito = aws_sdk_cognitoidentityprovider::config::Builder::from(&config)
        .retry_partition(RetryPartition::new(url.to_owned()))
        .build();
    (aws_sdk_cognitoidentityprovider::Client::from_conf(cognito), aws_sdk_ssm::Client::new(&config))
}

/// The SDK's configuration for a server on this machine.
pub(crate) fn sdk_config(url: &str, region: &str) -> SdkConfig {
    let credentials = AwsCredentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)))
        .endpoint_url(url)
        .build()
}

#[tokio::test]
async fn a_service_user_signs_in_with_its_parameters() {
    let peer = Peer::new().await;
    for token_use in [TokenUse::Access, TokenUse::Id] {
        let token = peer.source(token_use).sign_in().await.unwrap();
        assert!(token.expires_at() > token.issued_at());
    }
}

#[tokio::test]
async fn a_cached_token_is_used_again() {
    let peer = Peer::new().await;
    let identity = Identity::new(peer.source(TokenUse::Access));
    let first = identity.token(Duration::from_secs(10)).await.unwrap();
    // Another sign-in would fail.
    peer.put_credentials("Wrong-password-1").await;
    assert_eq!(identity.token(Duration::from_secs(10)).await.unwrap(), first);
}

#[tokio::test]
async fn a_rotated_password_is_picked_up_by_the_next_sign_in() {
    let peer = Peer::new().await;
    let source = peer.source(TokenUse::Access);
    peer.put_credentials("Wrong-password-1").await;
    source.sign_in().await.unwrap_err();
    peer.put_credentials(PASSWORD).await;
    source.sign_in().await.unwrap();
}

#[tokio::test]
async fn the_refresh_flow_gives_further_tokens_without_the_password() {
    let peer = Peer::new().await;
    let source = peer.source(TokenUse::Access).with_renewal(Renewal::RefreshTokenAuth);
    source.sign_in().await.unwrap();
    peer.put_credentials("Wrong-password-1").await;
    for _ in 0..2 {
        source.sign_in().await.unwrap();
    }
}

#[tokio::test]
async fn a_renewal_is_good_or_will_be_later() {
    let peer = Peer::new().await;
    let source = peer.source(TokenUse::Access);
    source.sign_in().await.unwrap();
    // moto fails with HTTP 500 and HTML.
    if let Err(error) = source.sign_in().await {
        assert!(error.is_transient(), "{error:?}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_not_transient() {
    let peer = Peer::new().await;
    peer.put_credentials("Wrong-password-1").await;
    let error = peer.source(TokenUse::Access).sign_in().await.unwrap_err();
    // moto says the user's name instead of Cognito's message.
    assert!(matches!(error, SignInError::WrongCredentials | SignInError::Misconfigured { .. }), "{error:?}");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn a_parameter_that_is_missing_is_named() {
    let peer = Peer::new().await;
    let name = format!("{}/client-id", peer.prefix);
    peer.ssm.delete_parameter().name(&name).send().await.unwrap();
    let error = peer.read().await.unwrap_err();
    assert!(matches!(&error, CredentialsError::Missing { names, .. } if *names == [name]), "{error:?}");
}

#[tokio::test]
async fn a_parameter_that_is_malformed_is_named_without_its_value() {
    let peer = Peer::new().await;
    for value in ["canary", r#"{"username":"canary"}"#, r#""canary""#] {
        peer.put("credentials", ParameterType::SecureString, value).await;
        let error = peer.read().await.unwrap_err();
        assert!(matches!(&error, CredentialsError::Malformed { .. }), "{error:?}");
        assert!(error.to_string().contains(&format!("{}/credentials is malformed", peer.prefix)), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
}

#[tokio::test]
async fn a_prefix_may_end_with_a_slash() {
    let peer = Peer::new().await;
    let credentials = SsmCredentials::new(peer.ssm.clone(), format!("{}/", peer.prefix));
    CredentialsSource::<Credentials>::read(&credentials).await.unwrap();
}

#[tokio::test]
async fn a_user_without_a_permanent_password_is_told_what_to_do() {
    let peer = Peer::new().await;
    let pool = peer.read().await.unwrap().user_pool_id;
    let temporary = "Temporary-password-1";
    let request = peer.cognito.admin_create_user().user_pool_id(&pool).username("newcomer");
    request.temporary_password(temporary).send().await.unwrap();
    let credentials = json!({"username": "newcomer", "password": temporary}).to_string();
    peer.put("credentials", ParameterType::SecureString, &credentials).await;
    let error = peer.source(TokenUse::Access).sign_in().await.unwrap_err();
    assert!(
        matches!(&error, SignInError::ChallengeRequired { challenge, .. } if challenge == "NEW_PASSWORD_REQUIRED"),
        "{error:?}"
    );
}
