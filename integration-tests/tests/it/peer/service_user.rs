//! The `service-user` function against whatever speaks the protocols of Cognito and SSM.

use std::collections::BTreeSet;

use aws_sdk_ssm::types::ParameterType;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use local_cloud::{LocalCloud, Service};
use serde_json::{Value, json};

use super::emulator_url;
use crate::{
    http_api,
    service_user::{Ask, Deployment, load::through_rotations},
    setup::{Setup, config, invocation, start_context},
    wire::{self, Request, Step, Wire},
};

async fn start() -> (Option<LocalCloud>, Deployment) {
    match emulator_url() {
        Some(url) => (None, Deployment::on(&url).await),
        None => {
            let (cloud, deployment) = Deployment::start().await;
            (Some(cloud), deployment)
        }
    }
}

#[tokio::test]
async fn a_service_user_is_created_rotated_and_deleted() {
    let (_cloud, t) = start().await;
    let id = t.create().await;
    assert_eq!(t.signs_in(&t.prefix).await, "orders-1-a");
    assert_eq!(t.groups("orders-1-a").await, ["order-services"]);
    assert_eq!(t.create().await, id);
    for (active, idle) in [("orders-1-b", "orders-1-a"), ("orders-1-a", "orders-1-b")] {
        assert_eq!(t.rotate().await.unwrap(), json!({"active": active, "idle": idle}));
        assert_eq!(t.signs_in(&t.prefix).await, active);
        assert_eq!(t.groups(active).await, ["order-services"]);
    }
    for _ in 0..2 {
        t.succeed(Ask::Delete(&id), &t.properties()).await;
        t.assert_nothing_is_left().await;
    }
}

#[tokio::test]
async fn a_service_user_is_changed_damaged_and_repaired() {
    let (_cloud, t) = start().await;
    let id = t.create().await;
    let others = t.properties_with("Group", "order-admins");
    assert_eq!(t.succeed(Ask::Update(&id), &others).await, id);
    assert_eq!(t.groups("orders-1-a").await, ["order-admins"]);

    t.ssm.delete_parameter().name(format!("{}/credentials", t.prefix)).send().await.unwrap();
    t.cognito.admin_delete_user().user_pool_id(&t.pool).username("orders-1-a").send().await.unwrap();
    t.repair().await.unwrap();
    assert_eq!(t.signs_in(&t.prefix).await, "orders-1-a");
    assert_eq!(t.groups("orders-1-a").await, ["order-services"]);
    t.succeed(Ask::Delete(&id), &t.properties()).await;
    t.assert_nothing_is_left().await;
}

#[tokio::test]
async fn parameters_that_were_made_by_hand_are_adopted_and_come_back() {
    let (_cloud, t) = start().await;
    let credentials = format!("{}/credentials", t.prefix);
    let by_hand = json!({"username": "by-hand", "password": "Password-1"});
    t.put(&credentials, &by_hand.to_string(), ParameterType::SecureString).await;
    t.fail(Ask::Create, &t.properties()).await;
    let adopting = t.properties_with("Adopt", "yes");
    let id = t.succeed(Ask::Create, &adopting).await;
    assert_eq!(t.signs_in(&t.prefix).await, "orders-1-a");
    t.succeed(Ask::Delete(&id), &adopting).await;
    assert_eq!(t.parameters(&t.prefix).await, ["/credentials"]);
    assert_eq!(t.credentials(&t.prefix).await, by_hand);
}

#[tokio::test]
async fn a_pool_or_a_group_that_does_not_exist_is_told() {
    let (_cloud, t) = start().await;
    for (name, value) in [("UserPoolId", "eu-west-1_nope"), ("Group", "readers")] {
        let reason = t.fail(Ask::Create, &t.properties_with(name, value)).await;
        assert!(reason.contains(" is refused: ResourceNotFoundException"), "{reason}");
    }
    let pool = t.properties_with("UserPoolId", "eu-west-1_nope");
    t.succeed(Ask::Delete(&format!("eu-west-1_nope/orders@{}", t.prefix)), &pool).await;
}

/// An API that answers every operation with the same order stands for AppSync, which emulators do not have.
#[tokio::test]
async fn the_functions_answer_as_the_service_user_through_four_rotations() {
    let (cloud, t) = start().await;
    // On local-cloud another test makes a thousand calls.
    let number = if cloud.is_some() { 200 } else { 1000 };
    let id = t.create().await;
    let example = Setup::start().await;
    let order = &example.get_order().await.unwrap()["getOrder"];
    let data = json!({"data": {"getOrder": order, "cancelOrder": order}});
    let api = Wire::always(Step::Answer(wire::json(data))).await;
    let settings = |reuse| {
        let [service, parameters] = [("AWS_ENDPOINT_URL", t.url.as_str()), ("SERVICE_USER_PARAMETERS", &t.prefix)];
        [("APPSYNC_URL", api.url.as_str()), service, parameters, ("TOKEN_REUSE", reuse)]
    };

    let functions = Setup::start_on(example.cloud, &settings("on")).await;
    assert_eq!(functions.get_order().await.unwrap()["getOrder"]["id"], "order-1");
    let cancel = json!({"operation": "CancelOrder", "variables": {"id": "order-1", "expectedVersion": 1}});
    assert_eq!(functions.mutate(cancel).await.unwrap()["cancelOrder"]["id"], "order-1");
    assert_eq!(http_api::get(&functions, "/orders/order-1").await["id"], "order-1");

    // One process signs in for each call, and so meets every moment of a rotation.
    let signs_in_each_time = start_context(&config(&functions.cloud, &settings("off"))).await;
    let processes = [&functions.appsync, &signs_in_each_time];
    let failures = through_rotations(&t, number, |call| {
        let event = invocation(json!({"operation": "GetOrder", "variables": {"id": "order-1"}}));
        let answer = query::handle(processes[call % 2].clone(), functions.callers.clone(), event);
        async move { answer.await.err().map(|error| format!("call {call}: {error:?}")) }
    });
    assert_eq!(failures.await, [""; 0]);
    assert_eq!(functions.cloud.count(Service::AppSync), 1, "the order that is answered with");

    let called: BTreeSet<String> = api.requests().iter().filter_map(|request| caller(request, &t.pool)).collect();
    assert_eq!(called.into_iter().collect::<Vec<_>>(), ["orders-1-a", "orders-1-b"]);
    t.succeed(Ask::Delete(&id), &t.properties()).await;
    t.assert_nothing_is_left().await;
}

/// Whose token of the pool a request was made with; none if it only opened the connection.
fn caller(request: &Request, pool: &str) -> Option<String> {
    let token = request.header("authorization")?;
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert!(claims["iss"].as_str().unwrap().ends_with(pool), "{claims}");
    Some(claims["username"].as_str().unwrap().to_owned())
}
