use std::{fmt, time::Duration};

use auth_cache::{BoxError, TokenError};
use http::StatusCode;
use serde_json::Value;

use crate::{ErrorKind, GraphqlError, Partial, answer::AnswerInfo, kind};

/// Why an operation gave no answer. [`AppSyncError::kind`] says what it means to the caller; AppSync's own words are
/// kept beside it.
#[derive(Debug)]
pub struct AppSyncError(Box<Inner>);

#[derive(Debug, Default)]
struct Inner {
    kind: ErrorKind,
    context: Option<String>,
    errors: Vec<GraphqlError>,
    answer: AnswerInfo,
    may_have_executed: bool,
    source: Option<BoxError>,
}

impl AppSyncError {
    /// A node that the caller needs is null. AppSync's answer cannot say so itself: null is a good answer to a query.
    ///
    /// ```
    /// # use appsync::{AppSyncError, ErrorKind};
    /// # struct Data { get_order: Option<String> }
    /// # let data = Data { get_order: None };
    /// let order = data.get_order.ok_or_else(|| AppSyncError::not_found("an order with this id"));
    /// assert_eq!(order.unwrap_err().kind(), ErrorKind::NotFound);
    /// ```
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, false).because(what)
    }

    /// What the error means to the caller.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The errors in AppSync's answer, if there was one; 100 at the most. When AppSync refused the request as a whole, the type
    /// may come from the header `x-amzn-errortype`.
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
        self.0.answer.status
    }

    /// AppSync's id of the request, for a support case.
    pub fn request_id(&self) -> Option<&str> {
        self.0.answer.request_id.as_deref()
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
        self.0.answer.retry_after.or_else(|| self.token_error()?.retry_after())
    }

    /// Whether AppSync may have executed the operation, at least in part. It is `false` only if that is certain: nothing
    /// was sent, or AppSync refused the request as a whole before it looked at the fields.
    pub fn may_have_executed(&self) -> bool {
        self.0.may_have_executed
    }

    fn token_error(&self) -> Option<&TokenError> {
        self.0.source.as_ref()?.downcast_ref()
    }
}

/// How errors come about.
impl AppSyncError {
    pub(crate) fn new(kind: ErrorKind, may_have_executed: bool) -> Self {
        Self(Box::new(Inner { kind, may_have_executed, ..Inner::default() }))
    }

    /// There is no token, or no credentials to sign with. Nothing was sent.
    pub(crate) fn sign_in(error: impl Into<BoxError>) -> Self {
        let source = error.into();
        let kind = match source.downcast_ref() {
            Some(TokenError::TimedOut { .. }) => ErrorKind::TimedOut,
            _ => ErrorKind::SignIn,
        };
        Self::new(kind, false).caused_by(source)
    }

    /// There is no answer, or not all of it.
    pub(crate) fn transport(error: reqwest::Error, was_sent: bool) -> Self {
        let kind = match () {
            // It took too long to connect, not to answer.
            () if error.is_connect() => ErrorKind::Unavailable,
            () if error.is_timeout() => ErrorKind::TimedOut,
            () => ErrorKind::Unavailable,
        };
        Self::new(kind, was_sent).caused_by(error.into())
    }

    /// There is an answer, and it is a failure: by its status, or by the errors in it.
    pub(crate) fn answered(info: AnswerInfo, errors: Vec<GraphqlError>, has_data: bool) -> Self {
        let kind = kind::of_answer(info.status, &errors, has_data);
        let may_have_executed = has_data || kind::may_have_executed(info.status, kind, &errors);
        Self(Box::new(Inner { kind, errors, answer: info, may_have_executed, ..Inner::default() }))
    }

    /// There is an answer, and it makes no sense.
    pub(crate) fn malformed(context: impl Into<String>, info: AnswerInfo) -> Self {
        Self::new(ErrorKind::Malformed, true).because(context).with_answer(info)
    }

    /// The data cannot be written as JSON again: for those who pass it on.
    pub fn unwritable(error: serde_json::Error) -> Self {
        Self::new(ErrorKind::Malformed, true).because("the data cannot be written as JSON").caused_by(error.into())
    }

    /// The answer itself, if it was a GraphQL answer with errors and without data.
    pub(crate) fn into_partial<T>(self) -> Result<Partial<T>, Self> {
        if !self.0.answer.is_ok() || self.errors().is_empty() {
            return Err(self);
        }
        let Inner { errors, answer, may_have_executed, .. } = *self.0;
        Ok(Partial { data: None, errors, info: answer, has_data: may_have_executed })
    }

    pub(crate) fn because(mut self, context: impl Into<String>) -> Self {
        self.0.context = Some(context.into());
        self
    }

    pub(crate) fn with_answer(mut self, info: AnswerInfo) -> Self {
        self.0.answer = info;
        self
    }

    /// Adds that an earlier attempt may have been executed.
    pub(crate) fn after(mut self, may_have_executed: bool) -> Self {
        self.0.may_have_executed |= may_have_executed;
        self
    }

    /// Of a request that executes nothing.
    pub(crate) fn without_execution(mut self) -> Self {
        self.0.may_have_executed = false;
        self
    }

    fn caused_by(mut self, source: BoxError) -> Self {
        self.0.source = Some(source);
        self
    }
}

impl fmt::Display for AppSyncError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind() {
            ErrorKind::SignIn => "no token to call AppSync with",
            ErrorKind::TokenRefused => "AppSync rejected the token; check the API's authorization modes and user pool",
            ErrorKind::Denied => "AppSync denied the operation; check the caller's groups and permissions",
            ErrorKind::NotFound => "not found",
            ErrorKind::ConditionFailed => {
                "conditional check failed: the item changed or is missing; read it again first"
            }
            ErrorKind::Throttled => "AppSync throttles",
            ErrorKind::Invalid => "AppSync rejected the operation; compare it with the deployed schema",
            ErrorKind::TooLarge if self.status() == Some(StatusCode::OK) => {
                "the operation was executed, but the response is too large"
            }
            ErrorKind::TooLarge => "too large",
            ErrorKind::Resolver => "a resolver failed",
            ErrorKind::TimedOut => "the deadline passed",
            ErrorKind::Unavailable => "AppSync is not available",
            ErrorKind::Malformed => "AppSync's response is malformed",
        })?;
        if let Some(context) = &self.0.context {
            write!(f, ": {context}")?;
        }
        if let Some(status) = self.status().filter(|status| *status != StatusCode::OK) {
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
