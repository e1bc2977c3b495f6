//! From an empty pool to an empty pool, by way of every kind of change.

use aws_sdk_ssm::types::{ParameterStringFilter, ParameterType};
use local_cloud::{Fault, LocalCloud, Service};
use serde_json::json;

use super::{Ask, Deployment, STACK, new_pool_of_addresses};
use crate::{http_api, setup::Setup};

const ALL: [&str; 5] = ["/client-id", "/client-secret", "/credentials", "/owner", "/user-pool-id"];

#[tokio::test]
async fn the_functions_answer_after_a_creation_and_after_a_rotation_and_nothing_is_left_in_the_end() {
    let (cloud, deployment) = Deployment::start().await;
    let id = deployment.create().await;
    assert_eq!(deployment.parameters(&deployment.prefix).await, ALL);
    let cloud = the_functions_answer(cloud, &deployment).await;
    let rotated = deployment.rotate().await.unwrap();
    assert_eq!(rotated, json!({"active": "orders-1-b", "idle": "orders-1-a"}));
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
    assert_eq!(t.succeed(Ask::Update(&id), &t.properties()).await, id);
    // A new password would fail functions that sign in just now.
    assert_eq!(cloud.count_of("AdminSetUserPassword"), 0);
    assert_eq!(t.password().await, password);
    for _ in 0..2 {
        t.succeed(Ask::Delete(&id), &t.properties()).await;
        t.assert_nothing_is_left().await;
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
    assert_eq!(t.succeed(Ask::Update(&id), &others).await, id);
    assert_eq!(t.groups("orders-1-a").await, ["order-admins"]);
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
    assert_eq!(t.succeed(Ask::Update(&id), &others).await, id);
    assert_eq!(t.parameters(&t.prefix).await, ["/client-id", "/credentials", "/owner", "/user-pool-id"]);
    assert_eq!(t.signs_in(&t.prefix).await, "orders-1-a");
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
    assert_eq!(t.signs_in(&t.prefix).await, "orders-1-a@example.com");
    t.invoke("Rotate", &properties).await.unwrap();
    assert_eq!(t.signs_in(&t.prefix).await, "orders-1-b@example.com");
    t.succeed(Ask::Delete(&id), &properties).await;
    assert_eq!(t.parameters(&t.prefix).await, [""; 0]);
    for username in ["orders-1-a@example.com", "orders-1-b@example.com"] {
        assert!(!t.user_exists(&pool, username).await, "{username} exists");
    }
}

#[tokio::test]
async fn secrets_are_encrypted_with_the_key_that_is_given_and_stay_so() {
    const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1";
    let (_cloud, t) = Deployment::start().await;
    let properties = t.properties_with("ParametersKeyArn", KEY);
    t.succeed(Ask::Create, &properties).await;
    t.invoke("Rotate", &properties).await.unwrap();
    let filter = ParameterStringFilter::builder().key("Name").option("BeginsWith").values(&t.prefix).build().unwrap();
    let described = t.ssm.describe_parameters().parameter_filters(filter).send().await.unwrap();
    let secure: Vec<_> =
        described.parameters().iter().filter(|one| one.r#type() == Some(&ParameterType::SecureString)).collect();
    assert_eq!(secure.len(), 3);
    assert!(secure.iter().all(|one| one.key_id() == Some(KEY)), "{secure:?}");
}

#[tokio::test]
async fn another_pool_name_prefix_or_key_is_refused_and_taken_back() {
    let (cloud, t) = Deployment::start().await;
    let id = t.create().await;
    let password = t.password().await;
    cloud.reset_calls();
    for (name, value) in [
        ("UserPoolId", "eu-west-1_other"),
        ("Username", "parcels"),
        ("ParametersPrefix", "/moved"),
        ("ParametersKeyArn", "arn:aws:kms:eu-west-1:111122223333:key/1"),
    ] {
        let others = t.properties_with(name, value);
        let answer = t.ask(Ask::Update(&id), &others).await;
        let reason = answer["Reason"].as_str().unwrap();
        assert!(reason.starts_with(&format!("{id} cannot become ")) && reason.contains(value), "{reason}");
        let advice = ": deploy a second stack with the new settings, switch to it, and delete this one";
        assert!(reason.ends_with(advice), "{reason}");
        assert_eq!((&answer["Status"], &answer["PhysicalResourceId"]), (&json!("FAILED"), &json!(id)));
        assert_eq!(cloud.calls(), []);
        assert_eq!(t.succeed(Ask::Update(&id), &t.properties()).await, id);
        assert_eq!((t.signs_in(&t.prefix).await.as_str(), t.password().await), ("orders-1-a", password.clone()));
        cloud.reset_calls();
    }
}

#[tokio::test]
async fn a_creation_that_came_to_no_end_is_deleted_by_whatever_name_cloud_formation_has_for_it() {
    let (_cloud, t) = Deployment::start().await;
    t.create().await;
    t.succeed(Ask::Delete("orders-ServiceUser-1ABCDEFGHIJKL"), &t.properties()).await;
    t.assert_nothing_is_left().await;
}

#[tokio::test]
async fn a_pool_that_is_gone_does_not_keep_its_parameters() {
    let (_cloud, t) = Deployment::start().await;
    let gone = t.properties_with("UserPoolId", "eu-west-1_gone");
    let owner = format!("{}/owner", t.prefix);
    t.put(&owner, &json!({"stack": STACK}).to_string(), ParameterType::SecureString).await;
    t.put(&format!("{}/user-pool-id", t.prefix), "eu-west-1_gone", ParameterType::String).await;
    t.succeed(Ask::Delete("eu-west-1_gone/orders@/orders"), &gone).await;
    t.assert_nothing_is_left().await;
}

/// What can be lost or damaged of a service user that lives, each by somebody who does not know what it is for.
#[tokio::test]
async fn whatever_is_lost_or_damaged_is_repaired() {
    for damage in ALL.map(Damage::Lost).into_iter().chain(ALL.map(Damage::Overwritten)).chain([
        Damage::AllLost,
        Damage::UserGone,
        Damage::OtherPassword,
        Damage::Disabled,
        Damage::OtherGroup,
    ]) {
        let (_cloud, t) = Deployment::start().await;
        let id = t.create().await;
        t.rotate().await.unwrap();
        damage.happen(&t).await;
        if let Damage::Overwritten("/owner") = damage {
            // Nobody can know any more whose they are.
            let error = t.repair().await.unwrap_err();
            assert!(error.error_message.contains("belong to somebody unknown: "), "{error:?}");
            Damage::Lost("/owner").happen(&t).await;
        }
        t.repair().await.unwrap();
        let active = t.signs_in(&t.prefix).await;
        assert_eq!(t.groups(&active).await, ["order-services"], "{damage:?}");
        assert_eq!(t.parameters(&t.prefix).await, ALL, "{damage:?}");
        t.rotate().await.unwrap();
        t.signs_in(&t.prefix).await;
        t.succeed(Ask::Delete(&id), &t.properties()).await;
        t.assert_nothing_is_left().await;
    }
}

#[derive(Clone, Copy, Debug)]
enum Damage {
    Lost(&'static str),
    Overwritten(&'static str),
    AllLost,
    UserGone,
    OtherPassword,
    Disabled,
    OtherGroup,
}

impl Damage {
    async fn happen(self, t: &Deployment) {
        let user = "orders-1-b";
        match self {
            Self::Lost(last) => {
                t.ssm.delete_parameter().name(format!("{}{last}", t.prefix)).send().await.unwrap();
            }
            Self::Overwritten(last) => {
                let kind = if last.ends_with("-id") { ParameterType::String } else { ParameterType::SecureString };
                t.put(&format!("{}{last}", t.prefix), "canary", kind).await;
            }
            Self::AllLost => {
                for last in ALL {
                    t.ssm.delete_parameter().name(format!("{}{last}", t.prefix)).send().await.unwrap();
                }
            }
            Self::UserGone => {
                t.cognito.admin_delete_user().user_pool_id(&t.pool).username(user).send().await.unwrap();
            }
            Self::OtherPassword => {
                let request = t.cognito.admin_set_user_password().user_pool_id(&t.pool).username(user);
                request.password("Another-password-1").permanent(true).send().await.unwrap();
            }
            Self::Disabled => {
                t.cognito.admin_disable_user().user_pool_id(&t.pool).username(user).send().await.unwrap();
            }
            Self::OtherGroup => {
                let request = t.cognito.admin_remove_user_from_group().user_pool_id(&t.pool).username(user);
                request.group_name("order-services").send().await.unwrap();
            }
        }
    }
}
