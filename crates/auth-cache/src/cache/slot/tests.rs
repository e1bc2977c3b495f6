use super::*;
use crate::token::tests::token_that_expires_at;

const START: SystemTime = SystemTime::UNIX_EPOCH;
const SECOND: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_nanos(1);
const MINUTE: Duration = Duration::from_secs(60);
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
fn a_sign_in_is_worth_waiting_for_for_thirty_seconds_if_somebody_attends_to_it_all_the_time() {
    let mut t = setup();
    let id = t.start(Duration::ZERO, true);
    assert_eq!(t.does(3 * SECOND, LONG), "join false");
    assert_eq!(t.does(3 * SECOND + TICK, LONG), "start empty false", "a freeze interrupted those who wait");
    for at in (0..=30).step_by(3) {
        t.0.attend(&id, START + at * SECOND);
    }
    assert_eq!(t.does(30 * SECOND, LONG), "join false");
    assert_eq!(t.does(30 * SECOND + TICK, LONG), "start empty false", "it hangs");
}

#[test]
fn a_sign_in_that_was_interrupted_stays_so_whoever_comes_back_to_it() {
    let mut t = setup();
    let id = t.start(Duration::ZERO, true);
    t.0.attend(&id, START + 2 * SECOND);
    t.0.attend(&FlightId::default(), START + 4 * SECOND);
    assert_eq!(t.does(5 * SECOND, LONG), "join false");
    assert_eq!(t.does(5 * SECOND + TICK, LONG), "start empty false", "a stranger is not counted");
    t.0.attend(&id, START + 5 * SECOND + TICK);
    assert_eq!(t.does(5 * SECOND + TICK, LONG), "start empty false");
    let token = token_that_expires_at(START + HOUR);
    t.succeed(&id, &token, 6 * SECOND);
    assert_eq!(t.does(6 * SECOND, LONG), "serve", "unless it succeeds before another begins");
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
    assert_eq!(fail(SignInError::locked_out(None), 6 * HOUR), 120 * SECOND);
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

#[test]
fn none_of_the_tokens_that_were_rejected_last_is_taken_in_again() {
    let mut t = setup();
    let tokens: Vec<_> = (1..=9).map(|day| token_that_expires_at(START + 24 * day * HOUR)).collect();
    for (nth, token) in (0..).zip(&tokens) {
        let id = t.start(nth * MINUTE, false);
        t.succeed(&id, token, nth * MINUTE);
        assert!(t.0.invalidate(token, START + nth * MINUTE));
    }
    let again = |t: &mut Setup, token| {
        let id = t.start(HOUR, false);
        t.succeed(&id, token, HOUR).0
    };
    for token in &tokens[1..] {
        let settled = again(&mut t, token);
        assert!(matches!(settled, Settled::Failed { error, .. } if matches!(*error, SignInError::RejectedAgain)));
    }
    assert!(matches!(again(&mut t, &tokens[0]), Settled::Token(_)), "eight are remembered");
}

#[test]
fn an_error_that_another_one_or_a_token_replaces_is_handed_back() {
    let mut t = setup();
    let fail = |t: &mut Setup| {
        let id = t.start(Duration::ZERO, false);
        let error = unavailable();
        let _ = t.0.settle(&id, Err(Arc::clone(&error)), START, || 0.0);
        error
    };
    let is = |t: &mut Setup, error: &Arc<SignInError>| t.0.take_replaced().is_some_and(|old| Arc::ptr_eq(&old, error));
    let first = fail(&mut t);
    assert!(t.0.take_replaced().is_none());
    let second = fail(&mut t);
    assert!(is(&mut t, &first));
    let id = t.start(Duration::ZERO, false);
    t.succeed(&id, &token_that_expires_at(START + HOUR), Duration::ZERO);
    assert!(is(&mut t, &second));
    let third = fail(&mut t);
    t.0.forget(START);
    assert!(is(&mut t, &third));
}
