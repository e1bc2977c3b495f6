use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

/// One of the errors in an answer of AppSync. AppSync keeps `errorType` and `errorInfo` beside the message, not in
/// `extensions`.
///
/// A member of another type than the one here is left out, rather than the whole answer being refused.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GraphqlError {
    /// The message, for people.
    pub message: Option<String>,
    /// The kind of error, such as `Unauthorized` or `DynamoDB:ConditionalCheckFailedException`.
    pub error_type: Option<String>,
    /// Whatever the resolver adds.
    pub error_info: Option<Value>,
    /// What the resolver gives beside the error, such as the item whose condition did not hold.
    pub data: Option<Value>,
    /// The field that failed: names and list indices from the top. It is empty where the errors are too large to keep.
    pub path: Option<Vec<Value>>,
    /// Where in the document.
    pub locations: Option<Value>,
}

impl<'de> Deserialize<'de> for GraphqlError {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::Object(mut members) => {
                let mut take = |name: &str| members.remove(name).filter(|value| !value.is_null());
                Self {
                    message: take("message").and_then(text),
                    error_type: take("errorType").and_then(text),
                    error_info: take("errorInfo"),
                    data: take("data"),
                    path: take("path").and_then(list),
                    locations: take("locations"),
                }
            }
            other => Self { message: text(other), ..Self::default() },
        })
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

fn list(value: Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(items) => Some(items),
        _ => None,
    }
}

impl fmt::Display for GraphqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message.as_deref().unwrap_or("no message");
        match &self.error_type {
            Some(error_type) => write!(f, "{error_type}: {message}"),
            None => f.write_str(message),
        }
    }
}

/// What a GraphQL answer consists of.
#[derive(Debug)]
pub(crate) struct Envelope<T> {
    /// `None` when it is missing or null, or each of its fields is, beside errors; an error, which names the place, when
    /// it does not fit `T`.
    pub(crate) data: Option<Result<T, String>>,
    pub(crate) errors: Vec<GraphqlError>,
    /// There are fields, even if all of them are null: AppSync has looked at them.
    pub(crate) has_data: bool,
}

impl<T: DeserializeOwned> Envelope<T> {
    /// `None` when `body` is not a GraphQL answer at all: not JSON, not an object, or without both members.
    pub(crate) fn decode(body: &[u8]) -> Option<Self> {
        // As a whole: bytes would be checked again for each string in them.
        let body = str::from_utf8(body).ok()?;
        // Nearly every answer is as the schema says and without errors, and is decoded in one pass.
        if let Ok(Members { data: Some(data), errors }) = serde_json::from_str::<Members<T>>(body) {
            let errors = errors.unwrap_or_default().0;
            if errors.is_empty() {
                return Some(Self { data: Some(Ok(data)), errors, has_data: true });
            }
        }
        // The others are taken apart first, so that the errors survive data that does not fit.
        let Members { data, errors } = serde_json::from_str::<Members<&RawValue>>(body).ok()?;
        if data.is_none() && errors.is_none() {
            return None;
        }
        let errors = errors.unwrap_or_default().0;
        let has_data = data.is_some();
        // A field that failed is null if the schema lets it be: where all of them did, nothing is left to call data.
        let data = data.map(RawValue::get).filter(|data| errors.is_empty() || !is_all_null(data));
        Some(Self { data: data.map(typed), errors, has_data })
    }
}

#[derive(Deserialize)]
struct Members<T> {
    // Not `default`: that would ask for `T: Default`.
    data: Option<T>,
    errors: Option<Errors>,
}

/// Whether this is an object without a member other than null.
fn is_all_null(data: &str) -> bool {
    serde_json::from_str::<Nulls>(data).is_ok()
}

/// Is decoded from an object without a member other than null.
struct Nulls;

impl<'de> Deserialize<'de> for Nulls {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(NullsVisitor)
    }
}

struct NullsVisitor;

