//! The slot behind its lock, and the token that is handed out without it.

use std::sync::{Arc, PoisonError};

use crate::{
    Token,
    clock::Nanos,
    slot::{Loaded, Outcome, Slot},
    sync::{Mutex, MutexGuard, Published},
    token::{Fresh, Inner},
};

/// A [`Slot`] that is shared by threads. While its token is fresh, it is handed out without the lock.
pub(crate) struct State<O> {
    slot: Mutex<Slot<O>>,
    /// The token in the slot and the time in which it can be served without a further thought. Changed under the lock
    /// only, so it never is older than what the lock last protected.
    fresh: Published<Inner>,
}

impl<O: Outcome> State<O> {
    pub(crate) const fn new() -> Self {
        Self { slot: Mutex::new(Slot::new()), fresh: Published::const_empty() }
    }

    /// The token, if it is fresh.
    #[inline]
    pub(crate) fn fresh(&self, now: Nanos) -> Option<Token> {
        let token = Token::guarded(self.fresh.load())?;
        let fresh = &token.inner().fresh;
        (fresh.from.get() <= now && now < fresh.until.get()).then_some(token)
    }

    /// Reads or changes the slot. What `work` takes out of it is dropped after the lock has been released.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut Slot<O>) -> R) -> R {
        let mut slot = self.lock();
        let result = work(&mut slot);
        let held = slot.held().map(|held| held.token.inner());
        if held.map(Arc::as_ptr) != self.fresh.load().as_ref().map(Arc::as_ptr) {
            if let Some(Loaded { token, windows }) = slot.held() {
                let Fresh { admitted_at, from, until } = &token.inner().fresh;
                admitted_at.set(windows.admitted_at);
                from.set(windows.trusted_from());
                until.set(windows.advisory_from);
            }
            self.fresh.store(held.cloned());
        }
        result
    }

    /// A panic elsewhere leaves the slot consistent: it is only ever changed by statements that cannot panic.
    fn lock(&self) -> MutexGuard<'_, Slot<O>> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
