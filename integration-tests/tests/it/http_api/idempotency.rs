//! `Idempotency-Key`.

use serde_json::json;

use super::call::{Call, new_order};
use crate::setup::Setup;

fn create(key: &str) -> Call {
    Call::post("/orders", &new_order()).header("idempotency-key", key)
}

async fn orders(t: &Setup) -> usize {
    Call::get("/orders?limit=100").send(t).await.expect(200)["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn the_same_key_makes_one_order_and_reads_it_back() {
    let t = Setup::start().await;
    let before = orders(&t).await;
    let first = create("8e03978e").send(&t).await;
    let again = create("\"8e03978e\"").send(&t).await;
    assert_eq!(first.expect(201), again.expect(201));
    assert_eq!(first.header("location"), again.header("location"));
    let other = create("another").send(&t).await.expect(201);
    assert_ne!(other["id"], first.expect(201)["id"]);
    assert_eq!(orders(&t).await, before + 2);

    // By then it may have been changed.
    let path = format!("/{}", first.header("location").unwrap());
    Call::patch(&path, "\"1\"", &json!({"note": "x"})).send(&t).await.expect(200);
    let late = create("8e03978e").send(&t).await;
    assert_eq!((late.status, late.header("etag")), (201, Some("\"2\"")));
    assert_eq!(orders(&t).await, before + 2);
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused() {
    let t = Setup::start().await;
    let mut first = new_order();
    first["note"] = json!("ring twice");
    first["attributes"] = json!({"channel": "web", "nested": {"a": [1, 2]}});
    first["card"] = json!({"brand": "Visa", "lastFour": "4242"});
    let create = |body: &serde_json::Value| Call::post("/orders", body).header("idempotency-key", "key");
    let order = create(&first).send(&t).await.expect(201);
    assert_eq!(order["attributes"], first["attributes"]);
    for (pointer, value) in [
        ("/customerEmail", json!("bob@example.com")),
        ("/lines/0/quantity", json!(3)),
        ("/lines/0/unitPrice/currency", json!("USD")),
        ("/note", json!(null)),
        ("/card", json!(null)),
        ("/card/lastFour", json!("4243")),
        ("/attributes", json!({"channel": "app"})),
    ] {
        let mut other = first.clone();
        *other.pointer_mut(pointer).unwrap() = value;
        create(&other).send(&t).await.problem(422);
    }
    assert_eq!(create(&first).send(&t).await.expect(201), order);

    // Of an order that has been changed, only what no change can reach tells.
    let path = format!("/orders/{}", order["id"].as_str().unwrap());
    Call::patch(&path, "\"1\"", &json!({"note": "x"})).send(&t).await.expect(200);
    create(&first).send(&t).await.expect(201);
    first["customerEmail"] = json!("bob@example.com");
    create(&first).send(&t).await.problem(422);
}

#[tokio::test]
async fn the_same_key_of_another_caller_is_another_key() {
    let t = Setup::start().await;
    let (ada, bob) = (t.cloud.customer_token("ada"), t.cloud.customer_token("bob"));
    let mut ids = Vec::new();
    for token in [&ada, &bob] {
        let own = Call::post("/me/orders", &new_order()).header("idempotency-key", "key").by(token);
        ids.push(own.clone().send(&t).await.expect(201)["id"].clone());
        assert_eq!(own.send(&t).await.expect(201)["id"], ids[ids.len() - 1]);
    }
    // The same caller on both sides makes two orders as well.
    let staff = t.cloud.member_token("ada", "order-staff");
    ids.push(create("key").by(&staff).send(&t).await.expect(201)["id"].clone());
    ids.dedup();
    assert_eq!(ids.len(), 3, "{ids:?}");
}

#[tokio::test]
async fn a_key_that_is_none_is_a_bad_request() {
    let t = Setup::start().await;
    for key in ["", " ", "a b", "\"", &"k".repeat(256)] {
        create(key).send(&t).await.problem(400);
    }
}
