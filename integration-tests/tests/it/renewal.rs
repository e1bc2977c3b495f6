//! Renewing tokens with the refresh token that a sign-in gave.

use std::time::Duration;

use auth_cache::{CognitoTokenSource, Credentials, Renewal, SignInError, SsmCredentials, TokenSource as _, TokenUse};
use aws_sdk_cognitoidentityprovider::{
    Client,
    types::{ExplicitAuthFlowsType, FeatureType, RefreshTokenRotationType, UsernameAttributeType},
};
use local_cloud::{Fault, FaultKind, LocalCloud, Service};
use serde_json::json;

use crate::{peer::sdk_clients, secrets::Log};

const PASSWORD: &str = "AdminInitiateAuth";
const RENEWAL: &str = "GetTokensFromRefreshToken";
const STORE: &str = "GetParameters";

/// A cloud, and a source that signs in its service user with credentials from SSM.
async fn setup() -> (LocalCloud, CognitoTokenSource<SsmCredentials>) {
    let cloud = LocalCloud::start().await.unwrap();
    let (cognito, ssm) = sdk_clients(&cloud.url(), &cloud.seed().region);
    let credentials = SsmCredentials::new(ssm, &cloud.seed().parameters_prefix);
    (cloud, CognitoTokenSource::new(cognito, credentials, TokenUse::Access))
}

/// The operations called so far, which are forgotten.
fn calls(cloud: &LocalCloud) -> Vec<String> {
    let calls = cloud.calls().into_iter().map(|call| call.operation).collect();
    cloud.reset_calls();
    calls
}

fn cognito(cloud: &LocalCloud) -> Client {
    sdk_clients(&cloud.url(), &cloud.seed().region).0
}

/// A source of a user who signs in with an e-mail address, at a client with a secret.
async fn user_with_an_alias(
    cognito: &Client,
    rotation_grace: Option<i32>,
    flows: &[ExplicitAuthFlowsType],
) -> CognitoTokenSource<Credentials> {
    let pool = cognito.create_user_pool().pool_name("renewal").username_attributes(UsernameAttributeType::Email);
    let pool = pool.send().await.unwrap().user_pool.unwrap().id.unwrap();
    let client = cognito.create_user_pool_client().user_pool_id(&pool).client_name("service").generate_secret(true);
    let rotation = rotation_grace.map(|seconds| {
        RefreshTokenRotationType::builder()
            .feature(FeatureType::Enabled)
            .retry_grace_period_seconds(seconds)
            .build()
            .unwrap()
    });
    let client = client.set_explicit_auth_flows(Some(flows.to_vec())).set_refresh_token_rotation(rotation);
    let client = client.send().await.unwrap().user_pool_client.unwrap();
    let (email, password) = ("service@example.com", "Correct-password-1");
    cognito.admin_create_user().user_pool_id(&pool).username(email).send().await.unwrap();
    let set_password = cognito.admin_set_user_password().user_pool_id(&pool).username(email).password(password);
    set_password.permanent(true).send().await.unwrap();
    let credentials = Credentials::new(pool, client.client_id.unwrap(), email, password)
        .with_client_secret(client.client_secret.unwrap());
    CognitoTokenSource::new(cognito.clone(), credentials, TokenUse::Access)
}

async fn user_with_rotation(cognito: &Client, grace: i32) -> CognitoTokenSource<Credentials> {
    user_with_an_alias(cognito, Some(grace), &[ExplicitAuthFlowsType::AllowAdminUserPasswordAuth]).await
}

#[tokio::test]
async fn a_renewal_reads_no_credentials_and_sends_no_password() {
    let (cloud, source) = setup().await;
    let first = source.sign_in().await.unwrap();
    assert_eq!(calls(&cloud), [STORE, PASSWORD]);
    let second = source.sign_in().await.unwrap();
    assert_eq!(calls(&cloud), [RENEWAL]);
    assert_ne!(first, second);
    assert!(second.expires_at() > second.issued_at());
}

#[tokio::test]
async fn without_rotation_the_refresh_token_is_used_again_and_again() {
    let (cloud, source) = setup().await;
    for _ in 0..4 {
        source.sign_in().await.unwrap();
    }
    assert_eq!(calls(&cloud), [STORE, PASSWORD, RENEWAL, RENEWAL, RENEWAL]);
}

