//! The cache's state and its decisions, free of I/O, locks, clock and randomness.

use std::{
    mem::discriminant,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use crate::{RefreshReason, SignInError, Token, TokenError, cache::refresh_windows::Windows};

/// What a cache knows: at most one token, at most one sign-in under way, and the last failure if nothing has
/// succeeded since. `O` is where the outcome of a sign-in can be waited for.
pub(crate) struct Slot<O> {
    held: Option<Loaded>,
    flight: Option<Flight<O>>,
    failure: Option<Failure>,
    rejections: Rejections,
    /// A failure's error that was replaced. It is dropped outside of the lock, because dropping it runs code of the source.
    replaced: Option<Arc<SignInError>>,
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
    /// When somebody was last seen to wait for it.
    attended_at: SystemTime,
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

/// The tokens that were dropped last because the API refused them, without their texts.
struct Rejections {
    fingerprints: Vec<u64>,
    last: Option<SystemTime>,
}

struct Failure {
    error: Arc<SignInError>,
    /// How many there were of this kind, one after the other.
    in_a_row: u32,
    /// The sign-in goes on, but held a caller up.
    is_held_up: bool,
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
    /// The token is not at hand any more since another waiter took it in: start again.
    Outdated,
}

/// A sign-in that takes longer hangs, or its runtime is gone: it is not waited for.
const LONGEST_FLIGHT: Duration = Duration::from_secs(30);
/// Nor is one that nobody attended to for longer: nobody waits for it, or a freeze interrupted those who do. It makes no
/// progress, and its connection is perhaps dead.
const LONGEST_PAUSE_OF_A_FLIGHT: Duration = Duration::from_secs(3);
/// How often those who wait for a sign-in show it.
pub(crate) const ATTENDANCE: Duration = Duration::from_secs(1);
/// A caller with less time than this does not start a renewal that can wait.
const SHORTEST_ADVISORY_LIMIT: Duration = Duration::from_secs(1);
/// How soon after a rejected token another can be dropped, if that is less than half of its life.
const REJECTION_PAUSE: Duration = Duration::from_secs(10);
/// How many rejected tokens are remembered, so that none of them is taken in again.
const REJECTIONS_REMEMBERED: usize = 8;
/// A clock that was set back by less is not noticed.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(2);

impl<O: Outcome> Slot<O> {
    pub(crate) const fn new() -> Self {
        Self { held: None, flight: None, failure: None, rejections: Rejections::none(), replaced: None }
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
        let flight = Flight { id, outcome, reason, started_at: now, attended_at: now };
        let replaced = self.flight.replace(flight.clone());
        (flight, replaced.map(|flight| Abandoned::at(now, flight)))
    }

    /// Takes in the result of the sign-in `id` and says what it means to the waiter that reports it; to one of the
    /// waiters also that it came to its end.
    ///
    /// However many waiters report it, it counts once. The result of a sign-in that was given up is taken only if it
    /// is a token that outlives the one at hand. No result restores one of the tokens that the API refused last.
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
            Ok(loaded) if !first && !self.serves(&loaded.token, now) => return (Settled::Outdated, landed),
            Ok(loaded) if self.rejections.include(&loaded.token) => Err(Arc::new(SignInError::RejectedAgain)),
            // The process was frozen between the end of the sign-in and now.
            Ok(loaded) if now >= loaded.windows.expires_at => Err(Arc::new(SignInError::ExpiredOnArrival)),
            other => other,
        };
        let settled = match result {
            Ok(loaded) => {
                let outlives = |held: &Loaded| held.windows.expires_at < loaded.windows.expires_at;
                if landed.is_some() || first && self.held.as_ref().is_none_or(outlives) {
                    self.held = Some(loaded.clone());
                    self.replaced = self.failure.take().map(|failure| failure.error);
                }
                Settled::Token(loaded.token)
            }
            Err(error) => {
                if landed.is_some() {
                    self.fail(Arc::clone(&error), false, now, jitter);
                }
                let retry_after = self.failure.as_ref().map_or(Duration::ZERO, |failure| failure.retry_after(now));
                Settled::Failed { error, retry_after, fallback: self.usable(now).map(|held| held.token.clone()) }
            }
        };
        (settled, landed)
    }

    /// Takes note that somebody waits for the sign-in `id`, or has until now. One that was interrupted stays so.
    pub(crate) fn attend(&mut self, id: &FlightId, now: SystemTime) {
        if let Some(flight) = self.flight.as_mut().filter(|flight| flight.id.is(id) && flight.is_attended(now)) {
            flight.attended_at = now;
        }
    }

    /// What a caller whose limit has passed can use, if there is anything. The renewal `id` that it waited for goes on,
    /// but holds nobody else up for a while: that is a failure like another, which the first such caller is told of.
    pub(crate) fn time_out(
        &mut self,
        id: &FlightId,
        now: SystemTime,
        jitter: impl FnOnce() -> f64,
    ) -> Option<(Token, Option<HeldUp>)> {
        let token = self.usable(now)?.token.clone();
        let goes_on = self.flight.as_ref().is_some_and(|flight| flight.id.is(id));
        if !goes_on || self.failure.as_ref().is_some_and(|failure| failure.is_cooling(now)) {
            return Some((token, None));
        }
        let error = Arc::new(SignInError::unavailable("no answer yet"));
        let failure = self.fail(Arc::clone(&error), true, now, jitter);
        Some((token, Some((error, failure.retry_after(now)))))
    }

    /// Drops the token if it is the one that was rejected, and takes none of those that were rejected last in again.
    /// Returns whether it did.
    pub(crate) fn invalidate(&mut self, rejected: &Token, now: SystemTime) -> bool {
        let drops = self.would_drop(rejected, now);
        if drops {
            self.held = None;
            self.rejections.add(rejected, now);
        }
        drops
    }

    /// Whether the token would be dropped if it was rejected now.
    ///
    /// A token that replaced a rejected one moments ago is kept: an API that refuses every token would otherwise
    /// cause a sign-in at each call.
    pub(crate) fn would_drop(&self, rejected: &Token, now: SystemTime) -> bool {
        self.held.as_ref().is_some_and(|held| {
            let Windows { admitted_at, expires_at, .. } = held.windows;
            let half_a_life = expires_at.duration_since(admitted_at).unwrap_or_default() / 2;
            let pause = REJECTION_PAUSE.min(half_a_life);
            held.token == *rejected && !self.rejections.last.is_some_and(|last| within(last, now, pause))
        })
    }

    /// The error that was replaced, for whoever has the lock to drop it later.
    pub(crate) fn take_replaced(&mut self) -> Option<Arc<SignInError>> {
        self.replaced.take()
    }

    /// Empties the slot; returns the sign-in that was under way, whose result nobody gets.
    pub(crate) fn forget(&mut self, now: SystemTime) -> Option<Abandoned<O>> {
        let Self { flight, failure, .. } = std::mem::replace(self, Self::new());
        self.replaced = failure.map(|failure| failure.error);
        let flight = flight?;
        flight.id.report();
        Some(Abandoned::at(now, flight))
    }

    /// The token at hand if it has not expired.
    pub(crate) fn usable(&self, now: SystemTime) -> Option<&Loaded> {
        self.held.as_ref().filter(|held| now < held.windows.expires_at && !was_set_back(held.windows.admitted_at, now))
    }

    /// A failure while a token is valid pauses no longer than the token lives.
    ///
    /// Failures of another kind do not lengthen the pause, nor does a sign-in count twice that held a caller up before
    /// it failed.
    fn fail(
        &mut self,
        error: Arc<SignInError>,
        is_held_up: bool,
        now: SystemTime,
        jitter: impl FnOnce() -> f64,
    ) -> &Failure {
        let before = self.failure.take();
        let alike = before.as_ref().filter(|failure| discriminant(&*failure.error) == discriminant(&*error));
        let in_a_row = alike.map_or(1, |failure| {
            let is_the_same = failure.is_held_up && !is_held_up;
            if is_the_same { failure.in_a_row } else { failure.in_a_row.saturating_add(1) }
        });
        let mut pause = error.cool_down(in_a_row, jitter());
        if let Some(held) = self.usable(now) {
            pause = pause.min(held.windows.expires_at.duration_since(now).unwrap_or_default());
        }
        let retry_at = now.checked_add(pause).unwrap_or(now);
        self.replaced = before.map(|failure| failure.error);
        self.failure.insert(Failure { error, in_a_row, is_held_up, at: now, retry_at })
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
            Phase::Empty if self.rejections.last.is_some() => RefreshReason::Rejected,
            Phase::Empty => RefreshReason::Empty,
        }
    }

    fn serves(&self, token: &Token, now: SystemTime) -> bool {
        self.usable(now).is_some_and(|held| held.token == *token)
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

impl Rejections {
    const fn none() -> Self {
        Self { fingerprints: Vec::new(), last: None }
    }

    fn add(&mut self, token: &Token, now: SystemTime) {
        if self.fingerprints.len() == REJECTIONS_REMEMBERED {
            self.fingerprints.remove(0);
        }
        self.fingerprints.push(token.fingerprint());
        self.last = Some(now);
    }

    fn include(&self, token: &Token) -> bool {
        !self.fingerprints.is_empty() && self.fingerprints.contains(&token.fingerprint())
    }
}

impl<O: Outcome> Flight<O> {
    fn is_worth_waiting_for(&self, now: SystemTime) -> bool {
        within(self.started_at, now, LONGEST_FLIGHT) && self.is_attended(now)
    }

    fn is_attended(&self, now: SystemTime) -> bool {
        within(self.attended_at, now, LONGEST_PAUSE_OF_A_FLIGHT)
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

#[cfg(test)]
mod tests;
