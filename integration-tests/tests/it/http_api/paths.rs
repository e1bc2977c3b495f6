//! Paths as gateways hand them over: decoded or as they were sent, with stages and mapping keys before them.

use http_api::Callers;
use reqwest::Url;
use serde_json::{Value, json};

use super::call::{Answer, Call, new_order};
use crate::setup::Setup;

/// Every character that a client may send, and what is easily taken for something else.
const IDS: [&str; 16] = [
    "order-1#x",
    "order-1?x=1",
    "order-1/cancel",
    "a/b",
    "%41",
    "%2541",
    "%25",
    "100%",
    "%ff",
    "a b+c",
    "ä",
    "🦀",
    "..",
    ".",
    "\"<>\\^`{|}",
    "{id}",
];

/// As a client writes it into a path.
fn sent(id: &str) -> String {
    id.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Orders of the same ids, and one that none of them may be taken for.
async fn with_orders() -> Setup {
    let t = Setup::start().await;
    for id in IDS.into_iter().chain(["A", "%A"]) {
        let mut input = new_order();
        input["clientToken"] = json!(id);
        t.mutate(json!({"operation": "CreateOrder", "variables": {"input": input}})).await.unwrap();
    }
    t
}

/// The events in which an order with this id can be asked for: by the route, by a catch-all one, of each kind of gateway.
fn events(method: &str, id: &str) -> Vec<Call> {
    let decoded = format!("/orders/{id}");
    let encoded = format!("/orders/{}", sent(id));
    let rest = || Call::rest(method, "/orders/{id}", &encoded).with("/pathParameters", json!({"id": sent(id)}));
    let mut events = vec![
        Call::on(method, &format!("{method} /orders/{{id}}"), &decoded, Some(id)),
        Call::on(method, "ANY /orders/{name}", &decoded, None).with("/pathParameters", json!({"name": id})),
        rest(),
        rest().with("/resource", "/{proxy+}").with("/pathParameters", json!({"proxy": &encoded[1..]})),
        Call::on(method, "$default", &encoded, None).with("/requestContext/domainName", "localhost"),
        Call::on(method, "$default", &encoded, None)
            .with("/requestContext/domainName", "abc.lambda-url.eu-west-1.on.aws"),
    ];
    // On a catch-all route of an HTTP API, nothing tells a slash of an id from the others.
    if !id.contains('/') {
        events.extend([
            Call::on(method, "$default", &decoded, None),
            Call::on(method, "ANY /{proxy+}", &decoded, None).with("/pathParameters", json!({"proxy": &decoded[1..]})),
            // An HTTP API with payload 1.0 has decoded its paths as well.
            rest().with("/version", "1.0").with("/pathParameters", json!({"id": id})),
        ]);
    }
    events
}

#[tokio::test]
async fn an_id_is_what_the_client_has_sent_in_whatever_event() {
    let t = with_orders().await;
    for id in IDS {
        for (number, call) in events("GET", id).into_iter().enumerate() {
            assert_eq!(call.send(&t).await.expect(200)["id"], id, "event {number}");
        }
    }
}

#[tokio::test]
async fn no_other_order_is_changed() {
    let t = Setup::start().await;
    for id in IDS {
        for call in events("PATCH", id) {
            let call = call.header("if-match", "\"1\"").json(&json!({"note": "changed"}));
            call.send(&t).await.problem(404);
        }
        let route = "POST /orders/{id}/cancel";
        let cancel = Call::on("POST", route, &format!("/orders/{id}/cancel"), Some(id)).header("if-match", "\"1\"");
        cancel.send(&t).await.problem(404);
    }
    assert_eq!(Call::get("/orders/order-1").send(&t).await.expect(200)["version"], 1);
}

#[tokio::test]
async fn an_id_may_be_as_long_as_a_key_of_dynamodb() {
    let t = Setup::start().await;
    for (bytes, status) in [(129, 200), (2048, 200), (2049, 404)] {
        let id = "ä".repeat(bytes / 2) + &"x".repeat(bytes % 2);
        let mut input = new_order();
        input["clientToken"] = json!(id);
        t.mutate(json!({"operation": "CreateOrder", "variables": {"input": input}})).await.unwrap();
        let call = Call::on("GET", "GET /orders/{id}", &format!("/orders/{id}"), Some(&id));
        assert_eq!(call.send(&t).await.status, status, "{bytes}");
    }
}

#[tokio::test]
async fn a_path_that_encodes_no_text_is_a_bad_request() {
    let t = Setup::start().await;
    let local = Call::on("GET", "$default", "/orders/%ff", None).with("/requestContext/domainName", "localhost");
    local.send(&t).await.problem(400);
}

/// What resolves a reference as a client does.
fn resolve(path: &str, reference: &str) -> String {
    let url = Url::parse("https://orders.example.com").unwrap().join(path).unwrap().join(reference).unwrap();
    url.path().to_owned() + &url.query().map(|query| format!("?{query}")).unwrap_or_default()
}

fn next(answer: &Answer) -> &str {
    answer.header("link").unwrap().strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap()
}

#[tokio::test]
async fn stages_mapping_keys_and_slashes_are_no_part_of_the_route_and_stay_in_links() {
    let t = Setup::start().await;
    for (path, stage) in [
        ("/orders", "$default"),
        ("/orders/", "$default"),
        ("/prod/orders", "prod"),
        ("/prod/orders/", "prod"),
        ("/v1/shop/orders", "$default"),
        ("/v1/shop/orders/", "prod"),
        ("/orders/orders", "orders"),
        ("/höfe #1/orders", "$default"),
    ] {
        let at = |call: Call| call.with("/requestContext/stage", stage).with("/requestContext/path", path);
        // A route may end with a slash, too.
        let route = if path.ends_with('/') { "/orders/" } else { "/orders" };
        let http = |method: &str| at(Call::on(method, &format!("{method} {route}"), path, None));
        let rest = |method: &str| at(Call::rest(method, "/orders", path));
        let clients = path.replace('#', "%23");
        let prefix = resolve("/", clients.trim_end_matches('/').strip_suffix("/orders").unwrap());
        for call in [&http as &dyn Fn(&str) -> Call, &rest] {
            let created = call("POST").json(&new_order()).send(&t).await;
            let id = created.expect(201)["id"].as_str().unwrap().to_owned();
            let location = resolve(&clients, created.header("location").unwrap());
            assert_eq!(location, format!("{}/orders/{id}", prefix.trim_end_matches('/')));

            let list =
                call("GET").with("/queryStringParameters", json!({"limit": "1"})).with("/rawQueryString", "limit=1");
            let list = list.send(&t).await;
            assert_eq!(list.expect(200)["items"][0]["id"], id.as_str(), "{path}");
            assert!(resolve(&clients, next(&list)).starts_with(&format!("{}?limit=1&cursor=", resolve("/", &clients))));
        }
    }
}

#[tokio::test]
async fn a_catch_all_route_matches_the_path_without_the_stage() {
    let t = Setup::start().await;
    for (path, stage, status) in [
        ("/prod/orders", "prod", 200),
        ("/orders", "prod", 200),
        ("/orders", "orders", 200),
        ("/prod/orders/order-1", "prod", 200),
        ("/prod/prod/orders", "prod", 404),
        ("/production/orders", "prod", 404),
        ("/prod", "prod", 404),
        ("", "$default", 404),
        ("orders", "$default", 200),
        ("//orders", "$default", 404),
        ("/orders/", "$default", 404),
    ] {
        let call = Call::on("GET", "$default", path, None).with("/requestContext/stage", stage);
        let answer = call.send(&t).await;
        assert_eq!(answer.status, status, "{path} of {stage}: {}", answer.text);
        for resource in ["$default", "/$default"] {
            let call = Call::rest("GET", resource, path).with("/version", "1.0").with("/requestContext/stage", stage);
            assert_eq!(call.send(&t).await.status, status, "{path} of {stage}");
        }
    }
}

#[tokio::test]
async fn a_path_or_a_query_that_is_too_long_is_refused() {
    let t = Setup::start().await;
    Call::on("GET", "$default", &format!("/{}", "ä".repeat(20_000)), None).send(&t).await.problem(414);
    Call::get(&format!("/orders?{}", "a".repeat(70_000))).send(&t).await.problem(414);
}

#[tokio::test]
async fn a_query_that_is_no_uri_is_read_like_any_other() {
    let t = Setup::start().await;
    for query in ["limit=1&status=<b>", "\"", "a b", "ä=ö", "{}", "a=#", "%", "%zz", "a=\u{1}\u{7f}", "[]=^`|\\"] {
        Call::get("/orders").with("/rawQueryString", query).send(&t).await.problem(400);
    }
    for (query, email) in [("customerEmail=grace@example.com", "grace"), ("customerEmail=grace%40example.com", "grace")]
    {
        let page = Call::get("/orders").with("/rawQueryString", query).send(&t).await.expect(200);
        assert!(page["items"][0]["customerEmail"].as_str().unwrap().starts_with(email));
    }
    for query in [Value::Null, json!(""), json!(7)] {
        Call::get("/orders").with("/rawQueryString", query).send(&t).await.expect(200);
    }
}

#[tokio::test]
async fn cargo_lambdas_paths_are_those_that_were_sent() {
    let t = Setup::start().await;
    let token = format!("Bearer {}", t.cloud.member_token("grace", "order-staff"));
    let call = Call::on("GET", "$default", "/orders/order%2D1", None).authorizer(Value::Null);
    let call = call.with("/requestContext/domainName", "localhost").header("authorization", &token);
    assert_eq!(call.send_to(&t, Callers::UnverifiedToken).await.expect(200)["id"], "order-1");
}
