//! The AWS JSON 1.1 protocol, which Cognito, SSM and Secrets Manager speak: `X-Amz-Target`, a JSON body, errors with a `__type`.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::ids;

pub(crate) const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// An error as the service would name and word it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AwsError {
    pub(crate) code: &'static str,
    pub(crate) message: Option<String>,
    pub(crate) status: u16,
}

impl AwsError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: Some(message.into()), status: 400 }
    }

    /// Some errors of SSM say nothing beyond their name.
    pub(crate) fn without_message(code: &'static str) -> Self {
        Self { code, message: None, status: 400 }
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

/// Which headers a service puts on its errors: Cognito repeats the error there, SSM does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorHeaders {
    Present,
    Absent,
}

pub(crate) fn answer(outcome: Outcome, error_headers: ErrorHeaders) -> Answer {
    let (status, body, name) = match &outcome {
        Ok(output) => (200, output.clone(), "ok"),
        Err(AwsError { code, message: Some(message), status }) => {
            (*status, json!({"__type": code, "message": message}), *code)
        }
        Err(AwsError { code, message: None, status }) => (*status, json!({"__type": code}), *code),
    };
    let mut answer = Answer::new(status, CONTENT_TYPE, body.to_string(), name).header("x-amzn-requestid", ids::uuid());
    if let (Err(error), ErrorHeaders::Present) = (outcome, error_headers) {
        answer = answer.header("x-amzn-errortype", format!("{}:", error.code));
        if let Some(message) = error.message {
            answer = answer.header("x-amzn-errormessage", message);
        }
    }
    answer
}
