//! Requests to an HTTP API of API Gateway or to a function URL, payload format 2.0:
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use std::time::Duration;

use appsync::{AppSyncError, ErrorKind, OperationKind};
use auth_cache::ErrorChain;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::{
    callers,
    dispatch::{DispatchError, DynamicAnswer, DynamicRequest},
    envelope,
    idempotency::{IdempotencyKey, is_result_of},
    invocation::{Invocation, told},
};

/// The response to a request; failures too are responses.
pub(crate) async fn answer(invocation: Invocation<'_>, request: Value) -> Value {
    let Some(caller) = caller(&request["requestContext"]["authorizer"]) else {
        let message = "the request has no verified claims; give the route an authorizer";
        return response(StatusCode::UNAUTHORIZED, None, failure("Unauthorized", message));
    };
    if !callers::may(&request["requestContext"]["authorizer"], invocation.callers) {
        let message = "the caller is not allowed: OPERATION_CALLERS names none of its groups and scopes";
        return response(StatusCode::FORBIDDEN, None, failure("Forbidden", message));
    }
    let (operation, key) = match operation(&request) {
        Ok(found) => found,
        Err(error) => return failed(&error, false),
    };
    let variables = key.as_ref().and_then(|_| variables_without_key(invocation, &operation));
    let key = key.map(|key| key.for_api(operation.operation(), &caller)).or_else(|| invocation.last_key(""));
    match invocation.execute(operation, key).await {
        Ok(answer) if variables.is_some_and(|variables| !is_result(&answer, &variables)) => {
            let body = failure("IdempotencyKeyReused", IdempotencyKey::REUSED);
            response(StatusCode::UNPROCESSABLE_ENTITY, None, body)
        }
        Ok(answer) => response(StatusCode::OK, None, answer.to_string()),
        Err(error) => {
            let may_have_executed = error.appsync().is_some_and(AppSyncError::may_have_executed);
            failed(&error, may_have_executed && invocation.operations.kind == OperationKind::Mutation)
        }
    }
}

/// Who calls, by whatever kind of authorizer, from what is the same in all requests of the caller. `None` if the gateway
/// does not know.
fn caller(authorizer: &Value) -> Option<String> {
    let told = |place| authorizer.pointer(place).filter(|it| it.as_object().is_some_and(|it| !it.is_empty()));
    if let Some(claims) = told("/jwt/claims") {
        let subject = claims["sub"].as_str().filter(|subject| !subject.is_empty());
        return Some(subject.map_or_else(|| claims.to_string(), str::to_owned));
    }
    // The users of an identity pool have one role in common.
    let iam = told("/iam").map(|iam| json!([iam["userArn"], iam["cognitoIdentity"]["identityId"]]).to_string());
    iam.or_else(|| told("/lambda").map(Value::to_string))
}

/// What a request asks for, and what the caller calls it.
pub(crate) fn operation(request: &Value) -> Result<(DynamicRequest, Option<IdempotencyKey>), DispatchError> {
    let invalid = DispatchError::invalid_event;
    let mut body = request["body"].as_str().unwrap_or_default().to_owned();
    if request["isBase64Encoded"] == true {
        let bytes = STANDARD.decode(body).map_err(|_| invalid("the body is not base64, as it should be"))?;
        body = String::from_utf8(bytes).map_err(|_| invalid("the body is not UTF-8"))?;
    }
    let (operation, inner) = envelope::operation(Value::String(body))?;
    let mut headers = request["headers"].as_object().into_iter().flatten();
    let header = headers.find(|(name, _)| name.eq_ignore_ascii_case(IdempotencyKey::HEADER));
    let key = inner.or_else(|| header.map(|(_, value)| value.as_str().unwrap_or_default().to_owned()));
    let key = key.map(|key| IdempotencyKey::parse(&key).ok_or_else(|| invalid(IdempotencyKey::INVALID)));
    Ok((operation, key.transpose()?))
}

/// What a request makes, as its variables say it, if a key is to tell its repetitions and the variables have none.
fn variables_without_key(invocation: Invocation<'_>, request: &DynamicRequest) -> Option<Value> {
    let (name, parents) = invocation.known(request)?.client_token?.split_last()?;
    let mut variables = request.variables().clone();
    let input = parents.iter().try_fold(&mut variables, |value, name| value.get_mut(name))?.as_object_mut()?;
    input.remove(*name).is_none_or(|key| key.is_null()).then_some(variables)
}

/// Whether an answer can be what a request with these variables made. What has been changed since does not tell, nor what
/// is null because it failed.
fn is_result(answer: &DynamicAnswer, variables: &Value) -> bool {
    let Ok(Value::Object(fields)) = serde_json::from_str(answer.data.get()) else { return true };
    if !answer.errors.is_empty() {
        return true;
    }
    let inputs = || std::iter::once(variables).chain(variables.as_object().into_iter().flat_map(Map::values));
    fields.values().filter(|made| !has_changed(made)).all(|made| {
        inputs().all(|input| {
            let members = input.as_object().into_iter().flatten();
            // In the place of null, an API may have put its default.
            is_result_of(made, input, members.filter(|(_, value)| !value.is_null()).map(|(name, _)| name.as_str()))
        })
    })
}

/// By the names that AppSync's own generators use.
fn has_changed(made: &Value) -> bool {
    made["createdAt"] != made["updatedAt"] || made["version"].as_f64().is_some_and(|version| version > 1.0)
}

/// The response to a failure. One that is not the client's own is logged here, once.
fn failed(error: &DispatchError, may_have_changed: bool) -> Value {
    let (status, retry_after) = status(error, may_have_changed);
    if status.is_server_error() {
        tracing::error!(error_type = error.error_type(), error = told(ErrorChain(error)), "request failed");
    }
    let uncertain = if may_have_changed { "; the mutation may have been executed" } else { "" };
    response(status, retry_after, failure(error.error_type(), &(told(error) + uncertain)))
}

fn status(error: &DispatchError, may_have_changed: bool) -> (StatusCode, Option<u64>) {
    let DispatchError::AppSync(error) = error else { return (StatusCode::BAD_REQUEST, None) };
    let later = || (StatusCode::SERVICE_UNAVAILABLE, Some(retry_after(error)));
    match error.kind() {
        // Nobody is told when to send it again: that might do it twice.
        ErrorKind::Unavailable if may_have_changed => (StatusCode::BAD_GATEWAY, None),
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

/// What `Retry-After` says to an HTTP client whose request failed with `error`: whole seconds, rounded up, and at least one.
pub fn retry_after(error: &AppSyncError) -> u64 {
    whole_seconds(error.retry_after().unwrap_or_default())
}

fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_to_come_back_too_soon() {
        for (millis, seconds) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (59_999, 60)] {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds, "{millis}");
        }
        assert_eq!(whole_seconds(Duration::MAX), u64::MAX);
    }
}
