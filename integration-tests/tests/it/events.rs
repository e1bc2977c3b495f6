//! The events of each sender, as it sends them, and the answers that it expects.

use std::sync::{Arc, atomic::Ordering};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use local_cloud::{Fault, FaultKind, LocalCloud, Service};
use serde_json::{Value, json};

use crate::{
    secrets::Log,
    setup::{Setup, invocation, invocation_with_id},
    sizes::Counted,
};

async fn query(t: &Setup, event: Value) -> Value {
    json!(query::handle(t.appsync.clone(), t.callers.clone(), invocation(event)).await.unwrap())
}

pub(crate) async fn mutate(t: &Setup, event: Value) -> Value {
    json!(mutate::handle(t.appsync.clone(), t.callers.clone(), invocation(event)).await.unwrap())
}

fn get_order() -> Value {
    json!({"operation": "GetOrder", "variables": {"id": "order-1"}})
}

pub(crate) fn create_order() -> Value {
    let line = json!({"sku": "tea", "quantity": 1, "unitPrice": {"currency": "EUR", "minorUnits": 450}});
    let input = json!({"customerEmail": "queue@example.com", "lines": [line]});
    json!({"operation": "CreateOrder", "variables": {"input": input}})
}

pub(crate) fn cancel_order(version: i64) -> Value {
    json!({"operation": "CancelOrder", "variables": {"id": "order-1", "expectedVersion": version}})
}

/// How many orders there are that a message made.
pub(crate) async fn orders_of_the_queue(t: &Setup) -> usize {
    let filter = json!({"customerEmail": "queue@example.com"});
    let data = t.query(json!({"operation": "ListOrders", "variables": {"filter": filter, "limit": 100}})).await;
    data.unwrap()["listOrders"]["items"].as_array().unwrap().len()
}

/// An answer in which a field failed beside others that did not.
fn partial(data: &Value) -> Fault {
    let field = data.as_object().and_then(|data| data.keys().next());
    let path = json!([field.map_or("getOrder", String::as_str), "note"]);
    let error = json!({"path": path, "errorType": "Lambda:Unhandled", "message": "boom"});
    let body = json!({"data": data, "errors": [error]});
    Fault::new(Service::AppSync, FaultKind::Answer { code: 200, body })
}

/// What a sender sends, with `content` at the place for it.
fn sent(sender: &str, place: &str, content: Value) -> Value {
    let mut senders: Value = serde_json::from_str(include_str!("../../../crates/events/senders.json")).unwrap();
    let mut event = senders[sender].take();
    *event.pointer_mut(place).unwrap() = content;
    event
}

/// An event of an EventBridge rule.
pub(crate) fn rule(id: &str, detail: Value) -> Value {
    let mut event = sent("EventBridge", "/detail", detail);
    event["id"] = json!(id);
    event
}

/// What SNS puts into a queue, unless raw message delivery is on.
fn notification(id: &str, message: &Value) -> Value {
    let mut notification = sent("notification", "/Message", json!(message.to_string()));
    notification["MessageId"] = json!(id);
    notification
}

/// A request of an HTTP API with a JWT authorizer.
fn http_request(body: &str) -> Value {
    sent("HTTP API", "/body", json!(body))
}

/// The same with a key, by a caller.
pub(crate) fn keyed_request(caller: &str, key: &str, body: &Value) -> Value {
    let mut event = http_request(&body.to_string());
    event["headers"]["idempotency-key"] = json!(key);
    event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] = json!(caller);
    event
}

/// A batch as SQS sends it. Each message is its id, its message group if it has one, and its body.
pub(crate) fn batch(messages: &[(&str, Option<&str>, String)]) -> Value {
    let record = |(id, group, body): &(&str, Option<&str>, String)| {
        let mut record = sent("SQS", "/body", json!(body));
        record["messageId"] = json!(id);
        if let Some(group) = group {
            record["attributes"]["MessageGroupId"] = json!(group);
        }
        record
    };
    json!({"Records": messages.iter().map(record).collect::<Vec<_>>()})
}

