use std::{fmt, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;

use crate::{SignInError, Token, TokenCache, TokenError, TokenSource};

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
        if self.cache.as_ref().invalidate(rejected) {
            TokenSource::forget(self.source.as_ref());
        }
    }

    /// Drops the token and what the source keeps, as before a snapshot of the process.
    pub fn forget(&self) {
        self.cache.as_ref().forget();
        TokenSource::forget(self.source.as_ref());
    }
}

/// A cache in a `static`, or one that is shared.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CacheHandle {
    /// A module-level static.
    Static(&'static TokenCache),
    /// One of several caches that come and go, such as one per tenant.
    Shared(Arc<TokenCache>),
}

impl AsRef<TokenCache> for CacheHandle {
    fn as_ref(&self) -> &TokenCache {
        match self {
            Self::Static(cache) => cache,
            Self::Shared(cache) => cache,
        }
    }
}

impl From<&'static TokenCache> for CacheHandle {
    fn from(cache: &'static TokenCache) -> Self {
        Self::Static(cache)
    }
}

impl From<Arc<TokenCache>> for CacheHandle {
    fn from(cache: Arc<TokenCache>) -> Self {
        Self::Shared(cache)
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
