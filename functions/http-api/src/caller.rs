use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderValue, Method, StatusCode, header, request::Parts};
use serde_json::Value;

use crate::{event::Gateway, problem::Problem};

/// How the function knows who calls. A caller whom it does not know gets 401.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Callers {
    /// By the claims of the gateway's JWT or Cognito authorizer, which has verified the token.
    #[default]
    Authorizer,
    /// By the token in `Authorization`, as it is and without verifying it: for a developer's machine, where no gateway is.
    UnverifiedToken,
}

/// Whoever makes a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The claim `sub`.
    pub(crate) subject: String,
    groups: Vec<String>,
    scopes: Vec<String>,
}

/// What it takes to see and change everybody's orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Permission {
    Read,
    Write,
}

impl Permission {
    pub(crate) fn for_method(method: &Method) -> Self {
        if method.is_safe() { Self::Read } else { Self::Write }
    }

    /// The scope of an access token that grants it.
    fn scope(self) -> &'static str {
        match self {
            Self::Read => "orders/read",
            Self::Write => "orders/write",
        }
    }
}

/// The group whose members have every permission.
const STAFF: &str = "order-staff";

impl Caller {
    pub(crate) fn of(parts: &Parts, callers: Callers) -> Result<Self, Problem> {
        let caller = match callers {
            Callers::Authorizer => {
                parts.extensions.get::<Gateway>().and_then(|gateway| Self::of_claims(&gateway.claims))
            }
            Callers::UnverifiedToken => parts.headers.get(header::AUTHORIZATION).and_then(Self::of_token),
        };
        caller.filter(|caller| !caller.subject.is_empty()).ok_or_else(Problem::not_authenticated)
    }

    pub(crate) fn must_have(&self, permission: Permission) -> Result<(), Problem> {
        let scope = permission.scope();
        if self.groups.iter().any(|group| group == STAFF) || self.scopes.iter().any(|granted| granted == scope) {
            return Ok(());
        }
        let challenge = match permission {
            Permission::Read => r#"Bearer error="insufficient_scope", scope="orders/read""#,
            Permission::Write => r#"Bearer error="insufficient_scope", scope="orders/write""#,
        };
        let detail = format!("This needs the scope {scope} or the group {STAFF}. Your own orders are at /me/orders.");
        Err(Problem::new(StatusCode::FORBIDDEN, detail)
            .with(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge)))
    }

    fn of_token(authorization: &HeaderValue) -> Option<Self> {
        let token = authorization.to_str().ok()?.split_ascii_whitespace().next_back()?;
        let [_, claims, _] = token.split('.').collect::<Vec<_>>()[..] else { return None };
        Self::of_claims(&serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?)
    }

    /// The authorizer's own list of scopes is of the route's, not the token's, and is not looked at.
    fn of_claims(claims: &Value) -> Option<Self> {
        let subject = claims["sub"].as_str()?.to_owned();
        Some(Self { subject, groups: events::groups(claims), scopes: events::scopes(claims) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn caller(groups: &[&str], scopes: &[&str]) -> Caller {
        let owned = |names: &[&str]| names.iter().copied().map(str::to_owned).collect();
        Caller { subject: "ada".to_owned(), groups: owned(groups), scopes: owned(scopes) }
    }

    #[test]
    fn a_permission_comes_with_its_scope_or_with_the_group_and_with_nothing_else() {
        for (caller, read, write) in [
            (caller(&[], &[]), false, false),
            (caller(&["order-staff"], &[]), true, true),
            (caller(&["x", "order-staff"], &[]), true, true),
            (caller(&[], &["orders/read"]), true, false),
            (caller(&[], &["orders/write"]), false, true),
            (caller(&["order-services"], &["order-staff", "orders"]), false, false),
            (caller(&["orders/read"], &["aws.cognito.signin.user.admin"]), false, false),
        ] {
            let may = |permission| caller.must_have(permission).is_ok();
            assert_eq!((may(Permission::Read), may(Permission::Write)), (read, write), "{caller:?}");
        }
    }

    #[test]
    fn reading_and_writing_are_told_apart_by_the_method() {
        assert_eq!(Permission::for_method(&Method::GET), Permission::Read);
        assert_eq!(Permission::for_method(&Method::HEAD), Permission::Read);
        for method in [Method::POST, Method::PATCH, Method::PUT, Method::DELETE] {
            assert_eq!(Permission::for_method(&method), Permission::Write);
        }
    }

    #[test]
    fn a_caller_without_a_subject_is_nobody() {
        for subject in [json!(7), json!(null), json!(["ada"]), json!(true)] {
            assert_eq!(Caller::of_claims(&json!({"sub": subject, "scope": "orders/read"})), None, "{subject}");
        }
    }

    #[test]
    fn a_token_tells_who_its_owner_is() {
        let token = |claims: &str| {
            let token = format!("Bearer e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
            Caller::of_token(&HeaderValue::from_str(&token).unwrap())
        };
        let claims = r#"{"sub":"ada","cognito:groups":["order-staff"],"scope":"openid orders/read"}"#;
        assert_eq!(token(claims), Some(caller(&["order-staff"], &["openid", "orders/read"])));
        assert_eq!(token(r#"{"sub":"ada"}"#), Some(caller(&[], &[])));
        assert_eq!(token(r#"{"cognito:groups":["order-staff"]}"#), None);
        assert_eq!(token("nonsense"), None);
        assert_eq!(Caller::of_token(&HeaderValue::from_static("Bearer nonsense")), None);
    }
}
