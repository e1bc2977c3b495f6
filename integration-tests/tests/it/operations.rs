//! The `query` and `mutate` functions, and the errors of AppSync as their callers see them.

use std::{pin::pin, time::Duration};

use lambda_runtime::LambdaEvent;
use local_cloud::{Fault, LocalCloud, Service};
use serde_json::{Value, json};

use crate::setup::{Setup, context_that_ends_in, until};

async fn create(t: &Setup, client_token: &str) -> Value {
    let input = json!({
        "clientToken": client_token,
        "customerEmail": "ada@example.com",
        "lines": [{"sku": "tea", "quantity": 2, "unitPrice": {"currency": "EUR", "minorUnits": 450}}],
        "card": {"brand": "visa", "lastFour": "4242"},
        "attributes": r#"{"channel":"shop"}"#,
    });
    let data = t.mutate(json!({"operation": "CreateOrder", "variables": {"input": input}})).await.unwrap();
    data["createOrder"].clone()
}

#[tokio::test]
pub(crate) async fn an_order_is_created_changed_read_and_cancelled() {
    let t = Setup::start().await;
    let created = create(&t, "token-1").await;
    assert_eq!(created["total"], json!({"currency": "EUR", "minorUnits": 900}));
    assert_eq!(created["payment"], json!({"__typename": "CardPayment", "brand": "visa", "lastFour": "4242"}));
    let id = created["id"].as_str().unwrap();

    let input = json!({"id": id, "expectedVersion": created["version"], "status": "PAID"});
    let changed = t.mutate(json!({"operation": "UpdateOrder", "variables": {"input": input}})).await.unwrap();
    assert_eq!(changed["updateOrder"]["status"], "PAID");

    let read = t.query(json!({"operation": "GetOrder", "variables": {"id": id}})).await.unwrap();
    assert_eq!(read["getOrder"], changed["updateOrder"]);

    let variables = json!({"id": id, "expectedVersion": read["getOrder"]["version"], "reason": "changed my mind"});
    let cancelled = t.mutate(json!({"operation": "CancelOrder", "variables": variables})).await.unwrap();
    assert_eq!(cancelled["cancelOrder"]["status"], "CANCELLED");
    assert_eq!(cancelled["cancelOrder"]["cancellationReason"], "changed my mind");
}

#[tokio::test]
pub(crate) async fn the_same_client_token_creates_one_order() {
    let t = Setup::start().await;
    assert_eq!(create(&t, "token-1").await["id"], create(&t, "token-1").await["id"]);
}

#[tokio::test]
pub(crate) async fn an_id_may_be_an_integer() {
    let t = Setup::start().await;
    let lines = json!([{"sku": "tea", "quantity": 2, "unitPrice": {"currency": "EUR", "minorUnits": 450}}]);
    let input = json!({"clientToken": 7, "customerEmail": "ada@example.com", "lines": lines});
    t.mutate(json!({"operation": "CreateOrder", "variables": {"input": input}})).await.unwrap();
    let data = t.query(json!({"operation": "GetOrder", "variables": {"id": 7}})).await.unwrap();
    assert_eq!(data["getOrder"]["id"], "7");
}

#[tokio::test]
pub(crate) async fn pages_of_orders_do_not_overlap_and_end() {
    let t = Setup::start().await;
    for order in 0..5 {
        create(&t, &format!("token-{order}")).await;
    }
    let mut ids = Vec::new();
    let mut next_token = Value::Null;
    loop {
        let variables = match &next_token {
            Value::Null => json!({"limit": 2}),
            token => json!({"limit": 2, "nextToken": token}),
        };
        let data = t.query(json!({"operation": "ListOrders", "variables": variables})).await.unwrap();
        let page = &data["listOrders"];
        ids.extend(page["items"].as_array().unwrap().iter().map(|order| order["id"].to_string()));
        next_token = page["nextToken"].clone();
        if next_token.is_null() {
            break;
        }
    }
    let listed = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), listed, "an order was listed twice");
    assert!(listed >= 8, "five new orders and three of the seed, not {listed}");
}

#[tokio::test]
pub(crate) async fn an_order_that_does_not_exist_is_null() {
    let t = Setup::start().await;
    let data = t.query(json!({"operation": "GetOrder", "variables": {"id": "none"}})).await.unwrap();
    assert_eq!(data, json!({"getOrder": null}));
}