/// The same of a FIFO queue.
pub(crate) fn fifo_batch(messages: &[(&str, Option<&str>, String)]) -> Value {
    let mut batch = batch(messages);
    for record in batch["Records"].as_array_mut().unwrap() {
        record["eventSourceARN"] = json!("arn:aws:sqs:eu-west-1:123456789012:orders.fifo");
    }
    batch
}

pub(crate) fn failures(ids: &[&str]) -> Value {
    let failures: Vec<Value> = ids.iter().map(|id| json!({"itemIdentifier": id})).collect();
    json!({"batchItemFailures": failures})
}

#[tokio::test]
pub(crate) async fn a_direct_invocation_gets_what_graphql_answers() {
    let t = Setup::start().await;
    let answer = query(&t, get_order()).await;
    assert_eq!(answer["data"]["getOrder"]["id"], "order-1");
    assert_eq!(answer.as_object().unwrap().len(), 1, "no errors: {answer}");
}

#[tokio::test]
pub(crate) async fn a_step_function_that_tries_again_is_known_by_the_key_in_its_variables() {
    let t = Setup::start().await;
    let mut payload = create_order();
    payload["variables"]["input"]["clientToken"] = json!("9f2c4a1e-5b7d-4c1f-8a57-3f5f0f0d6c11");
    for _ in 0..2 {
        assert_eq!(mutate(&t, payload.clone()).await["data"]["createOrder"]["status"], "PLACED");
    }
    assert_eq!(orders_of_the_queue(&t).await, 1);
    let error = t.mutate(cancel_order(99)).await.unwrap_err();
    assert_eq!(error.error_type, "ConditionFailed", "what a Catch or Retry names");
}

#[tokio::test]
pub(crate) async fn an_eventbridge_rule_invokes_with_the_detail_of_its_event() {
    let t = Setup::start().await;
    for (id, detail) in [("event-1", create_order()), ("event-2", json!(create_order().to_string()))] {
        assert_eq!(mutate(&t, rule(id, detail)).await["data"]["createOrder"]["status"], "PLACED");
    }
    assert_eq!(t.mutate(rule("event-3", cancel_order(99))).await.unwrap_err().error_type, "ConditionFailed");
}

#[tokio::test]
pub(crate) async fn an_event_that_eventbridge_delivers_again_makes_one_order() {
    let t = Setup::start().await;
    for _ in 0..2 {
        mutate(&t, rule("6a7e8feb-b491-4cf7-a9f1-bf3703467718", create_order())).await;
    }
    assert_eq!(orders_of_the_queue(&t).await, 1);
    mutate(&t, rule("another", create_order())).await;
    assert_eq!(orders_of_the_queue(&t).await, 2);
}

#[tokio::test]
pub(crate) async fn scheduler_invokes_with_its_input() {
    let t = Setup::start().await;
    let universal = json!({"FunctionName": "mutate", "InvocationType": "Event", "Payload": create_order().to_string()});
    for (id, input) in [("execution-1", create_order()), ("execution-2", universal)] {
        for _ in 0..2 {
            let answer =
                mutate::handle(t.appsync.clone(), t.callers.clone(), invocation_with_id(id, input.clone())).await;
            assert_eq!(json!(answer.unwrap())["data"]["createOrder"]["status"], "PLACED");
        }
    }
    assert_eq!(orders_of_the_queue(&t).await, 2);
    let error = t.mutate(sent("Scheduler", "/detail", json!("{}"))).await.unwrap_err();
    assert_eq!(error.error_type, "InvalidEvent");
    assert!(error.error_message.contains("an EventBridge event"), "{error:?}");
}

