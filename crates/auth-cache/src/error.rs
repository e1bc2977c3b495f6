use std::{error::Error, fmt, sync::Arc, time::Duration};

use crate::TokenFormatError;

/// Why a [`TokenSource`](crate::TokenSource) could not sign in, by what it means to the caller.
///
/// The variant decides how long the cache waits before it asks the source again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignInError {
    /// User name or password, or client id or secret, are wrong. Repeating the attempt locks a user out, so the cache
    /// waits for one to two minutes, then twice as long each time, up to 15 minutes.
    #[error("the identity provider says that the credentials are wrong")]
    WrongCredentials,
    /// Too many wrong passwords. Cognito locks a user out for 1 s after the fifth, and twice as long after each further
    /// one, up to about 15 minutes. It does not say for how long, and an attempt during the lock can only do harm: the
    /// cache waits as long as after wrong credentials.
    #[error("the user is locked out after too many wrong passwords")]
    #[non_exhaustive]
    LockedOut {
        /// For how long, if the provider says so.
        retry_after: Option<Duration>,
    },
    /// The identity provider throttles.
    #[error("the identity provider throttles sign-ins")]
    #[non_exhaustive]
    Throttled {
        /// How long the provider asks to be left alone, if it says so.
        retry_after: Option<Duration>,
        /// The provider's own error.
        #[source]
        source: BoxError,
    },
    /// The identity provider asks for a second step, such as a new password, which no service user can take.
    #[error("the identity provider answers with the challenge {challenge}: make the service user's password permanent")]
    #[non_exhaustive]
    ChallengeRequired {
        /// The name of the challenge.
        challenge: String,
    },
    /// Nothing will change until somebody changes the configuration.
    #[error("the sign-in is not configured correctly: {reason}")]
    #[non_exhaustive]
    Misconfigured {
        /// What is wrong.
        reason: String,
        /// The provider's own error, if there is one.
        #[source]
        source: Option<BoxError>,
    },
    /// The credentials to sign in with could not be read.
    #[error("could not read the credentials")]
    Credentials(#[from] CredentialsError),
    /// The provider could not be reached or failed; a later attempt may succeed.
    #[error("the identity provider is not available")]
    #[non_exhaustive]
    Unavailable {
        /// Why.
        #[source]
        source: BoxError,
    },
    /// The provider's answer holds no usable token.
    #[error("the identity provider's answer holds no usable token")]
    BadToken(#[from] TokenFormatError),
    /// The provider's answer holds a token that is expired already.
    #[error("the token is expired on arrival; is the local clock right?")]
    ExpiredOnArrival,
    /// The provider's answer holds the very token that the API has just refused.
    #[error("the identity provider returned the token that the API has just refused")]
    RejectedAgain,
    /// The source panicked.
    #[error("the token source panicked")]
    Panicked,
}

/// An error of any kind.
pub type BoxError = Box<dyn Error + Send + Sync>;

impl SignInError {
    /// The provider could not be reached or failed.
    pub fn unavailable(source: impl Into<BoxError>) -> Self {
        Self::Unavailable { source: source.into() }
    }

    /// The provider throttles, and asks to be left alone for `retry_after` if it says so.
    pub fn throttled(source: impl Into<BoxError>, retry_after: Option<Duration>) -> Self {
        Self::Throttled { retry_after, source: source.into() }
    }

    /// The user is locked out, for `retry_after` if the provider says so.
    pub fn locked_out(retry_after: Option<Duration>) -> Self {
        Self::LockedOut { retry_after }
    }

    /// The provider asks for a second step.
    pub fn challenge_required(challenge: impl Into<String>) -> Self {
        Self::ChallengeRequired { challenge: challenge.into() }
    }

    /// Something has to be configured differently.
    pub fn misconfigured(reason: impl Into<String>) -> Self {
        Self::Misconfigured { reason: reason.into(), source: None }
    }

    /// Whether a later attempt may succeed although nobody changes anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::LockedOut { .. } | Self::Throttled { .. } | Self::Unavailable { .. } | Self::Panicked => true,
            Self::Credentials(error) => error.is_transient(),
            _ => false,
        }
    }

    /// How long to ask no more, after this many failures in a row (at least one).
    ///
    /// `jitter` is from `0.0..1.0`; it takes up to half of a growing pause off. What the provider says is kept to, up to
    /// the longest pause.
    pub(crate) fn cool_down(&self, failures_in_a_row: u32, jitter: f64) -> Duration {
        let doubling = |first: Duration, longest: Duration| {
            let doublings = failures_in_a_row.saturating_sub(1).min(16);
            first.saturating_mul(1 << doublings).min(longest).mul_f64(1.0 - jitter / 2.0)
        };
        let pause = match self {
            Self::WrongCredentials | Self::LockedOut { .. } => doubling(Duration::from_secs(120), LONGEST_PAUSE),
            Self::Throttled { .. } => doubling(Duration::from_secs(1), Duration::from_secs(30)),
            _ if self.is_transient() => doubling(Duration::from_millis(200), Duration::from_secs(30)),
            Self::ExpiredOnArrival | Self::RejectedAgain => doubling(Duration::from_secs(1), Duration::from_secs(60)),
            _ => Duration::from_secs(60),
        };
        match self {
            Self::LockedOut { retry_after: Some(stated) } | Self::Throttled { retry_after: Some(stated), .. } => {
                pause.max(*stated).min(LONGEST_PAUSE)
            }
            _ => pause,
        }
    }
}

