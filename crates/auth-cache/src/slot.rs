//! The cache's state and its decisions, free of I/O, locks, clock and randomness.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use crate::{RefreshReason, SignInError, Token, TokenError, windows::Windows};

/// What a cache knows: at most one token, at most one sign-in under way, and the last failure if nothing has
/// succeeded since. `O` is where the outcome of a sign-in can be waited for.
pub(crate) struct Slot<O> {
    held: Option<Loaded>,
    flight: Option<Flight<O>>,
    failure: Option<Failure>,
    rejected: Option<Rejected>,
}

/// A token and its windows.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) token: Token,
    pub(crate) windows: Windows,
}

/// A sign-in under way. It belongs to the cache and is driven by whoever waits for it.
#[derive(Clone)]
pub(crate) struct Flight<O> {
    pub(crate) id: FlightId,
    pub(crate) outcome: O,
    reason: RefreshReason,
    started_at: SystemTime,
    /// When a caller last stopped waiting for it.
    left_at: SystemTime,
}

/// Where the outcome of a sign-in can be waited for.
pub(crate) trait Outcome: Clone {
    /// Whether anybody waits, beside the cache itself. Nobody does when all callers were dropped.
    fn is_awaited(&self) -> bool;
}

/// Why a renewal holds its callers up, and for how long it is left alone.
pub(crate) type HeldUp = (Arc<SignInError>, Duration);

/// Tells one sign-in from any other, of any cache. Knows whether its result has been reported.
#[derive(Clone, Debug, Default)]
pub(crate) struct FlightId(Arc<AtomicBool>);

/// The last token that was dropped because the API refused it.
struct Rejected {
    token: Token,
    at: SystemTime,
}

struct Failure {
    error: Arc<SignInError>,
    in_a_row: u32,
    at: SystemTime,
    retry_at: SystemTime,
}

/// What a caller has to do.
pub(crate) enum Action<O> {
    /// Use this token.
    Serve(Loaded),
    /// Start a sign-in and wait for it.
    Start {
        reason: RefreshReason,
        /// Whether there is a valid token, should it take too long.
        fallback: bool,
    },
    /// Wait for the sign-in under way.
    Join { flight: Flight<O>, fallback: bool },
    /// Give up: the last sign-in failed, and it is too early for another.
    Fail(TokenError),
}

/// A sign-in that has come to its end, for the one that has to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Landed {
    pub(crate) reason: RefreshReason,
    pub(crate) took: Duration,
}

/// A sign-in that was given up. It is dropped outside of the lock, because dropping it runs code of the source.
pub(crate) struct Abandoned<O> {
    pub(crate) landed: Landed,
    _flight: Flight<O>,
}

/// The result of a sign-in as one of its waiters sees it.
pub(crate) enum Settled {
    Token(Token),
    Failed {
        error: Arc<SignInError>,
        retry_after: Duration,
        /// The old token, if it is still valid.
        fallback: Option<Token>,
    },
    /// The token has been refused by the API, or has expired, since another waiter took it in: start again.
    Outdated,
}

/// A sign-in that takes longer was interrupted by a freeze, or its runtime is gone: it is not waited for.
const LONGEST_FLIGHT: Duration = Duration::from_secs(30);
/// The same, of one for which nobody waits: it makes no progress, and its connection is perhaps dead after a freeze.
const LONGEST_PAUSE_OF_A_FLIGHT: Duration = Duration::from_secs(3);
/// A caller with less time than this does not start a renewal that can wait.
const SHORTEST_ADVISORY_LIMIT: Duration = Duration::from_secs(1);
/// How soon after a rejected token another can be dropped, if that is less than half of its life.
const REJECTION_PAUSE: Duration = Duration::from_secs(10);
/// A clock that was set back by less is not noticed.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(2);

impl<O: Outcome> Slot<O> {
    pub(crate) const fn new() -> Self {
        Self { held: None, flight: None, failure: None, rejected: None }
    }

    pub(crate) fn held(&self) -> Option<&Loaded> {
        self.held.as_ref()
    }

