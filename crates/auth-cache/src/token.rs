use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::HeaderValue;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// A JSON Web Token with the times it states about itself. Cheap to clone.
///
/// The text cannot be printed: `Debug` shows the times only, the header value is marked sensitive, and the memory is
/// overwritten when the last clone is dropped.
#[derive(Clone)]
pub struct Token(Arc<Inner>);

struct Inner {
    header: HeaderValue,
    bearer: OnceLock<HeaderValue>,
    life: Life,
    /// When it expires by the local clock, once that was found out. It cannot be later: then it is no longer new.
    expiry: OnceLock<SystemTime>,
}

/// What a token says about its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// The claims of one that was issued in answer to the very sign-in.
    Issued { iat: SystemTime, exp: SystemTime },
    /// The claim of one that may have been issued at any time.
    Until { exp: SystemTime },
    /// Nothing; but the provider said how long it lives from the sign-in on.
    For(Duration),
}

impl Token {
    /// A token that the identity provider issued in answer to this very sign-in.
    ///
    /// Its `iat` claim then tells how far the local clock is off, which is taken into account when its expiry is judged.
    ///
    /// # Errors
    /// When the text is not a JWT or has no usable `exp` claim. The signature is not checked: the API does that.
    pub fn issued(jwt: String) -> Result<Self, TokenFormatError> {
        Self::parse(jwt, |claims| {
            let exp = claims.exp()?;
            Ok(claims.iat()?.map_or(Life::Until { exp }, |iat| Life::Issued { iat, exp }))
        })
    }

    /// A token that was issued at some earlier time, for example one that came from a store.
    ///
    /// # Errors
    /// As [`Token::issued`].
    pub fn stored(jwt: String) -> Result<Self, TokenFormatError> {
        Self::parse(jwt, |claims| Ok(Life::Until { exp: claims.exp()? }))
    }

    /// A token that says nothing about its life, which the identity provider gave for `lifetime` (OAuth's
    /// `expires_in`). It is counted from before the sign-in.
    ///
    /// # Errors
    /// When the text has characters that no header may have.
    pub fn opaque(text: String, lifetime: Duration) -> Result<Self, TokenFormatError> {
        Self::new(Zeroizing::new(text.into_bytes()), Life::For(lifetime))
    }

    /// The value of the `Authorization` header for AWS AppSync: the raw token, without `Bearer`. It is marked sensitive.
    pub fn header(&self) -> &HeaderValue {
        &self.0.header
    }

    /// The value of the `Authorization` header for most other APIs: `Bearer`, and the token. It is marked sensitive.
    pub fn bearer(&self) -> &HeaderValue {
        self.0.bearer.get_or_init(|| {
            let text = [b"Bearer ", self.header().as_bytes()].concat();
            sensitive(Zeroizing::new(text)).expect("the token is a header's value by itself")
        })
    }

    /// The `exp` claim, by the issuer's clock, if the token has claims.
    pub fn expires_at(&self) -> Option<SystemTime> {
        match self.life() {
            Life::Issued { exp, .. } | Life::Until { exp } => Some(exp),
            Life::For(_) => None,
        }
    }

    /// The `iat` claim, by the issuer's clock, if the token was issued in answer to the sign-in.
    pub fn issued_at(&self) -> Option<SystemTime> {
        match self.life() {
            Life::Issued { iat, .. } => Some(iat),
            Life::Until { .. } | Life::For(_) => None,
        }
    }

    pub(crate) fn life(&self) -> Life {
        self.0.life
    }

    /// When it expires by the local clock: as `judge` says, which is asked once.
    pub(crate) fn expiry(&self, judge: impl FnOnce() -> Option<SystemTime>) -> Option<SystemTime> {
        let expiry = self.0.expiry.get().copied().or_else(judge)?;
        Some(*self.0.expiry.get_or_init(|| expiry))
    }

    fn parse(
        jwt: String,
        life: impl FnOnce(Claims) -> Result<Life, TokenFormatError>,
    ) -> Result<Self, TokenFormatError> {
        let jwt = Zeroizing::new(jwt.into_bytes());
        let life = life(Claims::of(&jwt)?)?;
        Self::new(jwt, life)
    }

    fn new(text: Zeroizing<Vec<u8>>, life: Life) -> Result<Self, TokenFormatError> {
        let header = sensitive(text)?;
        Ok(Self(Arc::new(Inner { header, bearer: OnceLock::new(), life, expiry: OnceLock::new() })))
    }
}

/// The value of a header, which shows nothing and is overwritten in the end.
fn sensitive(text: Zeroizing<Vec<u8>>) -> Result<HeaderValue, TokenFormatError> {
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(text))
        .map_err(|_| TokenFormatError("it contains characters that are invalid in an HTTP header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Two tokens are equal when their texts are.
impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.header == other.0.header
    }
}

