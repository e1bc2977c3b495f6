//! The edge: is the `Authorization` header a token of this API's user pool?

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use serde_json::Value;

use crate::jwt::{Claims, Keys, Refusal};

/// Who calls, as the token says.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) sub: String,
    pub(super) groups: Vec<String>,
}

/// Why the edge refuses. AppSync words one cause in several ways; these are its most usual words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    NoHeader,
    NotAToken,
    NotOurs,
    Expired,
}

impl Refused {
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::NoHeader => "Valid authorization header not provided.",
            Self::NotAToken => "Unable to parse JWT token.",
            Self::NotOurs => "You are not authorized to make this call.",
            Self::Expired => "Token has expired.",
        }
    }
}

/// The header is the raw token: with `Bearer ` in front it cannot be parsed.
pub(super) fn authorize(
    headers: &HeaderMap,
    keys: &Keys,
    now: i64,
    is_trusted: impl FnOnce(&Claims) -> bool,
) -> Result<Caller, Refused> {
    let header = headers.get(AUTHORIZATION).ok_or(Refused::NoHeader)?;
    let token = header.to_str().map_err(|_| Refused::NotAToken)?;
    if token.is_empty() {
        return Err(Refused::NoHeader);
    }
    let claims = keys.verify(token).map_err(|refusal| match refusal {
        Refusal::Malformed => Refused::NotAToken,
        Refusal::BadSignature => Refused::NotOurs,
    })?;
    let expires = claims.get("exp").and_then(Value::as_i64).ok_or(Refused::NotAToken)?;
    if expires <= now {
        return Err(Refused::Expired);
    }
    if !is_trusted(&claims) {
        return Err(Refused::NotOurs);
    }
    let sub = claims.get("sub").and_then(Value::as_str).ok_or(Refused::NotAToken)?.to_owned();
    let groups = claims.get("cognito:groups").and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(Caller { sub, groups: groups.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect() })
}
