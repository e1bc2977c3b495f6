use std::{fmt, time::Duration};

use auth_cache::{Identity, Token};
use http::{HeaderMap, HeaderName, HeaderValue, header};

#[cfg(feature = "iam")]
use crate::Iam;
use crate::{AppSyncClient, AppSyncError};

/// As whom operations are executed: one of AppSync's authorization modes. Cheap to clone; shows nothing secret.
///
/// A client has one, and a single operation can have another:
/// [`Execution::authorized_by`](crate::Execution::authorized_by).
///
/// <https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html>
#[derive(Clone)]
pub struct Auth(Mode);

#[derive(Clone)]
enum Mode {
    Identity(Identity),
    Token(HeaderValue),
    ApiKey(HeaderValue),
    #[cfg(feature = "iam")]
    Iam(std::sync::Arc<Iam>),
}

impl Auth {
    /// As a service that signs in by itself. A token that AppSync refuses is dropped, and the operation, be it a query or
    /// a mutation, replayed once with another: the refusal happens at the edge, nothing was executed.
    ///
    /// An [`Identity`] converts into this.
    pub fn identity(identity: Identity) -> Self {
        Self(Mode::Identity(identity))
    }

    /// As the owner of a token that came from elsewhere: a caller's JWT of a Cognito user pool or an OIDC provider, or
    /// what a Lambda authorizer knows. It is sent as it is, without a `Bearer` in front, which is taken off.
    ///
    /// If AppSync refuses it, that is the caller's matter: an error of kind
    /// [`TokenRefused`](crate::ErrorKind::TokenRefused), after one attempt.
    ///
    /// # Errors
    /// When the token is empty or has characters that no header may have.
    pub fn token(token: &str) -> Result<Self, AuthError> {
        let token = token.trim();
        let token = match token.split_once(char::is_whitespace) {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("Bearer") => token.trim_start(),
            _ => token,
        };
        Ok(Self(Mode::Token(sensitive(token)?)))
    }

    /// With an API key.
    ///
    /// # Errors
    /// When the key is empty or has characters that no header may have.
    pub fn api_key(key: &str) -> Result<Self, AuthError> {
        Ok(Self(Mode::ApiKey(sensitive(key.trim())?)))
    }

    /// As an IAM principal, such as the function's own role. [`Iam`] converts into this.
    #[cfg(feature = "iam")]
    pub fn iam(iam: Iam) -> Self {
        Self(Mode::Iam(std::sync::Arc::new(iam)))
    }

    /// What a request needs, within `limit`.
    pub(crate) async fn grant(&self, limit: Duration) -> Result<Grant<'_>, AppSyncError> {
        Ok(match &self.0 {
            Mode::Identity(identity) => {
                Grant::Identity { identity, token: identity.token(limit).await.map_err(AppSyncError::sign_in)? }
            }
            Mode::Token(token) => Grant::Header(header::AUTHORIZATION, token),
            Mode::ApiKey(key) => Grant::Header(HeaderName::from_static("x-api-key"), key),
            #[cfg(feature = "iam")]
            Mode::Iam(iam) => Grant::Iam(iam.signer(limit).await?),
        })
    }
}

impl From<Identity> for Auth {
    fn from(identity: Identity) -> Self {
        Self::identity(identity)
    }
}

#[cfg(feature = "iam")]
impl From<Iam> for Auth {
    fn from(iam: Iam) -> Self {
        Self::iam(iam)
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = match &self.0 {
            Mode::Identity(_) => "identity",
            Mode::Token(_) => "token",
            Mode::ApiKey(_) => "API key",
            #[cfg(feature = "iam")]
            Mode::Iam(_) => "IAM",
        };
        write!(f, "Auth({mode})")
    }
}

/// What authorizes one attempt.
pub(crate) enum Grant<'a> {
    Identity {
        identity: &'a Identity,
        token: Token,
    },
    Header(HeaderName, &'a HeaderValue),
    #[cfg(feature = "iam")]
    Iam(crate::iam::Signer<'a>),
}

impl Grant<'_> {
    /// Adds its headers to those of a request with this body.
    pub(crate) fn authorize(
        &self,
        headers: &mut HeaderMap,
        client: &AppSyncClient,
        body: &[u8],
    ) -> Result<(), AppSyncError> {
        #[cfg(not(feature = "iam"))]
        let _ = (client, body);
        match self {
            Self::Identity { token, .. } => drop(headers.insert(header::AUTHORIZATION, token.header().clone())),
            Self::Header(name, value) => drop(headers.insert(name, HeaderValue::clone(value))),
            #[cfg(feature = "iam")]
            Self::Iam(signer) => headers.extend(signer.sign(&client.endpoint, body, client.clock.now())?),
        }
        Ok(())
    }
}

/// A token or a key that cannot be sent, or a region that is not known. The message never shows a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("requests cannot be authorized: {0}")]
pub struct AuthError(pub(crate) &'static str);

fn sensitive(text: &str) -> Result<HeaderValue, AuthError> {
    if text.is_empty() {
        return Err(AuthError("the token or key is empty"));
    }
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| AuthError("the token or key contains characters that are invalid in an HTTP header"))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(auth: &Auth) -> &HeaderValue {
        match &auth.0 {
            Mode::Token(value) | Mode::ApiKey(value) => value,
            _ => panic!("not a header"),
        }
    }

    #[test]
    fn a_token_is_sent_raw_and_marked_sensitive() {
        for text in ["abc.def.ghi", " abc.def.ghi\n", "Bearer abc.def.ghi", "bearer  abc.def.ghi"] {
            let auth = Auth::token(text).unwrap();
            assert_eq!(value(&auth), "abc.def.ghi", "{text:?}");
            assert!(value(&auth).is_sensitive());
        }
        assert_eq!(value(&Auth::token("Bearerabc").unwrap()), "Bearerabc");
        assert!(value(&Auth::api_key("da2-canary").unwrap()).is_sensitive());
    }

    #[test]
    fn what_cannot_be_sent_is_refused_without_being_shown() {
        for text in ["", "  ", "canary\ncanary", "canary\u{7f}"] {
            let error = Auth::token(text).and_then(|_| Auth::api_key(text)).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        }
    }

    #[test]
    fn debug_shows_the_mode_and_nothing_else() {
        assert_eq!(format!("{:?}", Auth::token("canary").unwrap()), "Auth(token)");
        assert_eq!(format!("{:?}", Auth::api_key("canary").unwrap()), "Auth(API key)");
    }
}
