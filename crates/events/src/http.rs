//! Requests to an HTTP API of API Gateway: <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use appsync::{AppSyncClient, AppSyncError, Deadline, DispatchError, DynamicRequest, ErrorKind};
use auth_cache::ErrorChain;
use aws_lambda_events::apigw::{ApiGatewayRequestAuthorizer, ApiGatewayV2httpRequest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderName, StatusCode};
use serde_json::{Value, json};
use startup::Grant;

use crate::{Operations, callers};

/// The answer for API Gateway; failures too are answers.
pub(crate) async fn answer(
    operations: Operations,
    appsync: &AppSyncClient,
    callers: &[Grant],
    request: ApiGatewayV2httpRequest,
    deadline: Deadline,
) -> Value {
    let Some(authorizer) = request.request_context.authorizer.as_ref().filter(|authorizer| is_authorized(authorizer))
    else {
        let message = "the request did not come through an authorizer of the API";
        return response(StatusCode::UNAUTHORIZED, None, failure("Unauthorized", message));
    };
    if !callers::may(authorizer, callers) {
        let message = "operations are executed as the service, and OPERATION_CALLERS does not name the caller";
        return response(StatusCode::FORBIDDEN, None, failure("Forbidden", message));
    }
    let answer = match operation(&request) {
        Ok(operation) => operations.execute(appsync, operation, deadline).await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(answer) => response(StatusCode::OK, None, answer.to_string()),
        Err(error) => {
            let (status, retry_after) = status(&error);
            if status.is_server_error() {
                tracing::error!(error_type = error.error_type(), error = %ErrorChain(&error), "request failed");
            }
            response(status, retry_after, failure(error.error_type(), &error.to_string()))
        }
    }
}

/// <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Whether the gateway knows who the caller is, by whatever kind of authorizer.
fn is_authorized(authorizer: &ApiGatewayRequestAuthorizer) -> bool {
    let jwt = authorizer.jwt.as_ref().is_some_and(|jwt| !jwt.claims.is_empty());
    jwt || authorizer.iam.is_some() || !authorizer.fields.is_empty()
}

/// What a request asks for.
pub(crate) fn operation(request: &ApiGatewayV2httpRequest) -> Result<DynamicRequest, DispatchError> {
    let invalid = DispatchError::invalid_event;
    let body = request.body.as_deref().unwrap_or_default();
    let body = match request.is_base64_encoded {
        true => STANDARD.decode(body).map_err(|_| invalid("the body is not base64, as it should be"))?,
        false => body.as_bytes().to_vec(),
    };
    let operation = DynamicRequest::parse(serde_json::from_slice(&body).map_err(|_| invalid("the body is not JSON"))?)?;
    Ok(match request.headers.get(IDEMPOTENCY_KEY).and_then(|key| key.to_str().ok()) {
        Some(key) => operation.with_client_token(key),
        None => operation,
    })
}

fn status(error: &DispatchError) -> (StatusCode, Option<u64>) {
    let DispatchError::AppSync(error) = error else { return (StatusCode::BAD_REQUEST, None) };
    let later = || (StatusCode::SERVICE_UNAVAILABLE, Some(retry_after(error)));
    match error.kind() {
        ErrorKind::Throttled | ErrorKind::Unavailable => later(),
        ErrorKind::SignIn if error.is_transient() => later(),
        ErrorKind::SignIn | ErrorKind::TokenRefused | ErrorKind::Malformed => (StatusCode::BAD_GATEWAY, None),
        ErrorKind::Denied => (StatusCode::FORBIDDEN, None),
        ErrorKind::NotFound => (StatusCode::NOT_FOUND, None),
        ErrorKind::ConditionFailed => (StatusCode::CONFLICT, None),
        ErrorKind::TooLarge if !error.may_have_executed() => (StatusCode::PAYLOAD_TOO_LARGE, None),
        ErrorKind::TimedOut => (StatusCode::GATEWAY_TIMEOUT, None),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, None),
    }
}

/// In whole seconds, and at least one.
fn retry_after(error: &AppSyncError) -> u64 {
    error.retry_after().map_or(1, |wait| wait.as_secs().max(1))
}

fn failure(error_type: &str, message: &str) -> String {
    json!({"errorType": error_type, "errorMessage": message}).to_string()
}

fn response(status: StatusCode, retry_after: Option<u64>, body: String) -> Value {
    let mut response = json!({
        "statusCode": status.as_u16(),
        "headers": {"content-type": "application/json", "cache-control": "no-store"},
        "body": body,
        "isBase64Encoded": false,
    });
    if let Some(seconds) = retry_after {
        response["headers"]["retry-after"] = seconds.to_string().into();
    }
    response
}