impl<'de> Visitor<'de> for NullsVisitor {
    type Value = Nulls;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of nulls")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Nulls, A::Error> {
        while members.next_entry::<IgnoredAny, ()>()?.is_some() {}
        Ok(Nulls)
    }
}

/// The errors of an answer, as many and as much of them as anybody can use: an error takes up to a hundred times as much
/// memory as its JSON, and a function may have 128 MB in all.
#[derive(Default)]
struct Errors(Vec<GraphqlError>);

/// How many errors are kept.
const MOST_ERRORS: usize = 100;
/// How many bytes of JSON, of all errors together, are kept whole; of the others, type and message are kept, and that
/// there is a path.
const MOST_DETAIL: usize = 64 << 10;

impl<'de> Deserialize<'de> for Errors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ErrorsVisitor)
    }
}

struct ErrorsVisitor;

impl<'de> Visitor<'de> for ErrorsVisitor {
    type Value = Errors;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of errors")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Errors, A::Error> {
        let (mut errors, mut detail) = (Vec::new(), MOST_DETAIL);
        while let Some(raw) = list.next_element::<&RawValue>()? {
            let raw = raw.get();
            let error = match detail.checked_sub(raw.len()) {
                _ if errors.len() == MOST_ERRORS => continue,
                Some(left) => {
                    detail = left;
                    serde_json::from_str(raw)
                }
                None => serde_json::from_str(raw).map(|Headline { message, error_type, path }| GraphqlError {
                    message,
                    error_type,
                    path: path.map(|_| Vec::new()),
                    ..GraphqlError::default()
                }),
            };
            // One that is nested too deeply, or whose headline is no text, is an error without any detail.
            errors.push(error.unwrap_or_default());
        }
        Ok(Errors(errors))
    }
}

/// The part of an error that is never large.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Headline {
    message: Option<String>,
    error_type: Option<String>,
    path: Option<IgnoredAny>,
}

