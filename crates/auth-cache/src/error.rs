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
    #[error("the identity provider rejected the stored credentials; check user name, password, client secret")]
    WrongCredentials,
    /// Too many wrong passwords. Cognito locks a user out for 1 s after the fifth, and twice as long after each further
    /// one, up to about 15 minutes. It does not say for how long, but attempts during the lock do not lengthen it: the
    /// cache waits for a second, then twice as long each time, up to 40 s. If this process has sent a wrong password
    /// itself, it waits as long as after wrong credentials.
    #[error("the user is locked out after too many wrong passwords")]
    #[non_exhaustive]
    LockedOut {
        /// For how long, if the provider says so.
        retry_after: Option<Duration>,
    },
    /// The identity provider throttles. The cache waits for up to 4 s, drawn at random, and then for up to twice as long
    /// each time, up to 40 s.
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
    #[error("the identity provider requires the challenge {challenge}: {}", advice(challenge))]
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
    /// The published token could not be read, and this process does not sign in by itself.
    #[error("could not read the published token")]
    TokenStore(#[source] CredentialsError),
    /// No token is published that can be used, and this process does not sign in by itself. The cache waits for a second, then
    /// twice as long each time, up to 40 s.
    #[error("no usable token is published{}", when(next_in))]
    #[non_exhaustive]
    NotPublished {
        /// When the next one is due, if the publisher says so.
        next_in: Option<Duration>,
        /// What is wrong with the one that is published.
        #[source]
        source: BoxError,
    },
    /// The provider could not be reached or failed; a later attempt may succeed. The cache waits for 200 ms, then twice as
    /// long each time, up to 40 s.
    #[error("the identity provider is not available")]
    #[non_exhaustive]
    Unavailable {
        /// Why.
        #[source]
        source: BoxError,
    },
    /// The provider's answer holds no usable token.
    #[error("the identity provider's response contains no usable token; check the endpoint")]
    BadToken(#[from] TokenFormatError),
    /// The provider's answer holds a token that is expired already.
    #[error("the token is expired on arrival; check the local clock and the lifetime of tokens")]
    ExpiredOnArrival,
    /// The provider's answer holds the very token that the API has just refused.
    #[error(
        "the identity provider returned the token that the API just rejected; check that the API accepts its tokens"
    )]
    RejectedAgain,
    /// The source panicked.
    #[error("the token source panicked")]
    Panicked,
}

/// What to do about a challenge of Cognito's, none of which a service user can take.
fn advice(challenge: &str) -> &'static str {
    match challenge {
        "NEW_PASSWORD_REQUIRED" => "set the service user's password permanently",
        "SMS_MFA" | "SMS_OTP" | "EMAIL_OTP" | "SOFTWARE_TOKEN_MFA" | "SELECT_MFA_TYPE" | "MFA_SETUP" => {
            "make MFA optional in the user pool and set up none for the service user; its password is good"
        }
        "DEVICE_SRP_AUTH" | "DEVICE_PASSWORD_VERIFIER" => "turn device tracking off in the user pool",
        "CUSTOM_CHALLENGE" => "a custom authentication trigger sends it: let that trigger exempt the service user",
        _ => "let the password alone be enough for the service user",
    }
}

fn when(next_in: &Option<Duration>) -> String {
    next_in.map_or_else(String::new, |next_in| format!("; the next one is due in {} s", next_in.as_secs()))
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

    /// The variant's name, for traces: of a text nobody can count.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::WrongCredentials => "wrong_credentials",
            Self::LockedOut { .. } => "locked_out",
            Self::Throttled { .. } => "throttled",
            Self::ChallengeRequired { .. } => "challenge_required",
            Self::Misconfigured { .. } => "misconfigured",
            Self::Credentials(_) => "credentials",
            Self::TokenStore(_) => "token_store",
            Self::NotPublished { .. } => "not_published",
            Self::Unavailable { .. } => "unavailable",
            Self::BadToken(_) => "bad_token",
            Self::ExpiredOnArrival => "expired_on_arrival",
            Self::RejectedAgain => "rejected_again",
            Self::Panicked => "panicked",
        }
    }

    /// Whether the provider, or the store of the credentials, has too much to do.
    pub(crate) fn is_throttled(&self) -> bool {
        match self {
            Self::Credentials(error) | Self::TokenStore(error) => matches!(error, CredentialsError::Throttled { .. }),
            error => matches!(error, Self::Throttled { .. }),
        }
    }

    /// Whether a later attempt may succeed although nobody changes anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::LockedOut { .. } | Self::Throttled { .. } | Self::Unavailable { .. } | Self::Panicked => true,
            Self::Credentials(error) | Self::TokenStore(error) => error.is_transient(),
            _ => false,
        }
    }
}

/// Why credentials, or the published token, could not be read or written. It names what is wrong and shows no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// Some of them do not exist.
    #[error("credentials not found: {}; create them or correct the prefix", names.join(", "))]
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
    #[error("access is denied; check read and kms:Decrypt permissions")]
    #[non_exhaustive]
    Refused {
        /// The store's own error.
        #[source]
        source: BoxError,
    },
    /// The store throttles; a later attempt may succeed.
    #[error("the store throttles")]
    #[non_exhaustive]
    Throttled {
        /// The store's own error.
        #[source]
        source: BoxError,
    },
    /// The store could not be reached or failed; a later attempt may succeed.
    #[error("the store is not available")]
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

    /// The store throttles.
    pub fn throttled(source: impl Into<BoxError>) -> Self {
        Self::Throttled { source: source.into() }
    }

    /// The store could not be reached or failed.
    pub fn unavailable(source: impl Into<BoxError>) -> Self {
        Self::Unavailable { source: source.into() }
    }

    /// Whether a later attempt may succeed although nobody changes anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Throttled { .. } | Self::Unavailable { .. })
    }
}

/// Why an [`Identity`](crate::Identity) has no token to give.
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
    #[error("no token within {} ms; the sign-in continues", waited.as_millis())]
    #[non_exhaustive]
    TimedOut {
        /// The caller's limit.
        waited: Duration,
    },
}

impl TokenError {
    /// Whether a later call may succeed although nobody changes anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::SignIn { source, .. } => source.is_transient(),
            Self::TimedOut { .. } => true,
        }
    }

    /// How long until a new attempt makes sense.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::SignIn { retry_after, .. } => Some(*retry_after),
            Self::TimedOut { .. } => None,
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
