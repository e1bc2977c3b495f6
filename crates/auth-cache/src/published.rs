mod circuit;
mod publication;
mod publisher;
mod store;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::timeout;
use tracing::{Instrument as _, field::Empty};

use self::{
    circuit::Circuit,
    publication::{Expected, Publication},
};
pub use self::{
    publisher::{PublishError, Publisher},
    store::{Stored, TokenStore},
};
use crate::{
    Clock, CredentialsError, ErrorChain, SignInError, SignInRequest, Token, TokenSource, TokenUse, source::ErasedSource,
};

/// Takes the token that a [`Publisher`] has put into a store, so that a fleet of processes signs in once.
///
/// ```no_run
/// # #[cfg(all(feature = "cognito", feature = "ssm"))]
/// # fn f(ssm: aws_sdk_ssm::Client, cognito: aws_sdk_cognitoidentityprovider::Client) {
/// use auth_cache::{CognitoTokenSource, Identity, Published, SsmCredentials, TokenUse};
///
/// let credentials = SsmCredentials::new(ssm, "/orders/service-user");
/// let store = credentials.token_store(); // reads the token and the credentials in one request
/// let sign_in = CognitoTokenSource::new(cognito, credentials, TokenUse::Access);
/// let identity = Identity::new(Published::new(store, TokenUse::Access).or_else(sign_in));
/// # }
/// ```
///
/// # What is taken
/// A token of the right user pool, app client, user and use, as far as these are known: from the credentials that are stored
/// beside it, or from [`Published::of_user_pool`] and [`Published::of_client`]. It must say the same of itself, have more than
/// a minute to go (or a quarter of its life, if that is less), and be neither the one that the API refused nor the one that is
/// to be replaced. Its signature is not checked: the API does that, and who can write to the store is trusted.
///
/// # What happens otherwise
/// With [`Published::or_else`], a store that has no such token, fails, or takes longer than 200 ms is a miss: the process
/// signs in by itself, and logs one warning until a token is taken again. After three failures in a row, the store is left
/// alone for a minute. A store that throttles is asked again after a pause, for half a minute: a fleet that starts at once
/// has its tokens by then, while as many sign-ins would be throttled too.
///
/// Without a fallback, there is no token: the error says why, and when the next one is due. A token that the API refused is
/// not taken again, so the process has none until another one is published.
///
/// If the publisher could not sign in because the password is wrong or the user is locked out, nobody signs in by itself until
/// two minutes after its next attempt, or for 17 min if that is sooner: more wrong passwords would lock the user for longer.
pub struct Published<S> {
    store: S,
    expected: Expected,
    fallback: Option<Arc<dyn ErasedSource>>,
    clock: Clock,
    circuit: Mutex<Circuit>,
}

/// How long the store is waited for if there is another way to a token.
const LONGEST_READ: Duration = Duration::from_millis(200);
/// And if there is none.
const LONGEST_READ_WITHOUT_FALLBACK: Duration = Duration::from_secs(3);

impl<S: TokenStore> Published<S> {
    /// The published token of this use, and no other way to one.
    pub fn new(store: S, token_use: TokenUse) -> Self {
        let expected = Expected { user_pool_id: None, client_id: None, username: None, token_use };
        Self { store, expected, fallback: None, clock: Clock::wall(), circuit: Mutex::default() }
    }

    /// The same, but tokens of other user pools are not taken.
    #[must_use]
    pub fn of_user_pool(mut self, user_pool_id: impl Into<String>) -> Self {
        self.expected.user_pool_id = Some(user_pool_id.into());
        self
    }

    /// The same, but tokens of other app clients are not taken.
    #[must_use]
    pub fn of_client(mut self, client_id: impl Into<String>) -> Self {
        self.expected.client_id = Some(client_id.into());
        self
    }

    /// The same, but if no usable token is published, `source` signs in.
    #[must_use]
    pub fn or_else(self, source: impl TokenSource) -> Self {
        Self { fallback: Some(Arc::new(source)), ..self }
    }

    /// The same, which judges expiry by `clock`: for tests.
    #[must_use]
    pub fn with_clock(self, clock: impl Into<Clock>) -> Self {
        Self { clock: clock.into(), ..self }
    }

    async fn read(&self) -> Result<Stored, CredentialsError> {
        let limit = if self.fallback.is_some() { LONGEST_READ } else { LONGEST_READ_WITHOUT_FALLBACK };
        let late = |_| Err(CredentialsError::unavailable(format!("no answer within {} ms", limit.as_millis())));
        let span = tracing::info_span!("read the published token", otel.status_code = Empty);
        let read = timeout(limit, self.store.read()).instrument(span.clone()).await.unwrap_or_else(late);
        if read.is_err() {
            span.record("otel.status_code", "ERROR");
        }
        read
    }

