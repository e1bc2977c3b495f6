//! Spans of real invocations, sent to a collector.

use std::time::Duration;

use local_cloud::{Fault, LocalCloud, Service, Span};
use runtime_api::RuntimeApi;
use serde_json::{Value, json};

use crate::{function::Function, real_time_passes};

const TRACE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
const TRACE_ID: &str = "5759e988bd862e3fe1be46a994272793";

#[tokio::test]
async fn spans_are_in_the_invocations_trace_and_appsync_hangs_below_them() {
    let cloud = LocalCloud::start().await.unwrap();
    let lambda = RuntimeApi::start().await.unwrap();
    let _function = Function::start_traced(&cloud, &lambda);
    get_order(&lambda, "order-1").await;

    // They have been sent before the answer.
    let spans = cloud.spans();
    let [call, invocation] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!([&call.trace_id, &invocation.trace_id], [TRACE_ID, TRACE_ID]);
    assert_eq!((invocation.parent_span_id.as_str(), invocation.kind), ("53995c3f42cd8ad8", 2));
    assert_eq!((invocation.service.as_str(), invocation.name.as_str()), ("query", "query"));
    assert_eq!(
        Value::from(invocation.attributes.clone()),
        json!({"faas.coldstart": true, "graphql.operation.name": "GetOrder"})
    );
    assert_eq!((&call.parent_span_id, call.kind), (&invocation.span_id, 3));
    assert_eq!(call.name, "query GetOrder");
    assert_eq!(call.attributes["graphql.operation.name"], "GetOrder");
    assert_eq!(call.attributes["server.address"], "127.0.0.1");
    assert_eq!(call.attributes["http.response.status_code"], 200);
    assert!(!call.has_failed && !invocation.has_failed);
    assert!(invocation.start <= call.start && call.start < call.end && call.end <= invocation.end);
    assert_eq!(trace_headers(&cloud), [Some(of_child(call))]);
    // What the function does before its first invocation belongs to no trace.
    assert_eq!(cloud.count(Service::Cognito), 1);

    get_order(&lambda, "order-1").await;
    let spans = cloud.spans();
    assert_eq!(spans.len(), 4);
    assert_eq!(spans[3].attributes["faas.coldstart"], false);
    assert_ne!(spans[3].span_id, spans[1].span_id);
}

#[tokio::test]
async fn a_sign_in_has_a_span_with_how_it_ended() {
    let cloud = LocalCloud::start().await.unwrap();
    let lambda = RuntimeApi::start().await.unwrap();
    let _function = Function::start_traced(&cloud, &lambda);
    lambda.idle().await.unwrap();
    // AppSync refuses the token, so the invocation needs another one.
    cloud.inject(Fault::unauthorized());
    cloud.inject(Fault::error(Service::Cognito, "NotAuthorizedException", "Incorrect username or password."));
    lambda.invoke_in_trace(TRACE, event("order-1")).await.unwrap().answer.unwrap_err();

    let spans = cloud.spans();
    let [sign_in, call, invocation] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!((sign_in.name.as_str(), &sign_in.parent_span_id), ("sign in", &call.span_id));
    assert_eq!(
        Value::from(sign_in.attributes.clone()),
        json!({"reason": "rejected", "error.type": "wrong_credentials"})
    );
    assert_eq!(
        (&call.attributes["error.type"], &invocation.attributes["error.type"]),
        (&json!("sign_in"), &json!("SignInFailed"))
    );
    assert!(spans.iter().all(|span| span.has_failed && span.trace_id == TRACE_ID), "{spans:?}");
}

#[tokio::test]
async fn nothing_is_recorded_of_what_is_not_sampled() {
    let cloud = LocalCloud::start().await.unwrap();
    let lambda = RuntimeApi::start().await.unwrap();
    let _function = Function::start_traced(&cloud, &lambda);
    let not_sampled = TRACE.replace("Sampled=1", "Sampled=0");
    for trace in [not_sampled.as_str(), "Root=1-5759e988;Sampled=1", ""] {
        lambda.invoke_in_trace(trace, event("order-1")).await.unwrap().answer.unwrap();
    }
    assert_eq!((cloud.spans(), cloud.count(Service::Traces)), (Vec::new(), 0));
    // AppSync is told all the same.
    assert_eq!(trace_headers(&cloud)[0], Some(not_sampled));
}

#[tokio::test]
async fn nothing_is_recorded_without_an_endpoint() {
    let cloud = LocalCloud::start().await.unwrap();
    let lambda = RuntimeApi::start().await.unwrap();
    let _function = Function::start(&cloud, &lambda);
    get_order(&lambda, "order-1").await;
    assert_eq!(cloud.count(Service::Traces), 0);
    assert_eq!(trace_headers(&cloud), [Some(TRACE.to_owned())]);
}

