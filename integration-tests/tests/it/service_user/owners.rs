//! Nothing that is somebody else's is changed without being asked for, and what was adopted comes back.

use aws_sdk_ssm::types::ParameterType;
use local_cloud::{Fault, LocalCloud, Service};
use serde_json::{Value, json};

use super::{Ask, Deployment, STACK};

const OTHER_STACK: &str = "arn:aws:cloudformation:eu-west-1:111122223333:stack/others/2";

#[tokio::test]
async fn another_stacks_parameters_are_refused_by_its_name_and_left_alone() {
    let (_cloud, t) = Deployment::start().await;
    t.create().await;
    let password = t.password().await;
    for adopt in ["no", "yes"] {
        let mut others = t.properties_with("Stack", OTHER_STACK);
        others["Adopt"] = json!(adopt);
        let answer = t.ask(Ask::Create, &others).await;
        let reason = answer["Reason"].as_str().unwrap();
        assert!(reason.starts_with(&format!("the parameters under {} belong to {STACK}: ", t.prefix)), "{reason}");
        t.succeed(Ask::Delete(answer["PhysicalResourceId"].as_str().unwrap()), &others).await;
        assert_eq!(t.invoke("Repair", &others).await.unwrap_err().error_type, "NotOwned");
        assert_eq!(t.invoke("Rotate", &others).await.unwrap_err().error_type, "NothingToRotate");
    }
    assert_eq!(t.signs_in(&t.prefix).await, "orders-1-a");
    assert_eq!(t.password().await, password);
}

#[tokio::test]
async fn of_two_stacks_that_are_created_at_the_same_time_one_gets_the_prefix() {
    let (_cloud, t) = Deployment::start().await;
    let others = t.properties_with("Stack", OTHER_STACK);
    let own = t.properties();
    let create = async |properties: &Value| {
        let event = crate::setup::invocation(t.event(Ask::Create, properties));
        service_user::handle(t.function(properties), event).await.unwrap();
    };
    tokio::join!(create(&own), create(&others));
    let answers = t.cloud_formation.requests().into_iter().map(|one| serde_json::from_slice(&one.body).unwrap());
    let answers: Vec<Value> = answers.collect();
    let succeeded: Vec<_> = answers.iter().filter(|answer| answer["Status"] == "SUCCESS").collect();
    assert_eq!((answers.len(), succeeded.len()), (2, 1), "{answers:?}");
    assert_eq!(t.signs_in(&t.prefix).await, succeeded[0]["Data"]["Username"]);
}

#[tokio::test]
async fn two_stacks_of_one_name_and_pool_have_users_of_their_own() {
    let (_cloud, t) = Deployment::start().await;
    t.create().await;
    let mut others = t.properties_with("Stack", OTHER_STACK);
    let prefix = format!("/others{}", t.prefix);
    others["ParametersPrefix"] = json!(prefix);
    let id = t.succeed(Ask::Create, &others).await;
    assert_eq!(
        (t.signs_in(&t.prefix).await.as_str(), t.signs_in(&prefix).await.as_str()),
        ("orders-1-a", "orders-2-a")
    );
    t.succeed(Ask::Delete(&id), &others).await;
    assert!(!t.user_exists(&t.pool, "orders-2-a").await);
    assert_eq!(t.signs_in(&t.prefix).await, "orders-1-a");
}

#[tokio::test]
async fn what_was_made_by_hand_is_refused_unless_it_is_asked_for() {
    let (_cloud, t) = Deployment::start().await;
    for value in [r#"{"username":"by-hand","password":"Password-1"}"#, "nonsense"] {
        let credentials = format!("{}/credentials", t.prefix);
        t.put(&credentials, value, ParameterType::SecureString).await;
        let reason = t.fail(Ask::Create, &t.properties()).await;
        assert!(reason.starts_with(&format!("{credentials} was made by hand: ")), "{reason}");
        assert!(reason.contains("AdoptServiceUser=yes"), "{reason}");
        assert_eq!(t.parameters(&t.prefix).await, ["/credentials"]);
    }
}

/// The example's user and parameters were made by hand.
async fn example() -> (LocalCloud, Deployment, Value) {
    let cloud = LocalCloud::start().await.unwrap();
    let mut t = Deployment::on(&cloud.url()).await;
    let seed = cloud.seed();
    t.pool.clone_from(&seed.user_pool_id);
    t.client.clone_from(&seed.client_id);
    t.prefix.clone_from(&seed.parameters_prefix);
    let properties = t.properties_with("Adopt", "yes");
    (cloud, t, properties)
}

/// All that is under the prefix, and whether the user who was made by hand signs in.
async fn by_hand(t: &Deployment) -> Vec<(String, String)> {
    assert_eq!(t.signs_in(&t.prefix).await, "order-service");
    let found = t.ssm.get_parameters_by_path().path(&t.prefix).with_decryption(true).send().await.unwrap();
    let found = found.parameters.unwrap().into_iter().map(|one| (one.name.unwrap(), one.value.unwrap()));
    found.collect()
}

#[tokio::test]
async fn what_was_adopted_comes_back_when_the_stack_is_deleted() {
    let (_cloud, t, properties) = example().await;
    let before = by_hand(&t).await;
    let id = t.succeed(Ask::Create, &properties).await;
    assert_eq!(t.signs_in(&t.prefix).await, "orders-1-a");
    t.invoke("Rotate", &properties).await.unwrap();
    // It is adopted already.
    t.succeed(Ask::Update(&id), &t.properties()).await;
    t.repair().await.unwrap();
    for _ in 0..2 {
        t.succeed(Ask::Delete(&id), &t.properties()).await;
        assert_eq!(by_hand(&t).await, before);
        assert!(!t.user_exists(&t.pool, "orders-1-a").await && !t.user_exists(&t.pool, "orders-1-b").await);
    }
}

#[tokio::test]
async fn an_adoption_that_failed_wherever_it_was_is_taken_back() {
    for (service, operation) in [
        (Service::Ssm, "PutParameter"),
        (Service::Cognito, "AdminCreateUser"),
        (Service::Cognito, "AdminSetUserPassword"),
        (Service::Cognito, "AdminInitiateAuth"),
    ] {
        let (cloud, t, properties) = example().await;
        let before = by_hand(&t).await;
        cloud.inject(Fault::error(service, "ForbiddenException", "no").on(operation).always());
        let answer = t.ask(Ask::Create, &properties).await;
        assert_eq!(answer["Status"], "FAILED", "{operation}");
        cloud.clear_faults();
        t.succeed(Ask::Delete(answer["PhysicalResourceId"].as_str().unwrap()), &properties).await;
        assert_eq!(by_hand(&t).await, before, "{operation}");
    }
}
