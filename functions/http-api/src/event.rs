use std::{fmt::Write as _, slice};

use axum::{body::Body, extract::Request};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use serde_json::Value;

use crate::problem::Problem;

/// What the gateway says of a request, beside the request itself.
#[derive(Clone, Debug)]
pub(crate) struct Gateway {
    /// The claims of the token that its authorizer has verified; without one, none.
    pub(crate) claims: Value,
    /// Whether the path that the client sent ends with a slash.
    pub(crate) has_trailing_slash: bool,
}

/// The request in an event of API Gateway: of an HTTP API (payload 2.0 or 1.0) or of a REST API.
pub(crate) fn request(mut event: Value) -> Result<Request, Problem> {
    if event["requestContext"]["elb"].is_object() {
        return Err(not_served(
            "This function does not serve an Application Load Balancer. Call it through API Gateway.",
        ));
    }
    let method = [&event["requestContext"]["http"]["method"], &event["httpMethod"]].into_iter().find_map(Value::as_str);
    let Some(method) = method.and_then(|method| Method::from_bytes(method.as_bytes()).ok()) else {
        return Err(not_served("This function serves requests of an HTTP API or a REST API of API Gateway alone."));
    };
    let gateway = Gateway { claims: claims(&event), has_trailing_slash: sent_path(&event).ends_with('/') };
    let too_long = |_| Problem::new(StatusCode::URI_TOO_LONG, "The path and the query are too long.");
    let path_and_query = format!("{}?{}", path(&event), query(&event));
    let uri = Uri::builder().path_and_query(path_and_query).build().map_err(too_long)?;

    let mut request = Request::new(body(&mut event)?);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers(&event);
    request.extensions_mut().insert(gateway);
    Ok(request)
}

/// Nobody who calls the API can do anything about it: whoever has set it up can.
fn not_served(detail: &'static str) -> Problem {
    tracing::error!(detail, "an event is not served");
    Problem::new(StatusCode::NOT_IMPLEMENTED, detail)
}

/// A JWT authorizer's claims in payload 2.0, and in 1.0 those of a JWT or a Cognito authorizer. What a Lambda authorizer
/// says are no claims of a token.
fn claims(event: &Value) -> Value {
    let authorizer = &event["requestContext"]["authorizer"];
    let claims = [&authorizer["jwt"]["claims"], &authorizer["claims"]].into_iter().find(|claims| claims.is_object());
    claims.cloned().unwrap_or_default()
}

/// The path for the router: that of the route that the gateway has matched, with the values that it found there. So it
/// has neither the stage in it nor the key of a custom domain, and an identifier is one segment, whatever is in it.
fn path(event: &Value) -> String {
    let route = event["routeKey"].as_str().and_then(|route| route.split_once(' ')).map(|(_method, path)| path);
    let route = route.or(event["resource"].as_str()).filter(|route| !route.ends_with("$default"));
    let route = route.map(|route| route.trim_end_matches('/'));
    let is_encoded = is_encoded(event);
    route
        .and_then(|route| fill(route, &event["pathParameters"], is_encoded))
        .unwrap_or_else(|| format!("/{}", encoded(without_stage(event), is_encoded, "/")))
}

/// `/orders/{id}` with the value of `id`. A parameter `{name+}` takes the rest of the path.
fn fill(route: &str, parameters: &Value, is_encoded: bool) -> Option<String> {
    let segments = route.strip_prefix('/')?.split('/').map(|segment| {
        let Some(name) = segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) else {
            return Some(segment.to_owned());
        };
        match name.strip_suffix('+') {
            Some(name) => Some(encoded(parameters[name].as_str()?, is_encoded, "/")),
            None => Some(encoded(parameters[name].as_str()?, is_encoded, "")),
        }
    });
    Some(format!("/{}", segments.collect::<Option<Vec<_>>>()?.join("/")))
}

/// For the route `$default`, of which the gateway tells no more.
fn without_stage(event: &Value) -> &str {
    let path = sent_path(event);
    let path = path.strip_prefix('/').unwrap_or(path);
    let stage = event["requestContext"]["stage"].as_str().unwrap_or_default();
    path.strip_prefix(stage).and_then(|path| path.strip_prefix('/')).unwrap_or(path)
}

fn sent_path(event: &Value) -> &str {
    [&event["rawPath"], &event["path"]].into_iter().find_map(Value::as_str).unwrap_or_default()
}

/// Whether paths and their parameters are percent-encoded, as the client sent them. An HTTP API has decoded them; a REST
/// API, which says no `version`, a function URL and `cargo lambda watch` have not.
fn is_encoded(event: &Value) -> bool {
    let domain = event["requestContext"]["domainName"].as_str().unwrap_or_default();
    event["version"].is_null() || domain == "localhost" || domain.contains(".lambda-url.")
}

/// Text as a part of a path. What is encoded stays as it is, apart from what may not be in a path.
fn encoded(text: &str, is_encoded: bool, separator: &str) -> String {
    percent_encoded(text, |byte| {
        byte.is_ascii_alphanumeric()
            || b"-._~".contains(&byte)
            || separator.as_bytes().contains(&byte)
            || is_encoded && byte == b'%'
    })
}

/// In payload 2.0 as the client sent it, and in 1.0 decoded.
fn query(event: &Value) -> String {
    if let Some(query) = event["rawQueryString"].as_str() {
        return percent_encoded(query, |byte| byte.is_ascii_graphic() && !b"\"#<>".contains(&byte));
    }
    let all = [&event["multiValueQueryStringParameters"], &event["queryStringParameters"]];
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, values) in all.into_iter().find_map(Value::as_object).into_iter().flatten() {
        query.extend_pairs(texts(values).map(|value| (name, value)));
    }
    query.finish()
}

fn percent_encoded(text: &str, stays: impl Fn(u8) -> bool) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if stays(byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}"); // to a string, it cannot fail
        }
        encoded
    })
}

fn headers(event: &Value) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for all in ["multiValueHeaders", "headers"].map(|name| event[name].as_object()) {
        let known = headers.clone();
        for (name, values) in all.into_iter().flatten() {
            let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { continue };
            if !known.contains_key(&name) {
                let values = texts(values).filter_map(|value| HeaderValue::from_bytes(value.as_bytes()).ok());
                headers.extend(values.map(|value| (name.clone(), value)));
            }
        }
    }
    let cookies = texts(&event["cookies"]).collect::<Vec<_>>().join("; ");
    if let Some(cookies) = HeaderValue::from_bytes(cookies.as_bytes()).ok().filter(|cookies| !cookies.is_empty()) {
        headers.insert(header::COOKIE, cookies);
    }
    headers
}

/// The text that a value is, or those of a list.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().map_or(slice::from_ref(value), Vec::as_slice).iter().filter_map(Value::as_str)
}

fn body(event: &mut Value) -> Result<Body, Problem> {
    let Value::String(body) = event["body"].take() else { return Ok(Body::empty()) };
    if event["isBase64Encoded"] != true {
        return Ok(Body::from(body));
    }
    let not_base64 = |_| Problem::new(StatusCode::BAD_REQUEST, "The body is not base64, as the gateway says it is.");
    STANDARD.decode(body).map(Body::from).map_err(not_base64)
}
