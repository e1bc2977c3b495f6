//! The shapes in which API Gateway hands requests over.

use serde_json::json;

use super::call::{Call, new_order};
use crate::setup::Setup;

#[tokio::test]
async fn an_order_is_made_listed_read_and_changed() {
    let t = Setup::start().await;
    let created = Call::post("/orders", &new_order()).send(&t).await;
    let order = created.expect(201);
    let path = &format!("/{}", created.header("location").unwrap());
    assert_eq!(*path, format!("/orders/{}", order["id"].as_str().unwrap()));
    assert_eq!(created.header("etag"), Some("\"1\""));
    assert_eq!(order["total"], json!({"currency": "EUR", "minorUnits": 900}));

    let listed = Call::get("/orders?limit=1").send(&t).await.expect(200);
    assert_eq!(listed["items"], json!([order]));
    let changed = Call::patch(path, "\"1\"", &json!({"note": "ring twice"})).send(&t).await.expect(200);
    let read = Call::get(path).send(&t).await;
    assert_eq!(read.header("content-type"), Some("application/json"));
    assert_eq!(read.header("x-request-id"), Some("request-1"));
    assert_eq!(read.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(read.expect(200), changed);
    assert_eq!(t.sign_ins(), 1);
}

#[tokio::test]
async fn every_kind_of_payment_is_shown() {
    let t = Setup::start().await;
    let payment = async |id: &str| Call::get(&format!("/orders/{id}")).send(&t).await.expect(200)["payment"].clone();
    assert_eq!(payment("order-1").await, json!(null));
    assert_eq!(payment("order-2").await, json!({"type": "card", "brand": "Visa", "lastFour": "4242"}));
    let invoice = payment("order-3").await;
    assert_eq!((&invoice["type"], &invoice["invoiceNumber"]), (&json!("invoice"), &json!("2026-0001")));
}

#[tokio::test]
async fn a_body_may_come_in_base64() {
    let t = Setup::start().await;
    let call = Call::new("POST", "/orders").header("content-type", "application/json");
    call.clone().base64_body(new_order().to_string().as_bytes()).send(&t).await.expect(201);
    call.base64_body(&[0xff, 0xfe]).send(&t).await.problem(400);
}

#[tokio::test]
async fn several_headers_of_one_name_come_as_one() {
    let t = Setup::start().await;
    let answer = Call::get("/orders/order-1").header("if-none-match", "\"7\",\"1\"").send(&t).await;
    assert_eq!(answer.status, 304);
    let answer = Call::get("/orders").header("accept", "text/html,application/json").send(&t).await;
    assert_eq!(answer.status, 200);
    let call = Call::post("/orders", &new_order()).header("idempotency-key", "one,two");
    call.send(&t).await.expect(201);
}

#[tokio::test]
async fn a_query_is_decoded_as_forms_are() {
    let t = Setup::start().await;
    let found = Call::get("/orders?customerEmail=grace%40example.com&limit=100").send(&t).await.expect(200);
    assert_eq!(found["items"][0]["id"], "order-2");
    Call::get("/orders?customerEmail=a+b%40example.com").send(&t).await.problem(400);
}
