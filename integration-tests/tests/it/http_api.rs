//! The `http-api` function, with events as API Gateway makes them.

pub(crate) mod behind;
pub(crate) mod bodies;
pub(crate) mod call;
mod callers;
pub(crate) mod conditional;
mod document;
mod events;
mod gateways;
mod idempotency;
mod lists;
mod own_orders;
mod paths;
mod refusals;

/// What a member of the staff gets from there.
pub(crate) async fn get(t: &crate::setup::Setup, target: &str) -> serde_json::Value {
    call::Call::get(target).send(t).await.expect(200)
}
