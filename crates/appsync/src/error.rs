use std::{fmt, time::Duration};

use auth_cache::{BoxError, TokenError};
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::GraphqlError;

/// Why an operation gave no answer. [`AppSyncError::kind`] says what it means to the caller; AppSync's own words are
/// kept beside it.
#[derive(Debug)]
pub struct AppSyncError(Box<Inner>);

#[derive(Debug, Default)]
struct Inner {
    kind: ErrorKind,
    context: Option<String>,
    errors: Vec<GraphqlError>,
    status: Option<StatusCode>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    source: Option<BoxError>,
}

/// What an [`AppSyncError`] means to the caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no token to call with: the sign-in failed. Nothing was sent.
    SignIn,
    /// AppSync refused the token, and a new one as well. Nothing was executed.
    TokenRefused,
    /// The schema's directives or a resolver do not allow the operation to this identity.
    Denied,
    /// A condition of a write did not hold: somebody else was faster.
    ConditionFailed,
    /// AppSync throttles.
    Throttled,
    /// The operation does not fit the schema, or AppSync cannot read the request.
    Invalid,
    /// A resolver failed or refused; see [`AppSyncError::error_type`].
    Resolver,
    /// The deadline passed. Whether the operation was executed is not known.
    TimedOut,
    /// AppSync could not be reached or failed. Whether the operation was executed is not known.
    #[default]
    Unavailable,
    /// The answer is not what the schema promises.
    Malformed,
}

impl AppSyncError {
    /// What the error means to the caller.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The errors in AppSync's answer, if there was one.
    pub fn errors(&self) -> &[GraphqlError] {
        &self.0.errors
    }

    /// The `errorType` of the first error.
    pub fn error_type(&self) -> Option<&str> {
        self.0.errors.first()?.error_type.as_deref()
    }

    /// The `errorInfo` of the first error.
    pub fn error_info(&self) -> Option<&Value> {
        self.0.errors.first()?.error_info.as_ref()
    }

    /// The path of the field that failed first.
    pub fn path(&self) -> Option<&[Value]> {
        self.0.errors.first()?.path.as_deref()
    }

    /// The HTTP status of the answer, if there was one.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// AppSync's id of the request, for a support case.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Whether a later attempt may succeed although nobody changes anything.
    pub fn is_transient(&self) -> bool {
        match self.kind() {
            ErrorKind::Throttled | ErrorKind::TimedOut | ErrorKind::Unavailable => true,
            ErrorKind::SignIn => self.token_error().is_none_or(TokenError::is_transient),
            _ => false,
        }
    }

    /// How long until a later attempt makes sense, if that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after.or_else(|| self.token_error()?.retry_after())
    }

    fn token_error(&self) -> Option<&TokenError> {
        self.0.source.as_ref()?.downcast_ref()
    }
}

/// How errors come about.
impl AppSyncError {
    pub(crate) fn sign_in(error: TokenError) -> Self {
        let kind = match error {
            TokenError::TimedOut { .. } => ErrorKind::TimedOut,
            _ => ErrorKind::SignIn,
        };
        Self(Box::new(Inner { kind, source: Some(error.into()), ..Inner::default() }))
    }

    pub(crate) fn transport(error: reqwest::Error) -> Self {
        let kind = if error.is_timeout() { ErrorKind::TimedOut } else { ErrorKind::Unavailable };
        Self(Box::new(Inner { kind, source: Some(error.into()), ..Inner::default() }))
    }

    pub(crate) fn malformed(context: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind: ErrorKind::Malformed, context: Some(context.into()), ..Inner::default() }))
    }

    pub(crate) fn answered(status: StatusCode, errors: Vec<GraphqlError>) -> Self {
        let kind = kind_of(status, &errors);
        Self(Box::new(Inner { kind, errors, status: Some(status), ..Inner::default() }))
    }

    /// Adds what the answer's status and headers say.
    pub(crate) fn with_answer(mut self, status: StatusCode, headers: &HeaderMap) -> Self {
        let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
        self.0.status = Some(status);
        self.0.request_id = text("x-amzn-requestid");
        self.0.retry_after = text("retry-after").and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
        self
    }
}

/// The message varies for the same cause: only the status and `errorType` count.
fn kind_of(status: StatusCode, errors: &[GraphqlError]) -> ErrorKind {
    let error_type = errors.first().and_then(|error| error.error_type.as_deref()).unwrap_or_default();
    match (status, error_type) {
        (StatusCode::UNAUTHORIZED, "UnauthorizedException") => ErrorKind::TokenRefused,
        (_, "Unauthorized") | (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => ErrorKind::Denied,
        (_, "DynamoDB:ConditionalCheckFailedException") => ErrorKind::ConditionFailed,
        (StatusCode::TOO_MANY_REQUESTS, _) => ErrorKind::Throttled,
        (status, _) if status.is_server_error() => ErrorKind::Unavailable,
        (status, _) if status.is_client_error() => ErrorKind::Invalid,
        (_, "ValidationException" | "MalformedHttpRequestException") => ErrorKind::Invalid,
        (_, "ExecutionTimeout") => ErrorKind::TimedOut,
        // AppSync does not execute a document that does not fit the schema: no field is to blame, and no resolver.
        (_, "") => ErrorKind::Invalid,
        _ => ErrorKind::Resolver,
    }
}

impl fmt::Display for AppSyncError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind() {
            ErrorKind::SignIn => "no token to call AppSync with",
            ErrorKind::TokenRefused => "AppSync refused the token",
            ErrorKind::Denied => "AppSync denied the operation",
            ErrorKind::ConditionFailed => "a condition of the write did not hold",
            ErrorKind::Throttled => "AppSync throttles",
            ErrorKind::Invalid => "AppSync could not accept the operation",
            ErrorKind::Resolver => "a resolver failed",
            ErrorKind::TimedOut => "the deadline passed",
            ErrorKind::Unavailable => "AppSync is not available",
            ErrorKind::Malformed => "AppSync's answer is malformed",
        })?;
        if let Some(context) = &self.0.context {
            write!(f, ": {context}")?;
        }
        if let Some(status) = self.0.status.filter(|status| *status != StatusCode::OK) {
            write!(f, " (HTTP {})", status.as_u16())?;
        }
        match self.errors() {
            [] => Ok(()),
            [error] => write!(f, ": {error}"),
            [first, rest @ ..] => write!(f, ": {first} (and {} more)", rest.len()),
        }
    }
}

impl std::error::Error for AppSyncError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
