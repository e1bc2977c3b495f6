//! The example's resolvers.

use serde_json::{Value, json};

use crate::support::{Cloud, text};

const GET: &str = "query GetOrder($id: ID!) { getOrder(id: $id) { ...OrderFields } }";
const LIST: &str = "query ListOrders($filter: OrderFilter, $limit: Int, $nextToken: String) {
    listOrders(filter: $filter, limit: $limit, nextToken: $nextToken) { items { ...OrderFields } nextToken }
}";
const CREATE: &str =
    "mutation CreateOrder($input: CreateOrderInput!) { createOrder(input: $input) { ...OrderFields } }";
const UPDATE: &str = "mutation UpdateOrder($input: UpdateOrderInput!) {
    updateOrder(input: $input) { ...OrderFields }
}";
const CANCEL: &str = "mutation CancelOrder($id: ID!, $expectedVersion: Int!, $reason: String) {
    cancelOrder(id: $id, expectedVersion: $expectedVersion, reason: $reason) { ...OrderFields }
}";
const FRAGMENT: &str = "fragment OrderFields on Order {
    id version status customerEmail note attributes cancellationReason createdAt updatedAt expiresAt
    lines { sku quantity unitPrice { ...MoneyFields } }
    total { ...MoneyFields }
    payment { __typename ... on CardPayment { brand lastFour } ... on InvoicePayment { invoiceNumber dueAt } }
}
fragment MoneyFields on Money { currency minorUnits }";

async fn run(cloud: &Cloud, operation: &str, variables: Value) -> Value {
    cloud.graphql(&format!("{operation}\n{FRAGMENT}"), variables).await
}

async fn create(cloud: &Cloud, input: Value) -> Value {
    run(cloud, CREATE, json!({"input": input})).await
}

async fn update(cloud: &Cloud, input: Value) -> Value {
    run(cloud, UPDATE, json!({"input": input})).await
}

async fn cancel(cloud: &Cloud, id: &str, version: i64) -> Value {
    let variables = json!({"id": id, "expectedVersion": version, "reason": "changed my mind"});
    run(cloud, CANCEL, variables).await
}

async fn get(cloud: &Cloud, id: &str) -> Value {
    let answer = run(cloud, GET, json!({"id": id})).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    answer["data"]["getOrder"].clone()
}

async fn list(cloud: &Cloud, variables: Value) -> Value {
    run(cloud, LIST, variables).await
}

fn ids(answer: &Value) -> Vec<&str> {
    let items = answer["data"]["listOrders"]["items"].as_array().expect("a list");
    items.iter().filter_map(|order| order["id"].as_str()).collect()
}

fn line(quantity: i64, minor_units: i64) -> Value {
    json!({"sku": "pen", "quantity": quantity, "unitPrice": {"currency": "EUR", "minorUnits": minor_units}})
}

fn new_order(client_token: &str) -> Value {
    json!({
        "clientToken": client_token,
        "customerEmail": "new@example.com",
        "lines": [line(2, 150), line(1, 5)],
        "card": {"brand": "Visa", "lastFour": "4242"},
        "attributes": "{\"channel\":\"app\"}",
    })
}

#[tokio::test]
async fn the_seeded_orders_have_every_kind_of_payment() {
    let cloud = Cloud::start().await;
    let query = r#"query ($id: ID!) { getOrder(id: $id) { status payment { __typename ... on CardPayment { lastFour } ... on InvoicePayment { invoiceNumber } } } }"#;
    let mut found = Vec::new();
    for id in ["order-1", "order-2", "order-3"] {
        found.push(cloud.graphql(query, json!({"id": id})).await["data"]["getOrder"].clone());
    }
    let wanted = [
        json!({"status": "PLACED", "payment": null}),
        json!({"status": "PAID", "payment": {"__typename": "CardPayment", "lastFour": "4242"}}),
        json!({"status": "SHIPPED", "payment": {"__typename": "InvoicePayment", "invoiceNumber": "2026-0001"}}),
    ];
    assert_eq!(found, wanted);
    assert_eq!(get(&cloud, "order-404").await, Value::Null);
}

#[tokio::test]
async fn a_created_order_is_computed_stored_and_listed_first() {
    let cloud = Cloud::start().await;
    let answer = create(&cloud, new_order("t1")).await;
    let order = &answer["data"]["createOrder"];
    assert_eq!((&order["version"], &order["status"]), (&json!(1), &json!("PLACED")));
    assert_eq!(order["total"], json!({"currency": "EUR", "minorUnits": 305}));
    assert_eq!(get(&cloud, &text(&order["id"])).await, *order);
    assert_eq!(ids(&list(&cloud, json!({})).await), [&text(&order["id"]), "order-3", "order-2", "order-1"]);
}

#[tokio::test]
async fn the_same_client_token_creates_one_order() {
    let cloud = Cloud::start().await;
    let first = create(&cloud, new_order("same")).await;
    let second = create(&cloud, new_order("same")).await;
    let other = create(&cloud, new_order("other")).await;
    assert_eq!(first, second);
    assert_eq!(first["data"]["createOrder"]["id"], "same");
    assert_ne!(first["data"]["createOrder"]["id"], other["data"]["createOrder"]["id"]);
    assert_eq!(ids(&list(&cloud, json!({})).await).len(), 5);
}

