use auth_cache::Clock;
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::BytesRejection},
};
use http::{StatusCode, header, request::Parts};
use lambda_http::RequestExt as _;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// The time by which the request must be answered.
pub(crate) struct Deadline(pub(crate) appsync::Deadline);

impl<S: Sync> FromRequestParts<S> for Deadline {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let now = Clock::wall().now();
        Ok(Self(match parts.extensions.lambda_context_ref() {
            Some(context) => appsync::Deadline::of_invocation(context.deadline(), now),
            None => appsync::Deadline::longest(now),
        }))
    }
}

/// The id in the path.
pub(crate) struct Id(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(id)) => Ok(Self(id)),
            Err(rejection) => Err(Problem::new(StatusCode::BAD_REQUEST, rejection.body_text())),
        }
    }
}

/// The parameters of the query string.
pub(crate) struct Parameters<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(parameters)) => Ok(Self(parameters)),
            Err(rejection) => Err(Problem::new(StatusCode::BAD_REQUEST, rejection.body_text())),
        }
    }
}

/// A JSON body.
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers().get(header::CONTENT_TYPE)) {
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Send the body as application/json."));
        }
        let body = Bytes::from_request(request, state).await.map_err(too_large)?;
        let mut json = serde_json::Deserializer::from_slice(&body);
        let value = serde_path_to_error::deserialize(&mut json).map_err(|error| match error.inner().classify() {
            serde_json::error::Category::Data => {
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, reason(error.inner())).at(pointer(error.path()))
            }
            _ => Problem::new(StatusCode::BAD_REQUEST, format!("The body is not JSON: {}.", error.inner())),
        })?;
        json.end().map_err(|error| Problem::new(StatusCode::BAD_REQUEST, format!("The body is not JSON: {error}.")))?;
        Ok(Self(value))
    }
}

fn is_json(content_type: Option<&http::HeaderValue>) -> bool {
    let Some(Ok(content_type)) = content_type.map(http::HeaderValue::to_str) else { return false };
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn too_large(rejection: BytesRejection) -> Problem {
    Problem::new(rejection.status(), "The body is too large or incomplete.")
}

/// What is wrong with a value, without the place: a pointer says it better than line and column.
fn reason(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rsplit_once(" at line ") {
        Some((reason, _place)) => format!("{reason}."),
        None => message,
    }
}

/// `lines[0].sku` as the JSON pointer `/lines/0/sku`.
fn pointer(path: &serde_path_to_error::Path) -> String {
    path.iter()
        .map(|segment| match segment {
            serde_path_to_error::Segment::Seq { index } => format!("/{index}"),
            other => format!("/{}", other.to_string().replace('~', "~0").replace('/', "~1")),
        })
        .collect()
}
