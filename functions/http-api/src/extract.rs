use std::{fmt, marker::PhantomData};

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::BytesRejection},
};
use http::{HeaderValue, StatusCode, header, header::GetAll, request::Parts};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor, value::MapAccessDeserializer},
};

use crate::problem::{Problem, Violation};

/// The id in the path.
pub(crate) struct Id(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(id)) if id.len() > LONGEST_ID => Err(Problem::no_such_order()),
            Ok(Path(id)) => Ok(Self(id)),
            Err(rejection) => Err(Problem::new(StatusCode::BAD_REQUEST, rejection.body_text())),
        }
    }
}

/// In bytes: no order has a longer one, because no key of DynamoDB has.
const LONGEST_ID: usize = 2048;

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
        let is_json = is_json(request.headers().get(header::CONTENT_TYPE));
        let body = Bytes::from_request(request, state).await.map_err(too_large)?;
        Ok(Self(parse::<Object<T>>(is_json, &body)?.0))
    }
}

/// A JSON body, or none at all.
pub(crate) struct OptionalJson<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = is_json(request.headers().get(header::CONTENT_TYPE));
        let body = Bytes::from_request(request, state).await.map_err(too_large)?;
        if body.is_empty() {
            return Ok(Self(T::default()));
        }
        Ok(Self(parse::<Option<Object<T>>>(is_json, &body)?.map(|Object(value)| value).unwrap_or_default()))
    }
}

/// A JSON object as a `T`. By itself, serde takes a list of the members' values too.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members(PhantomData)).map(Self)
    }
}

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members))
    }
}

/// Whether one of the ranges in `Accept` takes JSON or problem documents. Without any, everything is taken.
pub(crate) fn accepts_json(accept: GetAll<'_, HeaderValue>) -> bool {
    let mut ranges = accept.iter().flat_map(|value| value.to_str().unwrap_or_default().split(',')).peekable();
    ranges.peek().is_none() || ranges.any(takes_json)
}

fn takes_json(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
    let weight = parts.find_map(|parameter| parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q=")));
    let is_wanted = weight.is_none_or(|weight| weight.trim().parse::<f32>().is_ok_and(|weight| weight > 0.0));
    is_wanted && ["*/*", "application/*", "application/json", "application/problem+json"].contains(&media_type.as_str())
}

fn is_json(content_type: Option<&HeaderValue>) -> bool {
    let Some(Ok(content_type)) = content_type.map(HeaderValue::to_str) else { return false };
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn too_large(rejection: BytesRejection) -> Problem {
    Problem::new(rejection.status(), "The body is too large or incomplete.")
}

fn parse<T: DeserializeOwned>(is_json: bool, body: &[u8]) -> Result<T, Problem> {
    if !is_json {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Send the body as application/json."));
    }
    let not_json =
        |error: &serde_json::Error| Problem::new(StatusCode::BAD_REQUEST, format!("The body is not JSON: {error}."));
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| match error.inner().classify() {
        serde_json::error::Category::Data => {
            Problem::invalid_body(vec![Violation::at(pointer(error.path()), reason(error.inner()))])
        }
        // Where text is expected that is one of a few, serde_json calls null and lists no JSON at all.
        _ if serde_json::from_slice::<IgnoredAny>(body).is_ok() => {
            Problem::invalid_body(vec![Violation::at(pointer(error.path()), "should be of another type")])
        }
        _ => not_json(error.inner()),
    })?;
    json.end().map_err(|error| not_json(&error))?;
    Ok(value)
}

/// What is wrong with a value, without the place: a pointer says it better than line and column.
fn reason(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rsplit_once(" at line ") {
        Some((reason, _place)) => reason.to_owned(),
        None => message,
    }
}

/// `lines[0].sku` as the JSON pointer `/lines/0/sku`.
fn pointer(path: &serde_path_to_error::Path) -> String {
    path.iter()
        .filter(|segment| !matches!(segment, serde_path_to_error::Segment::Unknown))
        .map(|segment| match segment {
            serde_path_to_error::Segment::Seq { index } => format!("/{index}"),
            other => format!("/{}", other.to_string().replace('~', "~0").replace('/', "~1")),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    #[test]
    fn json_is_given_to_those_who_take_it() {
        let accepts = |values: &[&'static str]| {
            let headers: HeaderMap =
                values.iter().map(|value| (header::ACCEPT, HeaderValue::from_static(value))).collect();
            accepts_json(headers.get_all(header::ACCEPT))
        };
        for values in [
            &[][..],
            &["*/*"],
            &["application/json"],
            &["text/html, application/*;q=0.5"],
            &["text/html", "Application/JSON; charset=utf-8"],
            &["application/problem+json"],
        ] {
            assert!(accepts(values), "{values:?}");
        }
        for values in [&["text/html"][..], &["application/json;q=0"], &["application/xml, text/*"], &[""]] {
            assert!(!accepts(values), "{values:?}");
        }
    }
}