#[tokio::test]
pub(crate) async fn pipes_hands_over_a_list_of_messages_and_gets_back_those_that_failed() {
    let t = Setup::start().await;
    let messages = [
        ("good", None, create_order().to_string()),
        ("stale", None, cancel_order(99).to_string()),
        ("no-json", None, "canary".to_owned()),
    ];
    for _ in 0..2 {
        let list = batch(&messages)["Records"].take();
        assert_eq!(mutate(&t, list).await, failures(&["stale", "no-json"]));
    }
    assert_eq!(orders_of_the_queue(&t).await, 1);
}

#[tokio::test]
pub(crate) async fn pipes_tries_a_list_without_ids_again_as_a_whole() {
    let t = Setup::start().await;
    let invoke =
        async |list: Value| mutate::handle(t.appsync.clone(), t.callers.clone(), invocation_with_id("id", list)).await;
    let good = json!([create_order(), create_order()]);
    for _ in 0..2 {
        assert_eq!(json!(invoke(good.clone()).await.unwrap()), failures(&[]));
    }
    assert_eq!(orders_of_the_queue(&t).await, 2, "each is known by its place");
    let error = invoke(json!([create_order(), cancel_order(99), create_order()])).await.unwrap_err();
    assert_eq!(error.error_type, "ConditionFailed");
    assert_eq!(orders_of_the_queue(&t).await, 3, "all were tried");
}

#[tokio::test]
pub(crate) async fn sns_invokes_with_its_message() {
    let t = Setup::start().await;
    let event = |message: &Value| sent("SNS", "/Records/0/Sns/Message", json!(message.to_string()));
    for _ in 0..2 {
        assert_eq!(mutate(&t, event(&create_order())).await["data"]["createOrder"]["status"], "PLACED");
    }
    assert_eq!(orders_of_the_queue(&t).await, 1);
    assert_eq!(t.mutate(event(&cancel_order(99))).await.unwrap_err().error_type, "ConditionFailed");
}

#[tokio::test]
pub(crate) async fn a_queue_that_a_topic_sends_to_has_messages_or_notifications_in_it() {
    let t = Setup::start().await;
    let enveloped = |id: &str, message: &Value| notification(id, message).to_string();
    let messages = [
        ("raw", None, create_order().to_string()),
        ("message-1", None, enveloped("notification-1", &create_order())),
        ("message-2", None, enveloped("notification-1", &create_order())),
        ("message-3", None, enveloped("notification-2", &rule("event-1", create_order()))),
        ("message-4", None, enveloped("notification-3", &rule("event-1", create_order()))),
        ("message-5", None, enveloped("notification-4", &cancel_order(99))),
        ("message-6", None, enveloped("notification-5", &json!("Hello"))),
    ];
    for _ in 0..2 {
        assert_eq!(mutate(&t, batch(&messages)).await, failures(&["message-5", "message-6"]));
    }
    assert_eq!(orders_of_the_queue(&t).await, 3, "the raw one, the notification, the event");
}

#[tokio::test]
pub(crate) async fn a_function_url_gets_what_an_http_api_gets() {
    let t = Setup::start_on(LocalCloud::start().await.unwrap(), &[("OPERATION_CALLERS", "iam")]).await;
    let mut request = sent("function URL", "/body", json!(create_order().to_string()));
    request["headers"]["idempotency-key"] = json!("key-1");
    for _ in 0..2 {
        assert_eq!(mutate(&t, request.clone()).await["statusCode"], 200);
    }
    // The users of an identity pool have one role in common.
    for (user, orders) in [("eu-west-1:ada", 2), ("eu-west-1:bob", 3), ("eu-west-1:ada", 3)] {
        request["requestContext"]["authorizer"]["iam"]["cognitoIdentity"] = json!({"identityId": user});
        assert_eq!(mutate(&t, request.clone()).await["statusCode"], 200);
        assert_eq!(orders_of_the_queue(&t).await, orders, "{user}");
    }
    let stale = sent("function URL", "/body", json!(cancel_order(99).to_string()));
    assert_eq!(mutate(&t, stale).await["statusCode"], 409);
    let mut open = sent("function URL", "/body", json!(get_order().to_string()));
    open["requestContext"].as_object_mut().unwrap().remove("authorizer");
    assert_eq!(query(&t, open).await["statusCode"], 401, "a URL that lets everybody in");
}

