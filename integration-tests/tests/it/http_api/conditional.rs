//! `ETag`, `If-None-Match` and `If-Match`.

use serde_json::json;

use super::call::{Call, create};
use crate::setup::Setup;

#[tokio::test]
pub(crate) async fn a_client_that_has_the_order_gets_no_body() {
    let t = Setup::start().await;
    let read = Call::get("/orders/order-1").send(&t).await;
    assert_eq!((read.status, read.header("etag")), (200, Some("\"1\"")));
    assert_eq!(read.header("cache-control"), Some("private, no-cache"));
    for known in ["\"1\"", "W/\"1\"", "\"7\", \"1\"", "*"] {
        let answer = Call::get("/orders/order-1").header("if-none-match", known).send(&t).await;
        assert_eq!((answer.status, answer.text.as_str()), (304, ""), "{known}");
        assert_eq!(answer.header("etag"), Some("\"1\""));
        assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
    }
    for other in ["\"2\"", "1", "nonsense"] {
        let answer = Call::get("/orders/order-1").header("if-none-match", other).send(&t).await;
        assert_eq!(answer.status, 200, "{other}");
    }
}

#[tokio::test]
pub(crate) async fn a_change_names_the_version_that_was_read() {
    let t = Setup::start().await;
    let order = create(&t).await;
    let path = format!("/orders/{}", order["id"].as_str().unwrap());
    let note = |text: &str| json!({"note": text});
    let changed = Call::patch(&path, "\"1\"", &note("first")).send(&t).await;
    assert_eq!((changed.status, changed.header("etag")), (200, Some("\"2\"")));

    // Somebody who has read version 1 too is late.
    Call::patch(&path, "\"1\"", &note("second")).send(&t).await.problem(412);
    assert_eq!(Call::get(&path).send(&t).await.expect(200)["note"], "first");
    Call::patch(&path, "\"2\"", &note("third")).send(&t).await.expect(200);
}

#[tokio::test]
pub(crate) async fn a_change_without_a_version_of_ours_is_refused() {
    let t = Setup::start().await;
    let changes = json!({"note": "x"});
    for (etag, status) in [
        ("*", 428),
        ("W/\"1\"", 412),
        ("\"abc\"", 412),
        ("\"01\"", 412),
        ("\"99999999999999999999\"", 412),
        ("\"1\", \"2\"", 400),
        ("1", 400),
        ("\"1", 400),
    ] {
        Call::patch("/orders/order-1", etag, &changes).send(&t).await.problem(status);
        let cancel = Call::new("POST", "/orders/order-1/cancel").header("if-match", etag);
        cancel.send(&t).await.problem(status);
    }
    Call::new("PATCH", "/orders/order-1").json(&changes).send(&t).await.problem(428);
    Call::new("POST", "/orders/order-1/cancel").send(&t).await.problem(428);
    let order = Call::get("/orders/order-1").send(&t).await.expect(200);
    assert_eq!((&order["version"], &order["note"]), (&json!(1), &json!(null)));
}

#[tokio::test]
pub(crate) async fn an_order_is_cancelled_with_a_reason_or_without_until_it_is_shipped() {
    let t = Setup::start().await;
    let cancel = |id: &str| Call::new("POST", &format!("/orders/{id}/cancel")).header("if-match", "\"1\"");
    let order = cancel("order-1").send(&t).await.expect(200);
    assert_eq!((&order["status"], &order["cancellationReason"]), (&json!("CANCELLED"), &json!(null)));
    let order = cancel("order-2").json(&json!({"reason": "sold out"})).send(&t).await.expect(200);
    assert_eq!(order["cancellationReason"], "sold out");
    let problem = cancel("order-3").send(&t).await.problem(409);
    assert_eq!(problem["detail"], "An order that is SHIPPED cannot be cancelled.");
    cancel("order-404").send(&t).await.problem(404);
    cancel("order-1").body("{}").send(&t).await.problem(415);
}