    /// Signs in, because of `miss`, or says that there is no token.
    async fn miss(&self, miss: Miss, next_in: Option<Duration>, request: &SignInRequest) -> Result<Token, SignInError> {
        let Some(fallback) = &self.fallback else {
            return Err(match miss {
                Miss::Store(error) => SignInError::TokenStore(error),
                miss => SignInError::NotPublished { next_in, source: miss.into() },
            });
        };
        if self.circuit().is_first_miss() {
            tracing::warn!(error = %ErrorChain(&miss), "the published token cannot be used; signing in");
        } else {
            tracing::debug!(error = %ErrorChain(&miss), "signing in");
        }
        fallback.sign_in_boxed(request).await
    }

    fn circuit(&self) -> MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: TokenStore> TokenSource for Published<S> {
    async fn sign_in(&self) -> Result<Token, SignInError> {
        self.sign_in_for(&SignInRequest::new(crate::RefreshReason::Empty)).await
    }

    async fn sign_in_for(&self, request: &SignInRequest) -> Result<Token, SignInError> {
        if self.fallback.is_some() && self.circuit().is_open(self.clock.now()) {
            return self.miss(Miss::LeftAlone, None, request).await;
        }
        let stored = match self.read().await {
            Ok(stored) => stored,
            Err(error) => {
                let now = self.clock.now();
                if matches!(error, CredentialsError::Throttled { .. }) && self.circuit().throttled(now) {
                    return Err(SignInError::TokenStore(error));
                }
                self.circuit().failed(now);
                return self.miss(Miss::Store(error), None, request).await;
            }
        };
        self.circuit().answered();
        let now = self.clock.now();
        let expected = self.expected.with(stored.credentials.as_ref());
        let publication = match &stored.text {
            None => Err(Miss::Nothing),
            Some(text) => Publication::parse(text).ok_or(Miss::Malformed).and_then(|published| published.of(&expected)),
        };
        let (miss, next_in) = match publication {
            Err(miss) => (miss, None),
            Ok(publication) => match publication.token(now).and_then(|token| usable(token, request)) {
                Ok(token) => {
                    if self.circuit().hit() {
                        tracing::info!("the published token is used again");
                    }
                    return Ok(token);
                }
                Err(miss) => {
                    if let Some((reason, ends_in)) = publication.blocked(now) {
                        let source = Miss::Blocked(reason).into();
                        return Err(SignInError::NotPublished { next_in: Some(ends_in), source });
                    }
                    (miss, publication.next_in(now))
                }
            },
        };
        let request = SignInRequest { credentials: stored.credentials, ..request.clone() };
        self.miss(miss, next_in, &request).await
    }

    /// What is known of the store is none of what a rejected token makes doubtful.
    fn forget(&self) {
        if let Some(fallback) = &self.fallback {
            fallback.forget_erased();
        }
    }
}

/// Not a token that is of no use to whom asks.
fn usable(token: Token, request: &SignInRequest) -> Result<Token, Miss> {
    // One that is older than a refused token may have been refused before that.
    let is_refused = |refused: &Token| *refused == token || token.expires_at() < refused.expires_at();
    if request.refused.as_ref().is_some_and(is_refused) {
        return Err(Miss::Refused);
    }
    let is_newer = |held: &Token| token != *held && token.expires_at() >= held.expires_at();
    if request.held.as_ref().is_some_and(|held| !is_newer(held)) {
        return Err(Miss::NotNewer);
    }
    Ok(token)
}

impl<S> fmt::Debug for Published<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Published").field("expected", &self.expected).finish_non_exhaustive()
    }
}

/// Why no published token is taken.
#[derive(Debug, thiserror::Error)]
enum Miss {
    #[error("could not read it")]
    Store(#[source] CredentialsError),
    #[error("the store failed several times; it is read again within a minute")]
    LeftAlone,
    #[error("none has been published; check that the publisher runs")]
    Nothing,
    #[error("the stored value is not a published token; publish again")]
    Malformed,
    #[error("it belongs to another {0}; check what the publisher signs in with")]
    Foreign(&'static str),
    #[error("it has expired or is about to; check that the publisher runs")]
    Ending,
    #[error("the API rejected it; publish again")]
    Refused,
    #[error("it is not newer than the token that it should replace; check that the publisher runs")]
    NotNewer,
    #[error("the publisher could not sign in: {0}")]
    Blocked(publication::BlockReason),
}
