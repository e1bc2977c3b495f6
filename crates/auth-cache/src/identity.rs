use std::{fmt, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;

use crate::{
    SignInError, Token, TokenCache, TokenError, TokenSource,
    clock::{AtomicNanos, Nanos},
};

/// One identity: a cache together with the source that fills it. Cheap to clone.
///
/// This is what a client of an API holds: it need not know where tokens come from.
#[derive(Clone, Debug)]
pub struct Identity {
    cache: CacheHandle,
    source: Arc<AnySource>,
    reuse: bool,
}

impl Identity {
    /// The identity that `source` signs in and whose token `cache` keeps. No other identity may use that cache.
    pub fn new(cache: impl Into<CacheHandle>, source: impl TokenSource) -> Self {
        Self { cache: cache.into(), source: Arc::new(AnySource(Box::new(source))), reuse: true }
    }

    /// The same identity, but it signs in whenever it is asked for a token. Exists to show what reuse saves.
    #[must_use]
    pub fn without_reuse(self) -> Self {
        Self { reuse: false, ..self }
    }

    /// The token, from the cache or from the source, within `limit`.
    ///
    /// # Errors
    /// As [`TokenCache::get_within`].
    pub async fn token(&self, limit: Duration) -> Result<Token, TokenError> {
        self.note_use();
        let throwaway;
        let cache = if self.reuse {
            self.cache.as_ref()
        } else {
            throwaway = TokenCache::new();
            &throwaway
        };
        cache.get_within(limit, &self.source).await
    }

    /// Tells the cache that the API refused this token; see [`TokenCache::invalidate`].
    ///
    /// If the token is dropped, so is what the source keeps: a token from the same refresh token would be refused too
    /// if the app client or the user pool is another one by now.
    pub fn invalidate(&self, rejected: &Token) {
        let cache = self.cache.as_ref();
        if cache.would_drop(rejected) {
            // First: the sign-in that follows must not begin with what the source keeps.
            TokenSource::forget(self.source.as_ref());
            cache.invalidate(rejected);
        }
    }

    /// Drops the token and what the source keeps, as before a snapshot of the process.
    pub fn forget(&self) {
        // First, as above; and once more for a sign-in that began in between, whose token is dropped.
        TokenSource::forget(self.source.as_ref());
        self.cache.as_ref().forget();
        TokenSource::forget(self.source.as_ref());
    }

    /// Notes that its token is asked for, if somebody wants to know.
    pub(crate) fn note_use(&self) {
        if let Cache::Keyed(keyed) = &self.cache.0 {
            keyed.last_use.set(keyed.cache.now());
        }
    }

    /// When its token was asked for last, if that was noted.
    pub(crate) fn last_use(&self) -> Option<Nanos> {
        match &self.cache.0 {
            Cache::Keyed(keyed) => Some(keyed.last_use.get()),
            Cache::Static(_) | Cache::Shared(_) => None,
        }
    }
}

/// A cache in a `static`, or one that is shared.
#[derive(Clone, Debug)]
pub struct CacheHandle(Cache);

#[derive(Clone, Debug)]
enum Cache {
    Static(&'static TokenCache),
    Shared(Arc<TokenCache>),
    Keyed(Arc<Keyed>),
}

/// One of several caches, of which the one is dropped that was not used for longest.
#[derive(Debug)]
struct Keyed {
    cache: TokenCache,
    last_use: AtomicNanos,
}

impl CacheHandle {
    /// A cache whose uses are noted.
    pub(crate) fn keyed(cache: TokenCache) -> Self {
        Self(Cache::Keyed(Arc::new(Keyed { cache, last_use: AtomicNanos::default() })))
    }
}

impl AsRef<TokenCache> for CacheHandle {
    fn as_ref(&self) -> &TokenCache {
        match &self.0 {
            Cache::Static(cache) => cache,
            Cache::Shared(cache) => cache,
            Cache::Keyed(keyed) => &keyed.cache,
        }
    }
}

impl From<&'static TokenCache> for CacheHandle {
    fn from(cache: &'static TokenCache) -> Self {
        Self(Cache::Static(cache))
    }
}

impl From<Arc<TokenCache>> for CacheHandle {
    fn from(cache: Arc<TokenCache>) -> Self {
        Self(Cache::Shared(cache))
    }
}

/// A source of any type.
struct AnySource(Box<dyn ErasedSource>);

impl TokenSource for AnySource {
    async fn sign_in(&self) -> Result<Token, SignInError> {
        self.0.sign_in_boxed().await
    }

    fn forget(&self) {
        self.0.forget_erased();
    }
}

impl fmt::Debug for AnySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSource")
    }
}

/// [`TokenSource`] as a trait object can have it.
trait ErasedSource: Send + Sync {
    fn sign_in_boxed(&self) -> BoxFuture<'_, Result<Token, SignInError>>;
    fn forget_erased(&self);
}

impl<S: TokenSource> ErasedSource for S {
    fn sign_in_boxed(&self) -> BoxFuture<'_, Result<Token, SignInError>> {
        Box::pin(TokenSource::sign_in(self))
    }

    fn forget_erased(&self) {
        TokenSource::forget(self);
    }
}
