//! Faults, seen from the socket.

use std::io::ErrorKind;
use std::time::Duration;

use local_cloud::{Fault, Service};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::Cloud;

const NAMES: &str = r#"{"Names":["/orders/service-user/client-id"]}"#;

/// A connection over which one request was sent.
async fn send(cloud: &Cloud, target: &str, body: &str) -> TcpStream {
    let address = cloud.url().replace("http://", "");
    let mut stream = TcpStream::connect(&address).await.expect("it listens");
    let length = body.len();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nx-amz-target: {target}\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    stream
}

/// Reads until the head is there; gives it with as much of the body as came along.
async fn read_head(stream: &mut TcpStream) -> (String, String) {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8(bytes.clone()).expect("text");
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            return (head.to_owned(), body.to_owned());
        }
        assert_ne!(stream.read_buf(&mut bytes).await.expect("readable"), 0, "closed before the head was complete");
    }
}

fn content_length(head: &str) -> usize {
    let line = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
    line.parse().expect("a number")
}

#[tokio::test]
async fn a_reset_comes_before_any_answer() {
    let cloud = Cloud::start().await;
    cloud.inject(Fault::reset(Service::Ssm));
    let mut stream = send(&cloud, "AmazonSSM.GetParameters", NAMES).await;
    let error = stream.read(&mut [0; 1]).await.expect_err("reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!((cloud.calls()[0].status, cloud.calls()[0].outcome.as_str()), (0, "injected: connection reset"));
    cloud.ssm("GetParameters", json!({"Names": ["/a"]})).await.ok();
}

#[tokio::test]
async fn a_lost_answer_is_a_reset_after_the_call_took_effect() {
    let cloud = Cloud::start().await;
    cloud.inject(Fault::lose_answer(Service::Ssm));
    let put = r#"{"Name":"/lost","Value":"x","Type":"String"}"#;
    let mut stream = send(&cloud, "AmazonSSM.PutParameter", put).await;
    let error = stream.read(&mut [0; 1]).await.expect_err("reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    cloud.ssm("GetParameter", json!({"Name": "/lost"})).await.ok();
}

#[tokio::test]
async fn a_truncated_answer_is_shorter_than_it_claims() {
    let cloud = Cloud::start().await;
    cloud.inject(Fault::truncate(Service::Ssm));
    let mut stream = send(&cloud, "AmazonSSM.GetParameters", NAMES).await;
    let (head, mut body) = read_head(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    stream.read_to_string(&mut body).await.expect("closed in good order");
    assert!(body.starts_with('{') && body.len() < content_length(&head), "{body}");
}

#[tokio::test]
async fn a_slow_answer_sends_its_head_at_once() {
    let cloud = Cloud::start().await;
    cloud.inject(Fault::slow(Service::Ssm, Duration::from_secs(3600)));
    let mut stream = send(&cloud, "AmazonSSM.GetParameters", NAMES).await;
    let (head, body) = read_head(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(body.len() < content_length(&head), "{body}");
}

#[tokio::test]
async fn a_slow_answer_is_complete_in_the_end_and_leaves_the_connection_usable() {
    let cloud = Cloud::start().await;
    cloud.inject(Fault::slow(Service::Ssm, Duration::from_millis(20)));
    let names = json!({"Names": ["/orders/service-user/client-id"]});
    let slow = cloud.ssm("GetParameters", names.clone()).await;
    assert_eq!(slow.ok(), cloud.ssm("GetParameters", names).await.ok());
}

#[tokio::test]
async fn each_service_throttles_in_its_own_words() {
    let cloud = Cloud::start().await;
    let token = cloud.access_token().await;
    for service in [Service::Cognito, Service::Ssm, Service::AppSync] {
        cloud.inject(Fault::throttle(service).retry_after(Duration::from_secs(7)));
    }
    let reply = cloud.sign_in(cloud.seed_parameters()).await;
    reply.assert_error("TooManyRequestsException", "Rate exceeded");
    assert_eq!(reply.header("x-amzn-errortype"), "TooManyRequestsException:");
    assert_eq!(reply.header("retry-after"), "7");
    cloud.ssm("GetParameter", json!({"Name": "/a"})).await.assert_error("ThrottlingException", "Rate exceeded");
    let reply = cloud.graphql_as(Some(&token), r#"{"query":"{ __typename }"}"#).await;
    assert_eq!((reply.status, reply.header("retry-after")), (429, "7"));
    assert_eq!(reply.json()["errors"][0]["errorType"], "TooManyRequestsException");
}

#[tokio::test]
async fn a_status_comes_with_html_and_unauthorized_with_appsyncs_own_words() {
    let cloud = Cloud::start().await;
    let token = cloud.access_token().await;
    let query = r#"{"query":"query GetOrder { __typename }"}"#;
    cloud.inject(Fault::status(Service::AppSync, 503));
    let reply = cloud.graphql_as(Some(&token), query).await;
    assert_eq!((reply.status, reply.header("content-type")), (503, "text/html"));
    assert!(reply.text.starts_with("<html>"), "{}", reply.text);
    cloud.inject(Fault::unauthorized());
    let reply = cloud.graphql_as(Some(&token), query).await;
    assert_eq!((reply.status, &reply.json()["errors"][0]["errorType"]), (401, &json!("UnauthorizedException")));
    assert_eq!(cloud.graphql_as(Some(&token), query).await.status, 200);
}

#[tokio::test]
async fn an_answer_can_be_dictated_and_nothing_is_executed() {
    let cloud = Cloud::start().await;
    let put = json!({"Name": "/dictated", "Value": "x", "Type": "String"});
    cloud.inject(Fault::error(Service::Ssm, "AccessDeniedException", "not you"));
    let reply = cloud.ssm("PutParameter", put).await;
    reply.assert_error("AccessDeniedException", "not you");
    assert_eq!(reply.header("content-type"), "application/x-amz-json-1.1");
    assert_eq!(cloud.ssm("GetParameter", json!({"Name": "/dictated"})).await.error().0, "ParameterNotFound");

    let fault = json!({"service": "cognito", "operation": "oauth2/token", "kind": "answer", "code": 401, "body": {"error": "invalid_client"}});
    cloud.http("POST", "/_local-cloud/faults", &fault.to_string()).await.ok();
    let reply = cloud.token("Basic eDp5", "grant_type=client_credentials").await;
    assert_eq!((reply.status, reply.header("content-type")), (401, "application/json"));
    assert_eq!(reply.json(), json!({"error": "invalid_client"}));
}

#[tokio::test]
async fn faults_hit_their_operation_as_often_as_they_say() {
    let cloud = Cloud::start().await;
    cloud.inject(Fault::status(Service::Ssm, 500).on("GetParameter").times(2));
    cloud.inject(Fault::status(Service::Ssm, 502).on("DeleteParameter").always());
    let mut statuses = Vec::new();
    for operation in
        ["PutParameter", "GetParameter", "GetParameter", "GetParameter", "DeleteParameter", "DeleteParameter"]
    {
        let input = json!({"Name": "/a", "Value": "x", "Type": "String"});
        statuses.push(cloud.ssm(operation, input).await.status);
    }
    assert_eq!(statuses, [200, 500, 500, 200, 502, 502]);
    cloud.clear_faults();
    cloud.ssm("DeleteParameter", json!({"Name": "/a"})).await.ok();
}

#[tokio::test]
async fn a_caller_that_goes_away_is_recorded() {
    let cloud = Cloud::start().await;
    let mut calls = cloud.subscribe();
    cloud.set_latency(Service::Ssm, Duration::from_secs(3600));
    let stream = send(&cloud, "AmazonSSM.GetParameters", NAMES).await;
    // Another service does not wait; its answer tells that the first request has been read.
    cloud.tokens().await;
    assert_eq!(calls.recv().await.expect("a call").operation, "AdminInitiateAuth");
    drop(stream);
    let call = calls.recv().await.expect("a call");
    assert_eq!((call.operation.as_str(), call.status, call.outcome.as_str()), ("GetParameters", 0, "caller went away"));
}

#[tokio::test]
async fn dropping_the_stand_in_closes_its_connections_and_its_port() {
    let cloud = Cloud::start().await;
    cloud.set_latency(Service::Ssm, Duration::from_secs(3600));
    let mut stream = send(&cloud, "AmazonSSM.GetParameters", NAMES).await;
    cloud.tokens().await;
    let address = cloud.url().replace("http://", "");
    drop(cloud);
    // End of stream or reset: either way it ends.
    assert!(matches!(stream.read(&mut [0; 1]).await, Ok(0) | Err(_)));
    assert!(TcpStream::connect(address).await.is_err());
}
