//! From an empty pool to an empty pool, by way of every kind of change.

use aws_sdk_ssm::types::{ParameterStringFilter, ParameterType};
use local_cloud::{Fault, LocalCloud, Service};
use serde_json::json;

use super::{Ask, Deployment, new_pool, new_pool_of_addresses};
use crate::{
    http_api,
    setup::{Setup, config},
};

const ALL: [&str; 4] = ["/client-id", "/client-secret", "/credentials", "/user-pool-id"];

#[tokio::test]
async fn the_functions_answer_after_a_creation_and_after_a_rotation_and_nothing_is_left_in_the_end() {
    let (cloud, deployment) = Deployment::start().await;
    let id = deployment.create().await;
    assert_eq!(deployment.parameters(&deployment.prefix).await, ALL);
    let cloud = the_functions_answer(cloud, &deployment).await;
    let rotated = deployment.rotate().await.unwrap();
    assert_eq!(rotated, json!({"active": "orders-b", "idle": "orders-a"}));
    let _cloud = the_functions_answer(cloud, &deployment).await;
    deployment.succeed(Ask::Delete(&id), &deployment.properties()).await;
    deployment.assert_nothing_is_left().await;
}

/// New processes of the three functions create an order and read it.
async fn the_functions_answer(cloud: LocalCloud, deployment: &Deployment) -> LocalCloud {
    let t = Setup::start_on(cloud, &[("SERVICE_USER_PARAMETERS", &deployment.prefix)]).await;
    let line = json!({"sku": "tea", "quantity": 1, "unitPrice": {"currency": "EUR", "minorUnits": 450}});
    let input = json!({"customerEmail": "ada@example.com", "lines": [line]});
    let created = t.mutate(json!({"operation": "CreateOrder", "variables": {"input": input}})).await.unwrap();
    let id = created["createOrder"]["id"].as_str().unwrap();
    let read = t.query(json!({"operation": "GetOrder", "variables": {"id": id}})).await.unwrap();
    assert_eq!(read["getOrder"]["id"], id);
    assert_eq!(http_api::get(&t, &format!("/orders/{id}")).await["id"], id);
    t.cloud
}

#[tokio::test]
async fn a_delivery_that_is_repeated_changes_nothing() {
    let (cloud, t) = Deployment::start().await;
    let id = t.create().await;
    let password = t.password().await;
    cloud.reset_calls();
    assert_eq!(t.create().await, id);
    assert_eq!(t.succeed(Ask::Update(&id, &t.properties()), &t.properties()).await, id);
    // A new password would fail functions that sign in just now.
    assert_eq!(cloud.count_of("AdminSetUserPassword"), 0);
    assert_eq!(t.password().await, password);
    for _ in 0..2 {
        t.succeed(Ask::Delete(&id), &t.properties()).await;
        t.assert_nothing_is_left().await;
    }
}

#[tokio::test]
async fn a_user_who_exists_is_taken_over_enabled_and_put_into_its_group_alone() {
    let (_cloud, t) = Deployment::start().await;
    t.cognito.admin_create_user().user_pool_id(&t.pool).username("orders-a").send().await.unwrap();
    let admin = t.cognito.admin_add_user_to_group().user_pool_id(&t.pool).username("orders-a");
    admin.group_name("order-admins").send().await.unwrap();
    t.cognito.admin_disable_user().user_pool_id(&t.pool).username("orders-a").send().await.unwrap();
    t.create().await;
    assert_eq!(t.signs_in(&t.prefix).await, "orders-a");
    assert_eq!(t.groups("orders-a").await, ["order-services"]);
}