#[tokio::test]
pub(crate) async fn an_http_request_with_an_idempotency_key_makes_one_order() {
    let t = Setup::start().await;
    let mut other_case = keyed_request("ada", "key-1", &create_order());
    other_case["headers"] = json!({"Idempotency-Key": "key-1"});
    for request in
        [keyed_request("ada", "key-1", &create_order()), keyed_request("ada", "\"key-1\"", &create_order()), other_case]
    {
        assert_eq!(mutate(&t, request).await["statusCode"], 200);
    }
    assert_eq!(orders_of_the_queue(&t).await, 1);
    for _ in 0..2 {
        assert_eq!(mutate(&t, http_request(&create_order().to_string())).await["statusCode"], 200);
    }
    assert_eq!(orders_of_the_queue(&t).await, 3, "without a key, each request is one of its own");
}

#[tokio::test]
pub(crate) async fn whoever_has_no_subject_shares_no_key() {
    let t = Setup::start().await;
    for (name, orders) in [("ada", 1), ("bob", 2), ("ada", 2)] {
        let mut request = keyed_request("", "1", &create_order());
        request["requestContext"]["authorizer"]["jwt"]["claims"]["username"] = json!(name);
        assert_eq!(mutate(&t, request).await["statusCode"], 200);
        assert_eq!(orders_of_the_queue(&t).await, orders, "{name}");
    }
}

#[tokio::test]
pub(crate) async fn an_event_in_the_body_of_a_request_is_known_by_its_id_and_its_caller() {
    let t = Setup::start().await;
    for (caller, id, orders) in
        [("ada", "event-1", 1), ("ada", "event-1", 1), ("ada", "event-2", 2), ("bob", "event-1", 3)]
    {
        let request = keyed_request(caller, "key-1", &rule(id, create_order()));
        assert_eq!(mutate(&t, request).await["statusCode"], 200);
        assert_eq!(orders_of_the_queue(&t).await, orders, "{caller} {id}");
    }
}

