//! Bodies that are wrong, and where.

use serde_json::{Value, json};

use super::call::{Call, new_order};
use crate::setup::Setup;

#[tokio::test]
pub(crate) async fn a_problem_with_the_body_points_to_the_member() {
    let t = Setup::start().await;
    for (pointer, value, at) in [
        ("/lines/0/quantity", json!("two"), "#/lines/0/quantity"),
        ("/lines/0/quantity", json!(0), "#/lines/0/quantity"),
        ("/lines/0/quantity", json!(1.5), "#/lines/0/quantity"),
        ("/lines/0/quantity", json!(3_000_000_000_u32), "#/lines/0/quantity"),
        ("/lines/0/sku", json!(""), "#/lines/0/sku"),
        ("/lines/0/unitPrice/minorUnits", json!(-1), "#/lines/0/unitPrice/minorUnits"),
        ("/lines/0/unitPrice/currency", json!("XXX"), "#/lines/0/unitPrice/currency"),
        ("/lines/0/unitPrice", json!({"currency": "EUR"}), "#/lines/0/unitPrice"),
        ("/lines/0/unitPrice", json!(["EUR", 450]), "#/lines/0/unitPrice"),
        ("/lines/0", json!(["tea", 1, {"currency": "EUR", "minorUnits": 450}]), "#/lines/0"),
        ("/lines", json!([]), "#/lines"),
        ("/customerEmail", json!("ada"), "#/customerEmail"),
        ("/customerEmail", json!(null), "#/customerEmail"),
    ] {
        let mut order = new_order();
        *order.pointer_mut(pointer).unwrap() = value;
        let problem = Call::post("/orders", &order).send(&t).await.problem(422);
        assert_eq!(problem["errors"][0]["pointer"], at, "{problem}");
        assert!(problem["errors"][0]["detail"].is_string(), "{problem}");
    }
}

#[tokio::test]
pub(crate) async fn all_that_is_wrong_is_said_at_once() {
    let t = Setup::start().await;
    let line = |quantity, currency| json!({"sku": "x", "quantity": quantity, "unitPrice": {"currency": currency, "minorUnits": 1}});
    let order = json!({
        "customerEmail": "nobody",
        "lines": [line(0, "EUR"), line(1, "USD")],
        "card": {"brand": "", "lastFour": "42"},
        "note": "x".repeat(1001),
    });
    let problem = Call::post("/orders", &order).send(&t).await.problem(422);
    let pointers: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    let expected =
        ["customerEmail", "lines/0/quantity", "lines/1/unitPrice/currency", "card/brand", "card/lastFour", "note"];
    assert_eq!(json!(pointers), json!(expected.map(|pointer| format!("#/{pointer}"))));
}

#[tokio::test]
pub(crate) async fn what_only_the_order_service_can_say_is_its_answer() {
    let t = Setup::start().await;
    let mut order = new_order();
    order["lines"][0]["quantity"] = json!(i32::MAX);
    let problem = Call::post("/orders", &order).send(&t).await.problem(422);
    assert_eq!(problem["detail"], "The total is too large.");
}

#[tokio::test]
pub(crate) async fn members_that_nobody_knows_are_refused() {
    let t = Setup::start().await;
    let mut order = new_order();
    order["clientToken"] = json!("chosen");
    Call::post("/orders", &order).send(&t).await.problem(422);
    for changes in [json!({"expectedVersion": 1}), json!({"status": "LOST"}), json!([])] {
        Call::patch("/orders/order-1", "\"1\"", &changes).send(&t).await.problem(422);
    }
    for status in [json!(null), json!(1), json!(["PAID"])] {
        let changes = json!({"status": status});
        let problem = Call::patch("/orders/order-1", "\"1\"", &changes).send(&t).await.problem(422);
        assert_eq!(problem["errors"][0]["pointer"], "#/status", "{changes}");
    }
}

#[tokio::test]
pub(crate) async fn null_removes_and_absence_leaves() {
    let t = Setup::start().await;
    let patch = async |version: &str, changes: Value| {
        Call::patch("/orders/order-1", version, &changes).send(&t).await.expect(200)
    };
    let order = patch("\"1\"", json!({"note": "x", "status": "PAID"})).await;
    assert_eq!((&order["note"], &order["status"]), (&json!("x"), &json!("PAID")));
    let order = patch("\"2\"", json!({"attributes": null})).await;
    assert_eq!((&order["note"], &order["attributes"], &order["status"]), (&json!("x"), &json!(null), &json!("PAID")));
    let order = patch("\"3\"", json!({"note": null, "attributes": {"a": 1}})).await;
    assert_eq!((&order["note"], &order["attributes"]), (&json!(null), &json!({"a": 1})));
}

#[tokio::test]
pub(crate) async fn a_body_that_is_not_json_is_a_bad_request() {
    let t = Setup::start().await;
    for body in ["", "{", "{} {}", "\u{feff}{}"] {
        let call = Call::new("POST", "/orders").header("content-type", "application/json").body(body);
        let status = call.send(&t).await.status;
        assert!([400, 422].contains(&status), "{body}: {status}");
    }
}

#[tokio::test]
pub(crate) async fn a_body_of_another_type_or_size_is_refused() {
    let t = Setup::start().await;
    for content_type in ["text/plain", "application/jsonx", "application/x-www-form-urlencoded", "nonsense"] {
        let call = Call::post("/orders", &new_order()).header("content-type", content_type);
        call.send(&t).await.problem(415);
    }
    let call = Call::post("/orders", &new_order()).header("content-type", "Application/JSON; charset=utf-8");
    call.send(&t).await.expect(201);
    let mut order = new_order();
    order["attributes"] = json!({"long": "x".repeat(256 * 1024)});
    Call::post("/orders", &order).send(&t).await.problem(413);
}
