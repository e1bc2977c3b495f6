use std::{
    borrow::Borrow,
    collections::{BTreeMap, btree_map::Entry},
    fmt,
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::Identity;

/// Several identities, one per key, such as a tenant, a client or a user. Made to be a `static`.
///
/// They share nothing: no caller waits for a sign-in of another key or is served its token. At most as many as the
/// bound are kept, each with its token and its source; beyond it, the one goes whose token was asked for least recently.
///
/// ```
/// use auth_cache::{Identities, Identity, SignInError, Token};
/// use std::num::NonZeroUsize;
///
/// static TENANTS: Identities<String> = Identities::new(NonZeroUsize::new(100).unwrap());
///
/// # async fn sign_in_for(tenant: &str) -> Result<Token, SignInError> { unimplemented!("{tenant}") }
/// fn identity_of(tenant: &str) -> Identity {
///     TENANTS.get(tenant, |tenant| {
///         let tenant = tenant.to_owned();
///         Identity::new(move || {
///             let tenant = tenant.clone();
///             async move { sign_in_for(&tenant).await }
///         })
///     })
/// }
/// # identity_of("a");
/// ```
pub struct Identities<K> {
    bound: NonZeroUsize,
    by_key: Mutex<BTreeMap<K, Identity>>,
}

impl<K: Clone + Ord> Identities<K> {
    /// No identities yet; `bound` is how many are kept at most. It should be more than are in use at one time: one that
    /// is dropped while somebody holds it signs in beside its successor.
    pub const fn new(bound: NonZeroUsize) -> Self {
        Self { bound, by_key: Mutex::new(BTreeMap::new()) }
    }

    /// The identity of `key`. If the key is new, or was dropped to make room, it is the one that `identity` makes.
    ///
    /// This takes a short lock, and is meant to be called for each use. An identity that is held counts as used whenever
    /// it is asked for its token.
    pub fn get<Q>(&self, key: &Q, identity: impl FnOnce(&Q) -> Identity) -> Identity
    where
        K: Borrow<Q>,
        Q: Ord + ToOwned<Owned = K> + ?Sized,
    {
        if let Some(identity) = self.lock().get(key) {
            identity.note_use();
            return identity.clone();
        }
        // Outside of the lock, because it runs code of the caller.
        let new = identity(key);
        new.note_use();

        let mut by_key = self.lock();
        let (identity, too_late) = match by_key.entry(key.to_owned()) {
            Entry::Vacant(entry) => (entry.insert(new).clone(), None),
            Entry::Occupied(entry) => (entry.get().clone(), Some(new)),
        };
        let dropped = (by_key.len() > self.bound.get()).then(|| drop_least_recently_used(&mut by_key, key));
        // Sources, and a sign-in under way, are dropped outside of the lock.
        drop(by_key);
        drop((too_late, dropped));
        identity
    }

    /// Drops the identity of `key`, and its token and what its source keeps even if somebody holds it.
    pub fn remove<Q>(&self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        let removed = self.lock().remove(key);
        if let Some(identity) = removed {
            identity.forget();
        }
    }

    /// Drops all identities, as [`Identities::remove`] does.
    pub fn clear(&self) {
        let all = std::mem::take(&mut *self.lock());
        all.values().for_each(Identity::forget);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<K, Identity>> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks at all of them: that is only done for a new key, which is about to sign in anyway.
fn drop_least_recently_used<K, Q>(by_key: &mut BTreeMap<K, Identity>, new: &Q) -> Option<Identity>
where
    K: Clone + Ord + Borrow<Q>,
    Q: Ord + ?Sized,
{
    let others = by_key.iter().filter(|(key, _)| (*key).borrow() != new);
    let (least, _) = others.min_by_key(|(_, identity)| identity.last_use())?;
    let least = least.clone();
    by_key.remove(least.borrow())
}

impl<K> fmt::Debug for Identities<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identities").field("bound", &self.bound).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicBool, Ordering},
        time::Duration,
    };

    use super::*;
    use crate::{SignInError, Token, TokenSource};

    #[test]
    fn a_source_that_came_second_is_dropped_outside_of_the_lock() {
        static IDENTITIES: Identities<u8> = Identities::new(NonZeroUsize::MIN);
        static WAS_LOCKED: AtomicBool = AtomicBool::new(false);

        struct Source;

        impl TokenSource for Source {
            async fn sign_in(&self) -> Result<Token, SignInError> {
                Ok(Token::opaque("token".to_owned(), Duration::from_secs(3600))?)
            }
        }

        impl Drop for Source {
            fn drop(&mut self) {
                WAS_LOCKED.fetch_or(IDENTITIES.by_key.try_lock().is_err(), Ordering::Relaxed);
            }
        }

        IDENTITIES.get(&1, |key| {
            IDENTITIES.get(key, |_| Identity::new(Source));
            Identity::new(Source)
        });
        assert!(!WAS_LOCKED.load(Ordering::Relaxed));
    }
}
