//! What is larger than Lambda hands over: the caller is told so by the function, not by Lambda.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use appsync::AppSyncClient;
use events::Answer;
use http_api::Callers;
use lambda_runtime::Diagnostic;
use local_cloud::{Fault, Service};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use serde_json::{Value, json};

use crate::{
    http_api::call::Call,
    secrets::Log,
    setup::{Setup, invocation},
};

fn get_order() -> Value {
    json!({"operation": "GetOrder", "variables": {"id": "order-1"}})
}

fn cancel_order() -> Value {
    json!({"operation": "CancelOrder", "variables": {"id": "order-1", "expectedVersion": 1}})
}

/// The same as a request to an HTTP API.
pub(crate) fn http(operation: &Value) -> Value {
    let context = json!({"http": {"method": "POST"}, "authorizer": {"jwt": {"claims": {"sub": "a", "cognito:groups": "[order-services]"}, "scopes": []}}});
    json!({"version": "2.0", "requestContext": context, "headers": {}, "body": operation.to_string()})
}

/// The order with a note, as AppSync's next answer to the query and to the mutation has it.
pub(crate) async fn answer_with(t: &Setup, note: String) {
    let mut order = t.get_order().await.unwrap()["getOrder"].take();
    order["note"] = note.into();
    for (operation, field) in [("GetOrder", "getOrder"), ("CancelOrder", "cancelOrder")] {
        t.cloud.inject(Fault::answer(Service::AppSync, 200, json!({"data": {field: order}})).on(operation).always());
    }
}

pub(crate) async fn both(
    t: &Setup,
    client: &AppSyncClient,
    event: impl Fn(&Value) -> Value,
) -> [(Result<Answer, Diagnostic>, String); 2] {
    let (get, cancel) = (event(&get_order()), event(&cancel_order()));
    [
        Log::of(query::handle(client.clone(), t.callers.clone(), invocation(get))).await,
        Log::of(mutate::handle(client.clone(), t.callers.clone(), invocation(cancel))).await,
    ]
}

#[tokio::test]
async fn a_finished_answer_that_is_too_large_is_replaced_by_a_failure() {
    let t = Setup::start().await;
    answer_with(&t, "x".repeat(7_000_000)).await;
    let client = t.appsync.clone().with_response_limit(10_000_000);
    let [query, mutate] = both(&t, &client, Value::clone).await.map(|(result, log)| {
        assert!(log.contains("the response exceeds Lambda's payload limit; select fewer fields or items"), "{log}");
        result.unwrap_err()
    });
    assert_eq!([&query.error_type, &mutate.error_type], ["TooLarge", "TooLarge"]);
    assert!(!query.error_message.contains("the mutation was executed"), "{query:?}");
    assert!(mutate.error_message.contains("the mutation was executed"), "{mutate:?}");
}

#[tokio::test]
async fn an_http_answer_counts_with_its_body_as_a_json_string() {
    let t = Setup::start().await;
    // In JSON each has two bytes, in JSON in JSON four.
    answer_with(&t, "\"".repeat(2_000_000)).await;
    for (result, _) in both(&t, &t.appsync, Value::clone).await {
        result.unwrap();
    }
    let [query, mutate] = both(&t, &t.appsync, http).await.map(|(result, log)| {
        assert!(log.contains("the response exceeds Lambda's payload limit; select fewer fields or items"), "{log}");
        let answer = json!(result.unwrap());
        assert_eq!(answer["statusCode"], 500, "{answer}");
        serde_json::from_str::<Value>(answer["body"].as_str().unwrap()).unwrap()
    });
    assert_eq!([&query["errorType"], &mutate["errorType"]], ["TooLarge", "TooLarge"]);
    assert!(mutate["errorMessage"].as_str().unwrap().contains("the mutation was executed"), "{mutate}");
}

#[tokio::test]
async fn an_answer_may_be_as_large_as_lambda_hands_over_and_no_larger() {
    const LIMIT: usize = 6_291_556;
    const NOTE: usize = 6_000_000;
    let t = Setup::start().await;
    let answers = async |note: usize| {
        answer_with(&t, "x".repeat(note)).await;
        let api = Call::get("/orders/order-1").invoke(&t, Callers::Authorizer).await;
        let [query, mutate] = both(&t, &t.appsync, http).await.map(|(answer, _)| json!(answer.unwrap()));
        t.cloud.clear_faults();
        [api, query, mutate].map(|answer| (answer["statusCode"].as_u64().unwrap(), answer.to_string().len()))
    };
    for (at, (_, bytes)) in answers(NOTE).await.into_iter().enumerate() {
        assert_eq!(answers(NOTE + LIMIT - bytes).await[at], (200, LIMIT), "{at}");
        assert_eq!(answers(NOTE + LIMIT - bytes + 1).await[at].0, 500, "{at}");
    }
}

#[tokio::test]
async fn a_request_that_lambda_would_not_take_is_not_sent_on() {
    let t = Setup::start().await;
    let mut event = get_order();
    event["variables"]["id"] = "x".repeat(7_000_000).into();
    let (result, log) = Log::of(query::handle(t.appsync.clone(), t.callers.clone(), invocation(event))).await;
    assert_eq!(result.unwrap_err().error_type, "TooLarge");
    assert!(log.contains(r#""error_type":"TooLarge""#), "{log}");
    assert_eq!(t.cloud.count(Service::AppSync), 0);
}

/// Counts what the counter of this name counts.
pub(crate) struct Counted(pub(crate) &'static str, pub(crate) Arc<AtomicU64>);

impl Recorder for Counted {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        if key.name() == self.0 { Counter::from_arc(Arc::clone(&self.1)) } else { Counter::noop() }
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[tokio::test]
async fn what_is_too_large_is_counted_once_in_each_function_and_http_clients_learn_that_it_was_executed() {
    let t = Setup::start().await;
    let counted = Counted("PayloadsTooLarge", Arc::default());
    let _here = metrics::set_default_local_recorder(&counted);
    for (note, expected) in [("x".repeat(7_000_000), 4), ("\"".repeat(2_000_000), 2)] {
        answer_with(&t, note).await;
        drop(both(&t, &t.appsync, Value::clone).await);
        for call in
            [Call::get("/orders/order-1"), Call::new("POST", "/orders/order-1/cancel").header("if-match", "\"1\"")]
        {
            let problem = call.send(&t).await.problem(500);
            assert!(
                problem["detail"].as_str().unwrap().contains("If the request was a change, it was made"),
                "{problem}"
            );
        }
        assert_eq!(counted.1.swap(0, Ordering::Relaxed), expected);
        t.cloud.clear_faults();
    }
}
