//! The `http-api` function, with events as API Gateway makes them.

mod behind;
mod bodies;
mod call;
mod callers;
mod conditional;
mod document;
mod events;
mod idempotency;
mod lists;
mod own_orders;
mod refusals;
