use appsync::{AppSyncError, DispatchError, ErrorKind};
use metrics::counter;
use serde_json::json;

use crate::Answer;

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

/// For the metric of `startup::is_too_large`: a request that is too large for AppSync, or an answer of AppSync for the client.
pub(crate) fn count_if_too_large(error: &DispatchError) {
    if error.appsync().map(AppSyncError::kind) == Some(ErrorKind::TooLarge) {
        counter!("PayloadsTooLarge").increment(1);
    }
}
