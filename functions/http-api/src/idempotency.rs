use appsync::scalars::AWSJSON;
use axum::extract::FromRequestParts;
use http::{HeaderName, StatusCode, request::Parts};
use operations::{
    fragments::{OrderFields, OrderFieldsPayment},
    types::CreateOrderInput,
};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::Value;
use uuid::{Builder, Uuid, uuid};

use crate::{problem::Problem, session::Session};

/// What the client calls a request that it may send again:
/// <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>
///
/// The draft wants it in quotes, and most clients send it without: both are taken, and are the same key.
pub(crate) struct IdempotencyKey(Option<String>);

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(HEADER).iter();
        let Some(value) = values.next() else { return Ok(Self(None)) };
        let key = value.to_str().ok().and_then(key).filter(|_| values.next().is_none());
        let detail = "Idempotency-Key should be 1 to 255 visible ASCII characters, such as a UUID.";
        key.map(|key| Self(Some(key.to_owned()))).ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, detail))
    }
}

impl IdempotencyKey {
    /// The id of the order that the request creates. With a key, it is the same one whenever the same caller sends the
    /// same key; without, it is random.
    pub(crate) fn order_id(&self, session: &Session) -> String {
        let id = match &self.0 {
            Some(key) => name_based(&format!("{}\n{}\n{key}", session.side.base(), session.caller.subject)),
            None => Uuid::new_v4(),
        };
        id.to_string()
    }

    pub(crate) fn is_given(&self) -> bool {
        self.0.is_some()
    }
}

/// Whether `order` can be what a request with this input made. What may have changed since is not looked at once something
/// has changed.
pub(crate) fn is_result_of(order: &OrderFields, input: &CreateOrderInput) -> bool {
    let same_lines = order.lines.len() == input.lines.len()
        && order.lines.iter().zip(&input.lines).all(|(line, wanted)| {
            (&line.sku, line.quantity) == (&wanted.sku, wanted.quantity)
                && line.unit_price.currency == wanted.unit_price.currency
                && line.unit_price.minor_units == wanted.unit_price.minor_units
        });
    let same_card = match (&order.payment, input.card.as_value()) {
        (Some(OrderFieldsPayment::CardPayment(card)), Some(wanted)) => {
            (&card.brand, &card.last_four) == (&wanted.brand, &wanted.last_four)
        }
        (None, None) => true,
        _ => false,
    };
    let json = |text: Option<&AWSJSON>| text.and_then(|text| text.parse_as::<Value>().ok());
    let same_attributes = match (json(order.attributes.as_ref()), json(input.attributes.as_value())) {
        (Some(attributes), Some(wanted)) => is_same(&attributes, &wanted),
        (attributes, wanted) => attributes == wanted,
    };
    let unchanged = same_card && order.note.as_ref() == input.note.as_value() && same_attributes;
    order.customer_email == input.customer_email && same_lines && (unchanged || order.version > 1)
}

/// AppSync keeps JSON as values, not as text: `1.0` comes back as `1`, and a long number as its nearest double.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let in_other = |(name, one)| other.get(name).is_some_and(|other| is_same(one, other));
            one.len() == other.len() && one.iter().all(in_other)
        }
        (one, other) => one == other,
    }
}

const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Of the ids that keys become. Another value would make the keys of yesterday new ones.
const NAMESPACE: Uuid = uuid!("a8f2b6de-3d55-4bd5-8c54-6a8b1f0e7d21");

/// A UUID of version 5.
fn name_based(name: &str) -> Uuid {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &[NAMESPACE.as_bytes(), name.as_bytes()].concat());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_ref()[..16]);
    Builder::from_sha1_bytes(bytes).into_uuid()
}

fn key(value: &str) -> Option<&str> {
    let value = value.trim();
    let key = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    ((1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"')).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_same_with_and_without_quotes() {
        let uuid = "8e03978e-40d5-43dd-bc93-6894a57f9324";
        assert_eq!(key(uuid), Some(uuid));
        assert_eq!(key(&format!(" \"{uuid}\" ")), Some(uuid));
    }

    #[test]
    fn the_id_of_a_name_never_changes() {
        let id = name_based("/orders\nada\n8e03978e").to_string();
        assert_eq!(id, "cd076c9e-d956-5541-9dbb-0dbabded6500");
        assert_ne!(name_based("/orders\nada\n8e03978f").to_string(), id);
    }

    #[test]
    fn json_is_the_same_by_its_values() {
        let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        for (one, other, same) in [
            (r#"{"rate": 1.0, "tags": ["a", 2]}"#, r#"{"tags": ["a", 2.0], "rate": 1}"#, true),
            ("9007199254740993", "9007199254740992", true), // the nearest double
            (r#"{"rate": 1}"#, r#"{"rate": 1.5}"#, false),
            (r#"{"rate": 1}"#, r#"{"rate": 1, "more": null}"#, false),
            (r#"["a", "b"]"#, r#"["a"]"#, false),
            ("1", r#""1""#, false),
        ] {
            assert_eq!(is_same(&value(one), &value(other)), same, "{one} {other}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for value in ["", "\"\"", "a b", "\"", "a\"b", "\"a", &"k".repeat(256)] {
            assert_eq!(key(value), None, "{value}");
        }
    }
}