#[tokio::test]
async fn under_rotation_each_renewal_uses_the_refresh_token_of_the_last() {
    let cloud = LocalCloud::start().await.unwrap();
    let source = user_with_rotation(&cognito(&cloud), 0).await;
    calls(&cloud);
    // Without a grace period a refresh token that was used before is refused.
    for _ in 0..4 {
        source.sign_in().await.unwrap();
    }
    assert_eq!(calls(&cloud), [PASSWORD, RENEWAL, RENEWAL, RENEWAL]);
}

#[tokio::test]
async fn overlapping_renewals_leave_a_refresh_token_that_works() {
    let cloud = LocalCloud::start().await.unwrap();
    let source = user_with_rotation(&cognito(&cloud), 30).await;
    source.sign_in().await.unwrap();
    calls(&cloud);
    let (one, other) = tokio::join!(source.sign_in(), source.sign_in());
    assert!(one.is_ok() && other.is_ok());
    cloud.set_clock_offset(31);
    source.sign_in().await.unwrap();
    assert_eq!(calls(&cloud), [RENEWAL; 3]);
}

#[tokio::test]
async fn a_renewal_that_is_dropped_between_rotation_and_answer_costs_one_password_sign_in_at_most() {
    for (offset, expected) in [(0, &[RENEWAL][..]), (31, &[RENEWAL, PASSWORD])] {
        let cloud = LocalCloud::start().await.unwrap();
        let source = user_with_rotation(&cognito(&cloud), 30).await;
        source.sign_in().await.unwrap();
        cloud.inject(Fault::slow(Service::Cognito, Duration::from_secs(3600)));
        let mut answered = cloud.subscribe();
        tokio::select! {
            biased;
            result = source.sign_in() => panic!("{result:?}"),
            call = answered.recv() => assert_eq!(call.unwrap().operation, RENEWAL),
        }
        calls(&cloud);
        cloud.set_clock_offset(offset);
        source.sign_in().await.unwrap();
        assert_eq!(calls(&cloud), expected, "after {offset} s");
    }
}

#[tokio::test]
async fn a_renewal_whose_answer_is_lost_is_repeated_in_the_grace_period_and_costs_a_password_sign_in_without_one() {
    for (grace, expected) in [(30, &[RENEWAL, RENEWAL][..]), (0, &[RENEWAL, RENEWAL, PASSWORD])] {
        let cloud = LocalCloud::start().await.unwrap();
        let source = user_with_rotation(&cognito(&cloud), grace).await;
        source.sign_in().await.unwrap();
        calls(&cloud);
        cloud.inject(Fault::lose_answer(Service::Cognito));
        source.sign_in().await.unwrap();
        assert_eq!(calls(&cloud), expected, "a grace period of {grace} s");
    }
}

#[tokio::test]
async fn a_dead_refresh_token_is_replaced_by_one_sign_in_with_the_password_in_the_same_call() {
    let refusal = |error_type, message| Some(Fault::error(Service::Cognito, error_type, message));
    for (name, fault) in [
        ("expired", None),
        ("revoked", refusal("NotAuthorizedException", "Refresh Token has been revoked")),
        ("invalid", refusal("NotAuthorizedException", "Invalid Refresh Token")),
        ("used twice", refusal("RefreshTokenReuseException", "Refresh token has been invalidated")),
        ("another client secret", refusal("NotAuthorizedException", "Unable to verify secret hash for client c")),
        ("no such client", refusal("ResourceNotFoundException", "User pool client c does not exist.")),
        ("no such user", refusal("UserNotFoundException", "User does not exist.")),
        ("blocked", Some(Fault::status(Service::Cognito, 403))),
        ("not supported any more", Some(Fault::status(Service::Cognito, 501))),
        ("an answer without tokens", Some(Fault::answer(Service::Cognito, 200, json!({})))),
    ] {
        let (cloud, source) = setup().await;
        cloud.set_refresh_token_lifetime(Duration::from_secs(3600));
        source.sign_in().await.unwrap();
        source.sign_in().await.unwrap();
        calls(&cloud);
        match fault {
            Some(fault) => cloud.inject(fault.on(RENEWAL)),
            None => cloud.set_clock_offset(3601),
        }
        source.sign_in().await.unwrap();
        assert_eq!(calls(&cloud), [RENEWAL, STORE, PASSWORD], "{name}");
        source.sign_in().await.unwrap();
        assert_eq!(calls(&cloud), [RENEWAL], "{name}: the new refresh token is kept");
    }
}