/// The data, or the place in it that does not fit: serde_json's own message would show a part of the data.
fn typed<T: DeserializeOwned>(data: &str) -> Result<T, String> {
    serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(data)).map_err(|error| {
        match error.path().to_string() {
            path if path == "." => "`data` does not fit the schema".to_owned(),
            path => format!("`data.{path}` does not fit the schema"),
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Data {
        thing: Option<Thing>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Thing {
        id: String,
        sizes: Vec<u32>,
    }

    fn decode(body: &Value) -> Option<Envelope<Data>> {
        Envelope::decode(body.to_string().as_bytes())
    }

    #[test]
    fn data_that_does_not_fit_is_named_by_its_place_and_never_shown() {
        for (data, place) in [
            (json!({"thing": {"id": "canary", "sizes": [1, "canary"]}}), "`data.thing.sizes[1]`"),
            (json!({"thing": {"sizes": []}}), "`data.thing`"),
            (json!("canary"), "`data`"),
        ] {
            let misfit = decode(&json!({"data": data})).unwrap().data.unwrap().unwrap_err();
            assert!(misfit.starts_with(place), "{misfit}");
            assert!(!misfit.contains("canary"), "{misfit}");
        }
    }

    #[test]
    fn what_is_not_utf_8_is_no_answer_wherever_the_byte_is() {
        for place in ["thing", "x"] {
            let body = json!({"data": {place: "?"}, "errors": [{"message": "m"}]}).to_string().into_bytes();
            assert!(Envelope::<Data>::decode(&body).is_some());
            let body: Vec<u8> = body.into_iter().map(|byte| if byte == b'?' { 0xff } else { byte }).collect();
            assert!(Envelope::<Data>::decode(&body).is_none(), "{place}");
        }
    }

    #[test]
    fn errors_are_kept_whole_as_long_as_they_are_of_use() {
        let error = json!({"message": "m", "errorType": "T", "errorInfo": {"a": 1}, "path": ["a", 0], "x": 1});
        let large = json!({"message": "m", "errorType": "T", "errorInfo": "x".repeat(MOST_DETAIL), "path": ["a"]});
        let mut errors = vec![error.clone(), large];
        errors.extend(vec![error; 200]);
        let errors = decode(&json!({"errors": errors})).unwrap().errors;
        assert_eq!(errors.len(), MOST_ERRORS);
        assert_eq!(errors[0].error_info, Some(json!({"a": 1})));
        assert_eq!(errors[0].path, Some(vec![json!("a"), json!(0)]));
        assert_eq!((errors[1].error_type.as_deref(), &errors[1].error_info), (Some("T"), &None));
        assert_eq!(errors[1].path, Some(vec![]), "that a field is to blame is not forgotten");
        assert_eq!(errors[2], errors[0]);
    }

    #[test]
    fn hostile_errors_take_little_more_memory_than_their_text() {
        const SIZE: usize = 4 << 20;
        let nested = format!("{}1{}", r#"{"a":"#.repeat(100), "}".repeat(100));
        for element in ["{}", "[[],[],[]]", r#"{"path":[1,1,1,1]}"#, &nested, &format!("[{}1]", "[],".repeat(SIZE / 3))]
        {
            let list = vec![element; SIZE.div_ceil(element.len() + 1)].join(",");
            let body = format!(r#"{{"data":null,"errors":[{list}]}}"#);
            let used = allocation_counter::measure(|| {
                let decoded = Envelope::<Data>::decode(body.as_bytes());
                assert!(decoded.is_some_and(|envelope| envelope.errors.len() <= MOST_ERRORS));
            });
            assert!(used.bytes_max < (8 << 20), "{} bytes for {:.20}", used.bytes_max, element);
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        let member = prop_oneof![
            Just("data"),
            Just("errors"),
            Just("thing"),
            Just("id"),
            Just("sizes"),
            Just("message"),
            Just("errorType"),
            Just("errorInfo"),
            Just("path"),
            Just("locations"),
            Just("x"),
        ];
        leaf.prop_recursive(5, 64, 6, move |inner| {
            prop_oneof![
                vec(inner.clone(), 0..6).prop_map(Value::from),
                vec((member.clone(), inner), 0..6)
                    .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_no_harm(body in vec(any::<u8>(), 0..512)) {
            let _ = Envelope::<Data>::decode(&body);
            let _ = Envelope::<Value>::decode(&body);
        }

        #[test]
        fn arbitrary_members_are_taken_as_far_as_they_make_sense(data in any_json(), errors in any_json()) {
            let decoded = decode(&json!({"data": data, "errors": errors}));
            let is_list = errors.is_null() || errors.is_array();
            prop_assert_eq!(decoded.is_some(), is_list && !(data.is_null() && errors.is_null()));
            if let Some(envelope) = decoded {
                prop_assert_eq!(envelope.errors.len(), errors.as_array().map_or(0, Vec::len));
                let fits = serde_json::from_value::<Data>(data.clone()).ok();
                let failed = |members: &serde_json::Map<_, _>| !envelope.errors.is_empty() && members.values().all(Value::is_null);
                let is_none = data.is_null() || data.as_object().is_some_and(failed);
                prop_assert_eq!(envelope.has_data, !data.is_null());
                prop_assert_eq!(envelope.data.is_none(), is_none);
                prop_assert_eq!(envelope.data.and_then(Result::ok), fits.filter(|_| !is_none));
            }
        }

        #[test]
        fn a_damaged_answer_is_an_answer_or_none_and_never_a_panic(
            answer in any_json(),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
            cut in any::<bool>(),
        ) {
            let mut body = json!({"data": {"thing": answer}, "errors": [answer]}).to_string().into_bytes();
            let at = at.index(body.len());
            body[at] = byte;
            if cut {
                body.truncate(at);
            }
            let _ = Envelope::<Data>::decode(&body);
            let _ = Envelope::<Value>::decode(&body);
        }
    }
}
