//! The events of each sender, as it sends them, and the answers that it expects.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use local_cloud::{Fault, FaultKind, LocalCloud, Service};
use serde_json::{Value, json};

use crate::setup::{Setup, invocation};

async fn query(t: &Setup, event: Value) -> Value {
    json!(query::handle(t.appsync.clone(), t.callers.clone(), invocation(event)).await.unwrap())
}

async fn mutate(t: &Setup, event: Value) -> Value {
    json!(mutate::handle(t.appsync.clone(), t.callers.clone(), invocation(event)).await.unwrap())
}

fn get_order() -> Value {
    json!({"operation": "GetOrder", "variables": {"id": "order-1"}})
}

fn create_order() -> Value {
    let line = json!({"sku": "tea", "quantity": 1, "unitPrice": {"currency": "EUR", "minorUnits": 450}});
    let input = json!({"customerEmail": "queue@example.com", "lines": [line]});
    json!({"operation": "CreateOrder", "variables": {"input": input}})
}

fn cancel_order(version: i64) -> Value {
    json!({"operation": "CancelOrder", "variables": {"id": "order-1", "expectedVersion": version}})
}

/// How many orders there are that a message made.
async fn orders_of_the_queue(t: &Setup) -> usize {
    let filter = json!({"customerEmail": "queue@example.com"});
    let data = t.query(json!({"operation": "ListOrders", "variables": {"filter": filter, "limit": 100}})).await;
    data.unwrap()["listOrders"]["items"].as_array().unwrap().len()
}

/// An answer in which a field failed beside others that did not.
fn partial(data: &Value) -> Fault {
    let error = json!({"path": ["getOrder", "note"], "errorType": "Lambda:Unhandled", "message": "boom"});
    let body = json!({"data": data, "errors": [error]});
    Fault::new(Service::AppSync, FaultKind::Answer { code: 200, body })
}

/// A request as API Gateway sends it for an HTTP API with a JWT authorizer (payload format 2.0).
fn http_request(body: &str) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "POST /graphql",
        "rawPath": "/graphql",
        "rawQueryString": "",
        "cookies": ["a=b"],
        "headers": {
            "accept": "*/*",
            "authorization": "Bearer canary",
            "content-length": "61",
            "content-type": "application/json",
            "host": "abc123.execute-api.eu-west-1.amazonaws.com",
            "x-amzn-trace-id": "Root=1-67f0c1a2-0123456789abcdef01234567",
            "x-forwarded-for": "192.0.2.1",
        },
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abc123",
            "authorizer": {"jwt": {"claims": {"sub": "user-1", "cognito:groups": "[order-services]"}, "scopes": null}},
            "domainName": "abc123.execute-api.eu-west-1.amazonaws.com",
            "domainPrefix": "abc123",
            "http": {
                "method": "POST",
                "path": "/graphql",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "curl/8.5.0",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "POST /graphql",
            "stage": "$default",
            "time": "23/Nov/2026:12:30:45 +0000",
            "timeEpoch": 1_795_437_045_500_i64,
        },
        "body": body,
        "isBase64Encoded": false,
    })
}

/// A batch as SQS sends it. Each message is its id, its FIFO group if it has one, and its body.
pub(crate) fn batch(messages: &[(&str, Option<&str>, String)]) -> Value {
    let record = |(id, group, body): &(&str, Option<&str>, String)| {
        let mut record = json!({
            "messageId": id,
            "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
            "body": body,
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": "1795437045500",
                "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                "ApproximateFirstReceiveTimestamp": "1795437045520",
            },
            "messageAttributes": {},
            "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:orders",
            "awsRegion": "eu-west-1",
        });
        if let Some(group) = group {
            record["attributes"]["MessageGroupId"] = json!(group);
        }
        record
    };
    json!({"Records": messages.iter().map(record).collect::<Vec<_>>()})
}

fn failures(ids: &[&str]) -> Value {
    let failures: Vec<Value> = ids.iter().map(|id| json!({"itemIdentifier": id})).collect();
    json!({"batchItemFailures": failures})
}

