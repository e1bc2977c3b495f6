//! An HTTP API for orders, behind Amazon API Gateway.
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /orders?status=&customerEmail=&limit=&nextToken=` | a page of orders, newest first |
//! | `GET /orders/{id}` | one order |
//! | `POST /orders` | the new order, 201 |
//! | `PATCH /orders/{id}` | the changed order |
//!
//! Every error is a problem document (`application/problem+json`, RFC 9457).

mod extract;
mod orders;
mod problem;

use std::convert::Infallible;

use appsync::AppSyncClient;
use axum::{Router, body::to_bytes, routing::get};
use lambda_http::{Body, Request, Response, tower::ServiceExt as _};

/// The routes, answered through `appsync`.
pub fn router(appsync: AppSyncClient) -> Router {
    Router::new()
        .route("/orders", get(orders::list).post(orders::create))
        .route("/orders/{id}", get(orders::get).patch(orders::update))
        .fallback(problem::no_such_route)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .with_state(appsync)
}

/// Answers one request. The answer is complete when it is handed over: API Gateway does not stream.
///
/// # Errors
/// Never: every failure is an answer.
pub async fn handle(router: Router, request: Request) -> Result<Response<Body>, Infallible> {
    let (head, body) = router.oneshot(request).await?.into_parts();
    // The bodies are this crate's own, held in memory: reading them cannot fail.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let body = match String::from_utf8(body.into()) {
        Ok(text) => Body::Text(text),
        Err(binary) => Body::Binary(binary.into_bytes()),
    };
    Ok(Response::from_parts(head, body))
}
