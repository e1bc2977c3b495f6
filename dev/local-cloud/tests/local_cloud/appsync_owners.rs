//! Whose order it is: customers have their own, services have all.

use serde_json::{Value, json};

use crate::support::{Cloud, text};

const GET: &str = "query ($id: ID!) { getOrder(id: $id) { id owner version } }";
const LIST: &str = "query ($limit: Int, $nextToken: String) {
    listOrders(limit: $limit, nextToken: $nextToken) { items { id } nextToken }
}";
const CREATE: &str = "mutation ($input: CreateOrderInput!) { createOrder(input: $input) { id owner version } }";
const UPDATE: &str = "mutation ($input: UpdateOrderInput!) { updateOrder(input: $input) { note status version } }";
const CANCEL: &str = "mutation ($id: ID!, $expectedVersion: Int!) { cancelOrder(id: $id, expectedVersion: $expectedVersion) { status } }";

async fn run(cloud: &Cloud, token: &str, query: &str, variables: Value) -> Value {
    let body = json!({"query": query, "variables": variables});
    cloud.graphql_as(Some(token), &body.to_string()).await.ok()
}

fn new_order(client_token: &str) -> Value {
    let line = json!({"sku": "pen", "quantity": 1, "unitPrice": {"currency": "EUR", "minorUnits": 150}});
    json!({"input": {"clientToken": client_token, "customerEmail": "ada@example.com", "lines": [line]}})
}

#[tokio::test]
async fn a_customer_sees_the_own_orders_and_a_service_sees_all() {
    let cloud = Cloud::start().await;
    let (ada, bob) = (cloud.customer_token("ada"), cloud.customer_token("bob"));
    let service = cloud.access_token().await;
    let created = run(&cloud, &ada, CREATE, new_order("of-ada")).await["data"]["createOrder"].clone();
    assert_eq!(created["owner"], crate::support::claims(&ada)["sub"]);
    run(&cloud, &bob, CREATE, new_order("of-bob")).await;
    run(&cloud, &service, CREATE, new_order("of-nobody")).await;

    let get = async |token, id| run(&cloud, token, GET, json!({"id": id})).await["data"]["getOrder"].clone();
    assert_eq!(get(&ada, "of-ada").await, created);
    assert_eq!(get(&service, "of-ada").await, created);
    assert_eq!(get(&service, "of-nobody").await["owner"], Value::Null);
    for (token, id) in [(&bob, "of-ada"), (&ada, "of-bob"), (&ada, "of-nobody"), (&ada, "order-1")] {
        assert_eq!(get(token, id).await, Value::Null, "{id}");
    }

    let list = async |token| {
        let answer = run(&cloud, token, LIST, json!({})).await;
        answer["data"]["listOrders"]["items"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|order| text(&order["id"]))
            .collect()
    };
    let (of_ada, of_bob, all): (Vec<_>, Vec<_>, Vec<_>) = (list(&ada).await, list(&bob).await, list(&service).await);
    assert_eq!((of_ada, of_bob), (vec!["of-ada".to_owned()], vec!["of-bob".to_owned()]));
    assert_eq!(all, ["of-nobody", "of-bob", "of-ada", "order-3", "order-2", "order-1"]);
}

#[tokio::test]
async fn orders_of_others_take_no_place_in_a_page() {
    let cloud = Cloud::start().await;
    let (ada, bob) = (cloud.customer_token("ada"), cloud.customer_token("bob"));
    for number in 0..3 {
        run(&cloud, &ada, CREATE, new_order(&format!("ada-{number}"))).await;
        run(&cloud, &bob, CREATE, new_order(&format!("bob-{number}"))).await;
    }
    let first = run(&cloud, &ada, LIST, json!({"limit": 2})).await["data"]["listOrders"].clone();
    assert_eq!(first["items"], json!([{"id": "ada-2"}, {"id": "ada-1"}]));
    let variables = json!({"limit": 2, "nextToken": first["nextToken"]});
    let second = run(&cloud, &ada, LIST, variables).await["data"]["listOrders"].clone();
    assert_eq!(second, json!({"items": [{"id": "ada-0"}], "nextToken": null}));
}