#[tokio::test]
async fn stored_credentials_that_do_not_sign_in_are_replaced() {
    let (_cloud, t) = Deployment::start().await;
    for value in [r#"{"username":"orders-b","password":"Wrong-password-1"}"#, r#"{"username":"orders-b"}"#, "nonsense"]
    {
        let name = format!("{}/credentials", t.prefix);
        let put = t.ssm.put_parameter().name(name).value(value).r#type(ParameterType::SecureString).overwrite(true);
        put.send().await.unwrap();
        t.create().await;
        let expected = if value.contains("Wrong") { "orders-b" } else { "orders-a" };
        assert_eq!(t.signs_in(&t.prefix).await, expected, "{value}");
    }
}

#[tokio::test]
async fn a_good_password_is_not_replaced_for_a_challenge_that_follows_it() {
    let (cloud, t) = Deployment::start().await;
    t.create().await;
    cloud.reset_calls();
    let challenge = json!({"ChallengeName": "SOFTWARE_TOKEN_MFA", "ChallengeParameters": {}, "Session": "canary"});
    cloud.inject(Fault::answer(Service::Cognito, 200, challenge).on("AdminInitiateAuth").always());
    let reason = t.fail(Ask::Create, &t.properties()).await;
    assert!(reason.contains("SOFTWARE_TOKEN_MFA: make MFA optional"), "{reason}");
    assert_eq!((cloud.count_of("AdminSetUserPassword"), cloud.count_of("PutParameter")), (0, 0));
}

#[tokio::test]
async fn another_group_is_a_change_that_keeps_the_password() {
    let (_cloud, t) = Deployment::start().await;
    let id = t.create().await;
    let password = t.password().await;
    let others = t.properties_with("Group", "order-admins");
    assert_eq!(t.succeed(Ask::Update(&id, &t.properties()), &others).await, id);
    assert_eq!(t.groups("orders-a").await, ["order-admins"]);
    assert_eq!(t.password().await, password);
}

#[tokio::test]
async fn another_app_client_is_a_change_of_its_parameters() {
    let (_cloud, t) = Deployment::start().await;
    let id = t.create().await;
    let client = t.cognito.create_user_pool_client().user_pool_id(&t.pool).client_name("without a secret");
    let client = client.explicit_auth_flows("ALLOW_ADMIN_USER_PASSWORD_AUTH".into()).send().await.unwrap();
    let client = client.user_pool_client.unwrap().client_id.unwrap();
    let others = t.properties_with("ClientId", &client);
    assert_eq!(t.succeed(Ask::Update(&id, &t.properties()), &others).await, id);
    assert_eq!(t.parameters(&t.prefix).await, ["/client-id", "/credentials", "/user-pool-id"]);
    assert_eq!(t.signs_in(&t.prefix).await, "orders-a");
}

#[tokio::test]
async fn another_user_name_is_another_resource_whose_parameters_survive_the_old_ones_deletion() {
    let (_cloud, t) = Deployment::start().await;
    let old = t.create().await;
    let others = t.properties_with("Username", "parcels");
    let new = t.succeed(Ask::Update(&old, &t.properties()), &others).await;
    assert_ne!(new, old);
    t.succeed(Ask::Delete(&old), &t.properties()).await;
    assert!(!t.user_exists(&t.pool, "orders-a").await);
    assert_eq!(t.parameters(&t.prefix).await, ALL);
    assert_eq!(t.signs_in(&t.prefix).await, "parcels-a");
    t.succeed(Ask::Delete(&new), &others).await;
    t.assert_nothing_is_left().await;
}

#[tokio::test]
async fn users_of_a_pool_of_e_mail_addresses_live_as_others_do() {
    let (_cloud, t) = Deployment::start().await;
    let (pool, client, _) = new_pool_of_addresses(&t.cognito).await;
    let mut properties = t.properties_with("UserPoolId", &pool);
    properties["ClientId"] = json!(client);
    assert!(t.fail(Ask::Create, &properties).await.contains("AdminCreateUser is refused: InvalidParameterException"));

    properties["Username"] = json!("orders@example.com");
    let id = t.succeed(Ask::Create, &properties).await;
    assert_eq!(t.signs_in(&t.prefix).await, "orders-a@example.com");
    t.rotate().await.unwrap();
    assert_eq!(t.signs_in(&t.prefix).await, "orders-b@example.com");
    t.succeed(Ask::Delete(&id), &properties).await;
    assert_eq!(t.parameters(&t.prefix).await, [""; 0]);
    for username in ["orders-a@example.com", "orders-b@example.com"] {
        assert!(!t.user_exists(&pool, username).await, "{username} exists");
    }
}

#[tokio::test]
async fn another_pool_is_another_resource_whose_parameters_survive_the_old_ones_deletion() {
    let (_cloud, t) = Deployment::start().await;
    let old = t.create().await;
    let (pool, client, _) = new_pool(&t.cognito).await;
    let mut others = t.properties_with("UserPoolId", &pool);
    others["ClientId"] = json!(client);
    let new = t.succeed(Ask::Update(&old, &t.properties()), &others).await;
    assert_ne!(new, old);
    t.succeed(Ask::Delete(&old), &t.properties()).await;
    assert!(!t.user_exists(&t.pool, "orders-a").await);
    assert!(t.user_exists(&pool, "orders-a").await);
    assert_eq!(t.signs_in(&t.prefix).await, "orders-a");
    t.succeed(Ask::Delete(&new), &others).await;
    assert!(!t.user_exists(&pool, "orders-a").await);
    t.assert_nothing_is_left().await;
}

#[tokio::test]
async fn another_prefix_is_another_resource_that_takes_the_users_along() {
    let (_cloud, t) = Deployment::start().await;
    let old = t.create().await;
    t.rotate().await.unwrap();
    let password = t.password().await;
    let prefix = format!("/moved{}", t.prefix);
    let others = t.properties_with("ParametersPrefix", &prefix);
    let new = t.succeed(Ask::Update(&old, &t.properties()), &others).await;
    assert_ne!(new, old);
    // Functions that still use the old prefix sign in until it is deleted.
    assert_eq!((t.signs_in(&t.prefix).await, t.signs_in(&prefix).await), ("orders-b".into(), "orders-b".into()));
    assert_eq!(t.password().await, password);
    t.succeed(Ask::Delete(&old), &t.properties()).await;
    assert_eq!(t.parameters(&t.prefix).await, [""; 0]);
    assert_eq!(t.signs_in(&prefix).await, "orders-b");
    t.succeed(Ask::Delete(&new), &others).await;
    assert_eq!(t.parameters(&prefix).await, [""; 0]);
    t.assert_nothing_is_left().await;
}

#[tokio::test]
async fn an_update_to_another_prefix_is_taken_back() {
    let (_cloud, t) = Deployment::start().await;
    let old = t.create().await;
    let prefix = format!("/moved{}", t.prefix);
    let others = t.properties_with("ParametersPrefix", &prefix);
    let new = t.succeed(Ask::Update(&old, &t.properties()), &others).await;
    // Another resource of the stack failed.
    assert_eq!(t.succeed(Ask::Update(&new, &others), &t.properties()).await, old);
    t.succeed(Ask::Delete(&new), &others).await;
    assert_eq!(t.parameters(&prefix).await, [""; 0]);
    assert_eq!(t.signs_in(&t.prefix).await, "orders-a");
    t.succeed(Ask::Delete(&old), &t.properties()).await;
    t.assert_nothing_is_left().await;
}

#[tokio::test]
async fn what_a_failed_update_to_another_pool_left_is_deleted_when_it_is_taken_back() {
    let (cloud, t) = Deployment::start().await;
    let id = t.create().await;
    let password = t.password().await;
    let (pool, client, _) = new_pool(&t.cognito).await;
    let mut others = t.properties_with("UserPoolId", &pool);
    others["ClientId"] = json!(client);
    cloud.inject(Fault::error(Service::Ssm, "AccessDeniedException", "no").on("PutParameter"));
    let answer = t.ask(Ask::Update(&id, &t.properties()), &others).await;
    assert_eq!((&answer["Status"], &answer["PhysicalResourceId"]), (&json!("FAILED"), &json!(id)));
    assert!(t.user_exists(&pool, "orders-a").await);
    assert_eq!(t.succeed(Ask::Update(&id, &others), &t.properties()).await, id);
    assert!(!t.user_exists(&pool, "orders-a").await);
    assert_eq!(t.signs_in(&t.prefix).await, "orders-a");
    assert_eq!(t.password().await, password);
}

#[tokio::test]
async fn a_resource_that_was_never_created_is_deleted_without_a_call() {
    let (cloud, t) = Deployment::start().await;
    for id in ["not-created", "orders-ServiceUser-1ABCDEFGHIJKL", ""] {
        t.succeed(Ask::Delete(id), &t.properties()).await;
    }
    assert_eq!(cloud.calls(), []);
}

#[tokio::test]
async fn a_pool_that_is_gone_does_not_keep_its_parameters() {
    let (_cloud, t) = Deployment::start().await;
    let gone = format!("eu-west-1_gone/orders@{}", t.prefix);
    let name = format!("{}/user-pool-id", t.prefix);
    let put = t.ssm.put_parameter().name(name).value("eu-west-1_gone").r#type(ParameterType::String);
    put.send().await.unwrap();
    t.succeed(Ask::Delete(&gone), &t.properties()).await;
    t.assert_nothing_is_left().await;
}

#[tokio::test]
async fn secrets_are_encrypted_with_the_key_that_is_given_and_stay_so() {
    const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1";
    let (_cloud, t) = Deployment::start().await;
    let t = t.with_key(KEY);
    t.succeed(Ask::Create, &t.properties_with("ParametersKeyArn", KEY)).await;
    t.rotate().await.unwrap();
    let filter = ParameterStringFilter::builder().key("Name").option("BeginsWith").values(&t.prefix).build().unwrap();
    let described = t.ssm.describe_parameters().parameter_filters(filter).send().await.unwrap();
    let secure: Vec<_> =
        described.parameters().iter().filter(|one| one.r#type() == Some(&ParameterType::SecureString)).collect();
    assert_eq!(secure.len(), 2);
    assert!(secure.iter().all(|one| one.key_id() == Some(KEY)), "{secure:?}");
}

#[tokio::test]
async fn the_example_can_be_taken_over() {
    let cloud = LocalCloud::start().await.unwrap();
    assert_eq!(config(&cloud, &[]).service_user_parameters, cloud.seed().parameters_prefix);
    let t = Deployment::on(&cloud.url()).await;
    let seed = cloud.seed();
    let mut properties = t.properties_with("UserPoolId", &seed.user_pool_id);
    properties["ClientId"] = json!(seed.client_id);
    properties["ParametersPrefix"] = json!(seed.parameters_prefix);
    t.succeed(Ask::Create, &properties).await;
    // The user was made by hand, and is none of the two that take turns.
    assert_eq!(t.signs_in(&seed.parameters_prefix).await, "orders-a");
    assert!(t.user_exists(&seed.user_pool_id, &seed.username).await);
}
