//! The slot behind its lock, and the token that is handed out without it.

use std::{sync::Arc, time::Duration};

use sync::{Mutex, MutexGuard, PoisonError, Published};

use crate::{
    Token,
    clock::Nanos,
    slot::{Outcome, Slot},
};

/// A [`Slot`] that is shared by threads. While its token is fresh, it is handed out without the lock.
pub(crate) struct State<O> {
    slot: Mutex<Slot<O>>,
    /// The token in the slot and the time in which it can be served without a further thought. Changed under the lock
    /// only, so it never is older than what the lock last protected.
    fresh: Published<Fresh>,
}

struct Fresh {
    token: Token,
    admitted_at: Nanos,
    from: Nanos,
    until: Nanos,
}

impl<O: Outcome> State<O> {
    #[cfg(not(auth_cache_loom))]
    pub(crate) const fn new() -> Self {
        Self { slot: Mutex::new(Slot::new()), fresh: Published::const_empty() }
    }

    #[cfg(auth_cache_loom)]
    pub(crate) fn new() -> Self {
        Self { slot: Mutex::new(Slot::new()), fresh: Published::const_empty() }
    }

    /// The token and its age, if it is fresh.
    #[inline]
    pub(crate) fn fresh(&self, now: Nanos) -> Option<(Token, Duration)> {
        let fresh = self.fresh.load();
        let fresh = fresh.as_ref()?;
        (fresh.from <= now && now < fresh.until).then(|| (fresh.token.clone(), now.since(fresh.admitted_at)))
    }

    /// Reads or changes the slot. What `work` takes out of it is dropped after the lock has been released.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut Slot<O>) -> R) -> R {
        let mut slot = self.lock();
        let result = work(&mut slot);
        let is_published = match (self.fresh.load().as_ref(), slot.held()) {
            (Some(fresh), Some(held)) => fresh.token.is(&held.token),
            (None, None) => true,
            _ => false,
        };
        if !is_published {
            self.fresh.store(slot.held().map(|held| {
                Arc::new(Fresh {
                    token: held.token.clone(),
                    admitted_at: held.windows.admitted_at.into(),
                    from: held.windows.trusted_from().into(),
                    until: held.windows.advisory_from.into(),
                })
            }));
        }
        result
    }

    /// A panic elsewhere leaves the slot consistent: it is only ever changed by statements that cannot panic.
    fn lock(&self) -> MutexGuard<'_, Slot<O>> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(not(auth_cache_loom))]
mod sync {
    pub(super) use std::sync::{Mutex, MutexGuard, PoisonError};

    pub(super) use arc_swap::ArcSwapOption as Published;
}

/// What loom can take apart: its own lock, and one in place of the lock-free pointer.
#[cfg(auth_cache_loom)]
mod sync {
    use std::sync::Arc;

    pub(super) use std::sync::PoisonError;

    pub(super) use loom::sync::{Mutex, MutexGuard};

    pub(super) struct Published<T>(Mutex<Option<Arc<T>>>);

    impl<T> Published<T> {
        pub(super) fn const_empty() -> Self {
            Self(Mutex::new(None))
        }

        pub(super) fn load(&self) -> Option<Arc<T>> {
            self.0.lock().unwrap().clone()
        }

        pub(super) fn store(&self, value: Option<Arc<T>>) {
            *self.0.lock().unwrap() = value;
        }
    }
}