    /// What a caller that can wait for `limit` has to do at `now`.
    pub(crate) fn classify(&self, now: SystemTime, limit: Duration) -> Action<O> {
        let flight = self.flight.as_ref().filter(|flight| flight.is_worth_waiting_for(now));
        let cooling = self.failure.as_ref().filter(|failure| failure.is_cooling(now));

        match (self.phase(now), flight, cooling) {
            (Phase::Fresh(held), ..) => Action::Serve(held),
            (Phase::Advisory(held), ..) if limit < SHORTEST_ADVISORY_LIMIT => Action::Serve(held),
            (Phase::Advisory(held), Some(flight), _) if flight.outcome.is_awaited() => Action::Serve(held),
            // The last attempt failed, or holds its callers up.
            (Phase::Advisory(held) | Phase::Mandatory(held), _, Some(_)) => Action::Serve(held),
            (phase, Some(flight), _) => Action::Join { flight: flight.clone(), fallback: phase.has_token() },
            (Phase::Expired | Phase::Empty, None, Some(failure)) => Action::Fail(failure.as_error(now)),
            (phase, None, None) => Action::Start { reason: self.reason(&phase), fallback: phase.has_token() },
        }
    }

    /// Takes note of a sign-in that starts now. Returns it, and the one that it takes the place of.
    pub(crate) fn start(
        &mut self,
        id: FlightId,
        reason: RefreshReason,
        outcome: O,
        now: SystemTime,
    ) -> (Flight<O>, Option<Abandoned<O>>) {
        let flight = Flight { id, outcome, reason, started_at: now, left_at: now };
        let replaced = self.flight.replace(flight.clone());
        (flight, replaced.map(|flight| Abandoned::at(now, flight)))
    }

    /// Takes in the result of the sign-in `id` and says what it means to the waiter that reports it; to one of the
    /// waiters also that it came to its end.
    ///
    /// However many waiters report it, it counts once. The result of a sign-in that was given up is taken only if it
    /// is a token that outlives the one at hand. No result restores a token that the API has refused.
    pub(crate) fn settle(
        &mut self,
        id: &FlightId,
        result: Result<Loaded, Arc<SignInError>>,
        now: SystemTime,
        jitter: impl FnOnce() -> f64,
    ) -> (Settled, Option<Landed>) {
        let flight = self.flight.take_if(|flight| flight.id.is(id));
        let landed = flight.map(|flight| flight.landed(now));
        let first = id.report();

        let result = match result {
            Ok(loaded) if self.is_outdated(&loaded, now) && !first => return (Settled::Outdated, landed),
            Ok(loaded) if self.is_rejected(&loaded.token) => Err(Arc::new(SignInError::RejectedAgain)),
            // The process was frozen between the end of the sign-in and now.
            Ok(loaded) if now >= loaded.windows.expires_at => Err(Arc::new(SignInError::ExpiredOnArrival)),
            other => other,
        };
        let settled = match result {
            Ok(loaded) => {
                let outlives = |held: &Loaded| held.windows.expires_at < loaded.windows.expires_at;
                if landed.is_some() || first && self.held.as_ref().is_none_or(outlives) {
                    self.held = Some(loaded.clone());
                    self.failure = None;
                }
                Settled::Token(loaded.token)
            }
            Err(error) => {
                if landed.is_some() {
                    self.fail(Arc::clone(&error), now, jitter);
                }
                let retry_after = self.failure.as_ref().map_or(Duration::ZERO, |failure| failure.retry_after(now));
                Settled::Failed { error, retry_after, fallback: self.usable(now).map(|held| held.token.clone()) }
            }
        };
        (settled, landed)
    }

    /// Takes note that a caller stops waiting for the sign-in `id`.
    pub(crate) fn leave(&mut self, id: &FlightId, now: SystemTime) {
        if let Some(flight) = self.flight.as_mut().filter(|flight| flight.id.is(id)) {
            flight.left_at = now;
        }
    }

    /// What a caller whose limit has passed can use. The renewal goes on, but holds nobody else up for a while: that
    /// is a failure like another, which the first such caller is told of.
    pub(crate) fn time_out(
        &mut self,
        now: SystemTime,
        jitter: impl FnOnce() -> f64,
    ) -> Option<(Token, Option<HeldUp>)> {
        let token = self.usable(now)?.token.clone();
        if self.failure.as_ref().is_some_and(|failure| failure.is_cooling(now)) {
            return Some((token, None));
        }
        let error = Arc::new(SignInError::unavailable("no answer yet"));
        let failure = self.fail(Arc::clone(&error), now, jitter);
        Some((token, Some((error, failure.retry_after(now)))))
    }

