//! The state and its decisions, free of I/O, locks, clock and randomness.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use crate::{
    CredentialsError, RefreshReason, SignInError, SignInRequest, Token, TokenError,
    cache::{backoff::Backoff, refresh_windows::Windows},
    clock::{Latest, nanos, was_set_back, within},
};

/// What is known: at most one token, at most one sign-in under way, and the last failure if nothing has
/// succeeded since. `O` is where the outcome of a sign-in can be waited for.
pub(crate) struct Slot<O> {
    held: Option<Arc<Loaded>>,
    flight: Option<Flight<O>>,
    failure: Option<Failure>,
    backoff: Backoff,
    rejection: Option<Rejection>,
    /// Whether a freeze interrupted the last sign-in that ended.
    was_interrupted: bool,
    last_use: SystemTime,
}

/// A token and its windows.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) token: Token,
    windows: Windows,
    /// The latest time that was seen since it came. If the clock shows an earlier one, it was set back, and no longer tells
    /// how much of the life is over.
    latest: Latest,
    /// The beginning of the advisory window, in nanoseconds.
    fresh_until: u64,
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
    /// Until when the most patient of those who wait can do so.
    awaited_until: SystemTime,
    /// When it last held a caller up who has a valid token.
    held_up_at: Option<SystemTime>,
    /// Whoever waited for it in vain, after it had been interrupted.
    is_given_up: bool,
}

/// Where the outcome of a sign-in can be waited for.
pub(crate) trait Outcome: Clone {
    /// Whether anybody waits, beside the cache itself. Nobody does when all callers were dropped.
    fn is_awaited(&self) -> bool;
}

/// Tells one sign-in from any other, of any cache.
#[derive(Clone, Debug, Default)]
pub(crate) struct FlightId(Arc<()>);

/// The token that was dropped last because the API refused it.
struct Rejection {
    token: Token,
    at: SystemTime,
}

struct Failure {
    error: Arc<SignInError>,
    at: SystemTime,
    retry_at: SystemTime,
}

/// What a caller has to do.
pub(crate) enum Action<O> {
    /// Use this token.
    Serve(Arc<Loaded>),
    /// Start a sign-in and wait for it.
    Start { reason: RefreshReason, patience: Patience },
    /// Wait for the sign-in under way.
    Join { flight: Flight<O>, patience: Patience },
    /// Wait for so long, then begin again: the last sign-in failed, but the next one may be made within the caller's
    /// limit. The error is what to say if it comes to nothing.
    Pause(Duration, TokenError),
    /// Give up: the last sign-in failed, and it is too early for another.
    Fail(TokenError),
}

/// How long a caller waits for a sign-in, within its own limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// There is no token: as long as it can.
    WithoutToken,
    /// There is a valid token, should it take too long.
    WithToken,
    /// A freeze interrupted the sign-in: just for as long as it takes to see an answer that came meanwhile.
    ForWhatHasCome,
}

/// A sign-in that has come to its end.
pub(crate) struct Landed {
    pub(crate) ended: Ended,
    pub(crate) outcome: Landing,
}

/// What an observer wants to know of a sign-in's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) reason: RefreshReason,
    pub(crate) took: Duration,
}

pub(crate) enum Landing {
    Token(Token),
    Failed {
        error: Arc<SignInError>,
        retry_after: Duration,
        /// Whether the old token is served meanwhile.
        keeps_token: bool,
    },
    /// It failed, but a freeze had interrupted it: that says nothing about the next one.
    Interrupted,
}

/// A sign-in that was given up. It is dropped outside of the lock, because dropping it runs code of the source.
pub(crate) struct Abandoned<O> {
    pub(crate) ended: Ended,
    _flight: Flight<O>,
}

/// A sign-in that takes longer hangs, or its runtime is gone.
const LONGEST_FLIGHT: Duration = Duration::from_secs(30);
/// One that nobody attended to for longer was interrupted by a freeze, or all its callers have gone. Its connection is
/// perhaps dead.
const LONGEST_PAUSE_OF_A_FLIGHT: Duration = Duration::from_secs(3);
/// How often those who wait for a sign-in show it.
pub(crate) const ATTENDANCE: Duration = Duration::from_secs(1);
/// For how long a renewal that has held a caller up holds up no other.
pub(crate) const QUIET: Duration = Duration::from_secs(1);
/// A caller with less time than this does not start a renewal that can wait.
const SHORTEST_ADVISORY_LIMIT: Duration = Duration::from_secs(1);
/// How soon after a rejected token another can be dropped, if that is less than half of its life.
const REJECTION_PAUSE: Duration = Duration::from_secs(10);

