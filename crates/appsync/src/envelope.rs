use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
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
    /// The field that failed: names and list indices from the top.
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
    /// `None` when it is missing or null; an error, which names the place, when it does not fit `T`.
    pub(crate) data: Option<Result<T, String>>,
    pub(crate) errors: Vec<GraphqlError>,
}

impl<T: DeserializeOwned> Envelope<T> {
    /// `None` when `body` is not a GraphQL answer at all: not JSON, not an object, or without both members.
    pub(crate) fn decode(body: &[u8]) -> Option<Self> {
        // Nearly every answer is as the schema says, and is decoded in one pass.
        if let Ok(Members { data: Some(data), errors }) = serde_json::from_slice::<Members<T>>(body) {
            return Some(Self { data: Some(Ok(data)), errors: errors.unwrap_or_default() });
        }
        // The others are taken apart first, so that the errors survive data that does not fit.
        let Members { data, errors } = serde_json::from_slice::<Members<&RawValue>>(body).ok()?;
        if data.is_none() && errors.is_none() {
            return None;
        }
        Some(Self { data: data.map(|data| typed(data.get())), errors: errors.unwrap_or_default() })
    }
}

#[derive(Deserialize)]
struct Members<T> {
    // Not `default`: that would ask for `T: Default`.
    data: Option<T>,
    errors: Option<Vec<GraphqlError>>,
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
