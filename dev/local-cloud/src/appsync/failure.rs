//! GraphQL errors as AppSync writes them: `errorType`, `errorInfo` and `data` at their top level.

use apollo_compiler::parser::LineColumn;
use apollo_compiler::resolvers::FieldError;
use apollo_compiler::response::GraphQLError;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What a resolver, or a directive in front of it, says went wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Failure {
    pub(super) error_type: String,
    pub(super) message: String,
    pub(super) error_info: Value,
    pub(super) data: Value,
}

impl Failure {
    pub(super) fn new(error_type: &str, message: impl Into<String>) -> Self {
        Self { error_type: error_type.to_owned(), message: message.into(), error_info: Value::Null, data: Value::Null }
    }

    #[must_use]
    pub(super) fn with_info(mut self, error_info: Value) -> Self {
        self.error_info = error_info;
        self
    }

    #[must_use]
    pub(super) fn with_data(mut self, data: Value) -> Self {
        self.data = data;
        self
    }

    pub(super) fn unauthorized(type_name: &str, field: &str) -> Self {
        Self::new("Unauthorized", format!("Not Authorized to access {field} on type {type_name}"))
    }
}

/// Why a field has no value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Problem {
    Failed(Failure),
    /// The resolver gave nothing where the schema promises something.
    Null {
        ty: String,
        parent: String,
    },
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Problem {
    /// The engine carries errors of resolvers as text only: all of it travels in there, until [`render`] takes it out.
    pub(super) fn into_field_error(self) -> FieldError {
        FieldError { message: json!(self).to_string() }
    }

    fn from_engine(message: &str) -> Option<Self> {
        serde_json::from_str(message.strip_prefix("resolver error: ")?).ok()
    }
}

/// An error of the execution, as the engine reports it.
pub(super) fn render(error: &GraphQLError) -> Value {
    let locations: Vec<Value> = error.locations.iter().map(location).collect();
    match Problem::from_engine(&error.message) {
        Some(Problem::Failed(failure)) => json!({
            "path": error.path,
            "data": failure.data,
            "errorType": failure.error_type,
            "errorInfo": failure.error_info,
            "locations": locations,
            "message": failure.message,
        }),
        Some(Problem::Null { ty, parent }) => {
            let path: String = json!(error.path).as_array().into_iter().flatten().map(segment).collect();
            let message = format!("Cannot return null for non-nullable type: '{ty}' within parent '{parent}' ({path})");
            json!({"path": error.path, "locations": null, "message": message})
        }
        None => json!({"path": error.path, "locations": locations, "message": error.message}),
    }
}

/// `/getOrder`, or `[0]` in a list.
fn segment(segment: &Value) -> String {
    match segment {
        Value::String(field) => format!("/{field}"),
        index => format!("[{index}]"),
    }
}

/// An error found before the execution: it belongs to no field of the answer, and has no type.
pub(super) fn before_execution(message: impl Into<String>, at: Option<LineColumn>) -> Value {
    let locations = at.as_ref().map(location).map(|location| vec![location]);
    json!({"path": null, "locations": locations, "message": message.into()})
}

fn location(at: &LineColumn) -> Value {
    json!({"line": at.line, "column": at.column, "sourceName": null})
}
