//! The token is published, and functions that may read nothing else take it.

use std::time::Duration;

use auth_cache::TokenUse;
use aws_sdk_ssm::types::{ParameterTier, ParameterType};
use local_cloud::{Allow, Fault, LocalCloud, Service};
use serde_json::{Value, json};

use super::{Ask, Deployment};
use crate::{secrets::Log, setup::Setup};

impl Deployment {
    pub(crate) fn publishing(&self) -> Value {
        self.properties_with("PublishMinutes", "15")
    }

    /// The same in a secret, which is there then: a stack makes it.
    pub(crate) async fn publishing_in_secret(&self) -> Value {
        let secrets_manager = aws_sdk_secretsmanager::Client::new(&self.sdk);
        secrets_manager.create_secret().name("TokenSecret").send().await.unwrap();
        let mut properties = self.publishing();
        properties["TokenSecret"] = json!("TokenSecret");
        properties
    }

    async fn published(&self) -> Value {
        let name = format!("{}/token", self.prefix);
        let parameter = self.ssm.get_parameter().name(name).with_decryption(true).send().await.unwrap();
        serde_json::from_str(parameter.parameter().unwrap().value().unwrap()).unwrap()
    }

    /// A new process of a function, with what the template gives it in this mode.
    async fn start_function(&self, cloud: LocalCloud, mode: &str) -> Setup {
        let settings = [
            ("SERVICE_USER_MODE", mode),
            ("SERVICE_USER_PARAMETERS", &self.prefix),
            ("SERVICE_USER_POOL_ID", &self.pool),
            ("SERVICE_USER_CLIENT_ID", &self.client),
            ("AWS_ACCESS_KEY_ID", mode),
        ];
        cloud.set_policy(
            "published",
            vec![Allow {
                actions: vec!["ssm:GetParameters".to_owned()],
                resource: format!("parameter{}/token", self.prefix),
            }],
        );
        Setup::start_on(cloud, &settings).await
    }
}

#[tokio::test]
async fn a_function_that_may_read_the_token_alone_answers_after_a_creation_and_after_a_rotation() {
    let (cloud, t) = Deployment::start().await;
    let id = t.succeed(Ask::Create, &t.publishing()).await;
    assert_eq!(t.published().await["username"], "orders-1-a");
    cloud.reset_calls();
    let function = t.start_function(cloud, "published").await;
    function.query(json!({"operation": "ListOrders"})).await.unwrap();
    assert_eq!((function.sign_ins(), function.cloud.count(Service::Ssm)), (0, 1));

    t.invoke("Rotate", &t.publishing()).await.unwrap();
    let published = t.published().await;
    assert_eq!(published["username"], "orders-1-b");
    function.cloud.reset_calls();
    let function = t.start_function(function.cloud, "published").await;
    function.query(json!({"operation": "ListOrders"})).await.unwrap();
    assert_eq!(function.sign_ins(), 0);

    let again = t.invoke("Publish", &t.publishing()).await.unwrap();
    assert_eq!(again, json!({"published": "orders-1-b"}));
    t.succeed(Ask::Delete(&id), &t.publishing()).await;
    t.assert_nothing_is_left().await;
}