#[tokio::test]
async fn a_direct_invocation_gets_what_graphql_answers() {
    let t = Setup::start().await;
    let answer = query(&t, get_order()).await;
    assert_eq!(answer["data"]["getOrder"]["id"], "order-1");
    assert_eq!(answer.as_object().unwrap().len(), 1, "no errors: {answer}");
}

#[tokio::test]
async fn an_eventbridge_rule_invokes_with_the_detail_of_its_event() {
    let t = Setup::start().await;
    let event = json!({
        "version": "0", "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718", "detail-type": "order", "source": "shop",
        "account": "123456789012", "time": "2026-11-23T12:30:45Z", "region": "eu-west-1", "resources": [],
        "detail": create_order(),
    });
    assert_eq!(mutate(&t, event).await["data"]["createOrder"]["status"], "PLACED");
}

#[tokio::test]
async fn an_event_that_eventbridge_delivers_again_makes_one_order() {
    let t = Setup::start().await;
    let event = |id: &str| json!({"id": id, "detail-type": "order", "source": "shop", "detail": create_order()});
    for _ in 0..2 {
        mutate(&t, event("6a7e8feb-b491-4cf7-a9f1-bf3703467718")).await;
    }
    assert_eq!(orders_of_the_queue(&t).await, 1);
    mutate(&t, event("another")).await;
    assert_eq!(orders_of_the_queue(&t).await, 2);
}

#[tokio::test]
async fn an_http_request_with_an_idempotency_key_makes_one_order() {
    let t = Setup::start().await;
    let mut event = http_request(&create_order().to_string());
    event["headers"]["idempotency-key"] = json!("key-1");
    for _ in 0..2 {
        assert_eq!(mutate(&t, event.clone()).await["statusCode"], 200);
    }
    assert_eq!(orders_of_the_queue(&t).await, 1);
}

#[tokio::test]
async fn data_is_visible_beside_the_errors_of_single_fields() {
    let t = Setup::start().await;
    let whole = query(&t, get_order()).await["data"].clone();
    for event in [get_order(), http_request(&get_order().to_string())] {
        t.cloud.inject(partial(&whole));
        let mut answer = query(&t, event).await;
        if let Some(body) = answer["body"].as_str() {
            assert_eq!(answer["statusCode"], 200);
            answer = serde_json::from_str(body).unwrap();
        }
        assert_eq!(answer["data"], whole);
        assert_eq!(answer["errors"][0]["errorType"], "Lambda:Unhandled");
        assert_eq!(answer["errors"][0]["path"], json!(["getOrder", "note"]));
    }
}

#[tokio::test]
async fn errors_without_any_data_fail_the_invocation() {
    let t = Setup::start().await;
    // AppSync answers the latter: the schema lets the field be null.
    for data in [Value::Null, json!({"getOrder": null})] {
        t.cloud.inject(partial(&data));
        let error = t.query(get_order()).await.unwrap_err();
        assert_eq!(error.error_type, "ResolverFailed");
    }
}

#[tokio::test]
async fn an_http_request_gets_the_same_json_as_a_body() {
    let t = Setup::start().await;
    let plain = http_request(&get_order().to_string());
    let mut encoded = http_request(&STANDARD.encode(get_order().to_string()));
    encoded["isBase64Encoded"] = json!(true);
    for event in [plain, encoded] {
        let response = query(&t, event).await;
        assert_eq!(response["statusCode"], 200);
        assert_eq!(response["headers"]["content-type"], "application/json");
        let body: Value = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
        assert_eq!(body, query(&t, get_order()).await);
    }
}

#[tokio::test]
async fn an_http_request_without_an_authorizer_executes_nothing() {
    let t = Setup::start().await;
    for authorizer in [json!(null), json!({}), json!({"jwt": {"claims": {}, "scopes": []}}), json!({"lambda": {}})] {
        let mut event = http_request(&get_order().to_string());
        event["requestContext"]["authorizer"] = authorizer.clone();
        let response = query(&t, event).await;
        assert_eq!(response["statusCode"], 401, "{authorizer}");
        assert!(response["body"].as_str().unwrap().contains("authorizer"), "{response}");
    }
    assert_eq!(t.cloud.count(Service::AppSync), 0);
}

