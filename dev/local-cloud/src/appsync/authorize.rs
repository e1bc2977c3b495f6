//! The edge: is the `Authorization` header a token of this API's user pool, or a signature of somebody whom IAM knows?

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use serde_json::Value;

use crate::jwt::{Claims, Refusal};

/// Who calls.
#[derive(Debug, Clone)]
pub(super) enum Caller {
    /// A user or a client of the user pool, as the token says.
    OfPool { sub: String, groups: Vec<String>, scopes: Vec<String> },
    /// Somebody whom IAM knows, as the signature proves.
    Iam,
}

/// The header is the raw token: with `Bearer ` in front it cannot be parsed.
///
/// # Errors
/// The message with which AppSync answers 401.
pub(super) fn authorize(
    headers: &HeaderMap,
    verify: impl FnOnce(&str) -> Result<Claims, Refusal>,
    now: i64,
    is_trusted: impl FnOnce(&Claims) -> bool,
) -> Result<Caller, &'static str> {
    let header = headers.get(AUTHORIZATION).ok_or(NO_HEADER)?;
    let token = header.to_str().map_err(|_| NOT_A_TOKEN)?;
    if token.is_empty() {
        return Err(NO_HEADER);
    }
    let claims = verify(token).map_err(|refusal| match refusal {
        Refusal::Malformed => NOT_A_TOKEN,
        Refusal::BadSignature => NOT_OURS,
    })?;
    let expires = claims.get("exp").and_then(Value::as_i64).ok_or(NOT_A_TOKEN)?;
    if expires <= now {
        return Err(EXPIRED);
    }
    if !is_trusted(&claims) {
        return Err(NOT_OURS);
    }
    let sub = claims.get("sub").and_then(Value::as_str).ok_or(NOT_A_TOKEN)?.to_owned();
    let groups = claims.get("cognito:groups").and_then(Value::as_array).cloned().unwrap_or_default();
    let scopes = claims.get("scope").and_then(Value::as_str).unwrap_or_default();
    Ok(Caller::OfPool {
        sub,
        groups: groups.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect(),
        scopes: scopes.split(' ').map(ToOwned::to_owned).collect(),
    })
}

// AppSync words one cause in several ways; these are its most usual words.
const NO_HEADER: &str = "Valid authorization header not provided.";
const NOT_A_TOKEN: &str = "Unable to parse JWT token.";
const NOT_OURS: &str = "You are not authorized to make this call.";
const EXPIRED: &str = "Token has expired.";
