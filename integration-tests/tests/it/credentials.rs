//! Where credentials are read from.

use auth_cache::{
    Clock, CognitoTokenSource, Credentials, CredentialsError, CredentialsSource, Identity, ManualClock,
    SecretsManagerCredentials, SignInError, SsmCredentials, SsmValue, TokenSource as _, TokenUse,
};
use aws_sdk_secretsmanager::Client as SecretsManager;
use local_cloud::{Fault, LocalCloud, Service};
use serde_json::{Value, json};

use crate::peer::{sdk_clients, sdk_config};

const SIGN_IN: &str = "AdminInitiateAuth";
const READ: &str = "GetSecretValue";

struct Setup {
    cloud: LocalCloud,
    secrets_manager: SecretsManager,
    source: CognitoTokenSource<SecretsManagerCredentials>,
}

impl Setup {
    async fn new() -> Self {
        let cloud = LocalCloud::start().await.unwrap();
        let seed = cloud.seed();
        let secrets_manager = SecretsManager::new(&sdk_config(&cloud.url(), &seed.region));
        let credentials = SecretsManagerCredentials::new(secrets_manager.clone(), &seed.secret_id);
        let (cognito, _) = sdk_clients(&cloud.url(), &seed.region);
        let source = CognitoTokenSource::new(cognito, credentials, TokenUse::Access);
        Self { cloud, secrets_manager, source }
    }

    /// Makes the seeded values, with another password, the current version of the secret.
    async fn put(&self, password: &str) {
        self.put_json(&self.secret(password)).await;
    }

    fn secret(&self, password: &str) -> Value {
        let seed = self.cloud.seed();
        json!({
            "username": seed.username,
            "password": password,
            "user_pool_id": seed.user_pool_id,
            "client_id": seed.client_id,
            "client_secret": seed.client_secret,
        })
    }

    async fn put_json(&self, secret: &Value) {
        let put = self.secrets_manager.put_secret_value().secret_id(&self.cloud.seed().secret_id);
        put.secret_string(secret.to_string()).send().await.unwrap();
    }

    /// Stores another password as a rotation does before it sets it: labelled `AWSPENDING`. Gives the version's id.
    async fn put_pending(&self, password: &str) -> String {
        let put = self.secrets_manager.put_secret_value().secret_id(&self.cloud.seed().secret_id);
        let put = put.secret_string(self.secret(password).to_string()).version_stages("AWSPENDING");
        put.send().await.unwrap().version_id.unwrap()
    }

    async fn read(&self) -> Result<Credentials, CredentialsError> {
        read(&SecretsManagerCredentials::new(self.secrets_manager.clone(), &self.cloud.seed().secret_id)).await
    }
}

async fn read(source: &impl CredentialsSource) -> Result<Credentials, CredentialsError> {
    source.read().await
}

#[tokio::test]
async fn a_secret_is_read_once_and_in_its_current_version() {
    let t = Setup::new().await;
    t.source.sign_in().await.unwrap();
    assert_eq!((t.cloud.count_of(READ), t.cloud.count_of(SIGN_IN)), (1, 1));
}

#[tokio::test]
async fn while_the_current_password_is_not_yet_set_the_previous_one_signs_in() {
    let t = Setup::new().await;
    t.put("Not-set-yet-1").await;
    t.source.sign_in().await.unwrap();
    assert_eq!(t.cloud.count_of(SIGN_IN), 2);
    assert_eq!(t.cloud.count_of(READ), 4, "the current version twice, a pending one, then the previous one");
}

#[tokio::test]
async fn while_a_rotation_has_set_the_pending_password_and_not_finished_it_signs_in() {
    let t = Setup::new().await;
    t.put("Older-1").await;
    t.put("Old-1").await;
    t.put_pending(&t.cloud.seed().password).await;
    t.source.sign_in().await.unwrap();
    assert_eq!(t.cloud.count_of(SIGN_IN), 2);
}

