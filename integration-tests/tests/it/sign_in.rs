//! What Cognito's refusals mean to a caller.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use auth_cache::{
    Clock, CognitoTokenSource, Credentials, CredentialsError, CredentialsSource, Identity, ManualClock, SignInError,
    SsmCredentials, Token, TokenError, TokenSource, TokenUse,
};
use aws_sdk_cognitoidentityprovider::{Client, config::timeout::TimeoutConfig};
use local_cloud::{Fault, LocalCloud, Service};
use serde_json::json;

use crate::{
    peer::sdk_clients,
    relay::Relay,
    secrets::Log,
    setup::{config, start_context},
};

const SIGN_IN: &str = "AdminInitiateAuth";

fn cognito(cloud: &LocalCloud) -> Client {
    sdk_clients(&cloud.url(), &cloud.seed().region).0
}

/// What the seed says.
fn credentials(cloud: &LocalCloud) -> Credentials {
    let seed = cloud.seed();
    Credentials::new(&seed.user_pool_id, &seed.client_id, &seed.username, &seed.password)
        .with_client_secret(&seed.client_secret)
}

/// Signs in with what the seed says, changed by `change`.
async fn sign_in(cloud: &LocalCloud, change: impl FnOnce(&mut Credentials)) -> Result<Token, SignInError> {
    let mut credentials = credentials(cloud);
    change(&mut credentials);
    CognitoTokenSource::new(cognito(cloud), credentials, TokenUse::Access).sign_in().await
}

fn wrong_password(credentials: &mut Credentials) {
    credentials.password = "Wrong-password-1".to_owned().into();
}

/// How long callers wait.
const LIMIT: Duration = Duration::from_secs(10);

/// An identity whose clock is set by hand.
fn identity(source: impl TokenSource) -> (Identity, ManualClock) {
    let clock = ManualClock::at(Clock::wall().now());
    (Identity::new(source).with_clock(clock.clone()), clock)
}