#[tokio::test]
async fn over_http_only_those_whom_the_setting_names_act_as_the_service() {
    let admitted = |claims: Value| json!({"jwt": {"claims": claims, "scopes": null}});
    let customer = json!({"jwt": {"claims": {"sub": "ada", "scope": "openid"}, "scopes": ["openid", "orders/admin"]}});
    let scope = admitted(json!({"sub": "x", "scope": "openid orders/admin"}));
    let group = admitted(json!({"sub": "x", "cognito:groups": "[readers order-staff]"}));
    let other = admitted(json!({"sub": "order-staff", "cognito:groups": "[orders/admin]", "scope": "order-staff"}));
    let (lambda, iam) =
        (json!({"lambda": {"scope": "orders/admin"}}), json!({"iam": {"userArn": "arn:aws:iam::1:user/a"}}));
    for (callers, statuses) in [
        ("group:order-staff", [403, 403, 200, 403, 403, 403]),
        ("scope:orders/admin", [403, 200, 403, 403, 403, 403]),
        ("group:a scope:orders/admin group:order-staff", [403, 200, 200, 403, 403, 403]),
        ("group:orders", [403; 6]),
    ] {
        let t = Setup::start_on(LocalCloud::start().await.unwrap(), &[("OPERATION_CALLERS", callers)]).await;
        let authorizers = [&customer, &scope, &group, &other, &lambda, &iam];
        for (authorizer, status) in authorizers.into_iter().zip(statuses) {
            let mut event = http_request(&get_order().to_string());
            event["requestContext"]["authorizer"] = authorizer.clone();
            let response = query(&t, event).await;
            assert_eq!(response["statusCode"], status, "{callers}: {authorizer}");
            assert_eq!(response["body"].as_str().unwrap().contains("Forbidden"), status == 403, "{response}");
        }
        assert_eq!(t.cloud.count(Service::AppSync), statuses.iter().filter(|status| **status == 200).count());
    }
    // Whoever invokes the function without an API has the permission for that.
    let nobody = Arc::from([]);
    let t = Setup::start().await;
    assert!(query::handle(t.appsync.clone(), nobody, invocation(get_order())).await.is_ok());
}

