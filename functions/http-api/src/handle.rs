use std::convert::Infallible;

use axum::{Router, body::to_bytes};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use lambda_http::{Body, Request, RequestExt as _, Response, request::RequestContext, tower::ServiceExt as _};

/// Answers one request. The answer is complete when it is handed over: API Gateway does not stream.
///
/// # Errors
/// Never: every failure is an answer.
pub async fn handle(router: Router, request: Request) -> Result<Response<Body>, Infallible> {
    let request_id = request_id(&request);
    let (mut head, body) = router.oneshot(request).await?.into_parts();
    finish(&mut head.headers, request_id);
    // The bodies are this crate's own, held in memory: reading them cannot fail.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let body = match String::from_utf8(body.into()) {
        Ok(text) => Body::Text(text),
        Err(binary) => Body::Binary(binary.into_bytes()),
    };
    Ok(Response::from_parts(head, body))
}

/// The id of the invocation, which is the one in the log; without an invocation, the gateway's.
fn request_id(request: &Request) -> Option<HeaderValue> {
    let of_gateway = || match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    };
    let id = request.lambda_context_ref().map(|context| context.request_id.clone()).or_else(of_gateway)?;
    HeaderValue::try_from(id).ok()
}

/// What all answers have in common. What an answer does not say of caches is that it is for nobody else.
fn finish(headers: &mut HeaderMap, request_id: Option<HeaderValue>) {
    if let Some(id) = request_id {
        headers.insert(REQUEST_ID, id);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
