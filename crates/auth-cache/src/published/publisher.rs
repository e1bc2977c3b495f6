use std::time::{Duration, SystemTime};

use super::{
    TokenStore,
    publication::{BlockReason, Blocked, Publication},
};
use crate::{Clock, Credentials, CredentialsError, SignInError, Token, TokenSource, TokenUse};

/// Signs in and puts the token into a store, from which [`Published`](crate::Published) takes it. Refresh tokens are never
/// published.
///
/// One process does this, on a schedule: after about a quarter of a token's life, so that an outage of Cognito may last for
/// half of it. Two at a time do no harm, as the older token is not written; but each of them signs in.
#[derive(Clone, Debug)]
pub struct Publisher<S> {
    store: S,
    token_use: TokenUse,
    period: Duration,
    clock: Clock,
}

/// How long others are kept from signing in at most: as long as Cognito locks a user out.
const LONGEST_BLOCK: Duration = Duration::from_secs(15 * 60);

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// No token was signed in for.
    #[error("could not sign in")]
    SignIn(#[from] SignInError),
    /// The store could not be read or written.
    #[error("could not read or write the published token")]
    Store(#[from] CredentialsError),
}

impl PublishError {
    /// Whether a later attempt may succeed although nobody changes anything. A lock-out is published, so it is not.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::SignIn(SignInError::LockedOut { .. }) => false,
            Self::SignIn(error) => error.is_transient(),
            Self::Store(error) => error.is_transient(),
        }
    }
}

impl<S: TokenStore> Publisher<S> {
    /// Publishes tokens of this use, once in each `period`.
    pub fn new(store: S, token_use: TokenUse, period: Duration) -> Self {
        Self { store, token_use, period, clock: Clock::wall() }
    }

    /// The same, with another clock: for tests.
    #[must_use]
    pub fn with_clock(self, clock: impl Into<Clock>) -> Self {
        Self { clock: clock.into(), ..self }
    }

    /// Signs in with `source`, which does so with these credentials, and publishes the token, unless a newer one is published
    /// already. Gives the token.
    ///
    /// If the password is wrong or the user is locked out, that is published beside the token that is there: so nobody else
    /// tries the same before the next period.
    ///
    /// # Errors
    /// When it cannot sign in, or the store cannot be read or written.
    pub async fn publish(&self, source: &impl TokenSource, of: &Credentials) -> Result<Token, PublishError> {
        let result = source.sign_in().await;
        // After the sign-in: what was published meanwhile must not be overwritten by something older.
        let published = self.store.read().await?.text.and_then(|text| Publication::parse(&text));
        let published = published.filter(|published| published.is_of(of, self.token_use));
        let next_at = seconds(self.clock.now() + self.period);
        match result {
            Ok(token) => {
                let is_newer = |published: &Publication| published.issued_at() > token.issued_at();
                if published.as_ref().is_some_and(is_newer) {
                    tracing::info!("a newer token is published already");
                    return Ok(token);
                }
                self.warn_of_short_life(&token);
                self.store.write(&Publication::new(of, self.token_use, Some(&token), next_at).to_json()).await?;
                Ok(token)
            }
            Err(error) => {
                let reason = match error {
                    SignInError::WrongCredentials => BlockReason::WrongCredentials,
                    SignInError::LockedOut { .. } => BlockReason::LockedOut,
                    error => return Err(error.into()),
                };
                let mut publication = published.unwrap_or_else(|| Publication::new(of, self.token_use, None, next_at));
                let until = next_at.min(seconds(self.clock.now() + LONGEST_BLOCK));
                (publication.blocked, publication.next_at) = (Some(Blocked { reason, until }), next_at);
                self.store.write(&publication.to_json()).await?;
                Err(error.into())
            }
        }
    }

    fn warn_of_short_life(&self, token: &Token) {
        let life = token.issued_at().zip(token.expires_at()).and_then(|(iat, exp)| exp.duration_since(iat).ok());
        if let Some(life) = life.filter(|life| *life < 2 * self.period) {
            tracing::warn!(
                life_s = life.as_secs(),
                period_s = self.period.as_secs(),
                "tokens live for less than two periods of publishing: when one sign-in fails, none is left; publish more often",
            );
        }
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}
