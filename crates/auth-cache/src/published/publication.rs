use std::{
    fmt,
    time::{Duration, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::Miss;
use crate::{Credentials, Token, TokenUse};

/// What the store holds, as JSON: a token and whose it is, and what kept the publisher from signing in, if anything did.
#[derive(Serialize, Deserialize)]
pub(super) struct Publication {
    pub(super) user_pool_id: String,
    pub(super) client_id: String,
    pub(super) username: String,
    pub(super) token_use: TokenUse,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
    /// Its `exp` claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expires_at: Option<u64>,
    /// When the publisher signs in next, in seconds since 1970.
    pub(super) next_at: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) blocked: Option<Blocked>,
}

/// Nobody should sign in.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Blocked {
    pub(super) reason: BlockReason,
    /// Until when, in seconds since 1970.
    pub(super) until: u64,
}

/// What keeps the publisher from signing in, and would keep others from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum BlockReason {
    WrongCredentials,
    LockedOut,
}

/// What is known of a token that may be taken.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) user_pool_id: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) username: Option<String>,
    pub(super) token_use: TokenUse,
}

/// What a token of Cognito's says of itself:
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-with-identity-providers.html>
#[derive(Deserialize)]
struct Claims {
    iss: String,
    token_use: TokenUse,
    /// Of an access token.
    client_id: Option<String>,
    /// Of an ID token: the app client.
    aud: Option<String>,
    iat: Option<f64>,
}

/// A token is taken if it has more to go than this, or than a quarter of its life.
const SHORTEST_REST: Duration = Duration::from_secs(60);

impl Expected {
    /// What is stored beside the token tells whose it should be.
    pub(super) fn with(&self, credentials: Option<&Credentials>) -> Self {
        let Some(Credentials { user_pool_id, client_id, username, .. }) = credentials else { return self.clone() };
        let known = |configured: &Option<String>, stored: &String| configured.clone().or_else(|| Some(stored.clone()));
        Self {
            user_pool_id: known(&self.user_pool_id, user_pool_id),
            client_id: known(&self.client_id, client_id),
            username: known(&self.username, username),
            token_use: self.token_use,
        }
    }
}

impl Publication {
    pub(super) fn new(of: &Credentials, token_use: TokenUse, token: Option<&Token>, next_at: u64) -> Self {
        let expires_at = token.and_then(Token::expires_at);
        let expires_at = expires_at.and_then(|exp| exp.duration_since(SystemTime::UNIX_EPOCH).ok());
        Self {
            user_pool_id: of.user_pool_id.clone(),
            client_id: of.client_id.clone(),
            username: of.username.clone(),
            token_use,
            token: token.and_then(|token| Some(token.header().to_str().ok()?.to_owned())),
            expires_at: expires_at.map(|exp| exp.as_secs()),
            next_at,
            blocked: None,
        }
    }

    /// Nothing tells why a text is none: serde_json's message could show a part of it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    pub(super) fn to_json(&self) -> Zeroizing<String> {
        Zeroizing::new(serde_json::json!(self).to_string())
    }

    /// The same, if it is what is expected.
    pub(super) fn of(self, expected: &Expected) -> Result<Self, Miss> {
        let is = |expected: &Option<String>, it: &str| expected.as_deref().is_none_or(|expected| expected == it);
        let checks = [
            (is(&expected.user_pool_id, &self.user_pool_id), "user pool"),
            (is(&expected.client_id, &self.client_id), "app client"),
            (is(&expected.username, &self.username), "user"),
            (expected.token_use == self.token_use, "use"),
        ];
        match checks.into_iter().find(|(is_right, _)| !is_right) {
            Some((_, what)) => Err(Miss::Foreign(what)),
            None => Ok(self),
        }
    }

    /// Whether it is of the same user pool and app client, and of this use. The user may be the other of the two that take
    /// turns.
    pub(super) fn is_of(&self, credentials: &Credentials, token_use: TokenUse) -> bool {
        (&self.user_pool_id, &self.client_id, self.token_use)
            == (&credentials.user_pool_id, &credentials.client_id, token_use)
    }

    pub(super) fn issued_at(&self) -> Option<SystemTime> {
        Token::issued(self.token.clone()?).ok()?.issued_at()
    }

    /// The token, if it has some time to go and is what is written beside it.
    pub(super) fn token(&self, now: SystemTime) -> Result<Token, Miss> {
        let jwt = self.token.as_ref().ok_or(Miss::Nothing)?;
        let claims = Claims::of(jwt).ok_or(Miss::Malformed)?;
        let pool = claims.iss.rsplit('/').next();
        let client = claims.client_id.or(claims.aud);
        let is_what_it_says = (pool, client.as_deref(), claims.token_use)
            == (Some(&self.user_pool_id), Some(&self.client_id), self.token_use);
        if !is_what_it_says {
            return Err(Miss::Malformed);
        }
        let token = Token::stored(jwt.clone()).map_err(|_| Miss::Malformed)?;
        let exp = token.expires_at().ok_or(Miss::Malformed)?;
        let life = claims
            .iat
            .and_then(|iat| Duration::try_from_secs_f64(iat).ok())
            .and_then(|iat| exp.duration_since(SystemTime::UNIX_EPOCH.checked_add(iat)?).ok());
        let shortest_rest = life.map_or(SHORTEST_REST, |life| SHORTEST_REST.min(life / 4));
        let rest = exp.duration_since(now).unwrap_or_default();
        if rest > shortest_rest { Ok(token) } else { Err(Miss::Ending) }
    }

    pub(super) fn next_in(&self, now: SystemTime) -> Option<Duration> {
        rest(self.next_at, now)
    }

    /// Why nobody should sign in now, and for how long.
    pub(super) fn blocked(&self, now: SystemTime) -> Option<(BlockReason, Duration)> {
        let Blocked { reason, until } = self.blocked?;
        Some((reason, rest(until, now)?))
    }
}

/// How long it is until then, if it is not over.
fn rest(until: u64, now: SystemTime) -> Option<Duration> {
    let until = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(until))?;
    until.duration_since(now).ok().filter(|rest| !rest.is_zero())
}

impl Claims {
    fn of(jwt: &str) -> Option<Self> {
        let claims = Zeroizing::new(URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?).ok()?);
        serde_json::from_slice(&claims).ok()
    }
}

impl fmt::Display for BlockReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WrongCredentials => "the stored password is wrong",
            Self::LockedOut => "the user is locked out",
        })
    }
}

impl Drop for Publication {
    fn drop(&mut self) {
        self.token.zeroize();
    }
}