#[tokio::test]
async fn when_the_pending_password_is_not_set_yet_and_the_current_one_is_not_either_the_previous_one_signs_in() {
    let t = Setup::new().await;
    t.put("Not-set-yet-1").await;
    t.put_pending("Not-set-yet-2").await;
    t.source.sign_in().await.unwrap();
    assert_eq!(t.cloud.count_of(SIGN_IN), 3);
}

#[tokio::test]
async fn three_passwords_that_are_all_wrong_are_tried_once_each_in_a_thousand_calls() {
    let t = Setup::new().await;
    t.put("Wrong-1").await;
    t.put("Wrong-2").await;
    t.put_pending("Wrong-3").await;
    let identity = Identity::new(t.source).with_clock(ManualClock::at(Clock::wall().now()));
    for _ in 0..1000 {
        identity.token(std::time::Duration::from_secs(10)).await.unwrap_err();
    }
    assert_eq!(t.cloud.count_of(SIGN_IN), 3);
}

#[tokio::test]
async fn a_pending_label_that_a_finished_rotation_left_behind_is_no_further_attempt() {
    let t = Setup::new().await;
    t.put("Wrong-1").await;
    let id = t.put_pending("Wrong-2").await;
    let finish = t.secrets_manager.update_secret_version_stage().secret_id(&t.cloud.seed().secret_id);
    finish.version_stage("AWSCURRENT").move_to_version_id(id).send().await.unwrap();
    let error = t.source.sign_in().await.unwrap_err();
    assert!(matches!(error, SignInError::WrongCredentials), "{error:?}");
    assert_eq!(t.cloud.count_of(SIGN_IN), 2);
}

#[tokio::test]
async fn when_the_previous_password_is_wrong_too_there_is_no_third_attempt() {
    let t = Setup::new().await;
    t.put("Wrong-1").await;
    t.put("Wrong-2").await;
    let error = t.source.sign_in().await.unwrap_err();
    assert!(matches!(error, SignInError::WrongCredentials), "{error:?}");
    assert_eq!(t.cloud.count_of(SIGN_IN), 2);
}