fn sign_in_error(error: &TokenError) -> &SignInError {
    match error {
        TokenError::SignIn { source, .. } => source,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_sign_in_gives_a_token_that_lives_as_long_as_the_app_client_says() {
    let cloud = LocalCloud::start().await.unwrap();
    let token = sign_in(&cloud, |_| {}).await.unwrap();
    let life = token.expires_at().unwrap().duration_since(token.issued_at().unwrap()).unwrap();
    assert_eq!(life.as_secs(), 3600);
}

/// What a failure should be: its meaning, a part of the advice it gives, and how often Cognito was called.
type Verdict = (&'static str, &'static str, usize);

#[tokio::test]
async fn every_failure_of_cognito_is_told_apart_and_only_a_dead_connection_costs_a_second_request() {
    const COGNITO: Service = Service::Cognito;
    let not_authorized = |message| Fault::error(COGNITO, "NotAuthorizedException", message);
    let error = |error_type| Fault::error(COGNITO, error_type, "the service's message");
    let cases: Vec<(Fault, Verdict)> = vec![
        // What Cognito answers is final for this attempt: the cache decides when the next one comes.
        (Fault::throttle(COGNITO), ("throttled", "", 1)),
        (error("LimitExceededException"), ("throttled", "", 1)),
        (error("ThrottlingException"), ("throttled", "", 1)),
        (Fault::status(COGNITO, 429), ("throttled", "", 1)),
        (Fault::status(COGNITO, 500), ("unavailable", "", 1)),
        (Fault::status(COGNITO, 502), ("unavailable", "", 1)),
        (Fault::status(COGNITO, 503), ("unavailable", "", 1)),
        (Fault::status(COGNITO, 504), ("unavailable", "", 1)),
        (
            Fault::answer(COGNITO, 500, json!({"__type": "InternalErrorException", "message": "m"})),
            ("unavailable", "", 1),
        ),
        (Fault::truncate(COGNITO), ("unavailable", "", 1)),
        // The connection may have died while the process was frozen.
        (Fault::reset(COGNITO), ("unavailable", "", 2)),
        (Fault::lose_answer(COGNITO), ("unavailable", "", 2)),
        // A proxy's page instead of Cognito's answer.
        (Fault::status(COGNITO, 200), ("unavailable", "", 1)),
        (Fault::status(COGNITO, 408), ("unavailable", "", 1)),
        (error("UnexpectedLambdaException"), ("unavailable", "", 1)),
        (error("InvalidLambdaResponseException"), ("unavailable", "", 1)),
        (not_authorized("Incorrect username or password."), ("wrong credentials", "", 1)),
        (error("UserNotFoundException"), ("wrong credentials", "", 1)),
        (not_authorized("Password attempts exceeded"), ("locked out", "", 1)),
        (not_authorized("Unable to verify secret hash for client c"), ("misconfigured", "client secret", 1)),
        (
            not_authorized("Client c is configured with secret but SECRET_HASH was not received"),
            ("misconfigured", "client secret", 1),
        ),
        (not_authorized("User is disabled."), ("misconfigured", "enable it", 1)),
        (
            not_authorized("Temporary password has expired and must be reset by an administrator."),
            ("misconfigured", "set a permanent one", 1),
        ),
        (not_authorized("Something that nobody knows yet"), ("misconfigured", "rejected the sign-in", 1)),
        (
            Fault::error(COGNITO, "InvalidParameterException", "Auth flow not enabled for this client"),
            ("misconfigured", "ALLOW_ADMIN_USER_PASSWORD_AUTH", 1),
        ),
        (
            Fault::error(
                COGNITO,
                "InvalidParameterException",
                "1 validation error detected: Value 'ADMIN_USER_PASSWORD_AUTH' at 'authFlow' failed to satisfy \
                 constraint: Member must satisfy enum value set: [ADMIN_NO_SRP_AUTH]",
            ),
            ("misconfigured", "does not know the flow ADMIN_USER_PASSWORD_AUTH", 1),
        ),
        (
            Fault::error(COGNITO, "InvalidParameterException", "Initiate Auth method not supported."),
            ("misconfigured", "does not know the flow ADMIN_USER_PASSWORD_AUTH", 1),
        ),
        (error("InvalidParameterException"), ("misconfigured", "rejected the sign-in: InvalidParameterException", 1)),
        (
            Fault::error(COGNITO, "ResourceNotFoundException", "User pool eu-west-1_x does not exist."),
            ("misconfigured", "pool of another account", 1),
        ),
        (
            Fault::error(COGNITO, "ResourceNotFoundException", "User pool client x does not exist."),
            ("misconfigured", "no such app client", 1),
        ),
        (error("UnknownOperationException"), ("misconfigured", "does not support this operation", 1)),
        (error("UnsupportedOperation"), ("misconfigured", "does not support this operation", 1)),
        (
            Fault::answer(COGNITO, 500, json!({"__type": "Unsupported", "message": "m"})),
            ("misconfigured", "does not support this operation", 1),
        ),
        (Fault::status(COGNITO, 501), ("misconfigured", "does not support this operation", 1)),
        (error("PasswordResetRequiredException"), ("misconfigured", "set a permanent one", 1)),
        (error("UserNotConfirmedException"), ("misconfigured", "confirm it", 1)),
        (error("UserLambdaValidationException"), ("misconfigured", "Lambda trigger", 1)),
        (
            Fault::answer(COGNITO, 403, json!({"__type": "ForbiddenException", "message": "blocked"})),
            ("misconfigured", "web ACL", 1),
        ),
        (error("AccessDeniedException"), ("misconfigured", "cognito-idp:AdminInitiateAuth", 1)),
        (error("AnExceptionOfNextYear"), ("misconfigured", "rejected the sign-in: AnExceptionOfNextYear", 1)),
        (Fault::status(COGNITO, 403), ("misconfigured", "rejected the sign-in: HTTP 403", 1)),
        (Fault::status(COGNITO, 404), ("misconfigured", "rejected the sign-in: HTTP 404", 1)),
    ];
    for (fault, verdict) in cases {
        let cloud = LocalCloud::start().await.unwrap();
        cloud.inject(fault.clone().always());
        let error = sign_in(&cloud, |_| {}).await.unwrap_err();
        let (kind, transient) = match &error {
            SignInError::Throttled { .. } => ("throttled", true),
            SignInError::Unavailable { .. } => ("unavailable", true),
            SignInError::LockedOut { .. } => ("locked out", true),
            SignInError::WrongCredentials => ("wrong credentials", false),
            SignInError::Misconfigured { .. } => ("misconfigured", false),
            other => panic!("{fault:?}: {other:?}"),
        };
        assert_eq!((kind, cloud.count_of(SIGN_IN)), (verdict.0, verdict.2), "{fault:?}: {error:?}");
        assert_eq!(error.is_transient(), transient, "{fault:?}");
        assert!(error.to_string().contains(verdict.1), "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_an_outage() {
    let cloud = LocalCloud::start().await.unwrap();
    cloud.set_latency(Service::Cognito, Duration::from_secs(3600));
    let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_millis(50)).build();
    let impatient = Client::from_conf(cognito(&cloud).config().to_builder().timeout_config(timeouts).build());
    let source = CognitoTokenSource::new(impatient, credentials(&cloud), TokenUse::Access);
    let error = source.sign_in().await.unwrap_err();
    assert!(matches!(error, SignInError::Unavailable { .. }), "{error:?}");
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
async fn a_password_that_stays_wrong_is_tried_once_in_a_thousand_calls() {
    let cloud = LocalCloud::start().await.unwrap();
    let (_, ssm) = sdk_clients(&cloud.url(), &cloud.seed().region);
    let name = format!("{}/credentials", cloud.seed().parameters_prefix);
    let wrong = json!({"username": cloud.seed().username, "password": "Wrong-password-1"}).to_string();
    ssm.put_parameter().name(name).value(wrong).overwrite(true).send().await.unwrap();
    let stored = SsmCredentials::new(ssm, &cloud.seed().parameters_prefix);
    let source = CognitoTokenSource::new(cognito(&cloud), stored, TokenUse::Access);
    let (identity, _clock) = identity(source);
    for _ in 0..1000 {
        let error = identity.token(LIMIT).await.unwrap_err();
        assert!(matches!(sign_in_error(&error), SignInError::WrongCredentials), "{error:?}");
    }
    assert_eq!(cloud.count_of(SIGN_IN), 1);
    assert_eq!(cloud.count_of("GetParameters"), 2, "they were read once more");
}

#[tokio::test]
async fn passwords_that_change_and_are_all_wrong_are_tried_twice_in_a_thousand_calls() {
    let cloud = LocalCloud::start().await.unwrap();
    let wrong = Changing { credentials: credentials(&cloud), reads: AtomicUsize::new(0), wrong: usize::MAX };
    let source = CognitoTokenSource::new(cognito(&cloud), wrong, TokenUse::Access);
    let (identity, _clock) = identity(source);
    for _ in 0..1000 {
        let error = identity.token(LIMIT).await.unwrap_err();
        assert!(matches!(sign_in_error(&error), SignInError::WrongCredentials), "{error:?}");
    }
    assert_eq!(cloud.count_of(SIGN_IN), 2);
}

#[tokio::test]
async fn a_password_that_is_rotated_between_reading_and_using_it_is_read_once_more() {
    let cloud = LocalCloud::start().await.unwrap();
    let rotated = Changing { credentials: credentials(&cloud), reads: AtomicUsize::new(0), wrong: 1 };
    CognitoTokenSource::new(cognito(&cloud), rotated, TokenUse::Access).sign_in().await.unwrap();
    assert_eq!(cloud.count_of(SIGN_IN), 2);
}

#[tokio::test]
async fn a_lock_out_that_follows_a_wrong_password_of_the_same_attempt_is_its_own_doing() {
    let cloud = LocalCloud::start().await.unwrap();
    for _ in 0..4 {
        sign_in(&cloud, wrong_password).await.unwrap_err();
    }
    let changing = Changing { credentials: credentials(&cloud), reads: AtomicUsize::new(0), wrong: 1 };
    let error = CognitoTokenSource::new(cognito(&cloud), changing, TokenUse::Access).sign_in().await.unwrap_err();
    assert!(matches!(error, SignInError::WrongCredentials), "{error:?}");
}

/// Credentials whose first readers get wrong passwords, each another one.
struct Changing {
    credentials: Credentials,
    reads: AtomicUsize,
    wrong: usize,
}

impl CredentialsSource for Changing {
    async fn read(&self) -> Result<Credentials, CredentialsError> {
        let mut credentials = self.credentials.clone();
        let read = self.reads.fetch_add(1, Ordering::SeqCst);
        if read < self.wrong {
            credentials.password = format!("Wrong-password-{read}").into();
        }
        Ok(credentials)
    }
}

#[tokio::test]
async fn a_locked_out_user_is_left_alone_until_the_horizon_that_the_error_names() {
    let cloud = LocalCloud::start().await.unwrap();
    for _ in 0..5 {
        sign_in(&cloud, wrong_password).await.unwrap_err();
    }
    // The lock lasts a second, and the test may take longer than that.
    let locked = Fault::error(Service::Cognito, "NotAuthorizedException", "Password attempts exceeded");
    cloud.inject(locked);
    cloud.reset_calls();
    let source = CognitoTokenSource::new(cognito(&cloud), credentials(&cloud), TokenUse::Access);
    let (identity, clock) = identity(source);
    // The next attempt comes within the time of who waits for it. By this clock, none passes.
    let error = identity.token(Duration::from_millis(500)).await.unwrap_err();
    assert!(matches!(sign_in_error(&error), SignInError::LockedOut { .. }), "{error:?}");
    let retry_after = error.retry_after().unwrap();
    assert!((225..=450).contains(&retry_after.as_millis()), "{retry_after:?}");
    for _ in 0..1000 {
        identity.token(Duration::ZERO).await.unwrap_err();
    }
    assert_eq!(cloud.count_of(SIGN_IN), 1);

    clock.advance(retry_after - Duration::from_millis(1));
    identity.token(Duration::ZERO).await.unwrap_err();
    assert_eq!(cloud.count_of(SIGN_IN), 1);
    clock.advance(Duration::from_millis(1));
    cloud.set_clock_offset(2);
    identity.token(LIMIT).await.unwrap();
    assert_eq!(cloud.count_of(SIGN_IN), 2);
}

#[tokio::test]
async fn the_stand_in_locks_out_after_five_wrong_passwords() {
    let cloud = LocalCloud::start().await.unwrap();
    // The fifteenth makes the lock long against the time that this test takes.
    for attempt in 0..15 {
        cloud.set_clock_offset(attempt * 901);
        let error = sign_in(&cloud, wrong_password).await.unwrap_err();
        assert!(matches!(error, SignInError::WrongCredentials), "{error:?}");
    }
    let error = sign_in(&cloud, |_| {}).await.unwrap_err();
    assert!(matches!(error, SignInError::LockedOut { .. }), "{error:?}");
}

#[tokio::test]
async fn a_throttled_renewal_is_one_request_while_the_old_token_is_served() {
    let cloud = LocalCloud::start().await.unwrap();
    let source = CognitoTokenSource::new(cognito(&cloud), credentials(&cloud), TokenUse::Access);
    let (identity, clock) = identity(source);
    let old = identity.token(LIMIT).await.unwrap();
    clock.advance(Duration::from_secs(3600 * 4 / 5));
    cloud.reset_calls();
    cloud.inject(Fault::throttle(Service::Cognito).always());
    for _ in 0..1000 {
        assert_eq!(identity.token(LIMIT).await.unwrap(), old);
    }
    assert_eq!(cloud.count(Service::Cognito), 1);
}

#[tokio::test]
async fn a_store_that_throttles_or_fails_is_asked_once_in_an_attempt() {
    for fault in [Fault::throttle(Service::Ssm), Fault::status(Service::Ssm, 503), Fault::status(Service::Ssm, 500)] {
        let cloud = LocalCloud::start().await.unwrap();
        let (cognito, ssm) = sdk_clients(&cloud.url(), &cloud.seed().region);
        let stored = SsmCredentials::new(ssm, &cloud.seed().parameters_prefix);
        cloud.inject(fault.clone().always());
        let error = CognitoTokenSource::new(cognito, stored, TokenUse::Access).sign_in().await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
        assert_eq!((cloud.count(Service::Ssm), cloud.count(Service::Cognito)), (1, 0), "{fault:?}");
    }
}

#[tokio::test]
async fn an_attempt_that_times_out_is_not_repeated_by_the_sdk() {
    let cloud = LocalCloud::start().await.unwrap();
    cloud.set_latency(Service::Cognito, Duration::from_secs(3600));
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_millis(50)).build();
    let impatient = Client::from_conf(cognito(&cloud).config().to_builder().timeout_config(timeouts).build());
    let source = CognitoTokenSource::new(impatient, credentials(&cloud), TokenUse::Access);
    let error = source.sign_in().await.unwrap_err();
    assert!(matches!(error, SignInError::Unavailable { .. }), "{error:?}");
    drop(source);
    // None, if the time was over before the request had arrived.
    assert!(cloud.count_of(SIGN_IN) + cloud.under_way(SIGN_IN) <= 1);
}

#[tokio::test]
async fn a_pool_of_another_region_is_told_by_its_id() {
    let cloud = LocalCloud::start().await.unwrap();
    let error = sign_in(&cloud, |credentials| credentials.user_pool_id = "us-east-1_other".to_owned()).await;
    let advice = error.unwrap_err().to_string();
    assert!(advice.contains("the user pool us-east-1_other is in us-east-1, but"), "{advice}");
    assert!(advice.contains("eu-west-1"), "{advice}");
}

#[tokio::test]
async fn a_challenge_is_named_with_advice_that_fits_and_not_repeated_and_its_session_is_shown_nowhere() {
    for (challenge, advice) in [
        ("NEW_PASSWORD_REQUIRED", "set the service user's password permanently"),
        ("SMS_MFA", "make MFA optional"),
        ("SOFTWARE_TOKEN_MFA", "make MFA optional"),
        ("EMAIL_OTP", "make MFA optional"),
        ("SELECT_MFA_TYPE", "make MFA optional"),
        ("MFA_SETUP", "make MFA optional"),
        ("DEVICE_SRP_AUTH", "turn device tracking off"),
        ("CUSTOM_CHALLENGE", "a custom authentication trigger"),
        ("A_CHALLENGE_OF_NEXT_YEAR", "let the password alone be enough"),
    ] {
        let cloud = LocalCloud::start().await.unwrap();
        let answer = json!({
            "ChallengeName": challenge,
            "ChallengeParameters": {"USER_ID_FOR_SRP": "service-user"},
            "Session": "canary-session",
        });
        cloud.inject(Fault::answer(Service::Cognito, 200, answer).always());
        let source = CognitoTokenSource::new(cognito(&cloud), credentials(&cloud), TokenUse::Access);
        let (identity, _clock) = identity(source);
        let (shown, log) = Log::of(async {
            let mut shown = String::new();
            for _ in 0..1000 {
                let error = identity.token(LIMIT).await.unwrap_err();
                let found = sign_in_error(&error);
                assert!(
                    matches!(found, SignInError::ChallengeRequired { challenge: c, .. } if c == challenge),
                    "{error:?}"
                );
                assert!(found.to_string().contains(advice), "{found}");
                assert!(!found.is_transient());
                shown = format!("{error} {error:?} {found} {identity:?}");
            }
            shown
        })
        .await;
        assert_eq!(cloud.count_of(SIGN_IN), 1);
        assert!(log.contains("signing in"), "the log was captured");
        assert!(!shown.contains("canary"), "{shown}");
        assert!(!log.contains("canary"), "the session was logged");
    }
}

#[tokio::test]
async fn an_answer_without_the_chosen_token_is_a_matter_of_configuration() {
    for (token_use, other, name) in [(TokenUse::Id, "AccessToken", "ID"), (TokenUse::Access, "IdToken", "access")] {
        let cloud = LocalCloud::start().await.unwrap();
        let answer = json!({"AuthenticationResult": {other: "canary.canary.canary", "RefreshToken": "canary"}});
        cloud.inject(Fault::answer(Service::Cognito, 200, answer).always());
        let source = CognitoTokenSource::new(cognito(&cloud), credentials(&cloud), token_use);
        let error = source.sign_in().await.unwrap_err();
        assert!(matches!(error, SignInError::Misconfigured { .. }), "{error:?}");
        assert!(error.to_string().contains(&format!("no {name} token")), "{error}");
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        assert_eq!(cloud.count(Service::Cognito), 1);
    }
}

#[tokio::test]
async fn a_connection_that_died_while_it_was_idle_costs_no_failed_sign_in() {
    let cloud = LocalCloud::start().await.unwrap();
    let relay = Relay::to(&cloud.url()).await;
    let (cognito, _) = sdk_clients(&relay.url, &cloud.seed().region);
    let source = CognitoTokenSource::new(cognito, credentials(&cloud), TokenUse::Access);
    source.sign_in().await.unwrap();
    assert_eq!(relay.cut().await, 1);
    source.sign_in().await.unwrap();
    assert_eq!(cloud.count(Service::Cognito), 2);
}

#[tokio::test]
async fn a_connection_that_is_reset_under_a_request_costs_one_retry() {
    let cloud = LocalCloud::start().await.unwrap();
    let source = CognitoTokenSource::new(cognito(&cloud), credentials(&cloud), TokenUse::Access);
    source.sign_in().await.unwrap();
    cloud.inject(Fault::reset(Service::Cognito));
    source.sign_in().await.unwrap();
    assert_eq!(cloud.count(Service::Cognito), 3);
}

/// With the SDK and the HTTP client as the functions have them.
#[tokio::test]
async fn what_succeeds_at_the_second_try_logs_nothing_above_a_warning() {
    let cloud = LocalCloud::start().await.unwrap();
    let config = config(&cloud, &[]);
    for fault in [Fault::reset(Service::Ssm), Fault::reset(Service::Cognito)] {
        cloud.inject(fault);
    }
    let ((), log) = Log::of(async {
        start_context(&config).await;
        assert_eq!((cloud.count_of("GetParameters"), cloud.count_of(SIGN_IN)), (2, 2));
        // Other calls are repeated after a failure too, such as those that make a service user.
        cloud.inject(Fault::status(Service::Ssm, 503));
        let sdk = startup::sdk_config(&config.aws, startup::http_client(&config.aws).unwrap());
        aws_sdk_ssm::Client::new(&sdk).describe_parameters().send().await.unwrap();
        assert_eq!(cloud.count_of("DescribeParameters"), 2);
    })
    .await;
    assert!(log.contains("signing in"), "the log was captured");
    assert!(!log.contains("\"level\":\"ERROR\""), "{log}");
}