#[tokio::test]
async fn an_order_of_somebody_else_cannot_be_told_from_one_that_does_not_exist() {
    let cloud = Cloud::start().await;
    let (ada, bob) = (cloud.customer_token("ada"), cloud.customer_token("bob"));
    run(&cloud, &ada, CREATE, new_order("of-ada")).await;
    for (query, variables) in [
        (UPDATE, (|id| json!({"input": {"id": id, "expectedVersion": 1, "note": "mine"}})) as fn(&str) -> Value),
        (CANCEL, |id| json!({"id": id, "expectedVersion": 1})),
    ] {
        for id in ["of-ada", "order-1", "no-such-order"] {
            let error = run(&cloud, &bob, query, variables(id)).await["errors"][0].clone();
            assert_eq!(error["errorType"], "DynamoDB:ConditionalCheckFailedException", "{id}");
            assert_eq!(error["data"], Value::Null, "{id}");
        }
    }
    let stale = json!({"input": {"id": "of-ada", "expectedVersion": 7, "note": "late"}});
    let error = run(&cloud, &ada, UPDATE, stale).await["errors"][0].clone();
    assert_eq!(error["data"], json!({"id": "of-ada", "version": 1}));
    let order = run(&cloud, &ada, GET, json!({"id": "of-ada"})).await["data"]["getOrder"].clone();
    assert_eq!(order["version"], 1);
}

#[tokio::test]
async fn a_customer_changes_a_note_and_cancels_but_sets_no_status() {
    let cloud = Cloud::start().await;
    let ada = cloud.customer_token("ada");
    run(&cloud, &ada, CREATE, new_order("of-ada")).await;
    let update = |more: (&str, Value)| {
        let mut input = json!({"id": "of-ada", "expectedVersion": 1});
        input[more.0] = more.1;
        run(&cloud, &ada, UPDATE, json!({"input": input}))
    };
    let refused = update(("status", json!("PAID"))).await;
    assert_eq!(refused["errors"][0]["errorType"], "Unauthorized");
    assert_eq!(refused["errors"][0]["message"], "Not Authorized to access updateOrder on type Mutation");
    let changed = update(("note", json!("ring twice"))).await["data"]["updateOrder"].clone();
    assert_eq!(changed, json!({"note": "ring twice", "status": "PLACED", "version": 2}));
    let cancelled = run(&cloud, &ada, CANCEL, json!({"id": "of-ada", "expectedVersion": 2})).await;
    assert_eq!(cancelled["data"]["cancelOrder"]["status"], "CANCELLED");
}

#[tokio::test]
async fn a_client_token_of_somebody_else_is_refused() {
    let cloud = Cloud::start().await;
    let (ada, bob) = (cloud.customer_token("ada"), cloud.customer_token("bob"));
    let service = cloud.access_token().await;
    let first = run(&cloud, &ada, CREATE, new_order("token")).await;
    assert_eq!(run(&cloud, &ada, CREATE, new_order("token")).await, first);
    for token in [&bob, &service] {
        let answer = run(&cloud, token, CREATE, new_order("token")).await;
        assert_eq!(answer["data"], Value::Null);
        assert_eq!(answer["errors"][0]["errorType"], "Unauthorized");
    }
}

#[tokio::test]
async fn another_process_gets_tokens_of_customers_over_http() {
    let cloud = Cloud::start().await;
    let token = cloud.http("POST", "/_local-cloud/customers/ada", "").await.text;
    let claims = crate::support::claims(&token);
    assert_eq!((&claims["username"], claims.get("cognito:groups")), (&json!("ada"), None));
    assert_eq!(claims["sub"], crate::support::claims(&cloud.customer_token("ada"))["sub"]);
    assert!(run(&cloud, &token, CREATE, new_order("of-ada")).await.get("errors").is_none());
    let token = cloud.http("POST", "/_local-cloud/members/order-staff/grace", "").await.text;
    assert_eq!(crate::support::claims(&token)["cognito:groups"], json!(["order-staff"]));
}