#[tokio::test]
pub(crate) async fn an_idempotency_key_of_a_request_with_another_body_is_refused() {
    let t = Setup::start().await;
    let request = |pointer: &str, value: Value| {
        let mut body = create_order();
        body["variables"]["input"]["note"] = json!("ring twice");
        body["variables"]["input"]["attributes"] = json!(r#"{"channel": "web", "rate": 1.0}"#);
        if let Some((parent, name)) = pointer.rsplit_once('/') {
            body["variables"]["input"].pointer_mut(parent).unwrap()[name] = value;
        }
        keyed_request("ada", "key-1", &body)
    };
    let same = || request("/attributes", json!(r#"{"rate": 1, "channel": "web"}"#));
    assert_eq!(mutate(&t, request("", json!(null))).await["statusCode"], 200);
    assert_eq!(mutate(&t, same()).await["statusCode"], 200);
    for (pointer, value) in [
        ("/customerEmail", json!("bob@example.com")),
        ("/note", json!("ring once")),
        ("/attributes", json!(r#"{"channel": "app", "rate": 1}"#)),
        ("/lines/0/quantity", json!(2)),
    ] {
        let answer = mutate(&t, request(pointer, value)).await;
        assert_eq!(answer["statusCode"], 422, "{pointer}: {answer}");
        assert!(answer["body"].as_str().unwrap().contains("IdempotencyKeyReused"), "{answer}");
    }
    assert_eq!(orders_of_the_queue(&t).await, 1);

    // By then it may have been changed.
    let answer = mutate(&t, same()).await;
    let id =
        serde_json::from_str::<Value>(answer["body"].as_str().unwrap()).unwrap()["data"]["createOrder"]["id"].take();
    let change = json!({"id": id, "expectedVersion": 1, "note": "x"});
    t.mutate(json!({"operation": "UpdateOrder", "variables": {"input": change}})).await.unwrap();
    assert_eq!(mutate(&t, same()).await["statusCode"], 200);
}

#[tokio::test]
pub(crate) async fn another_way_to_write_the_same_is_no_other_body() {
    let t = Setup::start().await;
    let mut body = create_order();
    let first = mutate(&t, keyed_request("ada", "key-1", &body)).await;
    let input = &mut body["variables"]["input"];
    input["lines"] = input["lines"][0].take();
    input["note"] = json!(null);
    assert_eq!(mutate(&t, keyed_request("ada", "key-1", &body)).await, first);

    // An API may have a default for what is null.
    let mut whole: Value = serde_json::from_str(first["body"].as_str().unwrap()).unwrap();
    whole["data"]["createOrder"]["note"] = json!("none");
    t.cloud.inject(Fault::answer(Service::AppSync, 200, whole));
    assert_eq!(mutate(&t, keyed_request("ada", "key-2", &body)).await["statusCode"], 200);
}

#[tokio::test]
pub(crate) async fn a_field_that_failed_is_no_sign_of_another_body() {
    let t = Setup::start().await;
    let body = mutate(&t, keyed_request("ada", "key-1", &create_order())).await["body"].take();
    let mut whole: Value = serde_json::from_str(body.as_str().unwrap()).unwrap();
    whole["data"]["createOrder"]["note"] = json!(null);
    let mut noted = create_order();
    noted["variables"]["input"]["note"] = json!("ring twice");
    t.cloud.inject(partial(&whole["data"]));
    assert_eq!(mutate(&t, keyed_request("ada", "key-2", &noted)).await["statusCode"], 200);
}

#[tokio::test]
pub(crate) async fn a_key_in_the_variables_of_a_request_counts_more_than_its_header() {
    let t = Setup::start().await;
    let mut body = create_order();
    body["variables"]["input"]["clientToken"] = json!("chosen by the caller");
    for (key, quantity) in [("key-1", 1), ("key-2", 2)] {
        body["variables"]["input"]["lines"][0]["quantity"] = json!(quantity);
        assert_eq!(mutate(&t, keyed_request("ada", key, &body)).await["statusCode"], 200);
    }
    assert_eq!(orders_of_the_queue(&t).await, 1);
}

#[tokio::test]
pub(crate) async fn an_operation_without_a_place_for_a_key_takes_none() {
    let t = Setup::start().await;
    assert_eq!(query(&t, keyed_request("ada", "key-1", &get_order())).await["statusCode"], 200);
    for status in [200, 409] {
        assert_eq!(mutate(&t, keyed_request("ada", "key-1", &cancel_order(1))).await["statusCode"], status);
    }
}

#[tokio::test]
pub(crate) async fn an_idempotency_key_that_is_none_is_a_bad_request() {
    let t = Setup::start().await;
    for key in ["", " ", "a b", "\"", &"k".repeat(256)] {
        let answer = mutate(&t, keyed_request("ada", key, &create_order())).await;
        assert_eq!(answer["statusCode"], 400, "{key}");
        assert!(answer["body"].as_str().unwrap().contains("Idempotency-Key"), "{answer}");
    }
    assert_eq!(orders_of_the_queue(&t).await, 0);
}

#[tokio::test]
pub(crate) async fn data_is_visible_beside_the_errors_of_single_fields() {
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
pub(crate) async fn errors_without_any_data_fail_the_invocation() {
    let t = Setup::start().await;
    // AppSync answers the latter: the schema lets the field be null.
    for data in [Value::Null, json!({"getOrder": null})] {
        t.cloud.inject(partial(&data));
        let error = t.query(get_order()).await.unwrap_err();
        assert_eq!(error.error_type, "ResolverFailed");
    }
}

#[tokio::test]
pub(crate) async fn an_http_request_gets_the_same_json_as_a_body() {
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
pub(crate) async fn an_http_request_without_an_authorizer_executes_nothing() {
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
pub(crate) async fn over_http_only_those_whom_the_setting_names_act_as_the_service() {
    let admitted = |claims: Value| json!({"jwt": {"claims": claims, "scopes": null}});
    let customer = json!({"jwt": {"claims": {"sub": "ada", "scope": "openid"}, "scopes": ["openid", "orders/admin"]}});
    let scope = admitted(json!({"sub": "x", "scope": "openid orders/admin"}));
    let group = admitted(json!({"sub": "x", "cognito:groups": "[readers order-staff]"}));
    let list = admitted(json!({"sub": "x", "exp": 1_795_438_800, "cognito:groups": ["order-staff"]})); // of emulators
    let other = admitted(json!({"sub": "order-staff", "cognito:groups": "[orders/admin]", "scope": "order-staff"}));
    let (lambda, iam) =
        (json!({"lambda": {"scope": "orders/admin"}}), json!({"iam": {"userArn": "arn:aws:iam::1:user/a"}}));
    for (callers, statuses) in [
        ("group:order-staff", [403, 403, 200, 200, 403, 403, 403]),
        ("scope:orders/admin", [403, 200, 403, 403, 403, 403, 403]),
        ("group:a scope:orders/admin group:order-staff", [403, 200, 200, 200, 403, 403, 403]),
        ("group:orders", [403; 7]),
        ("iam", [403, 403, 403, 403, 403, 403, 200]),
    ] {
        let t = Setup::start_on(LocalCloud::start().await.unwrap(), &[("OPERATION_CALLERS", callers)]).await;
        let authorizers = [&customer, &scope, &group, &list, &other, &lambda, &iam];
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
pub(crate) async fn a_failure_of_an_http_request_is_a_status_with_the_stable_error_type() {
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
pub(crate) async fn a_client_is_not_told_to_repeat_what_may_have_been_executed() {
    let t = Setup::start().await;
    for (fault, status, retry_after) in [
        (Fault::lose_answer(Service::AppSync), 502, Value::Null),
        (Fault::status(Service::AppSync, 503), 502, Value::Null),
        (Fault::throttle(Service::AppSync), 503, json!("1")), // refused as a whole
    ] {
        t.cloud.inject(fault.clone().on("CancelOrder").always());
        let answer = mutate(&t, http_request(&cancel_order(1).to_string())).await;
        assert_eq!(
            (&answer["statusCode"], &answer["headers"]["retry-after"]),
            (&json!(status), &retry_after),
            "{fault:?}"
        );
        let is_told = answer["body"].as_str().unwrap().contains("may have been executed");
        assert_eq!(is_told, status == 502, "{answer}");
        t.cloud.clear_faults();
    }
}

#[tokio::test]
pub(crate) async fn a_failure_is_told_in_a_few_words() {
    let t = Setup::start().await;
    let error = json!({"path": ["getOrder"], "errorType": "Long", "message": "\u{1}".repeat(500_000)});
    t.cloud.inject(Fault::answer(Service::AppSync, 200, json!({"data": null, "errors": [error]})).on("GetOrder"));
    for event in [get_order(), json!({"operation": "ä".repeat(2_000_000)})] {
        let (failed, log) = Log::of(t.query(event)).await;
        let failed = failed.unwrap_err();
        assert!(["ResolverFailed", "UnknownOperation"].contains(&failed.error_type.as_str()));
        assert!((1 << 10..=64 << 10).contains(&failed.error_message.len()), "{}", failed.error_message.len());
        let line = log.lines().find(|line| line.contains("invocation failed")).unwrap();
        assert!(line.len() < 1 << 18, "{}", line.len());
    }
}

#[tokio::test]
pub(crate) async fn a_payload_that_nobody_sends_fails_the_invocation() {
    let t = Setup::start().await;
    for (event, reason) in [
        (json!({"requestContext": {"httpMethod": "POST"}, "body": "{}"}), "payload format 1.0"),
        (json!({"requestContext": {"elb": {}}, "body": "{}"}), "Application Load Balancer"),
        (json!({"Records": [{"eventSource": "aws:s3"}]}), "an S3 notification"),
        (batch(&[("message-1", None, get_order().to_string())]), "message"),
    ] {
        let error = t.query(event).await.unwrap_err();
        assert_eq!(error.error_type, "InvalidEvent");
        assert!(error.error_message.contains(reason), "{error:?}");
    }
}

#[tokio::test]
pub(crate) async fn a_batch_hands_back_the_messages_that_failed_and_no_other() {
    let t = Setup::start().await;
    let denied = json!({"data": null, "errors": [{"path": ["updateOrder"], "errorType": "Unauthorized"}]});
    t.cloud.inject(Fault::new(Service::AppSync, FaultKind::Answer { code: 200, body: denied }).on("UpdateOrder"));
    let update = json!({"operation": "UpdateOrder", "variables": {"input": {"id": "order-1", "expectedVersion": 1}}});
    let counted = Counted("MessagesFailed", Arc::default());
    let _here = metrics::set_default_local_recorder(&counted);
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
    assert_eq!(counted.1.load(Ordering::Relaxed), 4);
    assert_eq!(orders_of_the_queue(&t).await, 2);
}

#[tokio::test]
pub(crate) async fn a_batch_in_which_all_succeed_hands_nothing_back() {
    let t = Setup::start().await;
    let ids: Vec<String> = (0..25).map(|message| format!("message-{message}")).collect();
    let messages: Vec<_> = ids.iter().map(|id| (id.as_str(), None, create_order().to_string())).collect();
    assert_eq!(mutate(&t, batch(&messages)).await, failures(&[]));
    assert_eq!(orders_of_the_queue(&t).await, 25);
    assert_eq!(t.sign_ins(), 1);
}

#[tokio::test]
pub(crate) async fn a_message_that_is_delivered_again_makes_one_order() {
    let t = Setup::start().await;
    for _ in 0..3 {
        let answer = mutate(&t, batch(&[("message-1", None, create_order().to_string())])).await;
        assert_eq!(answer, failures(&[]));
    }
    assert_eq!(orders_of_the_queue(&t).await, 1);
}

#[tokio::test]
pub(crate) async fn a_message_whose_answer_was_lost_is_sent_again_and_makes_one_order() {
    let t = Setup::start().await;
    t.cloud.inject(Fault::new(Service::AppSync, FaultKind::LoseAnswer).on("CreateOrder"));
    let answer = mutate(&t, batch(&[("message-1", None, create_order().to_string())])).await;
    assert_eq!(answer, failures(&[]));
    assert_eq!(orders_of_the_queue(&t).await, 1);
}

#[tokio::test]
pub(crate) async fn a_key_in_the_message_counts_more_than_its_id() {
    let t = Setup::start().await;
    let mut event = create_order();
    event["variables"]["input"]["clientToken"] = json!("chosen by the sender");
    let messages = [("message-1", None, event.to_string()), ("message-2", None, event.to_string())];
    assert_eq!(mutate(&t, batch(&messages)).await, failures(&[]));
    assert_eq!(orders_of_the_queue(&t).await, 1);
}

#[tokio::test]
pub(crate) async fn messages_of_one_fifo_group_are_executed_in_order_until_one_fails() {
    let t = Setup::start().await;
    let create = |tag: &str| {
        let mut event = create_order();
        event["variables"]["input"]["note"] = json!(tag);
        event.to_string()
    };
    let answer = mutate(
        &t,
        fifo_batch(&[
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