#[tokio::test]
async fn a_failure_of_an_http_request_is_a_status_with_the_stable_error_type() {
    let denied = json!({"data": {"getOrder": null}, "errors": [{"path": ["getOrder"], "errorType": "Unauthorized"}]});
    for (body, fault, status, error_type, retry_after) in [
        ("", None, 400, "InvalidEvent", None),
        (r#"{"operation":"Nothing"}"#, None, 400, "UnknownOperation", None),
        (r#"{"operation":"GetOrder"}"#, None, 400, "InvalidVariables", None),
        ("good", Some(FaultKind::Answer { code: 200, body: denied }), 403, "Denied", None),
        ("good", Some(FaultKind::Throttle), 503, "Throttled", Some("1")),
        ("good", Some(FaultKind::Status { code: 500 }), 503, "Unavailable", Some("1")),
        ("good", Some(FaultKind::Answer { code: 200, body: json!([]) }), 502, "MalformedAnswer", None),
        ("good", Some(FaultKind::Unauthorized), 502, "TokenRefused", None),
    ] {
        let t = Setup::start().await;
        let description = format!("{body} {fault:?}");
        if let Some(kind) = fault {
            t.cloud.inject(Fault::new(Service::AppSync, kind).always());
        }
        let body = if body == "good" { get_order().to_string() } else { body.to_owned() };
        let response = query(&t, http_request(&body)).await;
        assert_eq!(response["statusCode"], status, "{description}: {response}");
        assert_eq!(response["headers"].get("retry-after").and_then(Value::as_str), retry_after, "{description}");
        let body: Value = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["errorType"], error_type, "{description}");
        assert!(!body["errorMessage"].as_str().unwrap().is_empty(), "{description}");
    }
}

#[tokio::test]
async fn a_payload_that_nobody_sends_fails_the_invocation() {
    let t = Setup::start().await;
    for (event, reason) in [
        (json!({"requestContext": {"httpMethod": "POST"}, "body": "{}"}), "payload format"),
        (json!({"Records": [{"eventSource": "aws:s3"}]}), "SQS"),
        (batch(&[("message-1", None, get_order().to_string())]), "message"),
    ] {
        let error = t.query(event).await.unwrap_err();
        assert_eq!(error.error_type, "InvalidEvent");
        assert!(error.error_message.contains(reason), "{error:?}");
    }
}

#[tokio::test]
async fn a_batch_hands_back_the_messages_that_failed_and_no_other() {
    let t = Setup::start().await;
    let denied = json!({"data": null, "errors": [{"path": ["updateOrder"], "errorType": "Unauthorized"}]});
    t.cloud.inject(Fault::new(Service::AppSync, FaultKind::Answer { code: 200, body: denied }).on("UpdateOrder"));
    let update = json!({"operation": "UpdateOrder", "variables": {"input": {"id": "order-1", "expectedVersion": 1}}});
    let answer = mutate(
        &t,
        batch(&[
            ("good", None, create_order().to_string()),
            ("no-json", None, "canary".to_owned()),
            ("query", None, get_order().to_string()),
            ("stale", None, cancel_order(99).to_string()),
            ("denied", None, update.to_string()),
            ("good-too", None, create_order().to_string()),
        ]),
    )
    .await;
    assert_eq!(answer, failures(&["no-json", "query", "stale", "denied"]));
    assert_eq!(orders_of_the_queue(&t).await, 2);
}

#[tokio::test]
async fn a_batch_in_which_all_succeed_hands_nothing_back() {
    let t = Setup::start().await;
    let ids: Vec<String> = (0..25).map(|message| format!("message-{message}")).collect();
    let messages: Vec<_> = ids.iter().map(|id| (id.as_str(), None, create_order().to_string())).collect();
    assert_eq!(mutate(&t, batch(&messages)).await, failures(&[]));
    assert_eq!(orders_of_the_queue(&t).await, 25);
    assert_eq!(t.sign_ins(), 1);
}

#[tokio::test]
async fn a_message_that_is_delivered_again_makes_one_order() {
    let t = Setup::start().await;
    for _ in 0..3 {
        let answer = mutate(&t, batch(&[("message-1", None, create_order().to_string())])).await;
        assert_eq!(answer, failures(&[]));
    }
    assert_eq!(orders_of_the_queue(&t).await, 1);
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_sent_again_and_makes_one_order() {
    let t = Setup::start().await;
    t.cloud.inject(Fault::new(Service::AppSync, FaultKind::LoseAnswer).on("CreateOrder"));
    let answer = mutate(&t, batch(&[("message-1", None, create_order().to_string())])).await;
    assert_eq!(answer, failures(&[]));
    assert_eq!(orders_of_the_queue(&t).await, 1);
}

#[tokio::test]
async fn a_key_in_the_message_counts_more_than_its_id() {
    let t = Setup::start().await;
    let mut event = create_order();
    event["variables"]["input"]["clientToken"] = json!("chosen by the sender");
    let messages = [("message-1", None, event.to_string()), ("message-2", None, event.to_string())];
    assert_eq!(mutate(&t, batch(&messages)).await, failures(&[]));
    assert_eq!(orders_of_the_queue(&t).await, 1);
}

#[tokio::test]
async fn messages_of_one_fifo_group_are_executed_in_order_until_one_fails() {
    let t = Setup::start().await;
    let create = |tag: &str| {
        let mut event = create_order();
        event["variables"]["input"]["note"] = json!(tag);
        event.to_string()
    };
    let answer = mutate(
        &t,
        batch(&[
            ("a-1", Some("a"), create("a-1")),
            ("b-1", Some("b"), create("b-1")),
            ("a-2", Some("a"), cancel_order(99).to_string()),
            ("a-3", Some("a"), create("a-3")),
            ("b-2", Some("b"), create("b-2")),
        ]),
    )
    .await;
    assert_eq!(answer, failures(&["a-2", "a-3"]));
    assert_eq!(orders_of_the_queue(&t).await, 3, "a-3 was not tried");
}