const LONGEST_PAUSE: Duration = Duration::from_secs(900);

/// Why credentials could not be read. It names what is wrong and shows no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// Some of them do not exist.
    #[error("not found: {}", names.join(", "))]
    #[non_exhaustive]
    Missing {
        /// What does not exist, such as the names of SSM parameters.
        names: Vec<String>,
    },
    /// One of them is not what it should be.
    #[error("{name} is malformed: it should be {expected}")]
    #[non_exhaustive]
    Malformed {
        /// Which.
        name: String,
        /// What it should be.
        expected: &'static str,
    },
    /// The store refuses.
    #[error("the store of the credentials refuses to give them")]
    #[non_exhaustive]
    Refused {
        /// The store's own error.
        #[source]
        source: BoxError,
    },
    /// The store could not be reached or failed; a later attempt may succeed.
    #[error("the store of the credentials is not available")]
    #[non_exhaustive]
    Unavailable {
        /// Why.
        #[source]
        source: BoxError,
    },
}

impl CredentialsError {
    /// These do not exist.
    pub fn missing<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Self::Missing { names: names.into_iter().map(Into::into).collect() }
    }

    /// The one with this name is not what it should be.
    pub fn malformed(name: impl Into<String>, expected: &'static str) -> Self {
        Self::Malformed { name: name.into(), expected }
    }

    /// The store refuses.
    pub fn refused(source: impl Into<BoxError>) -> Self {
        Self::Refused { source: source.into() }
    }

    /// The store could not be reached or failed.
    pub fn unavailable(source: impl Into<BoxError>) -> Self {
        Self::Unavailable { source: source.into() }
    }

    /// Whether a later attempt may succeed although nobody changes anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

/// Why [`TokenCache::get`](crate::TokenCache::get) has no token to give.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The sign-in failed, now or so recently that it is not tried again yet.
    #[error("could not sign in")]
    #[non_exhaustive]
    SignIn {
        /// Why; all callers that waited for this sign-in share it.
        #[source]
        source: Arc<SignInError>,
        /// How long until the next call makes a new attempt.
        retry_after: Duration,
    },
    /// The caller's limit passed. The sign-in is not cancelled: the next call joins it.
    #[error("no token after {} ms; the sign-in goes on", waited.as_millis())]
    #[non_exhaustive]
    TimedOut {
        /// The caller's limit.
        waited: Duration,
    },
    /// The source asked its own cache for a token, and would have waited for itself.
    #[error("the token source asked its own cache for a token; give the source another cache, or none")]
    Reentrant,
}

impl TokenError {
    /// Whether a later call may succeed although nobody changes anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::SignIn { source, .. } => source.is_transient(),
            Self::TimedOut { .. } => true,
            Self::Reentrant => false,
        }
    }

    /// How long until a new attempt makes sense.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::SignIn { retry_after, .. } => Some(*retry_after),
            Self::TimedOut { .. } | Self::Reentrant => None,
        }
    }
}

/// Displays an error with the whole chain of its sources, for logs: `could not sign in: the user is locked out ...`.
///
/// Loggers that write JSON drop the sources of an error.
#[derive(Clone, Copy, Debug)]
pub struct ErrorChain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        std::iter::successors(self.0.source(), |&error| error.source()).try_for_each(|error| write!(f, ": {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_that_says_for_how_long_is_left_alone_for_that_long_up_to_a_quarter_of_an_hour() {
        let second = Duration::from_secs(1);
        for stated in [None, Some(30 * second), Some(600 * second), Some(Duration::MAX)] {
            let at_least = |own: Duration| own.max(stated.unwrap_or_default().min(900 * second));
            assert_eq!(SignInError::throttled("429", stated).cool_down(1, 0.0), at_least(second), "{stated:?}");
            assert_eq!(SignInError::locked_out(stated).cool_down(1, 0.0), at_least(120 * second), "{stated:?}");
        }
    }
}