#[tokio::test]
async fn what_is_published_is_encrypted_and_names_whose_it_is_and_holds_no_refresh_token() {
    let (_cloud, t) = Deployment::start().await;
    t.succeed(Ask::Create, &t.publishing()).await;
    let described = t.ssm.describe_parameters().send().await.unwrap().parameters.unwrap();
    let token = described.iter().find(|one| one.name().unwrap().ends_with("/token")).unwrap();
    assert_eq!(token.r#type(), Some(&ParameterType::SecureString));
    assert_eq!(token.tier(), Some(&ParameterTier::Standard));
    let published = t.published().await;
    let names = published.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>().join(" ");
    assert_eq!(names, "client_id expires_at next_at token token_use user_pool_id username");
    assert_eq!((&published["user_pool_id"], &published["client_id"]), (&json!(t.pool), &json!(t.client)));
    assert_eq!(published["token_use"], "access");
    assert_eq!(published["token"].as_str().unwrap().split('.').count(), 3);
}

#[tokio::test]
async fn without_a_published_token_one_read_gives_the_credentials_to_sign_in_with() {
    let (cloud, t) = Deployment::start().await;
    t.create().await;
    cloud.reset_calls();
    let function = t.start_function(cloud, "published-or-sign-in").await;
    function.query(json!({"operation": "ListOrders"})).await.unwrap();
    assert_eq!((function.sign_ins(), function.cloud.count(Service::Ssm)), (1, 1));
    t.invoke("Publish", &t.publishing()).await.unwrap();
    function.cloud.reset_calls();
    let function = t.start_function(function.cloud, "published-or-sign-in").await;
    function.query(json!({"operation": "ListOrders"})).await.unwrap();
    assert_eq!((function.sign_ins(), function.cloud.count(Service::Ssm)), (0, 1));
}

#[tokio::test]
async fn a_strict_function_without_a_token_says_why_and_finds_the_next_one() {
    let (cloud, t) = Deployment::start().await;
    t.create().await;
    let function = t.start_function(cloud, "published").await;
    let error = function.query(json!({"operation": "ListOrders"})).await.unwrap_err();
    assert!(error.error_message.contains("no usable token is published: none has been published"), "{error:?}");
    assert_eq!(
        function.cloud.calls().iter().filter(|call| call.operation == "AdminInitiateAuth").count(),
        1,
        "the creation's"
    );
}

#[tokio::test]
async fn publishing_less_often_than_tokens_end_is_refused() {
    let (cloud, t) = Deployment::start().await;
    cloud.set_token_lifetime(Duration::from_secs(900));
    let reason = t.fail(Ask::Create, &t.publishing()).await;
    assert!(reason.contains("PublishMinutes is 15, but a token lives for 15: set it to a quarter"), "{reason}");
}

#[tokio::test]
async fn the_token_can_be_published_in_a_secret() {
    let (cloud, t) = Deployment::start().await;
    t.succeed(Ask::Create, &t.publishing_in_secret().await).await;
    cloud.reset_calls();
    let settings = [
        ("SERVICE_USER_MODE", "published-or-sign-in"),
        ("SERVICE_USER_PARAMETERS", &*t.prefix),
        ("SERVICE_USER_TOKEN_SECRET", "TokenSecret"),
    ];
    let function = Setup::start_on(cloud, &settings).await;
    function.query(json!({"operation": "ListOrders"})).await.unwrap();
    assert_eq!((function.sign_ins(), function.cloud.count(Service::Ssm)), (0, 0));
    assert_eq!(function.cloud.count(Service::SecretsManager), 1);
}

#[tokio::test]
async fn a_token_that_is_too_long_for_a_standard_parameter_takes_an_advanced_one() {
    let (_cloud, t) = Deployment::start().await;
    for group in 0..60 {
        let group = format!("group-with-a-name-that-takes-some-sixty-letters-of-each-token-{group}");
        t.cognito.create_group().user_pool_id(&t.pool).group_name(&group).send().await.unwrap();
    }
    t.create().await;
    for group in 0..60 {
        let group = format!("group-with-a-name-that-takes-some-sixty-letters-of-each-token-{group}");
        let add = t.cognito.admin_add_user_to_group().user_pool_id(&t.pool).username("orders-1-a");
        add.group_name(group).send().await.unwrap();
    }
    t.invoke("Publish", &t.publishing()).await.unwrap();
    let described = t.ssm.describe_parameters().send().await.unwrap().parameters.unwrap();
    let token = described.iter().find(|one| one.name().unwrap().ends_with("/token")).unwrap();
    assert_eq!(token.tier(), Some(&ParameterTier::Advanced));
    assert!(t.published().await["token"].as_str().unwrap().len() > 4096);
}

#[tokio::test]
async fn a_busy_service_is_asked_again_and_an_outage_is_an_error_of_the_function() {
    let (cloud, t) = Deployment::start().await;
    t.create().await;
    for service in [Service::Cognito, Service::Ssm] {
        cloud.inject(Fault::throttle(service).times(2));
        t.invoke("Publish", &t.publishing()).await.unwrap();
    }
    let error = t.invoke("Publish", &t.properties()).await.unwrap_err();
    assert_eq!(error.error_type, "NotConfigured");
    assert!(error.error_message.contains("PUBLISH_MINUTES is missing"), "{error:?}");
}

#[tokio::test]
async fn a_process_that_may_not_read_the_credentials_any_more_takes_the_published_token() {
    let (cloud, t) = Deployment::start().await;
    t.succeed(Ask::Create, &t.publishing()).await;
    cloud.reset_calls();
    cloud.inject(Fault::answer(Service::Ssm, 400, json!({"__type": "AccessDeniedException"})).times(1));
    let function = t.start_function(cloud, "published-or-sign-in").await;
    function.query(json!({"operation": "ListOrders"})).await.unwrap();
    assert_eq!((function.sign_ins(), function.cloud.count(Service::Ssm)), (0, 2));
}

#[tokio::test]
async fn a_wrong_password_is_published_once_and_sent_by_nobody_else() {
    let (cloud, t) = Deployment::start().await;
    t.create().await;
    let wrong = json!({"username": "orders-1-a", "password": "Wrong-password-1"}).to_string();
    t.put(&format!("{}/credentials", t.prefix), &wrong, ParameterType::SecureString).await;
    cloud.reset_calls();
    let error = t.invoke("Publish", &t.publishing()).await.unwrap_err();
    assert_eq!(error.error_type, "NotPublished");
    assert_eq!(t.published().await["blocked"]["reason"], "wrong-credentials");
    t.invoke("Publish", &t.publishing()).await.unwrap_err();
    assert_eq!(cloud.count_of("AdminInitiateAuth"), 1, "Lambda repeats what has failed");
    let function = t.start_function(cloud, "published-or-sign-in").await;
    let error = function.query(json!({"operation": "ListOrders"})).await.unwrap_err();
    assert!(error.error_message.contains("the stored password is wrong"), "{error:?}");
    assert_eq!(function.cloud.count_of("AdminInitiateAuth"), 1);
    t.invoke("Repair", &t.publishing()).await.unwrap();
    assert!(t.published().await.get("blocked").is_none(), "a repair ends it");
}

#[tokio::test]
async fn neither_the_published_token_nor_the_password_is_in_a_log_or_an_error() {
    let ((secrets, shown), log) = Log::of(async {
        let (mut cloud, t) = Deployment::start().await;
        t.succeed(Ask::Create, &t.publishing()).await;
        let secrets = [t.published().await["token"].as_str().unwrap().to_owned(), t.password().await];
        let mut shown = String::new();
        for mode in ["published", "published-or-sign-in"] {
            for fault in
                [Fault::truncate(Service::Ssm), Fault::throttle(Service::Ssm), Fault::truncate(Service::AppSync)]
            {
                cloud.inject(fault.times(4));
                let function = t.start_function(cloud, mode).await;
                shown += &format!("{:?}", function.query(json!({"operation": "ListOrders"})).await);
                cloud = function.cloud;
                cloud.clear_faults();
            }
        }
        t.put(&format!("{}/token", t.prefix), "canary-token", ParameterType::SecureString).await;
        let function = t.start_function(cloud, "published").await;
        shown += &format!("{:?}", function.query(json!({"operation": "ListOrders"})).await);
        (secrets, shown)
    })
    .await;
    assert!(log.contains("published a token"), "the log was captured");
    let [token, password] = &secrets;
    for secret in token.split('.').skip(1).chain([password.as_str(), "canary-token"]) {
        for text in [&log, &shown] {
            let at = text.find(secret).map(|at| &text[at.saturating_sub(400)..at + secret.len()]);
            assert_eq!(at, None, "a secret is shown");
        }
    }
}

#[tokio::test]
async fn id_tokens_are_published_where_the_api_takes_them() {
    let (_cloud, t) = Deployment::start().await;
    let mut properties = t.publishing();
    properties["TokenUse"] = json!("id");
    t.succeed(Ask::Create, &properties).await;
    assert_eq!(t.published().await["token_use"], json!(TokenUse::Id));
}
