//! An HTTP API for orders, behind Amazon API Gateway.
//!
//! | request | response | called as | the caller's token needs |
//! | --- | --- | --- | --- |
//! | `GET /orders?status=&customerEmail=&limit=&cursor=` | a page of orders, newest first | the service | group `order-staff` or scope `orders/read` |
//! | `GET /orders/{id}` | one order, with its `ETag` | the service | the same |
//! | `POST /orders` | the new order, 201; safe to repeat with `Idempotency-Key` | the service | group `order-staff` or scope `orders/write` |
//! | `PATCH /orders/{id}` | the changed order; needs `If-Match` | the service | the same |
//! | `POST /orders/{id}/cancel` | the cancelled order; needs `If-Match` | the service | the same |
//! | all of these under `/me/orders` | the same, for the caller's own orders | the caller | a user of the pool |
//! | `GET /health` | 200 while the function runs | | |
//! | `GET /openapi.json`, `GET /docs` | the OpenAPI document, and a page to read it | | |
//!
//! Under `/orders`, the function calls AppSync as the service user, who sees every order: the router admits only the callers
//! above. Under `/me/orders`, AppSync gets the caller's own token and decides.
//!
//! The gateway's JWT or Cognito authorizer identifies the caller. Without its claims the response is 401: see [`Callers`]. Callers
//! that IAM or a Lambda authorizer admitted get 401 too, because permissions and the owner of `/me/orders` come from a token.
//!
//! The function supports HTTP APIs (payload 2.0 and 1.0) and REST APIs. It uses the route that the gateway has matched, not the
//! path: stages, mapping keys of custom domains and trailing slashes make no difference, and the gateway extracts identifiers.
//! On a catch-all route it matches the path, without the stage; a mapping key is not supported there. Any other event gets 501.
//!
//! Every error is a problem document (`application/problem+json`, RFC 9457). Every response has an `x-request-id`, which is also in
//! the function's log. Responses of the gateway itself have its own body: 401 without a valid token, and 429.

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
