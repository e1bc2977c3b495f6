use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// A problem document, RFC 9457: what a client of the API learns of a failure. It shows nothing of the inside.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: String,
    errors: Vec<Violation>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Violation {
    /// What should be otherwise.
    #[schema(example = "should be at least 1")]
    detail: String,
    /// Where in the body: a JSON pointer (RFC 6901) as the fragment of a URI.
    #[schema(required = false, value_type = String, example = "#/lines/0/quantity")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    /// Which parameter of the query string.
    #[schema(required = false, value_type = String, example = "limit")]
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'static str>,
}

impl Violation {
    /// At a place in the body: `/lines/0/quantity`.
    pub(crate) fn at(pointer: impl AsRef<str>, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), pointer: Some(format!("#{}", pointer.as_ref())), parameter: None }
    }

    /// In a parameter of the query string.
    pub(crate) fn of_parameter(name: &'static str, detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), pointer: None, parameter: Some(name) }
    }
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), errors: Vec::new(), headers: Vec::new() }
    }

    /// Members of the body that are not as they should be.
    pub(crate) fn invalid_body(errors: Vec<Violation>) -> Self {
        let problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "The body is invalid: see `errors`.");
        Self { errors, ..problem }
    }

    /// A parameter of the query string that is not as it should be.
    pub(crate) fn invalid_parameter(name: &'static str, detail: &str) -> Self {
        let problem = Self::new(StatusCode::BAD_REQUEST, format!("`{name}` {detail}."));
        Self { errors: vec![Violation::of_parameter(name, detail)], ..problem }
    }

    pub(crate) fn not_authenticated() -> Self {
        Self::unauthorized("Bearer", "Send the token of a user of this API.")
    }

    pub(crate) fn unauthorized(challenge: &'static str, detail: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail).with(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
    }

    pub(crate) fn no_such_order() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is no order with this id.")
    }

    /// Another version than the one that `If-Match` names is current.
    pub(crate) fn stale() -> Self {
        let detail = "The order has changed since you read it. Read it again first.";
        Self::new(StatusCode::PRECONDITION_FAILED, detail)
    }

    pub(crate) fn answer_too_large() -> Self {
        let detail = "The response exceeds Lambda's payload limit. If the request was a change, it was made.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    }

    pub(crate) fn retry(self, seconds: u64) -> Self {
        self.with(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let document = ProblemDocument {
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            errors: &self.errors,
        };
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = (self.status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        response.headers_mut().extend(self.headers);
        response
    }
}

/// A problem, as RFC 9457 describes it. Without `type`, it is of type `about:blank`: it means what its status means.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem, example = json!({
    "title": "Unprocessable Entity",
    "status": 422,
    "detail": "The body is invalid: see `errors`.",
    "errors": [{"detail": "should be at least 1", "pointer": "#/lines/0/quantity"}],
}))]
pub(crate) struct ProblemDocument<'a> {
    /// The meaning of the status.
    title: &'a str,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What happened, for people.
    detail: &'a str,
    /// What is wrong with the request, if it is known that well.
    #[schema(required = false)]
    #[serde(skip_serializing_if = "<[Violation]>::is_empty")]
    errors: &'a [Violation],
}
