use std::{borrow::Cow, fmt};

use appsync::{AppSyncError, ErrorKind, GraphqlError};
use serde::Serialize;
use serde_json::{Value, value::RawValue};

/// Why an event was not answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DispatchError {
    /// The event is not what it should be.
    #[non_exhaustive]
    #[error(r#"the event should be {{"operation": "...", "variables": {{...}}}}: {reason}"#)]
    InvalidEvent {
        /// What is wrong with it.
        reason: Cow<'static, str>,
    },
    /// The event names an operation that is not served.
    #[non_exhaustive]
    #[error("unknown operation `{operation}`; this function has {}", known.join(", "))]
    UnknownOperation {
        /// The name in the event.
        operation: String,
        /// The names that are served.
        known: Vec<&'static str>,
    },
    /// The event's variables do not fit the operation.
    #[non_exhaustive]
    #[error("{reason}")]
    InvalidVariables {
        /// What is wrong with them.
        reason: String,
    },
    /// The answer is larger than Lambda hands over.
    #[non_exhaustive]
    #[error(
        "the response exceeds Lambda's payload limit; select fewer fields or items{}",
        if *.was_executed { "; the mutation was executed" } else { "" }
    )]
    AnswerTooLarge {
        /// Whether it is the answer of a mutation.
        was_executed: bool,
    },
    /// The operation failed.
    #[error(transparent)]
    AppSync(#[from] AppSyncError),
}

impl DispatchError {
    /// The event is not what it should be, for this reason: for those who take a request out of an event themselves.
    pub fn invalid_event(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::InvalidEvent { reason: reason.into() }
    }

    /// The answer is larger than Lambda hands over: for those who send it themselves.
    pub fn answer_too_large(was_executed: bool) -> Self {
        Self::AnswerTooLarge { was_executed }
    }

    /// AppSync's part in it, if the operation got that far.
    pub fn appsync(&self) -> Option<&AppSyncError> {
        match self {
            Self::AppSync(error) => Some(error),
            _ => None,
        }
    }

    /// A name for this kind of error that does not change between versions. AppSync's own `errorType`, which depends on
    /// the resolvers, is part of the message.
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::InvalidEvent { .. } => "InvalidEvent",
            Self::UnknownOperation { .. } => "UnknownOperation",
            Self::InvalidVariables { .. } => "InvalidVariables",
            Self::AnswerTooLarge { .. } => "TooLarge",
            Self::AppSync(error) => match error.kind() {
                ErrorKind::SignIn => "SignInFailed",
                ErrorKind::TokenRefused => "TokenRefused",
                ErrorKind::Denied => "Denied",
                ErrorKind::NotFound => "NotFound",
                ErrorKind::ConditionFailed => "ConditionFailed",
                ErrorKind::Throttled => "Throttled",
                ErrorKind::Invalid => "InvalidOperation",
                ErrorKind::TooLarge => "TooLarge",
                ErrorKind::Resolver => "ResolverFailed",
                ErrorKind::TimedOut => "TimedOut",
                ErrorKind::Unavailable => "Unavailable",
                _ => "MalformedAnswer",
            },
        }
    }
}

/// The name of an operation and its variables: `{"operation": "GetOrder", "variables": {"id": "order-1"}}`.
#[derive(Debug)]
pub struct DynamicRequest {
    pub(crate) operation: String,
    pub(crate) variables: Value,
    pub(crate) client_token: Option<String>,
}

impl DynamicRequest {
    /// The request in an event; `variables` may be left out when the operation needs none.
    ///
    /// # Errors
    /// [`DispatchError::InvalidEvent`] says what is missing or too much.
    pub fn parse(event: Value) -> Result<Self, DispatchError> {
        let invalid = DispatchError::invalid_event;
        let Value::Object(mut event) = event else { return Err(invalid("it is not an object")) };
        let operation = match event.remove("operation") {
            Some(Value::String(operation)) => operation,
            Some(_) => return Err(invalid("`operation` is not a string")),
            None => return Err(invalid("`operation` is missing")),
        };
        let variables = match event.remove("variables") {
            None | Some(Value::Null) => Value::Object(serde_json::Map::new()),
            Some(variables) => variables,
        };
        match event.keys().next() {
            None => Ok(Self { operation, variables, client_token: None }),
            Some(other) => {
                let reason = format!("`{other}` is not allowed beside `operation` and `variables`");
                Err(DispatchError::invalid_event(reason))
            }
        }
    }

    /// The name of the operation.
    pub fn operation(&self) -> &str {
        &self.operation
    }

    /// The variables, which may be anything: nothing has checked them yet.
    pub fn variables(&self) -> &Value {
        &self.variables
    }

    /// The same request with a key by which the API knows a repetition, if the operation has a place for one
    /// ([`Operation::CLIENT_TOKEN`](appsync::Operation::CLIENT_TOKEN)) and its variables leave it empty.
    #[must_use]
    pub fn with_client_token(self, token: impl Into<String>) -> Self {
        Self { client_token: Some(token.into()), ..self }
    }
}

/// An operation's data, and what is wrong with parts of it. As JSON, which it is when displayed, it is what GraphQL answers:
/// without `errors` if there are none.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DynamicAnswer {
    /// The data, as JSON: it is only passed on as a rule.
    pub data: Box<RawValue>,
    /// AppSync's errors, each of a field that is null in the data.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<GraphqlError>,
}

impl fmt::Display for DynamicAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}