impl<O: Outcome> Slot<O> {
    /// What a caller that can wait until `until` has to do at `now`.
    pub(crate) fn classify(&mut self, now: SystemTime, until: SystemTime) -> Action<O> {
        self.note_use(now);
        let limit = until.duration_since(now).unwrap_or_default();
        let flight = self.flight.as_ref().filter(|flight| !flight.is_given_up);
        let pause = self.failure.as_ref().filter(|failure| failure.is_cooling(now));

        match (self.phase(now), flight, pause) {
            (Phase::Fresh(held), ..) => Action::Serve(held),
            (Phase::Advisory(held), ..) if limit < SHORTEST_ADVISORY_LIMIT => Action::Serve(held),
            (Phase::Advisory(held), Some(flight), _) if flight.is_under_way(now) && flight.outcome.is_awaited() => {
                Action::Serve(held)
            }
            (Phase::Advisory(held) | Phase::Mandatory(held), Some(flight), _) if flight.is_quiet(now) => {
                Action::Serve(held)
            }
            (Phase::Advisory(held) | Phase::Mandatory(held), _, Some(_)) => Action::Serve(held),
            (phase, Some(flight), _) => {
                let patience = if flight.is_under_way(now) { phase.patience() } else { Patience::ForWhatHasCome };
                Action::Join { flight: flight.clone(), patience }
            }
            (Phase::Expired | Phase::Empty, None, Some(failure)) if failure.passes_before(until) => {
                Action::Pause(failure.retry_after(now), failure.as_error(now))
            }
            (Phase::Expired | Phase::Empty, None, Some(failure)) => Action::Fail(failure.as_error(now)),
            (phase, None, None) => Action::Start { reason: self.reason(&phase), patience: phase.patience() },
        }
    }

    /// What the source is asked.
    pub(crate) fn request(&self, reason: RefreshReason) -> SignInRequest {
        let held = self.held.as_ref().map(|held| held.token.clone());
        let refused = self.rejection.as_ref().map(|rejection| rejection.token.clone());
        SignInRequest { held, refused, ..SignInRequest::new(reason) }
    }

    /// Takes note of a sign-in that starts now, for a caller that can wait until `until`. Returns it, and the one that it
    /// takes the place of.
    pub(crate) fn start(
        &mut self,
        reason: RefreshReason,
        outcome: O,
        now: SystemTime,
        until: SystemTime,
    ) -> (Flight<O>, Option<Abandoned<O>>) {
        let flight = Flight {
            id: FlightId::default(),
            outcome,
            reason,
            started_at: now,
            attended_at: now,
            awaited_until: until,
            held_up_at: None,
            is_given_up: false,
        };
        let replaced = self.flight.replace(flight.clone());
        (flight, replaced.map(|flight| Abandoned::at(now, flight)))
    }

    /// Takes note that a caller joins the sign-in `id`, and can wait until `until`.
    pub(crate) fn join(&mut self, id: &FlightId, now: SystemTime, until: SystemTime) {
        self.attend(id, now);
        if let Some(flight) = self.flight_mut(id) {
            flight.awaited_until = flight.awaited_until.max(until);
        }
    }

    /// Takes note that somebody waits for the sign-in `id`, or has until now. One that was interrupted stays so.
    /// Returns whether it still is the one to wait for.
    pub(crate) fn attend(&mut self, id: &FlightId, now: SystemTime) -> bool {
        let Some(flight) = self.flight_mut(id).filter(|flight| !flight.is_given_up) else { return false };
        if flight.is_attended(now) {
            flight.attended_at = now;
        }
        true
    }

    /// Nobody waits any longer for the sign-in `id`, which was interrupted: another takes its place.
    pub(crate) fn give_up(&mut self, id: &FlightId) {
        if let Some(flight) = self.flight_mut(id) {
            flight.is_given_up = true;
        }
    }

    /// Takes in the result of the sign-in `id`, once, if it is the one under way. That of one that was given up, or that
    /// began before the slot was emptied, changes nothing.
    pub(crate) fn land(
        &mut self,
        id: &FlightId,
        result: Result<Arc<Loaded>, Arc<SignInError>>,
        now: SystemTime,
        jitter: impl FnOnce() -> f64,
    ) -> Option<Landed> {
        let flight = self.flight.take_if(|flight| flight.id.is(id))?;
        let was_interrupted = std::mem::take(&mut self.was_interrupted);
        let outcome = match self.admit(result, now) {
            Ok(token) => Landing::Token(token),
            // Once: a source that blocks its thread for as long looks the same.
            Err(error) if !was_interrupted && !flight.is_attended(now) && may_be_due_to_a_freeze(&error) => {
                self.was_interrupted = true;
                Landing::Interrupted
            }
            Err(error) => {
                let retry_after = self.fail(Arc::clone(&error), flight.awaited_until, now, jitter);
                Landing::Failed { error, retry_after, keeps_token: self.usable(now).is_some() }
            }
        };
        Some(Landed { ended: flight.ended(now), outcome })
    }

