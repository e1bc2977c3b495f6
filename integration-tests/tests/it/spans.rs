//! What a trace tells of an operation.

use std::time::Duration;

use appsync::RetryPolicy;
use serde_json::Value;
use tracing::{Dispatch, Level, instrument::WithSubscriber as _, subscriber::NoSubscriber};
use tracing_subscriber::fmt::format::FmtSpan;

use crate::{
    secrets::Log,
    wire::{GetThing, SetThing, Step, Variables, Wire, answer, good},
};

/// The fields of the span of an operation, as they are when it ends.
pub(crate) async fn span_of(operation: impl Future<Output = ()>) -> Value {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(Level::INFO)
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(move || writer.clone())
        .finish();
    // With a single dispatcher, tracing asks whichever thread comes first whether anybody wants a span, and the threads of
    // other tests say no.
    let _second = Dispatch::new(NoSubscriber::new());
    operation.with_subscriber(subscriber).await;
    let log = log.text();
    assert!(!log.contains("canary"), "a variable is in: {log}");
    let close = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|line| line["fields"]["message"] == "close" && line["span"]["name"] == "appsync");
    close.unwrap()["span"].take()
}

#[tokio::test]
async fn a_span_names_the_operation_the_server_and_how_it_ended() {
    let unavailable = Step::Answer(answer("503 Service Unavailable", &["x-amzn-requestid: request-7"], ""));
    let wire = Wire::start([unavailable.clone(), Step::Answer(good())], unavailable).await;
    let client = wire.client().with_retry(RetryPolicy::standard().with_backoff(Duration::ZERO, Duration::ZERO));
    let note = || Variables { note: "canary".to_owned() };

    let span = span_of(async { drop(client.execute::<GetThing>(note()).await.unwrap()) }).await;
    assert_eq!(span["otel.name"], "query GetThing");
    assert_eq!(span["graphql.operation.name"], "GetThing");
    assert_eq!(span["graphql.operation.type"], "query");
    assert_eq!(span["http.request.method"], "POST");
    assert_eq!(span["server.address"], "127.0.0.1");
    assert!(wire.url.contains(&format!(":{}/", span["server.port"])));
    assert_eq!(span["http.response.status_code"], 200);
    assert_eq!(span["http.request.resend_count"], 1);
    assert_eq!(span["aws.request_id"], "request-1");
    assert_eq!(span["error.type"], Value::Null);
    assert_eq!(span["otel.status_code"], Value::Null);

    let span = span_of(async { drop(client.execute::<SetThing>(note()).await.unwrap_err()) }).await;
    assert_eq!(span["graphql.operation.type"], "mutation");
    assert_eq!(span["http.response.status_code"], 503);
    assert_eq!(span["http.request.resend_count"], Value::Null);
    assert_eq!(span["error.type"], "unavailable");
    assert_eq!(span["otel.status_code"], "ERROR");
    assert_eq!(span["aws.request_id"], "request-7");
}

#[tokio::test]
async fn requests_carry_the_trace_header_of_the_invocation_that_they_belong_to() {
    const HEADER: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    let wire = Wire::always(Step::Answer(good())).await;
    let client = wire.client();
    for trace in [Some(HEADER), None, Some("no\nheader")] {
        client.clone().traced_by(trace).execute::<GetThing>(Variables { note: String::new() }).await.unwrap();
    }
    let sent: Vec<Option<String>> =
        wire.requests().iter().map(|request| request.header("x-amzn-trace-id").map(str::to_owned)).collect();
    assert_eq!(sent, [Some(HEADER.to_owned()), None, None]);
}
