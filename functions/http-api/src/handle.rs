use std::convert::Infallible;

use axum::{
    Router,
    body::to_bytes,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use lambda_runtime::{LambdaEvent, tower::ServiceExt as _};
use metrics::{Unit, counter, describe_counter};
use serde_json::{Map, Value, json};

use crate::{event, problem::Problem};

/// Answers one event of API Gateway. The answer is complete when it is handed over: API Gateway does not stream.
///
/// # Errors
/// Never: every failure is an answer, and so is the refusal of an event that is none of API Gateway's.
pub async fn handle(router: Router, event: LambdaEvent<Value>) -> Result<Value, Infallible> {
    let LambdaEvent { payload, context } = event;
    let request_id = HeaderValue::try_from(&context.request_id).ok();
    let has_cookies = payload["version"] == "2.0";
    let response = match event::request(payload) {
        Ok(mut request) => {
            request.extensions_mut().insert(context);
            router.oneshot(request).await?
        }
        Err(problem) => problem.into_response(),
    };
    let mut answer = finished(response, request_id.clone(), has_cookies).await;
    if startup::is_too_large(&answer) {
        answer = finished(Problem::answer_too_large().into_response(), request_id, has_cookies).await;
    }
    // The gateway counts them too, but a deployment cannot wait for an alarm of the gateway, which needs the deployment.
    if answer["statusCode"].as_u64() >= Some(500) {
        describe_counter!("ServerErrors", Unit::Count, "");
        counter!("ServerErrors").increment(1);
    }
    Ok(answer)
}

/// The response as the gateway takes it.
async fn finished(response: Response, request_id: Option<HeaderValue>, has_cookies: bool) -> Value {
    let (mut head, body) = response.into_parts();
    finish(&mut head.headers, request_id);
    // The bodies are this crate's own, held in memory: reading them cannot fail.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let (body, is_base64_encoded) = match String::from_utf8(body.into()) {
        Ok(text) => (text, false),
        Err(binary) => (STANDARD.encode(binary.as_bytes()), true),
    };
    let mut answer = json!({
        "statusCode": head.status.as_u16(),
        "headers": joined(&head.headers),
        "body": body,
        "isBase64Encoded": is_base64_encoded,
    });
    // `cargo lambda watch` insists on the member, which other payload formats do not know.
    if has_cookies {
        answer["cookies"] = json!([]);
    }
    answer
}

/// What all answers have in common. What an answer does not say of caches is that it is for nobody else.
fn finish(headers: &mut HeaderMap, request_id: Option<HeaderValue>) {
    // The id of the invocation, which is the one in the log.
    if let Some(id) = request_id {
        headers.insert(REQUEST_ID, id);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Every payload format takes one value for each name.
fn joined(headers: &HeaderMap) -> Map<String, Value> {
    let joined = headers.keys().map(|name| {
        let values: Vec<_> =
            headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        (name.to_string(), values.join(", ").into())
    });
    joined.collect()
}
