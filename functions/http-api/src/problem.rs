use appsync::{AppSyncError, ErrorKind};
use auth_cache::ErrorChain;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

/// A problem document, RFC 9457: what a client of the API learns of a failure. It shows nothing of the inside.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: String,
    pointer: Option<String>,
    retry_after: Option<u64>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), pointer: None, retry_after: None }
    }

    /// Names the member of the request's body that is to blame, by a JSON pointer (RFC 6901).
    pub(crate) fn at(self, pointer: String) -> Self {
        Self { pointer: Some(pointer), ..self }
    }
}

pub(crate) async fn no_such_route() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "There is nothing at this path.")
}

pub(crate) async fn method_not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "This path does not take this method.")
}

/// What each kind of failure behind the API means to a client in front of it. It is logged here, once.
impl From<AppSyncError> for Problem {
    fn from(error: AppSyncError) -> Self {
        let problem = match error.kind() {
            ErrorKind::SignIn | ErrorKind::Unavailable if error.is_transient() => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "The order service is not available.").retry(&error)
            }
            ErrorKind::Throttled => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "The order service is too busy.").retry(&error)
            }
            ErrorKind::SignIn | ErrorKind::TokenRefused | ErrorKind::Unavailable | ErrorKind::Malformed => {
                Self::new(StatusCode::BAD_GATEWAY, "The order service cannot be used.")
            }
            ErrorKind::Denied => Self::new(StatusCode::FORBIDDEN, "This is not allowed."),
            ErrorKind::NotFound => Self::new(StatusCode::NOT_FOUND, "There is nothing with this id."),
            ErrorKind::ConditionFailed => {
                Self::new(StatusCode::CONFLICT, "The order has been changed by somebody else. Read it again.")
            }
            ErrorKind::TimedOut => Self::new(StatusCode::GATEWAY_TIMEOUT, "The order service took too long."),
            _ => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "The request could not be carried out."),
        };
        tracing::error!(
            status = problem.status.as_u16(),
            error_type = error.error_type(),
            appsync_request_id = error.request_id(),
            error = %ErrorChain(&error),
            "request failed",
        );
        problem
    }
}

impl Problem {
    fn retry(self, error: &AppSyncError) -> Self {
        let seconds = error.retry_after().map_or(1, |wait| wait.as_secs().max(1));
        Self { retry_after: Some(seconds), ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let document = Document {
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            pointer: self.pointer.as_deref(),
        };
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = (self.status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Without `type`, a problem is of type `about:blank`: it means what its status means.
#[derive(Serialize)]
struct Document<'a> {
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'a str>,
}
