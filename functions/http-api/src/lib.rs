//! An HTTP API for orders, behind Amazon API Gateway.
//!
//! | request | answer | as whom | what the caller's token needs |
//! | --- | --- | --- | --- |
//! | `GET /orders?status=&customerEmail=&limit=&cursor=` | a page of orders, newest first | the service | group `order-staff` or scope `orders/read` |
//! | `GET /orders/{id}` | one order, with its `ETag` | the service | the same |
//! | `POST /orders` | the new order, 201; `Idempotency-Key` makes it repeatable | the service | group `order-staff` or scope `orders/write` |
//! | `PATCH /orders/{id}` | the changed order; needs `If-Match` | the service | the same |
//! | `POST /orders/{id}/cancel` | the cancelled order; needs `If-Match` | the service | the same |
//! | all of these under `/me/orders` | the same, of the caller's own orders | the caller | a user of the pool |
//! | `GET /health` | 200 while the function runs | | |
//! | `GET /openapi.json`, `GET /docs` | the OpenAPI document, and a page to read it | | |
//!
//! Under `/orders`, AppSync is called as the service user, who sees every order: the router lets in whom it names above and
//! nobody else. Under `/me/orders`, AppSync gets the caller's own token and decides by itself.
//!
//! Who calls, the gateway's JWT or Cognito authorizer says. Without its claims, the answer is 401: see [`Callers`]. So it is
//! for whoever was let in by IAM or a Lambda authorizer, too: what a caller may, and whose `/me/orders` are, a token says.
//!
//! HTTP APIs (payload 2.0 and 1.0) and REST APIs are served. The route that the gateway has matched decides, not the path:
//! stages, mapping keys of custom domains and trailing slashes make no difference, and an identifier is what the gateway
//! says it is. On a catch-all route the path itself is matched, without the stage and with no mapping key. Any other event
//! gets 501.
//!
//! Every error is a problem document (`application/problem+json`, RFC 9457). Every answer has an `x-request-id`, the one in
//! the function's log. What the gateway refuses itself, before the function is called, has a body of the gateway's:
//! 401 without a valid token, and 429.

mod handle;
mod router;

mod openapi;
mod orders;
mod session;

mod caller;
mod conditional;
mod cursor;
mod event;
mod extract;
mod idempotency;
mod model;
mod problem;
mod reader;

pub use caller::Callers;
pub use handle::handle;
pub use openapi::openapi;
pub use router::router;
