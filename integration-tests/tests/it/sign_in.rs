//! What Cognito's refusals mean to a caller.

use std::sync::atomic::{AtomicUsize, Ordering};

use auth_cache::{
    CognitoTokenSource, Credentials, CredentialsError, CredentialsSource, SignInError, SsmCredentials,
    TokenSource as _, TokenUse,
};
use local_cloud::{Fault, LocalCloud, Service};

use crate::peer::sdk_clients;

/// Signs in with what the seed says, changed by `change`.
async fn sign_in(cloud: &LocalCloud, change: impl FnOnce(&mut Credentials)) -> Result<auth_cache::Token, SignInError> {
    let seed = cloud.seed();
    let mut credentials = Credentials::new(&seed.user_pool_id, &seed.client_id, &seed.username, &seed.password)
        .with_client_secret(&seed.client_secret);
    change(&mut credentials);
    let (cognito, _) = sdk_clients(&cloud.url(), &seed.region);
    CognitoTokenSource::new(cognito, credentials, TokenUse::Access).sign_in().await
}

#[tokio::test]
async fn a_sign_in_gives_a_token_that_lives_as_long_as_the_app_client_says() {
    let cloud = LocalCloud::start().await.unwrap();
    let token = sign_in(&cloud, |_| {}).await.unwrap();
    let life = token.expires_at().duration_since(token.issued_at().unwrap()).unwrap();
    assert_eq!(life.as_secs(), 3600);
}

#[tokio::test]
async fn a_wrong_password_is_tried_once() {
    let cloud = LocalCloud::start().await.unwrap();
    let error = sign_in(&cloud, |credentials| credentials.password = "Wrong-password-1".to_owned().into()).await;
    assert!(matches!(error, Err(SignInError::WrongCredentials)), "{error:?}");
    assert_eq!(cloud.count_of("AdminInitiateAuth"), 1);
}

#[tokio::test]
async fn a_user_who_is_locked_out_is_told_from_one_with_a_wrong_password() {
    let cloud = LocalCloud::start().await.unwrap();
    for _ in 0..5 {
        let _ = sign_in(&cloud, |credentials| credentials.password = "Wrong-password-1".to_owned().into()).await;
    }
    let error = sign_in(&cloud, |_| {}).await;
    assert!(matches!(error, Err(SignInError::LockedOut)), "{error:?}");
}

#[tokio::test]
async fn a_wrong_client_secret_or_client_is_a_matter_of_configuration() {
    let cloud = LocalCloud::start().await.unwrap();
    for change in [
        (|credentials| credentials.client_secret = Some("other".to_owned().into())) as fn(&mut Credentials),
        |credentials| credentials.client_secret = None,
        |credentials| credentials.client_id = "other".to_owned(),
        |credentials| credentials.user_pool_id = "eu-west-1_other".to_owned(),
    ] {
        let error = sign_in(&cloud, change).await;
        assert!(matches!(error, Err(SignInError::Misconfigured { .. })), "{error:?}");
    }
}

#[tokio::test]
async fn throttling_and_outages_are_transient() {
    let cloud = LocalCloud::start().await.unwrap();
    for (fault, throttled) in [
        (Fault::throttle(Service::Cognito).always(), true),
        (Fault::status(Service::Cognito, 500).always(), false),
        (Fault::reset(Service::Cognito).always(), false),
    ] {
        cloud.clear_faults();
        cloud.inject(fault);
        let error = sign_in(&cloud, |_| {}).await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
        assert_eq!(matches!(error, SignInError::Throttled { .. }), throttled, "{error:?}");
    }
}

#[tokio::test]
async fn a_password_that_is_rotated_between_reading_and_using_it_is_read_once_more() {
    let cloud = LocalCloud::start().await.unwrap();
    let (cognito, ssm) = sdk_clients(&cloud.url(), &cloud.seed().region);
    let rotated =
        Rotated { now: SsmCredentials::new(ssm, &cloud.seed().parameters_prefix), reads: AtomicUsize::new(0) };
    CognitoTokenSource::new(cognito, rotated, TokenUse::Access).sign_in().await.unwrap();
    assert_eq!(cloud.count_of("AdminInitiateAuth"), 2);
    assert_eq!(cloud.count_of("GetParameters"), 2);
}

/// Credentials of which the first reader gets what they were before.
struct Rotated {
    now: SsmCredentials,
    reads: AtomicUsize,
}

impl CredentialsSource for Rotated {
    async fn read(&self) -> Result<Credentials, CredentialsError> {
        let mut credentials = self.now.read().await?;
        if self.reads.fetch_add(1, Ordering::SeqCst) == 0 {
            credentials.password = "Yesterdays-password-1".to_owned().into();
        }
        Ok(credentials)
    }
}