#[tokio::test]
pub(crate) async fn a_stale_version_is_a_failed_condition() {
    let t = Setup::start().await;
    let variables = json!({"id": "order-1", "expectedVersion": 99});
    let error = t.mutate(json!({"operation": "CancelOrder", "variables": variables})).await.unwrap_err();
    assert_eq!(error.error_type, "ConditionFailed");
    assert!(error.error_message.contains("DynamoDB:ConditionalCheckFailedException"), "{error:?}");
}

#[tokio::test]
pub(crate) async fn what_appsync_answers_when_it_fails_has_a_stable_error_type_and_is_asked_again_if_it_may_pass() {
    for (fault, error_type, sent) in [
        (Fault::throttle(Service::AppSync), "Throttled", 3),
        (Fault::status(Service::AppSync, 500), "Unavailable", 3),
        (Fault::status(Service::AppSync, 503), "Unavailable", 3),
        (Fault::status(Service::AppSync, 403), "Denied", 1),
        (Fault::reset(Service::AppSync), "Unavailable", 3),
        (Fault::truncate(Service::AppSync), "Unavailable", 3),
    ] {
        let t = Setup::start().await;
        let description = format!("{fault:?}");
        t.cloud.inject(fault.always());
        let error = t.get_order().await.unwrap_err();
        assert_eq!(error.error_type, error_type, "{description}: {error:?}");
        assert_eq!(t.cloud.count(Service::AppSync), sent, "{description}");
        t.cloud.clear_faults();
        t.get_order().await.unwrap();
    }
}

#[tokio::test]
pub(crate) async fn a_slow_answer_ends_with_the_invocation_and_not_later() {
    let t = Setup::start().await;
    t.cloud.inject(Fault::slow(Service::AppSync, Duration::from_secs(600)));
    let event = json!({"operation": "CancelOrder", "variables": {"id": "order-1", "expectedVersion": 1}});
    let context = context_that_ends_in(Duration::from_secs(10));
    let mut call = pin!(mutate::handle(t.appsync.clone(), t.callers.clone(), LambdaEvent::new(event, context)));
    tokio::select! {
        _ = &mut call => panic!("it did not wait"),
        () = until(|| t.cloud.count(Service::AppSync) == 1) => {}
    }
    // From here on nobody waits, because the time is tokio's.
    tokio::time::pause();
    let error = tokio::time::timeout(Duration::from_secs(10), call).await.unwrap().unwrap_err();
    assert_eq!(error.error_type, "TimedOut");
}

#[tokio::test]
pub(crate) async fn a_deadline_from_1970_is_unknown_and_not_over() {
    let t = Setup::start().await;
    let mut context = context_that_ends_in(Duration::ZERO);
    context.deadline = 600_000;
    let event = json!({"operation": "GetOrder", "variables": {"id": "order-1"}});
    query::handle(t.appsync.clone(), t.callers.clone(), LambdaEvent::new(event, context)).await.unwrap();
}

#[tokio::test]
pub(crate) async fn a_field_that_the_service_user_may_not_use_is_denied_without_a_new_sign_in() {
    let cloud = LocalCloud::start().await.unwrap();
    let t = Setup::start_on(cloud, &[]).await;
    let error = t.appsync.execute::<PurgeOrders>(json!({"before": 0})).await.unwrap_err();
    assert_eq!(error.kind(), appsync::ErrorKind::Denied);
    assert_eq!(error.error_type(), Some("Unauthorized"));
    assert_eq!(error.path(), Some(&[json!("purgeOrders")][..]));
    assert!(error.request_id().is_some());
    assert_eq!(t.sign_ins(), 1);
    assert_eq!(t.cloud.count(Service::AppSync), 1);
}

/// An operation that this workspace does not have, written by hand.
#[derive(Debug)]
struct PurgeOrders;

impl appsync::codegen_support::graphql_client::GraphQLQuery for PurgeOrders {
    type Variables = Value;
    type ResponseData = Value;

    fn build_query(variables: Value) -> appsync::codegen_support::graphql_client::QueryBody<Value> {
        use appsync::Operation as _;
        let (query, operation_name) = (Self::DOCUMENT, Self::NAME);
        appsync::codegen_support::graphql_client::QueryBody { variables, query, operation_name }
    }
}

impl appsync::Operation for PurgeOrders {
    const NAME: &'static str = "PurgeOrders";
    const KIND: appsync::OperationKind = appsync::OperationKind::Mutation;
    const DOCUMENT: &'static str = "mutation PurgeOrders($before: AWSTimestamp!) { purgeOrders(before: $before) }";
    const VARIABLES: &'static [&'static str] = &["before"];
}