/// As where the user pool tracks devices, or where an emulator lacks the operation.
#[tokio::test]
async fn a_refresh_token_that_is_refused_at_its_first_use_ends_renewals_and_is_logged_once() {
    let error = |code, message| Fault::error(Service::Cognito, code, message);
    let unsupported = |status, code: &str| Fault::answer(Service::Cognito, status, json!({"__type": code}));
    for fault in [
        error("NotAuthorizedException", "Invalid Refresh Token"),
        error("NotAuthorizedException", "Invalid Refresh Token."),
        error("ResourceNotFoundException", "Device does not exist."),
        error("InvalidParameterException", "Auth flow not enabled for this client"),
        unsupported(400, "UnknownOperationException"),
        unsupported(400, "UnsupportedOperation"),
        unsupported(500, "UnsupportedOperation"),
        unsupported(500, "Unsupported"),
        unsupported(501, "NotImplemented"),
        Fault::status(Service::Cognito, 501),
    ] {
        let (cloud, source) = setup().await;
        cloud.inject(fault.clone().on(RENEWAL).always());
        let ((), log) = Log::of(async {
            source.sign_in().await.unwrap();
            calls(&cloud);
            source.sign_in().await.unwrap();
            assert_eq!(calls(&cloud), [RENEWAL, STORE, PASSWORD], "{fault:?}");
            for _ in 0..3 {
                source.sign_in().await.unwrap();
                assert_eq!(calls(&cloud), [STORE, PASSWORD], "{fault:?}");
                source.forget();
            }
        })
        .await;
        assert_eq!(log.matches("\"level\":\"WARN\"").count(), 1, "{fault:?}: {log}");
        assert!(log.contains("from now on each token takes a sign-in with the password"), "{log}");
        assert!(!log.contains("\"level\":\"ERROR\""), "{log}");
    }
}

#[tokio::test]
async fn a_refresh_token_that_ended_before_its_first_use_does_not_end_renewals() {
    for message in ["Refresh Token has expired", "Refresh Token has been revoked"] {
        let (cloud, source) = setup().await;
        source.sign_in().await.unwrap();
        cloud.inject(Fault::error(Service::Cognito, "NotAuthorizedException", message).on(RENEWAL));
        source.sign_in().await.unwrap();
        calls(&cloud);
        source.sign_in().await.unwrap();
        assert_eq!(calls(&cloud), [RENEWAL], "{message}");
    }
}

#[tokio::test]
async fn a_user_who_was_signed_out_everywhere_signs_in_again() {
    let (cloud, source) = setup().await;
    source.sign_in().await.unwrap();
    let sign_out = cognito(&cloud).admin_user_global_sign_out().user_pool_id(&cloud.seed().user_pool_id);
    sign_out.username(&cloud.seed().username).send().await.unwrap();
    calls(&cloud);
    source.sign_in().await.unwrap();
    assert_eq!(calls(&cloud), [RENEWAL, STORE, PASSWORD]);
}

#[tokio::test]
async fn when_both_the_refresh_token_and_the_password_are_refused_the_password_counts_and_is_sent_once() {
    let (cloud, source) = setup().await;
    source.sign_in().await.unwrap();
    calls(&cloud);
    cloud.inject(Fault::error(Service::Cognito, "NotAuthorizedException", "Refresh Token has expired").on(RENEWAL));
    let wrong = Fault::error(Service::Cognito, "NotAuthorizedException", "Incorrect username or password.");
    cloud.inject(wrong.on(PASSWORD).always());
    let error = source.sign_in().await.unwrap_err();
    assert!(matches!(error, SignInError::WrongCredentials), "{error:?}");
    assert_eq!(calls(&cloud), [RENEWAL, STORE, PASSWORD, STORE]);
}

fn failures_that_pass() -> [Fault; 8] {
    [
        Fault::throttle(Service::Cognito),
        Fault::status(Service::Cognito, 500),
        Fault::status(Service::Cognito, 503),
        Fault::reset(Service::Cognito),
        Fault::truncate(Service::Cognito),
        Fault::answer(Service::Cognito, 500, json!({"__type": "InternalErrorException"})),
        Fault::error(Service::Cognito, "InternalErrorException", "Something went wrong"),
        Fault::error(Service::Cognito, "UnexpectedLambdaException", "PreTokenGeneration failed"),
    ]
}

