use axum::extract::FromRequestParts;
use events::{IdempotencyKey, is_result_of};
use http::{StatusCode, request::Parts};
use operations::{fragments::OrderFields, types::CreateOrderInput};
use serde_json::json;
use uuid::Uuid;

use crate::{problem::Problem, session::Session};

/// What the client calls a request that it may send again, if it does.
pub(crate) struct Key(Option<IdempotencyKey>);

impl<S: Sync> FromRequestParts<S> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(IdempotencyKey::HEADER).iter();
        let Some(value) = values.next() else { return Ok(Self(None)) };
        let key = value.to_str().ok().and_then(IdempotencyKey::parse).filter(|_| values.next().is_none());
        key.map(|key| Self(Some(key))).ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, IdempotencyKey::INVALID))
    }
}

impl Key {
    /// The id of the order that the request creates. With a key, it is the same one whenever the same caller sends the
    /// same key; without, it is random.
    pub(crate) fn order_id(&self, session: &Session) -> String {
        match &self.0 {
            Some(key) => key.for_api(session.side.base(), &session.caller.subject),
            None => Uuid::new_v4().to_string(),
        }
    }

    pub(crate) fn is_given(&self) -> bool {
        self.0.is_some()
    }
}

/// Whether `order` can be what a request with this input made. What may have changed since is not looked at once something
/// has changed.
pub(crate) fn is_result(order: &OrderFields, input: &CreateOrderInput) -> bool {
    let (mut answer, input) = (json!(order), json!(input));
    answer["card"] = answer["payment"].take();
    let unchanging = ["customerEmail", "lines"];
    let changing = ["card", "note", "attributes"].into_iter().filter(|_| order.version == 1);
    is_result_of(&answer, &input, unchanging.into_iter().chain(changing))
}
