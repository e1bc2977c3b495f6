//! The cache's state and its decisions, free of I/O, clock and randomness.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures_util::future::{BoxFuture, Shared};

use crate::{SignInError, Token, TokenError, windows::Windows};

/// What a cache knows: at most one token, at most one sign-in under way, and the last failure if nothing has
/// succeeded since.
pub(crate) struct Slot {
    held: Option<Loaded>,
    flight: Option<Flight>,
    failure: Option<Failure>,
    /// The last token that was dropped because the API refused it.
    rejected: Option<Token>,
    flights: u64,
}

/// A token and its windows.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub(crate) token: Token,
    pub(crate) windows: Windows,
}

/// A sign-in under way. It belongs to the cache and is driven by whoever waits for it.
#[derive(Clone)]
pub(crate) struct Flight {
    pub(crate) id: u64,
    started_at: SystemTime,
    pub(crate) outcome: Outcome,
}

/// The shared future of a sign-in: every waiter gets the same result.
pub(crate) type Outcome = Shared<BoxFuture<'static, Result<Loaded, Arc<SignInError>>>>;

struct Failure {
    error: Arc<SignInError>,
    in_a_row: u32,
    at: SystemTime,
    retry_at: SystemTime,
}

/// What a caller has to do.
pub(crate) enum Action {
    /// Use this token.
    Serve(Token),
    /// Start a sign-in and wait for it.
    Start(Reason),
    /// Wait for the sign-in under way.
    Join(Flight),
    /// Give up: the last sign-in failed, and it is too early for another.
    Fail(TokenError),
}

/// Why a sign-in is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// There is no token.
    Empty,
    /// The token is valid and soon to expire.
    Advisory,
    /// The token is about to expire, or has expired.
    Mandatory,
    /// The API refused the token.
    Rejected,
}

/// A sign-in that took longer was interrupted by a freeze, or its runtime is gone: it is not waited for.
const STALE_FLIGHT: Duration = Duration::from_secs(30);
/// How long a token that replaced a rejected one is kept at least, if that is less than half of its life.
const REJECTION_PAUSE: Duration = Duration::from_secs(10);
/// A clock that was set back by less is not noticed.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(2);

impl Slot {
    pub(crate) const fn new() -> Self {
        Self { held: None, flight: None, failure: None, rejected: None, flights: 0 }
    }

    /// What a caller has to do at `now`.
    pub(crate) fn classify(&self, now: SystemTime) -> Action {
        let flight = self.flight.as_ref().filter(|flight| within(flight.started_at, now, STALE_FLIGHT));
        let cooling = self.failure.as_ref().filter(|failure| failure.is_cooling(now));

        match (self.phase(now), flight, cooling) {
            (Phase::Fresh(token), ..) => Action::Serve(token),
            (Phase::Advisory(token), Some(flight), _) if flight.is_driven() => Action::Serve(token),
            (_, Some(flight), _) => Action::Join(flight.clone()),
            (Phase::Advisory(token) | Phase::Mandatory(Some(token)), None, Some(_)) => Action::Serve(token),
            (Phase::Mandatory(None) | Phase::Empty, None, Some(failure)) => Action::Fail(failure.as_error(now)),
            (Phase::Advisory(_), None, None) => Action::Start(Reason::Advisory),
            (Phase::Mandatory(_), None, None) => Action::Start(Reason::Mandatory),
            (Phase::Empty, None, None) if self.rejected.is_some() => Action::Start(Reason::Rejected),
            (Phase::Empty, None, None) => Action::Start(Reason::Empty),
        }
    }

    /// Takes note of a sign-in that starts now.
    pub(crate) fn start(&mut self, outcome: Outcome, now: SystemTime) -> Flight {
        self.flights += 1;
        self.flight.insert(Flight { id: self.flights, started_at: now, outcome }).clone()
    }

    /// Takes in the result of the sign-in `id`, and says what it means to the waiter that reports it. However many
    /// waiters report it, it counts once.
    ///
    /// The result of a sign-in that was given up is taken only if it is a token that outlives the one at hand. No
    /// result restores a token that the API has refused.
    pub(crate) fn settle(
        &mut self,
        id: u64,
        result: Result<Loaded, Arc<SignInError>>,
        now: SystemTime,
        jitter: f64,
    ) -> Settled {
        let first = self.flight.take_if(|flight| flight.id == id).is_some();
        let result = match result {
            Ok(loaded) if self.rejected.as_ref() == Some(&loaded.token) => Err(Arc::new(SignInError::RejectedAgain)),
            // The process was frozen between the end of the sign-in and now.
            Ok(loaded) if now >= loaded.windows.expires_at => Err(Arc::new(SignInError::ExpiredOnArrival)),
            other => other,
        };
        match result {
            Ok(loaded) => {
                let outlives = |held: &Loaded| held.windows.expires_at < loaded.windows.expires_at;
                if first || self.held.as_ref().is_none_or(outlives) {
                    self.held = Some(loaded.clone());
                    self.failure = None;
                }
                Settled::Token(loaded.token)
            }
            Err(error) => {
                if first {
                    self.fail(Arc::clone(&error), now, jitter);
                }
                let retry_after = self.failure.as_ref().map_or(Duration::ZERO, |failure| failure.retry_after(now));
                let error = TokenError::SignIn { source: error, retry_after };
                Settled::Failed { error, fallback: self.usable(now).cloned(), first }
            }
        }
    }

