//! Methods, paths and formats that are not there.

use super::call::{Call, new_order};
use crate::setup::Setup;

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_refused_with_those_it_takes() {
    let t = Setup::start().await;
    for (method, path, allowed) in [
        ("DELETE", "/orders", "GET,HEAD,POST"),
        ("PUT", "/orders/order-1", "GET,HEAD,PATCH"),
        ("GET", "/orders/order-1/cancel", "POST"),
        ("DELETE", "/me/orders/order-1", "GET,HEAD,PATCH"),
        ("POST", "/health", "GET,HEAD"),
    ] {
        let answer = Call::new(method, path).send(&t).await;
        answer.problem(405);
        assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
        let options = Call::new("OPTIONS", path).send(&t).await;
        assert_eq!((options.status, options.header("allow")), (204, Some(allowed)), "{path}");
    }
}

#[tokio::test]
async fn a_path_that_is_not_there_is_not_found() {
    let t = Setup::start().await;
    for path in ["/", "/orders/", "/order", "/me", "/orders/order-1/ship", "/me/orders/order-1/cancel/x"] {
        Call::get(path).send(&t).await.problem(404);
    }
    Call::get("/orders/order-404").send(&t).await.problem(404);
}

#[tokio::test]
async fn whoever_takes_no_json_gets_none() {
    let t = Setup::start().await;
    for accept in ["text/html", "application/json;q=0", "image/*"] {
        Call::get("/orders").header("accept", accept).send(&t).await.problem(406);
        Call::post("/orders", &new_order()).header("accept", accept).send(&t).await.problem(406);
    }
    assert_eq!(Call::get("/docs").header("accept", "text/html").send(&t).await.status, 200);
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let t = Setup::start().await;
    for path in ["/orders", "/orders/order-1", "/health", "/openapi.json", "/docs"] {
        let (get, head) = (Call::get(path).send(&t).await, Call::new("HEAD", path).send(&t).await);
        assert_eq!((head.status, head.text.as_str()), (200, ""), "{path}");
        for name in ["content-type", "etag", "cache-control", "x-request-id"] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
    }
    let customer = serde_json::json!({"sub": "x"});
    assert_eq!(Call::new("HEAD", "/orders").claims(customer).send(&t).await.status, 403);
}