#[tokio::test]
async fn a_collector_that_is_slow_or_down_costs_no_invocation_and_is_logged_once() {
    for is_slow in [true, false] {
        let cloud = LocalCloud::start().await.unwrap();
        let lambda = RuntimeApi::start().await.unwrap();
        if is_slow {
            cloud.set_latency(Service::Traces, Duration::from_secs(60));
        } else {
            cloud.inject(Fault::reset(Service::Traces).always());
        }
        let function = Function::start_traced(&cloud, &lambda);
        let requests = || cloud.count(Service::Traces) + cloud.under_way("v1/traces");
        // A request that broke is repeated once.
        let expected = if is_slow { 1 } else { 2 };
        // It is left alone afterwards: that no time is lost is that it is not asked.
        for _ in 0..4 {
            get_order(&lambda, "order-1").await;
            until(|| requests() >= expected).await;
            assert_eq!(requests(), expected);
        }
        let log = function.end();
        let warnings: Vec<_> = log.iter().filter(|line| line["level"] == "WARN").collect();
        let [warning] = warnings[..] else { panic!("{warnings:?}") };
        assert_eq!(warning["message"], "could not send traces; the collector is left alone for a while");
        assert!(warning["error"].as_str().unwrap().starts_with("the collector could not be reached"), "{warning}");
    }
}

#[tokio::test]
async fn what_could_not_be_sent_goes_with_the_next_invocation_over_a_freeze() {
    let cloud = LocalCloud::start().await.unwrap();
    let lambda = RuntimeApi::start().await.unwrap();
    let function = Function::start_traced(&cloud, &lambda);
    get_order(&lambda, "order-1").await;

    // The collector cannot take the spans of the second.
    cloud.inject(Fault::status(Service::Traces, 503).retry_after(Duration::from_secs(1)));
    get_order(&lambda, "order-1").await;
    assert_eq!(cloud.spans().len(), 2);

    function.freeze();
    real_time_passes(Duration::from_secs(1)).await;
    // Meanwhile the connection has ended.
    cloud.inject(Fault::reset(Service::Traces));
    function.thaw();
    get_order(&lambda, "order-1").await;

    let mut ids: Vec<String> = cloud.spans().into_iter().map(|span| span.span_id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), cloud.spans().len()), (6, 6));
}

#[tokio::test]
async fn no_span_holds_a_token_a_password_or_a_variable() {
    let cloud = LocalCloud::start().await.unwrap();
    let lambda = RuntimeApi::start().await.unwrap();
    let _function = Function::start_traced(&cloud, &lambda);
    let data =
        json!({"data": {"getOrder": null}, "errors": [{"message": "canary-message", "errorType": "canary-type"}]});
    for fault in [
        None,
        Some(Fault::unauthorized()),
        Some(Fault::status(Service::AppSync, 403)),
        Some(Fault::truncate(Service::AppSync).always()),
        Some(Fault::answer(Service::AppSync, 200, data)),
    ] {
        if let Some(fault) = fault {
            cloud.inject(fault);
        }
        let _either = lambda.invoke_in_trace(TRACE, event("canary-id")).await.unwrap().answer;
        cloud.clear_faults();
    }
    let spans = format!("{:?}", cloud.spans());
    assert!(spans.contains("query GetOrder") && spans.contains("denied") && spans.contains("sign in"), "{spans}");
    let seed = cloud.seed();
    for secret in ["canary", "eyJ", &seed.password, &seed.client_secret, &seed.secret_access_key, &seed.username] {
        assert!(!spans.contains(secret), "{secret} is in {spans}");
    }
}

async fn get_order(lambda: &RuntimeApi, id: &str) {
    lambda.invoke_in_trace(TRACE, event(id)).await.unwrap().answer.unwrap();
}

fn event(id: &str) -> String {
    json!({"operation": "GetOrder", "variables": {"id": id}}).to_string()
}

/// Those of the operations that AppSync got.
fn trace_headers(cloud: &LocalCloud) -> Vec<Option<String>> {
    cloud.calls().into_iter().filter(|call| call.operation == "GetOrder").map(|call| call.trace).collect()
}

fn of_child(parent: &Span) -> String {
    TRACE.replace("53995c3f42cd8ad8", &parent.span_id)
}

async fn until(mut has_happened: impl FnMut() -> bool) {
    while !has_happened() {
        tokio::task::yield_now().await;
    }
}
