//! The caches, each behind [`Peer`].

mod aws;
mod azure;
mod google;

use std::{
    future::Future,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use auth_cache::{BoxError, Identity, SignInError, Token, TokenSource};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use moka::{Expiry, future::Cache};
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::{OnceCell, RwLock};

pub(crate) use self::{aws::AwsLazyCache, azure::AzureIdentity, google::GoogleCloudAuth};

/// A cache that holds one identity's token.
pub(crate) trait Peer: Send + Sync + Sized + 'static {
    const NAME: &'static str;
    /// What a caller gets.
    type Token: Send;

    /// An empty cache; called within a runtime.
    fn new(source: Arc<Source>) -> Self;
    fn get(&self) -> impl Future<Output = Result<Self::Token, BoxError>> + Send;
    fn jwt(token: &Self::Token) -> &[u8];
}

/// A stand-in for an identity provider.
#[derive(Debug)]
pub(crate) struct Source {
    jwt: String,
    fails_after: Option<Duration>,
    sign_ins: AtomicUsize,
}

impl Source {
    /// Answers at once, with a token that has an hour to live and the size of Cognito's.
    pub(crate) fn ready() -> Self {
        let iat = since_1970(system_time()).as_secs();
        let claims = format!(r#"{{"sub":"{}","iat":{iat},"exp":{}}}"#, "s".repeat(600), iat + 3600);
        let jwt = format!("e30.{}.{}", URL_SAFE_NO_PAD.encode(claims), "c".repeat(342));
        Self { jwt, fails_after: None, sign_ins: AtomicUsize::new(0) }
    }

    /// Fails, but not at once.
    pub(crate) fn failing_after(delay: Duration) -> Self {
        Self { fails_after: Some(delay), ..Self::ready() }
    }

    pub(crate) fn jwt(&self) -> &[u8] {
        self.jwt.as_bytes()
    }

    pub(crate) fn sign_ins(&self) -> usize {
        self.sign_ins.load(Ordering::SeqCst)
    }
}

impl TokenSource for Source {
    async fn sign_in(&self) -> Result<Token, SignInError> {
        self.sign_ins.fetch_add(1, Ordering::SeqCst);
        match self.fails_after {
            None => Ok(Token::issued(self.jwt.clone())?),
            Some(delay) => {
                tokio::time::sleep(delay).await;
                Err(SignInError::misconfigured("no such client")) // it lasts: nobody waits for another attempt
            }
        }
    }
}

/// When a token of the [`Source`] expires.
#[expect(clippy::expect_used, reason = "the source gives no other tokens")]
fn exp_of(token: &Token) -> SystemTime {
    token.expires_at().expect("an `exp` claim")
}

/// Longer than anything takes here.
const LIMIT: Duration = Duration::from_secs(10);

/// No cache: what a sign-in itself takes.
pub(crate) struct Direct(Arc<Source>);

impl Peer for Direct {
    const NAME: &'static str = "no cache";
    type Token = Token;

    fn new(source: Arc<Source>) -> Self {
        Self(source)
    }

    async fn get(&self) -> Result<Token, BoxError> {
        Ok(self.0.sign_in().await?)
    }

    fn jwt(token: &Token) -> &[u8] {
        token.header().as_bytes()
    }
}

/// This crate's.
pub(crate) struct AuthCache(Identity);

impl Peer for AuthCache {
    const NAME: &'static str = "auth-cache";
    type Token = Token;

    fn new(source: Arc<Source>) -> Self {
        Self(Identity::new(source))
    }

    async fn get(&self) -> Result<Token, BoxError> {
        Ok(self.0.token(LIMIT).await?)
    }

    fn jwt(token: &Token) -> &[u8] {
        token.header().as_bytes()
    }
}

/// The least that a hit can be: one token for ever, its expiry in an atomic, and the cheapest wall clock there is.
pub(crate) struct Floor {
    token: OnceLock<Token>,
    expires_at: AtomicU64,
    source: Arc<Source>,
}

impl Peer for Floor {
    const NAME: &'static str = "floor";
    type Token = Token;

    fn new(source: Arc<Source>) -> Self {
        Self { token: OnceLock::new(), expires_at: AtomicU64::new(0), source }
    }

    async fn get(&self) -> Result<Token, BoxError> {
        let now = clock_gettime(ClockId::RealtimeCoarse).tv_sec.cast_unsigned();
        if now < self.expires_at.load(Ordering::Acquire)
            && let Some(token) = self.token.get()
        {
            return Ok(token.clone());
        }
        let token = self.source.sign_in().await?;
        let expires_at = since_1970(exp_of(&token)).as_secs();
        let token = self.token.get_or_init(|| token).clone();
        self.expires_at.store(expires_at, Ordering::Release);
        Ok(token)
    }

    fn jwt(token: &Token) -> &[u8] {
        token.header().as_bytes()
    }
}

/// `tokio::sync::OnceCell`, which knows no expiry.
pub(crate) struct TokioOnceCell {
    token: OnceCell<Token>,
    source: Arc<Source>,
}

impl Peer for TokioOnceCell {
    const NAME: &'static str = "tokio OnceCell (never expires)";
    type Token = Token;

    fn new(source: Arc<Source>) -> Self {
        Self { token: OnceCell::new(), source }
    }

    async fn get(&self) -> Result<Token, BoxError> {
        Ok(self.token.get_or_try_init(|| self.source.sign_in()).await?.clone())
    }

    fn jwt(token: &Token) -> &[u8] {
        token.header().as_bytes()
    }
}

/// `tokio::sync::RwLock<Option<Token>>`, as most hand-written caches have it.
pub(crate) struct TokioRwLock {
    token: RwLock<Option<Token>>,
    source: Arc<Source>,
}

impl Peer for TokioRwLock {
    const NAME: &'static str = "tokio RwLock<Option<Token>>";
    type Token = Token;

    fn new(source: Arc<Source>) -> Self {
        Self { token: RwLock::new(None), source }
    }

    async fn get(&self) -> Result<Token, BoxError> {
        let valid = |token: &&Token| system_time() < exp_of(token);
        if let Some(token) = self.token.read().await.as_ref().filter(valid) {
            return Ok(token.clone());
        }
        let mut held = self.token.write().await;
        if let Some(token) = held.as_ref().filter(valid) {
            return Ok(token.clone());
        }
        Ok(held.insert(self.source.sign_in().await?).clone())
    }

    fn jwt(token: &Token) -> &[u8] {
        token.header().as_bytes()
    }
}

/// moka, with each entry's own expiry; the form of `try_get_with` that need not allocate the key.
pub(crate) struct Moka {
    tokens: Cache<(), Token>,
    source: Arc<Source>,
}

struct AtExp;

impl Expiry<(), Token> for AtExp {
    fn expire_after_create(&self, (): &(), token: &Token, _created_at: Instant) -> Option<Duration> {
        Some(exp_of(token).duration_since(system_time()).unwrap_or_default())
    }
}

impl Peer for Moka {
    const NAME: &'static str = "moka try_get_with_by_ref";
    type Token = Token;

    fn new(source: Arc<Source>) -> Self {
        Self { tokens: Cache::builder().max_capacity(1).expire_after(AtExp).build(), source }
    }

    async fn get(&self) -> Result<Token, BoxError> {
        Ok(self.tokens.try_get_with_by_ref(&(), self.source.sign_in()).await?)
    }

    fn jwt(token: &Token) -> &[u8] {
        token.header().as_bytes()
    }
}

/// The clock that the peers read.
#[expect(clippy::disallowed_methods, reason = "what is measured is real")]
fn system_time() -> SystemTime {
    SystemTime::now()
}

fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
