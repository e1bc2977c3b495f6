//! The slot behind its lock, and the token that is handed out without it.

use std::sync::{Arc, PoisonError};

use crate::{
    Token,
    cache::slot::{Loaded, Outcome, Slot},
    clock::Nanos,
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
        let replaced = slot.take_replaced();
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
        drop(slot);
        drop(replaced);
        result
    }

    /// A panic elsewhere leaves the slot consistent: it is only ever changed by statements that cannot panic.
    fn lock(&self) -> MutexGuard<'_, Slot<O>> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[cfg(not(auth_cache_loom))]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::{
        RefreshReason,
        cache::{refresh_windows::Windows, slot::FlightId},
        token::tests::token_that_expires_at,
    };

    const START: SystemTime = SystemTime::UNIX_EPOCH;
    const HOUR: Duration = Duration::from_secs(3600);
    const TICK: Duration = Duration::from_nanos(1);

    #[derive(Clone)]
    struct Nobody;

    impl Outcome for Nobody {
        fn is_awaited(&self) -> bool {
            false
        }
    }

    impl State<Nobody> {
        fn take_in(&self, token: &Token, now: SystemTime) {
            let windows = Windows::of(token, now, now, 0.0).expect("it is valid");
            self.with(|slot| {
                let id = FlightId::default();
                slot.start(id.clone(), RefreshReason::Empty, Nobody, now);
                slot.settle(&id, Ok(Loaded { token: token.clone(), windows }), now, || 0.0);
            });
        }

        fn fresh_at(&self, now: SystemTime) -> Option<Token> {
            self.fresh(now.into())
        }
    }

    #[test]
    fn a_token_is_handed_out_without_the_lock_while_it_is_fresh_and_no_longer() {
        let state = State::new();
        assert_eq!(state.fresh_at(START), None);
        let now = START + HOUR;
        let token = token_that_expires_at(START + 2 * HOUR);
        state.take_in(&token, now);
        for (at, is_fresh) in [
            (now - Duration::from_secs(2) - TICK, false), // the clock was set back
            (now - Duration::from_secs(2), true),
            (now, true),
            (now + HOUR * 3 / 4 - TICK, true),
            (now + HOUR * 3 / 4, false), // it is due
        ] {
            assert_eq!(state.fresh_at(at).is_some_and(|fresh| fresh.is(&token)), is_fresh, "{at:?}");
        }
    }

    #[test]
    fn what_is_handed_out_without_the_lock_is_what_the_lock_protected_last() {
        let state = State::new();
        for hours in 1..4 {
            let token = token_that_expires_at(START + hours * HOUR);
            state.take_in(&token, START);
            assert!(state.fresh_at(START).is_some_and(|fresh| fresh.is(&token)));
        }
        state.with(|slot| drop(slot.forget(START)));
        assert_eq!(state.fresh_at(START), None);
    }
}
