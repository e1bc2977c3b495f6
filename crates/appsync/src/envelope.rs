use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

/// One of the errors in an answer of AppSync. AppSync keeps `errorType` and `errorInfo` beside the message, not in
/// `extensions`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
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

impl fmt::Display for GraphqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message.as_deref().unwrap_or("no message");
        match &self.error_type {
            Some(error_type) => write!(f, "{error_type}: {message}"),
            None => f.write_str(message),
        }
    }
}

/// An answer of which only the outermost layer has been decoded, so that errors survive data that does not fit.
#[derive(Deserialize)]
pub(crate) struct Envelope<'a> {
    #[serde(borrow, default)]
    pub(crate) data: Option<&'a RawValue>,
    #[serde(default)]
    pub(crate) errors: Option<Vec<GraphqlError>>,
}