#[tokio::test]
async fn when_renewals_alone_are_down_the_next_attempt_takes_the_password() {
    for fault in failures_that_pass() {
        let (cloud, source) = setup().await;
        source.sign_in().await.unwrap();
        calls(&cloud);
        cloud.inject(fault.clone().on(RENEWAL).always());
        let error = source.sign_in().await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
        assert!(calls(&cloud).iter().all(|operation| operation == RENEWAL), "{fault:?}");
        source.sign_in().await.unwrap();
        assert_eq!(calls(&cloud), [STORE, PASSWORD], "{fault:?}");
        cloud.clear_faults();
        source.sign_in().await.unwrap();
        assert_eq!(calls(&cloud), [RENEWAL], "{fault:?}: the new refresh token is used");
    }
}

#[tokio::test]
async fn when_all_of_cognito_is_down_each_attempt_is_one_request_and_the_refresh_token_is_kept() {
    for fault in failures_that_pass() {
        let (cloud, source) = setup().await;
        source.sign_in().await.unwrap();
        calls(&cloud);
        cloud.inject(fault.clone().always());
        let resent = matches!(fault.kind(), FaultKind::Reset);
        for expected in [&[RENEWAL][..], &[STORE, PASSWORD], &[RENEWAL], &[STORE, PASSWORD]] {
            assert!(source.sign_in().await.unwrap_err().is_transient());
            let mut calls = calls(&cloud);
            if resent {
                calls.dedup();
            }
            assert_eq!(calls, expected, "{fault:?}");
        }
        cloud.clear_faults();
        source.sign_in().await.unwrap();
        assert_eq!(calls(&cloud), [RENEWAL], "{fault:?}");
    }
}

#[tokio::test]
async fn what_is_forgotten_is_signed_in_for_again() {
    let (cloud, source) = setup().await;
    source.sign_in().await.unwrap();
    let clone = source.clone();
    source.forget();
    calls(&cloud);
    clone.sign_in().await.unwrap();
    assert_eq!(calls(&cloud), [STORE, PASSWORD]);
    source.sign_in().await.unwrap();
    assert_eq!(calls(&cloud), [RENEWAL]);
}

#[tokio::test]
async fn without_renewal_each_token_takes_the_password() {
    let (cloud, source) = setup().await;
    let source = source.with_renewal(Renewal::Never);
    source.sign_in().await.unwrap();
    source.sign_in().await.unwrap();
    assert_eq!(calls(&cloud), [STORE, PASSWORD, STORE, PASSWORD]);
}

#[tokio::test]
async fn the_refresh_flow_proves_the_client_with_the_real_username_and_not_with_the_alias() {
    let cloud = LocalCloud::start().await.unwrap();
    let cognito = cognito(&cloud);
    let flows = [ExplicitAuthFlowsType::AllowAdminUserPasswordAuth, ExplicitAuthFlowsType::AllowRefreshTokenAuth];
    let source = user_with_an_alias(&cognito, None, &flows).await;
    let source = source.with_renewal(Renewal::RefreshTokenAuth);
    source.sign_in().await.unwrap();
    calls(&cloud);
    source.sign_in().await.unwrap();
    source.sign_in().await.unwrap();
    // A refused renewal would be followed by a sign-in with the password: two calls for one token.
    assert_eq!(calls(&cloud), [PASSWORD, PASSWORD]);
}

#[tokio::test]
async fn under_rotation_the_refresh_flow_is_refused_and_the_password_used_instead() {
    let cloud = LocalCloud::start().await.unwrap();
    let source = user_with_rotation(&cognito(&cloud), 0).await.with_renewal(Renewal::RefreshTokenAuth);
    source.sign_in().await.unwrap();
    source.sign_in().await.unwrap();
}

#[tokio::test]
async fn a_source_never_shows_its_refresh_token() {
    let (_cloud, source) = setup().await;
    source.sign_in().await.unwrap();
    assert_eq!(
        format!("{source:?}"),
        "CognitoTokenSource { token_use: Access, renewal: GetTokensFromRefreshToken, .. }"
    );
}