#[tokio::test]
async fn an_order_that_makes_no_sense_is_refused() {
    let cloud = Cloud::start().await;
    let dollars = json!({"sku": "pen", "quantity": 1, "unitPrice": {"currency": "USD", "minorUnits": 1}});
    for (lines, message) in [
        (json!([]), "An order needs at least one line"),
        (json!([line(0, 1)]), "quantity must be at least 1"),
        (json!([line(1, 1), dollars]), "All lines of an order must be in the same currency"),
    ] {
        let mut input = new_order("x");
        input["lines"] = lines;
        let answer = create(&cloud, input).await;
        assert_eq!(answer["data"], Value::Null);
        assert_eq!(answer["errors"][0]["message"], message);
        assert_eq!(answer["errors"][0]["errorType"], "InvalidOrder");
    }
    assert_eq!(ids(&list(&cloud, json!({})).await).len(), 3);
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_the_version() {
    let cloud = Cloud::start().await;
    let before = get(&cloud, "order-1").await;
    let answer = update(&cloud, json!({"id": "order-1", "expectedVersion": 1, "note": "call first"})).await;
    let order = &answer["data"]["updateOrder"];
    assert_eq!((&order["version"], &order["note"]), (&json!(2), &json!("call first")));
    assert_eq!((&order["status"], &order["createdAt"]), (&before["status"], &before["createdAt"]));
    let answer = update(&cloud, json!({"id": "order-1", "expectedVersion": 2, "note": null, "status": "PAID"})).await;
    let order = &answer["data"]["updateOrder"];
    assert_eq!((&order["version"], &order["note"], &order["status"]), (&json!(3), &Value::Null, &json!("PAID")));
}

#[tokio::test]
async fn a_stale_version_fails_like_dynamodbs_condition() {
    let cloud = Cloud::start().await;
    let answer = update(&cloud, json!({"id": "order-1", "expectedVersion": 7, "note": "x"})).await;
    assert_eq!(answer["data"], Value::Null);
    let error = &answer["errors"][0];
    assert_eq!(error["errorType"], "DynamoDB:ConditionalCheckFailedException");
    assert_eq!(error["path"], json!(["updateOrder"]));
    assert_eq!(error["locations"][0]["line"], 2);
    assert_eq!(error["data"], json!({"id": "order-1", "version": 1}));
    let message = text(&error["message"]);
    let start = "The conditional request failed (Service: DynamoDb, Status Code: 400, Request ID: ";
    assert!(message.starts_with(start) && message.ends_with(')'), "{message}");
    assert_eq!(get(&cloud, "order-1").await["note"], Value::Null);
    let answer = cancel(&cloud, "order-404", 1).await;
    assert_eq!(answer["errors"][0]["errorType"], "DynamoDB:ConditionalCheckFailedException");
    assert_eq!(answer["errors"][0]["data"], Value::Null);
}

#[tokio::test]
async fn an_order_is_cancelled_unless_it_was_shipped() {
    let cloud = Cloud::start().await;
    let answer = cancel(&cloud, "order-1", 1).await;
    let order = &answer["data"]["cancelOrder"];
    assert_eq!((&order["status"], &order["version"]), (&json!("CANCELLED"), &json!(2)));
    let query = r#"{ getOrder(id: "order-1") { cancellationReason } }"#;
    let reason = cloud.graphql(query, json!({})).await["data"]["getOrder"]["cancellationReason"].clone();
    assert_eq!(reason, "changed my mind");

    let answer = cancel(&cloud, "order-3", 1).await;
    let error = &answer["errors"][0];
    assert_eq!(
        (&error["errorType"], &error["errorInfo"]),
        (&json!("OrderNotCancellable"), &json!({"status": "SHIPPED"}))
    );
    assert_eq!(get(&cloud, "order-3").await["version"], 1);
}

#[tokio::test]
async fn orders_are_listed_newest_first_in_pages() {
    let cloud = Cloud::start().await;
    let mut pages = Vec::new();
    let mut variables = json!({"limit": 2});
    loop {
        let answer = list(&cloud, variables.clone()).await;
        pages.push(ids(&answer).join(" "));
        // An order that comes in meanwhile shifts no page.
        create(&cloud, new_order(&format!("page-{}", pages.len()))).await;
        match &answer["data"]["listOrders"]["nextToken"] {
            Value::Null => break,
            token => variables["nextToken"] = token.clone(),
        }
    }
    assert_eq!(pages, ["order-3 order-2", "order-1"]);
}

#[tokio::test]
async fn orders_are_filtered_and_limits_are_checked() {
    let cloud = Cloud::start().await;
    assert_eq!(
        ids(&list(&cloud, json!({"filter": {"customerEmail": "ada@example.com"}})).await),
        ["order-3", "order-1"]
    );
    // As with DynamoDB, the limit counts what is looked at: a filtered page may be empty and not the last one.
    let answer = list(&cloud, json!({"filter": {"status": "PAID"}, "limit": 1})).await;
    assert_eq!(ids(&answer), [""; 0]);
    assert!(answer["data"]["listOrders"]["nextToken"].is_string(), "{answer}");
    assert_eq!(ids(&list(&cloud, json!({"filter": {"status": "PAID"}})).await), ["order-2"]);
    assert_eq!(ids(&list(&cloud, json!({"filter": null, "limit": 100})).await).len(), 3);
    for (variables, message) in [
        (json!({"limit": 0}), "limit must be between 1 and 100"),
        (json!({"limit": 101}), "limit must be between 1 and 100"),
        (json!({"nextToken": "invented"}), "Invalid pagination token given."),
    ] {
        let answer = list(&cloud, variables).await;
        assert_eq!(answer["errors"][0]["message"], message, "{answer}");
        assert_eq!(answer["errors"][0]["errorType"], "BadRequest", "{answer}");
    }
}