    /// What a caller whose time has passed can use. The renewal `id` that it waited for goes on, but holds nobody else up
    /// for a while; the first such caller is told so.
    pub(crate) fn time_out(&mut self, id: &FlightId, now: SystemTime) -> Option<(Token, bool)> {
        let token = self.usable(now)?.token.clone();
        let flight = self.flight_mut(id).filter(|flight| !flight.is_quiet(now));
        let is_first = flight.map(|flight| flight.held_up_at = Some(now)).is_some();
        Some((token, is_first))
    }

    /// Drops the token if it is the one that was rejected, and does not take it in again. Returns whether it did.
    ///
    /// A token that replaced a rejected one moments ago is kept: an API that refuses every token would otherwise
    /// cause a sign-in at each call.
    pub(crate) fn invalidate(&mut self, rejected: &Token, now: SystemTime) -> bool {
        let last = self.rejection.as_ref().map(|rejection| rejection.at);
        let dropped = self.held.take_if(|held| {
            let Windows { admitted_at, expires_at, .. } = held.windows;
            let half_a_life = expires_at.duration_since(admitted_at).unwrap_or_default() / 2;
            let pause = REJECTION_PAUSE.min(half_a_life);
            held.token == *rejected && !last.is_some_and(|last| within(last, now, pause))
        });
        if dropped.is_some() {
            self.rejection = Some(Rejection { token: rejected.clone(), at: now });
        }
        dropped.is_some()
    }

    /// Empties the slot; returns the sign-in that was under way, whose result nobody gets.
    pub(crate) fn forget(&mut self, now: SystemTime) -> Option<Abandoned<O>> {
        std::mem::take(self).flight.map(|flight| Abandoned::at(now, flight))
    }

    /// Takes note that the token is asked for.
    pub(crate) fn note_use(&mut self, now: SystemTime) {
        self.last_use = now;
        if let Some(held) = &self.held {
            held.latest.note(nanos(now));
        }
    }

    pub(crate) fn last_use(&self) -> SystemTime {
        self.held.as_ref().map_or(self.last_use, |held| held.latest.get().max(self.last_use))
    }

    pub(crate) fn held(&self) -> Option<&Arc<Loaded>> {
        self.held.as_ref()
    }

    /// The token at hand if it has not expired.
    pub(crate) fn usable(&self, now: SystemTime) -> Option<&Arc<Loaded>> {
        self.held.as_ref().filter(|held| held.is_usable(now))
    }

    /// Takes in the token of a result, unless it is one that cannot be served.
    fn admit(
        &mut self,
        result: Result<Arc<Loaded>, Arc<SignInError>>,
        now: SystemTime,
    ) -> Result<Token, Arc<SignInError>> {
        let loaded = result?;
        if self.rejection.as_ref().is_some_and(|rejection| rejection.token == loaded.token) {
            return Err(Arc::new(SignInError::RejectedAgain));
        }
        // The process was frozen between the end of the sign-in and now.
        if !loaded.is_usable(now) {
            return Err(Arc::new(SignInError::ExpiredOnArrival));
        }
        let token = loaded.token.clone();
        self.held = Some(loaded);
        self.backoff = Backoff::default();
        self.failure = None;
        Ok(token)
    }

    /// Takes note of a failure, and returns the pause that follows. While a token is valid, that is no longer than its
    /// life.
    fn fail(
        &mut self,
        error: Arc<SignInError>,
        awaited_until: SystemTime,
        now: SystemTime,
        jitter: impl FnOnce() -> f64,
    ) -> Duration {
        let rest_of_life = self.usable(now).and_then(|held| held.windows.expires_at.duration_since(now).ok());
        let awaited_until = if rest_of_life.is_some() { now } else { awaited_until };
        let pause = self.backoff.pause_after(&error, awaited_until, now, jitter());
        let pause = rest_of_life.map_or(pause, |rest| rest.min(pause));
        let retry_at = now.checked_add(pause).unwrap_or(now);
        self.failure = Some(Failure { error, at: now, retry_at });
        pause
    }

