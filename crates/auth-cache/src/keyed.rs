use std::{
    borrow::Borrow,
    collections::BTreeMap,
    fmt,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{Clock, Observer, TokenCache};

/// Several identities: one [`TokenCache`] per key, such as a tenant, a client or a user.
///
/// The caches share nothing: no caller waits for a sign-in of another key or is served its token. At most as many as
/// the bound are kept; beyond it, the one that was used least recently goes, of those that nobody is using first.
///
/// A source that keeps something, as `CognitoTokenSource` keeps a refresh token, should be kept too: hold the
/// [`Identity`](crate::Identity) of each key rather than making a new one for each call.
///
/// ```
/// use auth_cache::{Identity, SignInError, Token, TokenCaches};
/// use std::num::NonZeroUsize;
///
/// static TENANTS: TokenCaches<String> = TokenCaches::new(NonZeroUsize::new(100).unwrap());
///
/// # async fn sign_in_for(tenant: &str) -> Result<Token, SignInError> { unimplemented!("{tenant}") }
/// fn identity_of(tenant: &str) -> Identity {
///     let name = tenant.to_owned();
///     Identity::new(TENANTS.cache(tenant), move || {
///         let name = name.clone();
///         async move { sign_in_for(&name).await }
///     })
/// }
/// # identity_of("a");
/// ```
pub struct TokenCaches<K> {
    bound: NonZeroUsize,
    entries: Mutex<Entries<K>>,
    clock: Clock,
    observer: Option<Arc<dyn Observer>>,
}

struct Entries<K> {
    by_key: BTreeMap<K, Entry>,
    uses: u64,
}

struct Entry {
    cache: Arc<TokenCache>,
    /// The number of the use, counted over all keys.
    last_use: u64,
}

impl<K: Clone + Ord> TokenCaches<K> {
    /// No caches yet; `bound` is how many are kept at most.
    pub const fn new(bound: NonZeroUsize) -> Self {
        let entries = Mutex::new(Entries { by_key: BTreeMap::new(), uses: 0 });
        Self { bound, entries, clock: Clock::wall(), observer: None }
    }

    /// The same, whose caches tell `observer` what they do.
    #[must_use]
    pub fn with_observer(self, observer: Arc<dyn Observer>) -> Self {
        Self { observer: Some(observer), ..self }
    }

    /// The same, whose caches judge expiry by `clock`: for tests.
    #[must_use]
    pub fn with_clock(self, clock: impl Into<Clock>) -> Self {
        Self { clock: clock.into(), ..self }
    }

    /// The cache of `key`, which is empty if the key is new or was dropped to make room.
    pub fn cache<Q>(&self, key: &Q) -> Arc<TokenCache>
    where
        K: Borrow<Q>,
        Q: Ord + ToOwned<Owned = K> + ?Sized,
    {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.uses += 1;
        let last_use = entries.uses;
        if let Some(entry) = entries.by_key.get_mut(key) {
            entry.last_use = last_use;
            return Arc::clone(&entry.cache);
        }
        let dropped = (entries.by_key.len() >= self.bound.get()).then(|| entries.drop_least_recently_used());
        let cache = Arc::new(self.empty());
        entries.by_key.insert(key.to_owned(), Entry { cache: Arc::clone(&cache), last_use });
        // A sign-in under way in it is dropped outside of the lock.
        drop(entries);
        drop(dropped);
        cache
    }

    /// Drops the cache of `key`, with its token.
    pub fn remove<Q>(&self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        let removed = self.entries.lock().unwrap_or_else(PoisonError::into_inner).by_key.remove(key);
        drop(removed);
    }

    /// Drops all caches, with their tokens, as before a snapshot of the process.
    pub fn clear(&self) {
        let all = std::mem::take(&mut self.entries.lock().unwrap_or_else(PoisonError::into_inner).by_key);
        all.values().for_each(|entry| entry.cache.forget());
    }

    fn empty(&self) -> TokenCache {
        let cache = TokenCache::new().with_clock(self.clock.clone());
        match &self.observer {
            Some(observer) => cache.with_observer(Arc::clone(observer)),
            None => cache,
        }
    }
}

impl<K: Clone + Ord> Entries<K> {
    /// Looks at all of them: that is only done for a new key, which is about to sign in anyway.
    fn drop_least_recently_used(&mut self) -> Option<Entry> {
        let (least, _) =
            self.by_key.iter().min_by_key(|(_, entry)| (Arc::strong_count(&entry.cache) > 1, entry.last_use))?;
        let least = least.clone();
        self.by_key.remove(&least)
    }
}

impl<K> fmt::Debug for TokenCaches<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCaches").field("bound", &self.bound).finish_non_exhaustive()
    }
}
