use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::Value;
use uuid::{Builder, Uuid, uuid};

/// What an HTTP client calls a request that it may send again, in its header `Idempotency-Key`:
/// <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>
///
/// The draft wants it in quotes, and most clients send it without: both are taken, and are the same key.
#[derive(Clone, Debug)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The header's name, in lower case.
    pub const HEADER: &str = "idempotency-key";
    /// What is wrong with a header that has no key.
    pub const INVALID: &str = "Idempotency-Key should be 1 to 255 visible ASCII characters, such as a UUID.";
    /// What is wrong with a key of a request whose result is another one.
    pub const REUSED: &str = "This Idempotency-Key belongs to a request with another body: use a new key.";

    /// The key in the header's value; `None` if it has none.
    pub fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        let key = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
        let is_key = (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
        is_key.then(|| Self(key.to_owned()))
    }

    /// What the API gets as the key of the request: the same UUID whenever the same caller sends the same key for the same
    /// operation, and another one for any other.
    pub fn for_api(&self, operation: &str, caller: &str) -> String {
        name_based(&format!("{operation}\n{caller}\n{}", self.0)).to_string()
    }
}

/// Whether `answer` can be what a request with this `input` made, so far as it says: whether these members are the same in
/// both. One that the answer does not have is not compared, and one that the input does not have is null.
pub fn is_result_of<'a>(answer: &Value, input: &Value, members: impl IntoIterator<Item = &'a str>) -> bool {
    members.into_iter().all(|name| answer.get(name).is_none_or(|made| is_same(&input[name], made, false)))
}

/// AppSync keeps JSON as values, not as text: `1.0` comes back as `1`, and a long number as its nearest double. An object
/// of the API may have further members, which `input` does not have or has as null; one in JSON text has to be the same as
/// a `whole`. GraphQL takes one item for a list of one, and an integer for an ID.
fn is_same(input: &Value, made: &Value, whole: bool) -> bool {
    match (input, made) {
        (Value::Number(input), Value::Number(made)) => input.as_f64() == made.as_f64(),
        (Value::Array(input), Value::Array(made)) => {
            input.len() == made.len() && input.iter().zip(made).all(|(input, made)| is_same(input, made, whole))
        }
        (input, Value::Array(made)) if !whole => matches!(&made[..], [made] if is_same(input, made, whole)),
        (Value::Number(input), Value::String(made)) if !whole => input.to_string() == *made,
        (Value::Object(input), Value::Object(made)) => {
            let in_made = |(name, input): (&String, &Value)| {
                !whole && input.is_null() || made.get(name).map_or(!whole, |made| is_same(input, made, whole))
            };
            (!whole || input.len() == made.len()) && input.iter().all(in_made)
        }
        (Value::String(input), Value::String(made)) if input != made => {
            let json = |text: &str| serde_json::from_str::<Value>(text).ok();
            json(input).zip(json(made)).is_some_and(|(input, made)| is_same(&input, &made, true))
        }
        (input, made) => input == made,
    }
}

/// Of the keys that the API gets. Another value would make the keys of yesterday new ones.
const NAMESPACE: Uuid = uuid!("a8f2b6de-3d55-4bd5-8c54-6a8b1f0e7d21");

/// A UUID of version 5.
fn name_based(name: &str) -> Uuid {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &[NAMESPACE.as_bytes(), name.as_bytes()].concat());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_ref()[..16]);
    Builder::from_sha1_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(value: &str) -> Option<String> {
        IdempotencyKey::parse(value).map(|key| key.0)
    }

    #[test]
    fn a_key_is_the_same_with_and_without_quotes() {
        let uuid = "8e03978e-40d5-43dd-bc93-6894a57f9324";
        assert_eq!(key(uuid).as_deref(), Some(uuid));
        assert_eq!(key(&format!(" \"{uuid}\" ")).as_deref(), Some(uuid));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for value in ["", "\"\"", "a b", "\"", "a\"b", "\"a", "é", &"k".repeat(256)] {
            assert_eq!(key(value), None, "{value}");
        }
    }

    #[test]
    fn the_key_for_the_api_never_changes_and_belongs_to_caller_and_operation() {
        let for_api =
            |key: &str, operation: &str, caller: &str| IdempotencyKey::parse(key).unwrap().for_api(operation, caller);
        let ours = for_api("8e03978e", "/orders", "ada");
        assert_eq!(ours, "cd076c9e-d956-5541-9dbb-0dbabded6500");
        assert_eq!(for_api("\"8e03978e\"", "/orders", "ada"), ours);
        assert_ne!(for_api("8e03978f", "/orders", "ada"), ours);
        assert_ne!(for_api("8e03978e", "/orders", "bob"), ours);
        assert_ne!(for_api("8e03978e", "/me/orders", "ada"), ours);
    }

    #[test]
    fn a_result_has_what_its_input_has() {
        let answer = json!({
            "id": "order-1", "note": null, "lines": [{"sku": "tea", "quantity": 1, "total": 450}],
            "attributes": r#"{"rate":1,"tags":["a",2]}"#, "number": "7",
        });
        for (input, is_result) in [
            (json!({"lines": [{"sku": "tea", "quantity": 1.0}], "card": {"brand": "Visa"}}), true),
            (json!({"attributes": r#"{"tags": ["a", 2.0], "rate": 1.0}"#, "note": null}), true),
            (json!({"lines": {"sku": "tea", "quantity": 1}}), true),
            (json!({"lines": {"sku": "tea", "quantity": 2}}), false),
            (json!({"lines": [{"sku": "tea", "total": null}]}), true),
            (json!({"number": 7}), true),
            (json!({"number": 8}), false),
            (json!({"attributes": {"rate": 1}}), false),
            (json!({"lines": [{"sku": "tea", "quantity": 2}]}), false),
            (json!({"lines": []}), false),
            (json!({"note": "ring twice"}), false),
            (json!({"attributes": r#"{"rate": 1}"#}), false),
            (json!({"attributes": "nonsense"}), false),
        ] {
            let members = input.as_object().unwrap().keys().map(String::as_str);
            assert_eq!(is_result_of(&answer, &input, members), is_result, "{input}");
        }
        assert!(!is_result_of(&answer, &json!({}), ["lines"]), "it is null in the input");
    }

    #[test]
    fn json_text_is_the_same_by_its_values() {
        for (one, other, same) in [
            (r#"{"rate": 1.0, "tags": ["a", 2]}"#, r#"{"tags": ["a", 2.0], "rate": 1}"#, true),
            ("9007199254740993", "9007199254740992", true), // the nearest double
            (r#"{"rate": 1}"#, r#"{"rate": 1.5}"#, false),
            (r#"{"rate": 1}"#, r#"{"rate": 1, "more": null}"#, false),
            (r#"["a", "b"]"#, r#"["a"]"#, false),
            ("1", r#""1""#, false),
            ("1", "[1]", false),
            (r#"{"rate": null}"#, r#"{"rate": 1}"#, false),
        ] {
            assert_eq!(is_same(&json!(one), &json!(other), false), same, "{one} {other}");
        }
    }
}
