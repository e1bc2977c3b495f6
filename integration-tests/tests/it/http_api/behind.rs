//! What happens behind the API, told in terms of HTTP.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use local_cloud::{Fault, FaultKind, LocalCloud, Service};
use serde_json::json;

use super::call::{Call, new_order};
use crate::{setup::Setup, sizes::Counted};

#[tokio::test]
pub(crate) async fn failures_of_the_order_service_have_a_status_of_their_own() {
    let error = |error_type: &str| {
        let error = json!({"path": ["getOrder"], "errorType": error_type, "message": "canary", "data": null});
        Fault::new(Service::AppSync, FaultKind::Answer { code: 200, body: json!({"data": null, "errors": [error]}) })
    };
    let counted = Counted("ServerErrors", Arc::default());
    let _here = metrics::set_default_local_recorder(&counted);
    for (fault, status, retry_after) in [
        (Fault::throttle(Service::AppSync), 503, Some("1")),
        (Fault::status(Service::AppSync, 500), 503, Some("1")),
        (Fault::unauthorized(), 502, None),
        (Fault::status(Service::AppSync, 403), 403, None),
        (error("Unauthorized"), 403, None),
        (error("DynamoDB:ProvisionedThroughputExceededException"), 503, Some("1")),
        (error("MappingTemplate"), 500, None),
        (error("Lambda:Unhandled"), 500, None),
        (error("ExecutionTimeout"), 504, None),
    ] {
        let t = Setup::start().await;
        let description = format!("{fault:?}");
        t.cloud.inject(fault.always());
        let answer = Call::get("/orders/order-1").send(&t).await;
        assert_eq!(answer.status, status, "{description}");
        assert_eq!(counted.1.swap(0, Ordering::Relaxed), u64::from(status >= 500), "{description}");
        answer.problem(status);
        assert_eq!(answer.header("retry-after"), retry_after, "{description}");
        assert!(!answer.text.contains("canary"), "{}", answer.text);
    }
}

#[tokio::test]
pub(crate) async fn an_answer_that_lambda_would_not_hand_over_is_a_problem() {
    let t = Setup::start().await;
    let mut order = t.get_order().await.unwrap();
    // In JSON each has two bytes, in JSON in JSON four.
    order["getOrder"]["note"] = "\"".repeat(2_000_000).into();
    t.cloud.inject(Fault::new(Service::AppSync, FaultKind::Answer { code: 200, body: json!({"data": order}) }));
    let problem = Call::get("/orders/order-1").send(&t).await.problem(500);
    assert!(problem["detail"].as_str().unwrap().contains("exceeds Lambda's payload limit"), "{problem}");
}

#[tokio::test]
pub(crate) async fn a_failed_sign_in_is_not_the_callers_fault() {
    for (fault, status) in [
        (Fault::throttle(Service::Cognito), 503),
        (Fault::error(Service::Cognito, "NotAuthorizedException", "Incorrect username or password."), 502),
    ] {
        let cloud = LocalCloud::start().await.unwrap();
        cloud.inject(fault.always());
        let t = Setup::start_on(cloud, &[]).await;
        Call::get("/orders").send(&t).await.problem(status);
        let ada = t.cloud.customer_token("ada");
        Call::get("/me/orders").by(&ada).send(&t).await.expect(200);
    }
}

#[tokio::test]
pub(crate) async fn an_answer_comes_before_lambda_ends_the_invocation() {
    let t = Setup::start().await;
    t.cloud.set_latency(Service::AppSync, Duration::from_secs(60));
    let call = Call::get("/orders").within(Duration::from_millis(600));
    // Far less than the 29 s that the gateway would wait.
    tokio::time::timeout(Duration::from_secs(10), call.send(&t)).await.unwrap().problem(504);
}

#[tokio::test]
pub(crate) async fn a_change_that_may_have_been_made_is_not_asked_for_again() {
    let t = Setup::start().await;
    t.cloud.inject(Fault::new(Service::AppSync, FaultKind::LoseAnswer).on("UpdateOrder").always());
    let answer = Call::patch("/orders/order-1", "\"1\"", &json!({"note": "x"})).send(&t).await;
    assert!(answer.problem(502)["detail"].as_str().unwrap().contains("may have carried out"), "{}", answer.text);
    assert_eq!(answer.header("retry-after"), None);
    t.cloud.clear_faults();
    assert_eq!(Call::get("/orders/order-1").send(&t).await.expect(200)["note"], "x");
}

#[tokio::test]
pub(crate) async fn an_order_whose_answer_was_lost_is_made_once() {
    let t = Setup::start().await;
    t.cloud.inject(Fault::new(Service::AppSync, FaultKind::LoseAnswer).times(1));
    Call::post("/orders", &new_order()).send(&t).await.expect(201);
    assert_eq!(t.cloud.count_of("CreateOrder"), 2);
    let page = Call::get("/orders?limit=100").send(&t).await.expect(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 4);
}
