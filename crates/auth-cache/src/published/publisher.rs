use std::time::{Duration, SystemTime};

use super::{
    TokenStore,
    publication::{BlockReason, Blocked, Publication},
};
use crate::{Clock, Credentials, CredentialsError, ErrorChain, SignInError, Token, TokenSource, TokenUse};

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

/// How long others are kept from signing in at most: as long as Cognito locks a user out, and a schedule may be late.
const LONGEST_BLOCK: Duration = Duration::from_secs(17 * 60);
/// How late the next attempt may be, and its outcome known.
const LATE: Duration = Duration::from_secs(120);
/// How early it may be.
const EARLY: Duration = Duration::from_secs(30);

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
        let next_at = seconds(self.clock.now() + self.period);
        let token = match result {
            Ok(token) => token,
            Err(error) => {
                let reason = match error {
                    SignInError::WrongCredentials => BlockReason::WrongCredentials,
                    SignInError::LockedOut { .. } => BlockReason::LockedOut,
                    error => return Err(error.into()),
                };
                // Whatever becomes of this, the error is the sign-in's: another one would lock the user out.
                if let Err(store) = self.block(reason, of, next_at).await {
                    tracing::warn!(error = %ErrorChain(&store), "could not publish that nobody should sign in");
                }
                return Err(error.into());
            }
        };
        // After the sign-in: what was published meanwhile must not be overwritten by something older.
        let published = self.published(of).await?;
        let is_newer = |published: &Publication| published.issued_at() > token.issued_at();
        if published.as_ref().is_some_and(is_newer) {
            tracing::info!("a newer token is published already");
            return Ok(token);
        }
        self.warn_of_short_life(&token);
        self.store.write(&Publication::new(of, self.token_use, Some(&token), next_at).to_json()).await?;
        Ok(token)
    }

    /// The same, but fails without a sign-in if that is known to fail: the password was found to be wrong, or the user to be
    /// locked out, and the next attempt is not yet due. This is for a schedule, whose failures Lambda repeats.
    ///
    /// # Errors
    /// As [`Publisher::publish`].
    pub async fn publish_when_due(&self, source: &impl TokenSource, of: &Credentials) -> Result<Token, PublishError> {
        let published = self.published(of).await?.filter(|published| published.username == of.username);
        let due = self.clock.now() + EARLY;
        let blocked =
            published.filter(|published| published.next_in(due).is_some()).and_then(|published| published.blocked);
        match blocked.map(|blocked| blocked.reason) {
            Some(BlockReason::WrongCredentials) => Err(SignInError::WrongCredentials.into()),
            Some(BlockReason::LockedOut) => Err(SignInError::locked_out(None).into()),
            None => self.publish(source, of).await,
        }
    }

    async fn block(&self, reason: BlockReason, of: &Credentials, next_at: u64) -> Result<(), CredentialsError> {
        let published = self.published(of).await?;
        let mut publication = published.unwrap_or_else(|| Publication::new(of, self.token_use, None, next_at));
        let until = (next_at + LATE.as_secs()).min(seconds(self.clock.now() + LONGEST_BLOCK));
        (publication.blocked, publication.next_at) = (Some(Blocked { reason, until }), next_at);
        // The token may be that of the other user, which is as good.
        publication.username.clone_from(&of.username);
        self.store.write(&publication.to_json()).await
    }

    async fn published(&self, of: &Credentials) -> Result<Option<Publication>, CredentialsError> {
        let published = self.store.read().await?.text.and_then(|text| Publication::parse(&text));
        Ok(published.filter(|published| published.is_of(of, self.token_use)))
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