#[tokio::test]
async fn a_secret_that_was_never_rotated_has_one_attempt() {
    let t = Setup::new().await;
    let wrong = Fault::error(Service::Cognito, "NotAuthorizedException", "Incorrect username or password.");
    t.cloud.inject(wrong.always());
    let error = t.source.sign_in().await.unwrap_err();
    assert!(matches!(error, SignInError::WrongCredentials), "{error:?}");
    assert_eq!(t.cloud.count_of(SIGN_IN), 1);
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_again_leaves_the_refusal_as_it_is() {
    let t = Setup::new().await;
    t.put("Wrong-1").await;
    let wrong = Fault::error(Service::Cognito, "NotAuthorizedException", "Incorrect username or password.");
    t.cloud.inject(wrong);
    // The first read comes before the refusal, and all others after it.
    let mut calls = t.cloud.subscribe();
    let fail_from_now_on = async {
        while calls.recv().await.unwrap().operation != READ {}
        t.cloud.inject(Fault::error(Service::SecretsManager, "AccessDeniedException", "no").always());
        std::future::pending::<()>().await
    };
    tokio::select! {
        biased;
        () = fail_from_now_on => {}
        result = t.source.sign_in() => {
            let error = result.unwrap_err();
            assert!(matches!(error, SignInError::WrongCredentials), "{error:?}");
        }
    }
    assert_eq!(t.cloud.count_of(SIGN_IN), 1);
}

#[tokio::test]
async fn what_is_wrong_with_a_secret_is_named_without_its_value() {
    let t = Setup::new().await;
    for secret in [json!("canary"), json!({"username": "canary", "password": "canary"}), json!({"username": 1})] {
        t.put_json(&secret).await;
        let error = t.read().await.unwrap_err();
        assert!(matches!(&error, CredentialsError::Malformed { name, .. } if name == "orders/service-user"), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
    let missing = SecretsManagerCredentials::new(t.secrets_manager.clone(), "nowhere");
    assert!(matches!(read(&missing).await, Err(CredentialsError::Missing { names, .. }) if names == ["nowhere"]));
}

#[tokio::test]
async fn an_outage_of_a_store_is_transient_and_a_refusal_is_not() {
    let t = Setup::new().await;
    let (_, ssm) = sdk_clients(&t.cloud.url(), &t.cloud.seed().region);
    let ssm = SsmCredentials::new(ssm, &t.cloud.seed().parameters_prefix);
    for service in [Service::SecretsManager, Service::Ssm] {
        for (fault, transient) in [
            (Fault::throttle(service), true),
            (Fault::status(service, 503), true),
            (Fault::reset(service), true),
            (Fault::status(service, 403), false),
            (Fault::error(service, "AccessDeniedException", "no"), false),
        ] {
            t.cloud.inject(fault.clone().always());
            let result = if service == Service::Ssm { read(&ssm).await } else { t.read().await };
            let error = result.unwrap_err();
            assert_eq!(error.is_transient(), transient, "{fault:?}: {error:?}");
            t.cloud.clear_faults();
        }
    }
}

#[tokio::test]
async fn parameters_are_found_by_name_and_by_arn_and_version_in_one_call() {
    let cloud = LocalCloud::start().await.unwrap();
    let seed = cloud.seed();
    let (_, ssm) = sdk_clients(&cloud.url(), &seed.region);
    let prefix = &seed.parameters_prefix;
    let arn = |last: &str| format!("arn:aws:ssm:{}:000000000000:parameter{prefix}/{last}", seed.region);
    let credentials = SsmCredentials::new(ssm, "/nowhere")
        .with_name(SsmValue::Credentials, arn("credentials"))
        .with_name(SsmValue::UserPoolId, format!("{prefix}/user-pool-id:1"))
        .with_name(SsmValue::ClientId, format!("{}:1", arn("client-id")));
    let found = read(&credentials).await.unwrap();
    assert_eq!(
        (&found.username, &found.user_pool_id, &found.client_id),
        (&seed.username, &seed.user_pool_id, &seed.client_id)
    );
    assert_eq!(found.client_secret, None, "it is optional");
    assert_eq!(cloud.count(Service::Ssm), 1);

    let credentials =
        credentials.with_name(SsmValue::ClientSecret, "/not/there").with_name(SsmValue::ClientId, "/nor/this");
    let error = read(&credentials).await;
    let names = ["/nor/this", "/not/there"];
    assert!(matches!(&error, Err(CredentialsError::Missing { names: missing, .. }) if *missing == names), "{error:?}");
}

#[tokio::test]
async fn one_parameter_may_hold_two_of_the_values() {
    let cloud = LocalCloud::start().await.unwrap();
    let seed = cloud.seed();
    let (_, ssm) = sdk_clients(&cloud.url(), &seed.region);
    let client_id = format!("{}/client-id", seed.parameters_prefix);
    let credentials = SsmCredentials::new(ssm, &seed.parameters_prefix).with_name(SsmValue::UserPoolId, client_id);
    let found = read(&credentials).await.unwrap();
    assert_eq!((&found.user_pool_id, &found.client_id), (&seed.client_id, &seed.client_id));
}

#[tokio::test]
async fn a_parameter_of_another_type_is_named_with_the_type_that_it_should_have() {
    let cloud = LocalCloud::start().await.unwrap();
    let (_, ssm) = sdk_clients(&cloud.url(), &cloud.seed().region);
    let name = format!("{}/user-pool-id", cloud.seed().parameters_prefix);
    let put = ssm.put_parameter().name(&name).r#type(aws_sdk_ssm::types::ParameterType::StringList);
    put.value("canary,eu-west-1_x").overwrite(true).send().await.unwrap();
    let error = read(&SsmCredentials::new(ssm, &cloud.seed().parameters_prefix)).await.unwrap_err();
    assert!(matches!(&error, CredentialsError::Malformed { name: found, .. } if *found == name), "{error:?}");
    assert!(error.to_string().contains("of type String or SecureString, not StringList"), "{error}");
    assert!(!format!("{error:?}").contains("canary"), "{error:?}");
}
