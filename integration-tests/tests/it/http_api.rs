//! The `http-api` function, with requests as API Gateway makes them.

use http::{Method, StatusCode, header};
use lambda_http::{Body, Request, Response};
use local_cloud::{Fault, Service};
use serde_json::{Value, json};

use crate::setup::Setup;

async fn send(t: &Setup, method: Method, path: &str, body: Option<Value>) -> Response<Body> {
    let mut request = http::Request::builder().method(method).uri(path);
    if body.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let body = body.map_or(Body::Empty, |body| Body::Text(body.to_string()));
    answer(t, request.body(body).unwrap()).await
}

async fn answer(t: &Setup, request: Request) -> Response<Body> {
    let router = http_api::router(t.appsync.clone());
    http_api::handle(router, request).await.unwrap_or_else(|never| match never {})
}

fn json_of(response: &Response<Body>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

fn new_order() -> Value {
    let line = json!({"sku": "tea", "quantity": 1, "unitPrice": {"currency": "EUR", "minorUnits": 450}});
    json!({"customerEmail": "ada@example.com", "lines": [line]})
}

#[tokio::test]
async fn orders_are_created_listed_read_and_changed() {
    let t = Setup::start().await;
    let created = send(&t, Method::POST, "/orders", Some(new_order())).await;
    assert_eq!(created.status(), StatusCode::CREATED);
    let location = created.headers()[header::LOCATION].to_str().unwrap().to_owned();
    let created = json_of(&created);
    assert_eq!(location, format!("/orders/{}", created["id"].as_str().unwrap()));

    let listed = json_of(&send(&t, Method::GET, "/orders?limit=1", None).await);
    assert_eq!(listed["items"], json!([created]));
    assert!(listed["nextToken"].is_string());

    let changes = json!({"expectedVersion": created["version"], "note": "ring twice"});
    let changed = send(&t, Method::PATCH, &location, Some(changes)).await;
    assert_eq!(changed.status(), StatusCode::OK);

    let read = send(&t, Method::GET, &location, None).await;
    assert_eq!(read.headers()[header::CONTENT_TYPE], "application/json");
    assert_eq!(json_of(&read), json_of(&changed));
    assert_eq!(json_of(&read)["note"], "ring twice");
    assert_eq!(t.sign_ins(), 1);
}

#[tokio::test]
async fn orders_are_filtered_by_status() {
    let t = Setup::start().await;
    let page = json_of(&send(&t, Method::GET, "/orders?status=CANCELLED", None).await);
    assert!(page["items"].as_array().unwrap().iter().all(|order| order["status"] == "CANCELLED"), "{page}");
}

#[tokio::test]
async fn every_refusal_is_a_problem_document() {
    let t = Setup::start().await;
    let stale = json!({"expectedVersion": 99, "note": "late"});
    for (method, path, body, status) in [
        (Method::GET, "/", None, 404),
        (Method::GET, "/orders/none", None, 404),
        (Method::DELETE, "/orders", None, 405),
        (Method::GET, "/orders?limit=many", None, 400),
        (Method::GET, "/orders?limit=0", None, 400),
        (Method::GET, "/orders?colour=red", None, 400),
        (Method::POST, "/orders", None, 415),
        (Method::POST, "/orders", Some(json!({"customerEmail": "ada@example.com"})), 422),
        (Method::POST, "/orders", Some(json!([])), 422),
        (Method::PATCH, "/orders/order-1", Some(json!({"expectedVersion": 1, "colour": "red"})), 422),
        (Method::PATCH, "/orders/order-1", Some(stale), 409),
    ] {
        let response = send(&t, method.clone(), path, body).await;
        assert_eq!(response.status().as_u16(), status, "{method} {path}: {:?}", response.body());
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json", "{method} {path}");
        let problem = json_of(&response);
        assert_eq!(problem["status"], status, "{problem}");
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
    }
}

#[tokio::test]
async fn a_problem_with_the_body_points_to_the_member() {
    let t = Setup::start().await;
    let mut order = new_order();
    order["lines"][0]["quantity"] = json!("two");
    let problem = json_of(&send(&t, Method::POST, "/orders", Some(order)).await);
    assert_eq!(problem["pointer"], "/lines/0/quantity");
}

#[tokio::test]
async fn a_body_that_is_not_json_is_a_bad_request() {
    let t = Setup::start().await;
    for body in ["", "{", "{} {}"] {
        let request = http::Request::builder()
            .method(Method::POST)
            .uri("/orders")
            .header(header::CONTENT_TYPE, "application/json");
        let response = answer(&t, request.body(Body::Text(body.to_owned())).unwrap()).await;
        assert_ne!(response.status(), StatusCode::CREATED, "{body}");
        assert!(response.status().is_client_error(), "{body}: {}", response.status());
    }
}

#[tokio::test]
async fn what_happens_behind_the_api_is_told_in_terms_of_http() {
    for (fault, status, retry_after) in [
        (Fault::throttle(Service::AppSync), 503, Some("1")),
        (Fault::status(Service::AppSync, 500), 503, Some("1")),
        (Fault::unauthorized(), 502, None),
        (Fault::status(Service::AppSync, 403), 403, None),
    ] {
        let t = Setup::start().await;
        let description = format!("{fault:?}");
        t.cloud.inject(fault.always());
        let response = send(&t, Method::GET, "/orders/order-1", None).await;
        assert_eq!(response.status().as_u16(), status, "{description}");
        let header = response.headers().get(header::RETRY_AFTER).map(|value| value.to_str().unwrap());
        assert_eq!(header, retry_after, "{description}");
    }
}
