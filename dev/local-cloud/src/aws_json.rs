//! The AWS JSON 1.1 protocol, which Cognito, SSM and Secrets Manager speak: `X-Amz-Target`, a JSON body, errors with a `__type`.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::calls::Service;
use crate::ids;

pub(crate) const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// An error as the service would name and word it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AwsError {
    pub(crate) code: &'static str,
    pub(crate) message: Option<String>,
}

impl AwsError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: Some(message.into()) }
    }

    /// Some errors of SSM say nothing beyond their name.
    pub(crate) fn without_message(code: &'static str) -> Self {
        Self { code, message: None }
    }

    /// A quota is used up; each service has a code of its own for it.
    pub(crate) fn throttled(code: &'static str) -> Self {
        Self::new(code, "Rate exceeded")
    }

    pub(crate) fn unknown_operation() -> Self {
        Self::without_message("UnknownOperationException")
    }
}

/// What an operation gives: the JSON of its output, or an error.
pub(crate) type Outcome = Result<Value, AwsError>;

/// Reads the input of an operation.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, AwsError> {
    serde_json::from_slice(body).map_err(|error| AwsError::new("SerializationException", error.to_string()))
}

/// An error has status 400. Cognito repeats it in headers; SSM and Secrets Manager do not.
pub(crate) fn answer(service: Service, outcome: Outcome) -> Answer {
    let (status, name, body) = match &outcome {
        Ok(output) => (200, "ok", output.to_string()),
        Err(AwsError { code, message: Some(message) }) => {
            (400, *code, json!({"__type": code, "message": message}).to_string())
        }
        Err(AwsError { code, message: None }) => (400, *code, json!({"__type": code}).to_string()),
    };
    let mut answer = Answer::new(status, CONTENT_TYPE, body, name).header("x-amzn-requestid", ids::uuid());
    if let (Err(error), Service::Cognito) = (outcome, service) {
        answer = answer.header("x-amzn-errortype", format!("{}:", error.code));
        if let Some(message) = error.message {
            answer = answer.header("x-amzn-errormessage", message);
        }
    }
    answer
}
