use serde::Serialize;
use serde_json::{Value, json};

use crate::dispatch::{DispatchError, DynamicAnswer};

/// What the sender of an event reads, as JSON.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Answer {
    /// GraphQL's own answer: the event was one operation.
    Operation(DynamicAnswer),
    /// The response to an HTTP request, or which messages of a batch failed.
    Other(Value),
}

impl Answer {
    /// What is answered in place of this answer, which is larger than Lambda hands over: an HTTP response with status 500, or
    /// an error. `was_executed` says that a mutation was.
    ///
    /// # Errors
    /// [`DispatchError::AnswerTooLarge`], if the event was no HTTP request.
    pub fn too_large(self, was_executed: bool) -> Result<Self, DispatchError> {
        let error = DispatchError::answer_too_large(was_executed);
        match self {
            Self::Other(mut response) if response["statusCode"].is_u64() => {
                response["statusCode"] = 500.into();
                let body = json!({"errorType": error.error_type(), "errorMessage": error.to_string()});
                response["body"] = body.to_string().into();
                Ok(Self::Other(response))
            }
            _ => Err(error),
        }
    }
}