    fn flight_mut(&mut self, id: &FlightId) -> Option<&mut Flight<O>> {
        self.flight.as_mut().filter(|flight| flight.id.is(id))
    }

    fn phase(&self, now: SystemTime) -> Phase {
        match self.usable(now) {
            Some(held) if now < held.windows.advisory_from => Phase::Fresh(Arc::clone(held)),
            Some(held) if now < held.windows.mandatory_from => Phase::Advisory(Arc::clone(held)),
            Some(held) => Phase::Mandatory(Arc::clone(held)),
            None if self.held.is_some() => Phase::Expired,
            None => Phase::Empty,
        }
    }

    fn reason(&self, phase: &Phase) -> RefreshReason {
        match phase {
            Phase::Fresh(_) | Phase::Advisory(_) => RefreshReason::Advisory,
            Phase::Mandatory(_) | Phase::Expired => RefreshReason::Mandatory,
            Phase::Empty if self.rejection.is_some() => RefreshReason::Rejected,
            Phase::Empty => RefreshReason::Empty,
        }
    }
}

/// Where in its life the token is.
enum Phase {
    Empty,
    Fresh(Arc<Loaded>),
    Advisory(Arc<Loaded>),
    Mandatory(Arc<Loaded>),
    Expired,
}

impl Phase {
    fn patience(&self) -> Patience {
        match self {
            Self::Empty | Self::Expired => Patience::WithoutToken,
            Self::Fresh(_) | Self::Advisory(_) | Self::Mandatory(_) => Patience::WithToken,
        }
    }
}

impl Loaded {
    pub(crate) fn new(token: Token, windows: Windows) -> Self {
        Self { token, windows, fresh_until: nanos(windows.advisory_from), latest: Latest::new(windows.admitted_at) }
    }

    /// Whether it can be served without a further thought; takes note of `now`.
    #[inline]
    pub(crate) fn is_fresh(&self, now: SystemTime) -> bool {
        let now = nanos(now);
        !self.latest.note(now) && now < self.fresh_until
    }

    pub(crate) fn age(&self, now: SystemTime) -> Duration {
        now.duration_since(self.windows.admitted_at).unwrap_or_default()
    }

    fn is_usable(&self, now: SystemTime) -> bool {
        let latest = self.latest.get();
        !was_set_back(latest, now) && now.max(latest) < self.windows.expires_at
    }
}

impl<O> Default for Slot<O> {
    fn default() -> Self {
        Self {
            held: None,
            flight: None,
            failure: None,
            backoff: Backoff::default(),
            rejection: None,
            was_interrupted: false,
            last_use: SystemTime::UNIX_EPOCH,
        }
    }
}

impl FlightId {
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<O: Outcome> Flight<O> {
    /// Whether it can be expected to end by itself.
    fn is_under_way(&self, now: SystemTime) -> bool {
        within(self.started_at, now, LONGEST_FLIGHT) && self.is_attended(now)
    }

    fn is_attended(&self, now: SystemTime) -> bool {
        within(self.attended_at, now, LONGEST_PAUSE_OF_A_FLIGHT)
    }

    fn is_quiet(&self, now: SystemTime) -> bool {
        self.held_up_at.is_some_and(|at| within(at, now, QUIET))
    }

    fn ended(&self, now: SystemTime) -> Ended {
        Ended { reason: self.reason, took: now.duration_since(self.started_at).unwrap_or_default() }
    }
}

impl<O: Outcome> Abandoned<O> {
    fn at(now: SystemTime, flight: Flight<O>) -> Self {
        Self { ended: flight.ended(now), _flight: flight }
    }
}

impl Failure {
    fn is_cooling(&self, now: SystemTime) -> bool {
        now < self.retry_at && !was_set_back(self.at, now)
    }

    fn passes_before(&self, until: SystemTime) -> bool {
        self.error.is_transient() && self.retry_at < until
    }

    fn retry_after(&self, now: SystemTime) -> Duration {
        self.retry_at.duration_since(now).unwrap_or_default()
    }

    fn as_error(&self, now: SystemTime) -> TokenError {
        TokenError::SignIn { source: Arc::clone(&self.error), retry_after: self.retry_after(now) }
    }
}

/// Whether a sign-in may have failed because the process was frozen meanwhile: a connection died, a time-out or a token
/// ran out.
fn may_be_due_to_a_freeze(error: &SignInError) -> bool {
    match error {
        SignInError::Unavailable { .. } | SignInError::ExpiredOnArrival => true,
        SignInError::Credentials(error) | SignInError::TokenStore(error) => {
            matches!(error, CredentialsError::Unavailable { .. })
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