    /// Drops the token if it is the one that was rejected, and never takes it in again.
    ///
    /// A token that replaced a rejected one moments ago is kept: an API that refuses every token would otherwise
    /// cause a sign-in at each call.
    pub(crate) fn invalidate(&mut self, rejected: &Token, now: SystemTime) {
        let last = self.rejected.as_ref().map(|rejected| rejected.at);
        let dropped = self.held.take_if(|held| {
            let Windows { admitted_at, expires_at, .. } = held.windows;
            let half_a_life = expires_at.duration_since(admitted_at).unwrap_or_default() / 2;
            let pause = REJECTION_PAUSE.min(half_a_life);
            held.token == *rejected && !last.is_some_and(|last| within(last, now, pause))
        });
        if let Some(dropped) = dropped {
            self.rejected = Some(Rejected { token: dropped.token, at: now });
        }
    }

    /// Empties the slot; returns the sign-in that was under way, whose result only its own waiters get.
    pub(crate) fn forget(&mut self, now: SystemTime) -> Option<Abandoned<O>> {
        let flight = std::mem::replace(self, Self::new()).flight?;
        flight.id.report();
        Some(Abandoned::at(now, flight))
    }

    /// The token at hand if it has not expired.
    pub(crate) fn usable(&self, now: SystemTime) -> Option<&Loaded> {
        self.held.as_ref().filter(|held| now < held.windows.expires_at && !was_set_back(held.windows.admitted_at, now))
    }

    /// A failure while a token is valid pauses no longer than the token lives.
    fn fail(&mut self, error: Arc<SignInError>, now: SystemTime, jitter: impl FnOnce() -> f64) -> &Failure {
        let in_a_row = self.failure.as_ref().map_or(0, |failure| failure.in_a_row).saturating_add(1);
        let mut pause = error.cool_down(in_a_row, jitter());
        if let Some(held) = self.usable(now) {
            pause = pause.min(held.windows.expires_at.duration_since(now).unwrap_or_default());
        }
        self.failure.insert(Failure { error, in_a_row, at: now, retry_at: now.checked_add(pause).unwrap_or(now) })
    }

    fn phase(&self, now: SystemTime) -> Phase {
        match self.usable(now) {
            Some(held) if now < held.windows.advisory_from => Phase::Fresh(held.clone()),
            Some(held) if now < held.windows.mandatory_from => Phase::Advisory(held.clone()),
            Some(held) => Phase::Mandatory(held.clone()),
            None if self.held.is_some() => Phase::Expired,
            None => Phase::Empty,
        }
    }

    fn reason(&self, phase: &Phase) -> RefreshReason {
        match phase {
            Phase::Fresh(_) | Phase::Advisory(_) => RefreshReason::Advisory,
            Phase::Mandatory(_) | Phase::Expired => RefreshReason::Mandatory,
            Phase::Empty if self.rejected.is_some() => RefreshReason::Rejected,
            Phase::Empty => RefreshReason::Empty,
        }
    }

    fn is_rejected(&self, token: &Token) -> bool {
        self.rejected.as_ref().is_some_and(|rejected| rejected.token == *token)
    }

    fn is_outdated(&self, loaded: &Loaded, now: SystemTime) -> bool {
        self.is_rejected(&loaded.token) || now >= loaded.windows.expires_at
    }
}

/// Where in its life the token is.
enum Phase {
    Empty,
    Fresh(Loaded),
    Advisory(Loaded),
    Mandatory(Loaded),
    Expired,
}

impl Phase {
    fn has_token(&self) -> bool {
        !matches!(self, Self::Empty | Self::Expired)
    }
}

impl FlightId {
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Whether this is the first report of its result.
    fn report(&self) -> bool {
        !self.0.swap(true, Ordering::Relaxed)
    }
}

impl<O: Outcome> Flight<O> {
    fn is_worth_waiting_for(&self, now: SystemTime) -> bool {
        let has_time = within(self.started_at, now, LONGEST_FLIGHT);
        has_time && (self.outcome.is_awaited() || within(self.left_at, now, LONGEST_PAUSE_OF_A_FLIGHT))
    }

    fn landed(&self, now: SystemTime) -> Landed {
        Landed { reason: self.reason, took: now.duration_since(self.started_at).unwrap_or_default() }
    }
}

impl<O: Outcome> Abandoned<O> {
    fn at(now: SystemTime, flight: Flight<O>) -> Self {
        Self { landed: flight.landed(now), _flight: flight }
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

impl Windows {
    /// From here on the clock has not been set back since the token came.
    pub(crate) fn trusted_from(&self) -> SystemTime {
        self.admitted_at.checked_sub(CLOCK_TOLERANCE).unwrap_or(SystemTime::UNIX_EPOCH)
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
