//! The cache's state and its decisions, free of I/O, locks, clock and randomness.

use std::{
    mem::discriminant,
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
            Ok(loaded) if !first && !self.serves(&loaded.token, now) => return (Settled::Outdated, landed),
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
                    self.fail(Arc::clone(&error), false, now, jitter);
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

    /// Drops the token if it is the one that was rejected, and never takes it in again. Returns whether it did.
    ///
    /// A token that replaced a rejected one moments ago is kept: an API that refuses every token would otherwise
    /// cause a sign-in at each call.
    pub(crate) fn invalidate(&mut self, rejected: &Token, now: SystemTime) -> bool {
        let last = self.rejected.as_ref().map(|rejected| rejected.at);
        let dropped = self.held.take_if(|held| {
            let Windows { admitted_at, expires_at, .. } = held.windows;
            let half_a_life = expires_at.duration_since(admitted_at).unwrap_or_default() / 2;
            let pause = REJECTION_PAUSE.min(half_a_life);
            held.token == *rejected && !last.is_some_and(|last| within(last, now, pause))
        });
        let Some(Loaded { token, .. }) = dropped else { return false };
        self.rejected = Some(Rejected { token, at: now });
        true
    }

    /// Empties the slot; returns the sign-in that was under way, whose result nobody gets.
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
        let before = self.failure.as_ref().filter(|failure| discriminant(&*failure.error) == discriminant(&*error));
        let in_a_row = before.map_or(1, |failure| {
            let is_the_same = failure.is_held_up && !is_held_up;
            if is_the_same { failure.in_a_row } else { failure.in_a_row.saturating_add(1) }
        });
        let mut pause = error.cool_down(in_a_row, jitter());
        if let Some(held) = self.usable(now) {
            pause = pause.min(held.windows.expires_at.duration_since(now).unwrap_or_default());
        }
        let retry_at = now.checked_add(pause).unwrap_or(now);
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
            Phase::Empty if self.rejected.is_some() => RefreshReason::Rejected,
            Phase::Empty => RefreshReason::Empty,
        }
    }

    fn is_rejected(&self, token: &Token) -> bool {
        self.rejected.as_ref().is_some_and(|rejected| rejected.token == *token)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::tests::token_that_expires_at;

    const START: SystemTime = SystemTime::UNIX_EPOCH;
    const SECOND: Duration = Duration::from_secs(1);
    const TICK: Duration = Duration::from_nanos(1);
    const HOUR: Duration = Duration::from_secs(3600);
    const LONG: Duration = HOUR;
    /// When a token for an hour becomes due, without jitter.
    const ADVISORY: Duration = Duration::from_secs(2700);
    const MANDATORY: Duration = Duration::from_secs(3540);

    #[derive(Clone)]
    struct Waiters(bool);

    impl Outcome for Waiters {
        fn is_awaited(&self) -> bool {
            self.0
        }
    }

    /// A slot that is seen by the time since the start.
    struct Setup(Slot<Waiters>);

    fn setup() -> Setup {
        Setup(Slot::new())
    }

    /// A slot that holds a token for an hour.
    fn holding() -> (Setup, Token) {
        let mut t = setup();
        let id = t.start(Duration::ZERO, false);
        let token = token_that_expires_at(START + HOUR);
        t.succeed(&id, &token, Duration::ZERO);
        (t, token)
    }

    fn loaded(token: &Token, at: Duration) -> Loaded {
        Loaded { windows: Windows::of(token, START + at, START + at, 0.0).unwrap(), token: token.clone() }
    }

    fn unavailable() -> Arc<SignInError> {
        Arc::new(SignInError::unavailable("down"))
    }

    impl Setup {
        fn does(&self, at: Duration, limit: Duration) -> String {
            match self.0.classify(START + at, limit) {
                Action::Serve(_) => "serve".to_owned(),
                Action::Start { reason, fallback } => format!("start {} {fallback}", reason.name()),
                Action::Join { fallback, .. } => format!("join {fallback}"),
                Action::Fail(error) => format!("fail {:?}", error.retry_after().unwrap()),
            }
        }

        fn start(&mut self, at: Duration, awaited: bool) -> FlightId {
            let id = FlightId::default();
            let (_, _abandoned) = self.0.start(id.clone(), RefreshReason::Empty, Waiters(awaited), START + at);
            id
        }

        fn succeed(&mut self, id: &FlightId, token: &Token, at: Duration) -> (Settled, Option<Landed>) {
            self.0.settle(id, Ok(loaded(token, at)), START + at, || 0.0)
        }

        fn fail(&mut self, id: &FlightId, at: Duration) -> (Settled, Option<Landed>) {
            self.0.settle(id, Err(unavailable()), START + at, || 0.0)
        }
    }

    #[test]
    fn what_a_caller_does_changes_at_the_very_nanosecond() {
        let (t, _) = holding();
        for (at, expected) in [
            (Duration::ZERO, "serve"),
            (ADVISORY - TICK, "serve"),
            (ADVISORY, "start advisory true"),
            (MANDATORY - TICK, "start advisory true"),
            (MANDATORY, "start mandatory true"),
            (HOUR - TICK, "start mandatory true"),
            (HOUR, "start mandatory false"),
            (100 * HOUR, "start mandatory false"),
        ] {
            for _ in 0..10_000 {
                assert_eq!(t.does(at, LONG), expected, "{at:?}");
            }
        }
        assert_eq!(setup().does(Duration::ZERO, LONG), "start empty false");
    }

    #[test]
    fn a_caller_without_time_starts_no_renewal_that_can_wait() {
        let (t, _) = holding();
        assert_eq!(t.does(ADVISORY, SECOND - TICK), "serve");
        assert_eq!(t.does(ADVISORY, SECOND), "start advisory true");
        assert_eq!(t.does(MANDATORY, SECOND - TICK), "start mandatory true");
    }

    #[test]
    fn a_sign_in_under_way_is_joined_unless_the_token_is_due_only_and_somebody_else_waits() {
        for (at, awaited, expected) in [
            (ADVISORY, true, "serve"),
            (ADVISORY, false, "join true"),
            (MANDATORY, true, "join true"),
            (MANDATORY, false, "join true"),
            (HOUR, true, "join false"),
            (HOUR, false, "join false"),
        ] {
            let (mut t, _) = holding();
            t.start(at, awaited);
            assert_eq!(t.does(at, LONG), expected, "{at:?} {awaited}");
        }
    }

    #[test]
    fn a_sign_in_is_worth_waiting_for_for_thirty_seconds_or_three_if_nobody_waits() {
        for (awaited, limit) in [(true, 30 * SECOND), (false, 3 * SECOND)] {
            let mut t = setup();
            t.start(Duration::ZERO, awaited);
            assert_eq!(t.does(limit, LONG), "join false");
            assert_eq!(t.does(limit + TICK, LONG), "start empty false");
        }
        let mut t = setup();
        let id = t.start(Duration::ZERO, false);
        t.0.leave(&id, START + 10 * SECOND);
        assert_eq!(t.does(13 * SECOND, LONG), "join false", "the last one left three seconds ago");
        t.0.leave(&FlightId::default(), START + 20 * SECOND);
        assert_eq!(t.does(14 * SECOND, LONG), "start empty false", "a stranger is not counted");
    }

    #[test]
    fn a_sign_in_that_began_later_than_now_is_not_waited_for() {
        let mut t = setup();
        t.start(10 * SECOND, true);
        assert_eq!(t.does(8 * SECOND, LONG), "join false", "the clock was corrected");
        assert_eq!(t.does(8 * SECOND - TICK, LONG), "start empty false", "the clock was set back");
    }

    #[test]
    fn a_failure_is_repeated_to_callers_until_its_pause_ends() {
        let mut t = setup();
        let id = t.start(Duration::ZERO, false);
        let (settled, landed) = t.fail(&id, SECOND);
        assert!(matches!(settled, Settled::Failed { retry_after, fallback: None, .. } if retry_after == SECOND / 5));
        assert_eq!(landed, Some(Landed { reason: RefreshReason::Empty, took: SECOND }));
        assert_eq!(t.does(SECOND + SECOND / 10, LONG), "fail 100ms");
        assert_eq!(t.does(SECOND + SECOND / 5, LONG), "start empty false");
    }

    #[test]
    fn a_pause_does_not_outlast_the_token_it_leaves_valid() {
        let (mut t, old) = holding();
        let id = t.start(HOUR - SECOND / 10, false);
        let (settled, _) = t.fail(&id, HOUR - SECOND / 10);
        assert!(matches!(settled, Settled::Failed { fallback: Some(token), .. } if token == old));
        assert_eq!(t.does(HOUR - TICK, LONG), "serve");
        assert_eq!(t.does(HOUR, LONG), "start mandatory false");
    }

    #[test]
    fn a_result_counts_once_however_many_waiters_report_it() {
        let mut t = setup();
        let id = t.start(Duration::ZERO, false);
        assert!(t.fail(&id, SECOND).1.is_some());
        for _ in 0..10 {
            let (settled, landed) = t.fail(&id, SECOND);
            assert!(matches!(settled, Settled::Failed { retry_after, .. } if retry_after == SECOND / 5), "no doubling");
            assert_eq!(landed, None);
        }
    }

    #[test]
    fn a_result_of_one_given_up_is_taken_if_it_outlives_what_is_held() {
        for (late, is_taken) in [(HOUR, false), (2 * HOUR, false), (3 * HOUR, true)] {
            let mut t = setup();
            let given_up = t.start(Duration::ZERO, false);
            let id = t.start(31 * SECOND, false);
            let next = token_that_expires_at(START + 2 * HOUR);
            t.succeed(&id, &next, 31 * SECOND);
            let late = token_that_expires_at(START + late);
            let (settled, landed) = t.succeed(&given_up, &late, 31 * SECOND);
            assert!(matches!(settled, Settled::Token(token) if token.is(&late)), "its own caller gets it");
            assert_eq!(landed, None);
            assert!(t.0.held().unwrap().token.is(if is_taken { &late } else { &next }));
        }
    }

    #[test]
    fn a_failure_of_one_given_up_changes_nothing() {
        let mut t = setup();
        let given_up = t.start(Duration::ZERO, false);
        t.start(31 * SECOND, true);
        t.fail(&given_up, 31 * SECOND);
        assert_eq!(t.does(31 * SECOND, LONG), "join false");
    }

    #[test]
    fn one_that_is_replaced_or_forgotten_is_handed_back_with_the_time_it_took() {
        let mut t = setup();
        t.start(Duration::ZERO, false);
        let id = FlightId::default();
        let (_, abandoned) = t.0.start(id, RefreshReason::Empty, Waiters(false), START + 31 * SECOND);
        assert_eq!(abandoned.unwrap().landed.took, 31 * SECOND);
        assert_eq!(t.0.forget(START + 33 * SECOND).unwrap().landed.took, 2 * SECOND);
        assert!(t.0.forget(START).is_none());
    }

    #[test]
    fn a_token_that_expired_before_its_waiter_woke_is_a_failure() {
        let mut t = setup();
        let id = t.start(Duration::ZERO, false);
        let token = loaded(&token_that_expires_at(START + HOUR), Duration::ZERO);
        let (settled, _) = t.0.settle(&id, Ok(token), START + HOUR, || 0.0);
        assert!(matches!(settled, Settled::Failed { error, .. } if matches!(*error, SignInError::ExpiredOnArrival)));
        assert_eq!(t.does(HOUR, LONG), "fail 1s", "nothing was kept");
    }

    #[test]
    fn a_waiter_that_wakes_too_late_for_a_token_that_others_took_starts_again() {
        let (mut t, _) = holding();
        let token = token_that_expires_at(START + 2 * HOUR);
        let id = t.start(ADVISORY, false);
        t.succeed(&id, &token, ADVISORY);
        let late = loaded(&token, ADVISORY);
        let settle =
            |t: &mut Setup, at| matches!(t.0.settle(&id, Ok(late.clone()), START + at, || 0.0).0, Settled::Outdated);
        assert!(!settle(&mut t, 2 * HOUR - TICK));
        assert!(settle(&mut t, 2 * HOUR), "it is over");
        t.0.invalidate(&token, START + HOUR);
        assert!(settle(&mut t, HOUR), "it was refused");
    }

    #[test]
    fn a_caller_whose_limit_passed_holds_the_others_up_no_more() {
        let (mut t, old) = holding();
        let id = t.start(ADVISORY, false);
        assert_eq!(t.does(ADVISORY, LONG), "join true");
        let (token, held_up) = t.0.time_out(&id, START + ADVISORY, || 0.0).unwrap();
        assert_eq!(token, old);
        assert_eq!(held_up.unwrap().1, SECOND / 5);
        assert!(t.0.time_out(&id, START + ADVISORY, || 0.0).unwrap().1.is_none(), "it is told once");
        assert_eq!(t.does(ADVISORY, LONG), "serve");
        assert_eq!(t.does(ADVISORY + SECOND / 5, LONG), "join true", "carried on after the pause");
        assert!(t.0.time_out(&id, START + HOUR, || 0.0).is_none(), "there is nothing to fall back on");
    }

    #[test]
    fn a_caller_whose_limit_passed_after_its_sign_in_ended_finds_no_fault() {
        let (mut t, _) = holding();
        let given_up = t.start(ADVISORY, false);
        let id = t.start(ADVISORY + 31 * SECOND, false);
        let next = token_that_expires_at(START + 2 * HOUR);
        t.succeed(&id, &next, ADVISORY + 31 * SECOND);
        let (token, held_up) = t.0.time_out(&given_up, START + ADVISORY + 31 * SECOND, || 0.0).unwrap();
        assert!(token.is(&next) && held_up.is_none());
    }

    #[test]
    fn only_failures_of_one_kind_lengthen_the_pause() {
        let mut t = setup();
        let mut fail = |error: SignInError, at: Duration| {
            let id = t.start(at, false);
            match t.0.settle(&id, Err(Arc::new(error)), START + at, || 0.0).0 {
                Settled::Failed { retry_after, .. } => retry_after,
                _ => panic!("it failed"),
            }
        };
        for (at, pause) in [(0, 200), (1, 400), (2, 800), (3, 1600)] {
            assert_eq!(fail(SignInError::unavailable("down"), at * HOUR).as_millis(), pause);
        }
        assert_eq!(fail(SignInError::WrongCredentials, 4 * HOUR), 120 * SECOND);
        assert_eq!(fail(SignInError::WrongCredentials, 5 * HOUR), 240 * SECOND);
        assert_eq!(fail(SignInError::LockedOut, 6 * HOUR), 4 * SECOND);
    }

    #[test]
    fn a_renewal_that_holds_a_caller_up_and_then_fails_counts_once() {
        let (mut t, _) = holding();
        let id = t.start(ADVISORY, false);
        t.0.time_out(&id, START + ADVISORY, || 0.0).unwrap();
        let (settled, _) = t.fail(&id, ADVISORY + SECOND);
        assert!(matches!(settled, Settled::Failed { retry_after, .. } if retry_after == SECOND / 5));
        let id = t.start(ADVISORY + 2 * SECOND, false);
        let (settled, _) = t.fail(&id, ADVISORY + 2 * SECOND);
        assert!(matches!(settled, Settled::Failed { retry_after, .. } if retry_after == SECOND * 2 / 5));
    }

    #[test]
    fn a_token_is_dropped_when_it_is_rejected_and_another_only_after_a_pause() {
        let (mut t, first) = holding();
        t.0.invalidate(&token_that_expires_at(START + 7 * HOUR), START);
        assert_eq!(t.does(Duration::ZERO, LONG), "serve", "another token was meant");
        t.0.invalidate(&first, START);
        assert_eq!(t.does(Duration::ZERO, LONG), "start rejected false");
        let id = t.start(Duration::ZERO, false);
        let second = token_that_expires_at(START + 2 * HOUR);
        t.succeed(&id, &second, Duration::ZERO);
        t.0.invalidate(&second, START + 10 * SECOND);
        assert_eq!(t.does(10 * SECOND, LONG), "serve");
        t.0.invalidate(&second, START + 10 * SECOND + TICK);
        assert_eq!(t.does(11 * SECOND, LONG), "start rejected false");
    }

    #[test]
    fn the_pause_of_a_short_lived_token_is_half_of_its_life() {
        let (mut t, first) = holding();
        t.0.invalidate(&first, START);
        let id = t.start(Duration::ZERO, false);
        let short = token_that_expires_at(START + 4 * SECOND);
        t.succeed(&id, &short, Duration::ZERO);
        t.0.invalidate(&short, START + 2 * SECOND);
        assert!(t.0.held().is_some());
        t.0.invalidate(&short, START + 2 * SECOND + TICK);
        assert!(t.0.held().is_none());
    }

    #[test]
    fn a_token_is_not_trusted_when_the_clock_was_set_back_before_it_came() {
        let mut t = setup();
        let token = token_that_expires_at(START + 2 * HOUR);
        let id = t.start(HOUR, false);
        t.succeed(&id, &token, HOUR);
        assert_eq!(t.does(HOUR - 2 * SECOND, LONG), "serve");
        assert_eq!(t.does(HOUR - 2 * SECOND - TICK, LONG), "start mandatory false");
        let held = t.0.held().unwrap();
        assert_eq!(held.windows.trusted_from(), START + HOUR - 2 * SECOND);
    }
}