impl Eq for Token {}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let epoch = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut token = f.debug_struct("Token");
        match self.life() {
            Life::Issued { iat, exp } => token.field("iat", &epoch(iat)).field("exp", &epoch(exp)),
            Life::Until { exp } => token.field("exp", &epoch(exp)),
            Life::For(lifetime) => token.field("lifetime", &lifetime),
        };
        token.finish_non_exhaustive()
    }
}

/// Which of the two tokens of a sign-in to Cognito is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenUse {
    /// The access token: it says what its bearer may do.
    #[default]
    Access,
    /// The ID token: it says who its bearer is, and carries the user's attributes.
    Id,
}

impl fmt::Display for TokenUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Access => "access",
            Self::Id => "ID",
        })
    }
}

/// A text that is not a usable JWT. The message says why and never shows the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a usable JSON Web Token: {0}")]
pub struct TokenFormatError(&'static str);

/// The claims that matter here; RFC 7519 allows fractions of a second.
#[derive(Deserialize)]
struct Claims {
    exp: Option<f64>,
    iat: Option<f64>,
}

impl Claims {
    fn of(jwt: &[u8]) -> Result<Self, TokenFormatError> {
        let mut parts = jwt.split(|byte| *byte == b'.');
        let (Some(_header), Some(payload), Some(_signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenFormatError("it does not have three parts separated by dots"));
        };
        let payload = URL_SAFE_NO_PAD
            .decode(payload)
            .map(Zeroizing::new)
            .map_err(|_| TokenFormatError("its second part is not base64url"))?;
        serde_json::from_slice(&payload)
            .map_err(|_| TokenFormatError("its claims are not a JSON object with numeric dates"))
    }

    fn exp(&self) -> Result<SystemTime, TokenFormatError> {
        from_epoch(self.exp.ok_or(TokenFormatError("it has no `exp` claim"))?)
    }

    fn iat(&self) -> Result<Option<SystemTime>, TokenFormatError> {
        self.iat.map(from_epoch).transpose()
    }
}

fn from_epoch(seconds: f64) -> Result<SystemTime, TokenFormatError> {
    Duration::try_from_secs_f64(seconds)
        .ok()
        .and_then(|since_epoch| SystemTime::UNIX_EPOCH.checked_add(since_epoch))
        .ok_or(TokenFormatError("a date in it is out of range"))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An unsigned token without `iat`, of a time in whole seconds.
    pub(crate) fn token_that_expires_at(exp: SystemTime) -> Token {
        let exp = exp.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        Token::stored(jwt(&format!(r#"{{"exp":{exp}}}"#))).unwrap()
    }

    pub(crate) fn jwt(claims: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn the_times_are_the_claims() {
        let token = Token::issued(jwt(r#"{"iat":1700000000,"exp":1700003600.5}"#)).unwrap();
        let iat = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let exp = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_003_600_500);
        assert_eq!(token.life(), Life::Issued { iat, exp });
        assert_eq!(token.expires_at(), Some(exp));
    }

    #[test]
    fn the_header_is_the_raw_jwt_or_a_bearers_and_marked_sensitive() {
        let text = jwt(r#"{"exp":1700003600}"#);
        let token = Token::issued(text.clone()).unwrap();
        assert_eq!(token.header(), text.as_str());
        assert_eq!(token.bearer(), format!("Bearer {text}").as_str());
        assert!(token.header().is_sensitive() && token.bearer().is_sensitive());
    }

    #[test]
    fn a_text_that_is_no_usable_jwt_is_refused_without_being_shown() {
        for (text, why) in [
            ("canary".to_owned(), "three parts"),
            ("canary.canary.canary.canary".to_owned(), "three parts"),
            ("e30.can+ry.c2ln".to_owned(), "base64url"),
            (jwt("canary"), "claims"),
            (jwt(r#"{"exp":"canary"}"#), "claims"),
            (jwt("{}"), "no `exp`"),
            (jwt(r#"{"exp":-1}"#), "out of range"),
            (jwt(r#"{"exp":1e300}"#), "out of range"),
            (format!("{}\ncanary", jwt(r#"{"exp":1700003600}"#)), "characters"),
        ] {
            let error = Token::issued(text).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
            assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        }
    }

    #[test]
    fn debug_shows_the_times_and_not_the_text() {
        let text = jwt(r#"{"exp":1700003600,"sub":"canary"}"#);
        let token = Token::issued(text.clone()).unwrap();
        let debug = format!("{token:?} {:?}", token.header());
        assert!(debug.contains("exp"), "{debug}");
        assert!(text.split('.').all(|part| !debug.contains(part)), "{debug}");
    }

    #[test]
    fn tokens_are_equal_when_their_texts_are() {
        let [a, same, b] = [1, 1, 2].map(|exp| Token::issued(jwt(&format!(r#"{{"exp":{exp}}}"#))).unwrap());
        assert_eq!(a, same);
        assert_ne!(a, b);
    }
}