    /// Drops the token if it is the one that was rejected, and never takes it in again.
    ///
    /// A new token that replaced a rejected one moments ago is kept: an API that refuses every token would otherwise
    /// cause a sign-in at each call.
    pub(crate) fn invalidate(&mut self, rejected: &Token, now: SystemTime) {
        let replaces_another = self.rejected.is_some();
        let dropped = self.held.take_if(|held| {
            let Windows { admitted_at, expires_at, .. } = held.windows;
            let half_a_life = expires_at.duration_since(admitted_at).unwrap_or_default() / 2;
            let is_new = within(admitted_at, now, REJECTION_PAUSE.min(half_a_life));
            held.token == *rejected && !(replaces_another && is_new)
        });
        if let Some(dropped) = dropped {
            self.rejected = Some(dropped.token);
        }
    }

    /// The token at hand if it has not expired.
    pub(crate) fn usable(&self, now: SystemTime) -> Option<&Token> {
        let held = self.held.as_ref()?;
        let usable = now < held.windows.expires_at && !was_set_back(held.windows.admitted_at, now);
        usable.then_some(&held.token)
    }

    /// A failure while a token is valid pauses no longer than the token lives.
    fn fail(&mut self, error: Arc<SignInError>, now: SystemTime, jitter: f64) {
        let in_a_row = self.failure.as_ref().map_or(0, |failure| failure.in_a_row).saturating_add(1);
        let mut pause = error.cool_down(in_a_row, jitter);
        if let Some(held) = self.held.as_ref().filter(|_| self.usable(now).is_some()) {
            pause = pause.min(held.windows.expires_at.duration_since(now).unwrap_or_default());
        }
        self.failure = Some(Failure { error, in_a_row, at: now, retry_at: now.checked_add(pause).unwrap_or(now) });
    }

    fn phase(&self, now: SystemTime) -> Phase {
        let Some(held) = &self.held else { return Phase::Empty };
        match self.usable(now).cloned() {
            Some(token) if now < held.windows.advisory_from => Phase::Fresh(token),
            Some(token) if now < held.windows.mandatory_from => Phase::Advisory(token),
            usable => Phase::Mandatory(usable),
        }
    }
}

/// The result of a sign-in as one of its waiters sees it.
pub(crate) enum Settled {
    Token(Token),
    Failed {
        error: TokenError,
        /// The old token, if it is still valid.
        fallback: Option<Token>,
        /// Whether this waiter is the first to report it.
        first: bool,
    },
}

/// Where in its life the token is.
enum Phase {
    Empty,
    Fresh(Token),
    Advisory(Token),
    /// With the token, if it has not expired yet.
    Mandatory(Option<Token>),
}

impl Flight {
    /// Whether somebody waits for it, beside the cache itself. Nobody does when its callers have been dropped.
    fn is_driven(&self) -> bool {
        self.outcome.strong_count().is_some_and(|handles| handles > 1)
    }
}

impl Failure {
    fn is_cooling(&self, now: SystemTime) -> bool {
        now < self.retry_at && !was_set_back(self.at, now)
    }

    fn retry_after(&self, now: SystemTime) -> Duration {
        self.retry_at.duration_since(now).unwrap_or_default()
    }

    fn as_error(&self, now: SystemTime) -> TokenError {
        TokenError::SignIn { source: Arc::clone(&self.error), retry_after: self.retry_after(now) }
    }
}

/// Whether `now` is in the `limit` after `start`.
fn within(start: SystemTime, now: SystemTime, limit: Duration) -> bool {
    !was_set_back(start, now) && now.duration_since(start).unwrap_or_default() <= limit
}

/// Whether the clock shows a time before `earlier`, which has been: then no interval since `earlier` can be trusted.
fn was_set_back(earlier: SystemTime, now: SystemTime) -> bool {
    earlier.duration_since(now).is_ok_and(|by| by > CLOCK_TOLERANCE)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn a_token_that_expired_before_its_waiter_woke_is_a_failure() {
        // {"iat":1800000000,"exp":1800003600}
        let token = Token::issued("e30.eyJpYXQiOjE4MDAwMDAwMDAsImV4cCI6MTgwMDAwMzYwMH0.c2ln".to_owned()).unwrap();
        let start = token.issued_at().unwrap();
        let loaded = Loaded { windows: Windows::of(&token, start, start, 0.0).unwrap(), token };
        let mut slot = Slot::new();
        let flight = slot.start(std::future::pending().boxed().shared(), start);

        let thaw = loaded.windows.expires_at;
        let settled = slot.settle(flight.id, Ok(loaded), thaw, 0.0);
        assert!(matches!(settled, Settled::Failed { fallback: None, first: true, .. }));
        assert!(matches!(slot.classify(thaw), Action::Fail(_)), "nothing was kept");
    }
}
