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
    Setup(Slot::default())
}

/// A slot that holds a token for an hour.
fn holding() -> (Setup, Token) {
    let mut t = setup();
    let id = t.start(Duration::ZERO, false);
    let token = token_that_expires_at(START + HOUR);
    t.succeed(&id, &token, Duration::ZERO);
    (t, token)
}

fn loaded(token: &Token, at: Duration) -> Arc<Loaded> {
    Arc::new(Loaded::new(token.clone(), Windows::of(token, START + at, START + at, 0.0).unwrap()))
}

fn unavailable() -> Arc<SignInError> {
    Arc::new(SignInError::unavailable("down"))
}

impl Setup {
    fn does(&mut self, at: Duration, limit: Duration) -> String {
        match self.0.classify(START + at, START + at + limit) {
            Action::Serve(_) => "serve".to_owned(),
            Action::Start { reason, patience } => format!("start {} {patience:?}", reason.name()),
            Action::Join { patience, .. } => format!("join {patience:?}"),
            Action::Pause(pause, _) => format!("pause {pause:?}"),
            Action::Fail(error) => format!("fail {:?}", error.retry_after().unwrap()),
        }
    }

    fn start(&mut self, at: Duration, awaited: bool) -> FlightId {
        let now = START + at;
        let (flight, _abandoned) = self.0.start(RefreshReason::Empty, Waiters(awaited), now, now);
        flight.id
    }

    fn succeed(&mut self, id: &FlightId, token: &Token, at: Duration) -> Option<Landed> {
        self.0.land(id, Ok(loaded(token, at)), START + at, || 0.0)
    }

    fn fail(&mut self, id: &FlightId, at: Duration) -> Option<Landed> {
        self.0.land(id, Err(unavailable()), START + at, || 0.0)
    }

    fn holds(&self, token: &Token) -> bool {
        self.0.held.as_ref().is_some_and(|held| held.token == *token)
    }
}

fn pause(landed: Option<Landed>) -> Duration {
    match landed.unwrap().outcome {
        Landing::Failed { retry_after, .. } => retry_after,
        _ => panic!("it failed"),
    }
}

#[test]
fn what_a_caller_does_changes_at_the_very_nanosecond() {
    let (mut t, _) = holding();
    for (at, expected) in [
        (Duration::ZERO, "serve"),
        (ADVISORY - TICK, "serve"),
        (ADVISORY, "start advisory WithToken"),
        (MANDATORY - TICK, "start advisory WithToken"),
        (MANDATORY, "start mandatory WithToken"),
        (HOUR - TICK, "start mandatory WithToken"),
        (HOUR, "start mandatory WithoutToken"),
        (100 * HOUR, "start mandatory WithoutToken"),
    ] {
        assert_eq!(t.does(at, LONG), expected, "{at:?}");
    }
    assert_eq!(setup().does(Duration::ZERO, LONG), "start empty WithoutToken");
}

#[test]
fn a_caller_without_time_starts_no_renewal_that_can_wait() {
    let (mut t, _) = holding();
    assert_eq!(t.does(ADVISORY, SECOND - TICK), "serve");
    assert_eq!(t.does(ADVISORY, SECOND), "start advisory WithToken");
    assert_eq!(t.does(MANDATORY, SECOND - TICK), "start mandatory WithToken");
}

#[test]
fn a_sign_in_under_way_is_joined_unless_the_token_is_due_only_and_somebody_else_waits() {
    for (at, awaited, expected) in [
        (ADVISORY, true, "serve"),
        (ADVISORY, false, "join WithToken"),
        (MANDATORY, true, "join WithToken"),
        (MANDATORY, false, "join WithToken"),
        (HOUR, true, "join WithoutToken"),
        (HOUR, false, "join WithoutToken"),
    ] {
        let (mut t, _) = holding();
        t.start(at, awaited);
        assert_eq!(t.does(at, LONG), expected, "{at:?} {awaited}");
    }
}

#[test]
fn a_sign_in_is_under_way_for_thirty_seconds_if_somebody_attends_to_it_all_the_time() {
    let mut t = setup();
    let id = t.start(Duration::ZERO, true);
    assert_eq!(t.does(3 * SECOND, LONG), "join WithoutToken");
    assert_eq!(t.does(3 * SECOND + TICK, LONG), "join ForWhatHasCome", "a freeze interrupted those who wait");
    for at in (0..=30).step_by(3) {
        t.0.attend(&id, START + at * SECOND);
    }
    assert_eq!(t.does(30 * SECOND, LONG), "join WithoutToken");
    assert_eq!(t.does(30 * SECOND + TICK, LONG), "join ForWhatHasCome", "it hangs");
    t.0.give_up(&FlightId::default());
    assert_eq!(t.does(31 * SECOND, LONG), "join ForWhatHasCome", "another was meant");
    t.0.give_up(&id);
    assert_eq!(t.does(31 * SECOND, LONG), "start empty WithoutToken");
}

#[test]
fn a_sign_in_that_was_interrupted_stays_so_whoever_comes_back_to_it() {
    let mut t = setup();
    let id = t.start(Duration::ZERO, true);
    t.0.attend(&id, START + 2 * SECOND);
    t.0.attend(&FlightId::default(), START + 4 * SECOND);
    assert_eq!(t.does(5 * SECOND, LONG), "join WithoutToken");
    assert_eq!(t.does(5 * SECOND + TICK, LONG), "join ForWhatHasCome", "a stranger is not counted");
    t.0.join(&id, START + 5 * SECOND + TICK, START + HOUR);
    assert_eq!(t.does(5 * SECOND + TICK, LONG), "join ForWhatHasCome");
    let token = token_that_expires_at(START + HOUR);
    t.succeed(&id, &token, 6 * SECOND);
    assert_eq!(t.does(6 * SECOND, LONG), "serve", "unless it succeeds before another begins");
}

#[test]
fn a_sign_in_that_began_later_than_now_was_interrupted() {
    let mut t = setup();
    t.start(10 * SECOND, true);
    assert_eq!(t.does(8 * SECOND, LONG), "join WithoutToken", "the clock was corrected");
    assert_eq!(t.does(8 * SECOND - TICK, LONG), "join ForWhatHasCome", "the clock was set back");
}

#[test]
fn the_failure_of_a_sign_in_that_was_interrupted_counts_unless_the_freeze_may_have_caused_it() {
    for (error, counts) in [
        (SignInError::unavailable("down"), false),
        (SignInError::ExpiredOnArrival, false),
        (SignInError::throttled("429", None), true),
        (SignInError::locked_out(None), true),
        (SignInError::WrongCredentials, true),
        (SignInError::misconfigured("no such pool"), true),
    ] {
        let mut t = setup();
        let id = t.start(Duration::ZERO, false);
        let landed = t.0.land(&id, Err(Arc::new(error)), START + HOUR, || 0.0).unwrap();
        assert_eq!(matches!(landed.outcome, Landing::Failed { .. }), counts);
        assert_eq!(!t.does(HOUR, LONG).starts_with("start"), counts);
    }
}

#[test]
fn of_two_interruptions_in_a_row_the_second_counts() {
    let mut t = setup();
    for (minute, counts) in [(1, false), (2, true), (3, false)] {
        let id = t.start((minute - 1) * MINUTE, false);
        let landed = t.fail(&id, minute * MINUTE).unwrap();
        assert_eq!(matches!(landed.outcome, Landing::Failed { .. }), counts, "{minute}");
    }
}

#[test]
fn after_a_failure_those_who_have_the_time_wait_for_the_next_attempt_and_the_others_are_told_of_it() {
    let mut t = setup();
    let id = t.start(Duration::ZERO, false);
    let landed = t.fail(&id, SECOND);
    assert_eq!(landed.as_ref().unwrap().ended, Ended { reason: RefreshReason::Empty, took: SECOND });
    assert_eq!(pause(landed), SECOND / 5);
    assert_eq!(t.does(SECOND + SECOND / 10, SECOND / 10 + TICK), "pause 100ms");
    assert_eq!(t.does(SECOND + SECOND / 10, SECOND / 10), "fail 100ms");
    assert_eq!(t.does(SECOND + SECOND / 5, LONG), "start empty WithoutToken");
}

#[test]
fn nobody_waits_for_the_end_of_what_lasts() {
    for error in [SignInError::WrongCredentials, SignInError::misconfigured("no such pool"), SignInError::RejectedAgain]
    {
        let mut t = setup();
        let id = t.start(Duration::ZERO, false);
        t.0.land(&id, Err(Arc::new(error)), START, || 0.0);
        assert!(t.does(Duration::ZERO, LONG).starts_with("fail"));
    }
}

#[test]
fn a_pause_does_not_outlast_the_token_it_leaves_valid() {
    let (mut t, _) = holding();
    let id = t.start(HOUR - SECOND / 10, false);
    let landed = t.fail(&id, HOUR - SECOND / 10);
    assert!(matches!(landed.unwrap().outcome, Landing::Failed { keeps_token: true, .. }));
    assert_eq!(t.does(HOUR - TICK, LONG), "serve");
    assert_eq!(t.does(HOUR, LONG), "start mandatory WithoutToken");
}

#[test]
fn a_result_counts_once_however_many_waiters_report_it() {
    let mut t = setup();
    let id = t.start(Duration::ZERO, false);
    assert!(t.fail(&id, SECOND).is_some());
    for _ in 0..10 {
        assert!(t.fail(&id, SECOND).is_none());
    }
    assert_eq!(t.does(SECOND, LONG), "pause 200ms", "no doubling");
}

#[test]
fn the_result_of_a_sign_in_that_was_given_up_or_forgotten_changes_nothing() {
    let late = token_that_expires_at(START + 3 * HOUR);
    let mut t = setup();
    let given_up = t.start(Duration::ZERO, false);
    let id = t.start(31 * SECOND, true);
    assert!(t.fail(&given_up, 31 * SECOND).is_none());
    assert!(t.succeed(&given_up, &late, 31 * SECOND).is_none());
    assert_eq!(t.does(31 * SECOND, LONG), "join WithoutToken");
    t.0.forget(START + 31 * SECOND);
    assert!(t.succeed(&given_up, &late, 32 * SECOND).is_none());
    assert!(t.succeed(&id, &late, 32 * SECOND).is_none());
    assert!(t.0.held.is_none());
}

#[test]
fn one_that_is_replaced_or_forgotten_is_handed_back_with_the_time_it_took() {
    let mut t = setup();
    t.start(Duration::ZERO, false);
    let now = START + 31 * SECOND;
    let (_, abandoned) = t.0.start(RefreshReason::Empty, Waiters(false), now, now);
    assert_eq!(abandoned.unwrap().ended.took, 31 * SECOND);
    assert_eq!(t.0.forget(START + 33 * SECOND).unwrap().ended.took, 2 * SECOND);
    assert!(t.0.forget(START).is_none());
}

#[test]
fn a_token_that_is_over_when_it_is_reported_is_a_failure() {
    let mut t = setup();
    let id = t.start(Duration::ZERO, false);
    let token = loaded(&token_that_expires_at(START + 2 * SECOND), Duration::ZERO);
    let landed = t.0.land(&id, Ok(token), START + 2 * SECOND, || 0.0).unwrap();
    let Landing::Failed { error, .. } = landed.outcome else { panic!("it is over") };
    assert!(matches!(*error, SignInError::ExpiredOnArrival));
    assert_eq!(t.does(2 * SECOND, LONG), "fail 1s", "nothing was kept");
}

#[test]
fn a_caller_whose_time_passed_holds_the_others_up_no_more() {
    let (mut t, old) = holding();
    let id = t.start(ADVISORY, false);
    assert_eq!(t.does(ADVISORY, LONG), "join WithToken");
    let (token, is_first) = t.0.time_out(&id, START + ADVISORY).unwrap();
    assert!(token == old && is_first);
    assert!(!t.0.time_out(&id, START + ADVISORY).unwrap().1, "it is told once");
    assert_eq!(t.does(ADVISORY + SECOND, LONG), "serve");
    assert_eq!(t.does(ADVISORY + SECOND + TICK, LONG), "join WithToken", "carried on after the pause");
    assert_eq!(t.does(HOUR, LONG), "join ForWhatHasCome", "without a token there is nothing better");
    assert!(t.0.time_out(&id, START + HOUR).is_none(), "there is nothing to fall back on");
}

#[test]
fn a_caller_whose_time_passed_after_its_sign_in_ended_finds_no_fault() {
    let (mut t, _) = holding();
    let given_up = t.start(ADVISORY, false);
    let id = t.start(ADVISORY + 31 * SECOND, false);
    let next = token_that_expires_at(START + 2 * HOUR);
    t.succeed(&id, &next, ADVISORY + 31 * SECOND);
    let (token, is_first) = t.0.time_out(&given_up, START + ADVISORY + 31 * SECOND).unwrap();
    assert!(token == next && !is_first);
}

#[test]
fn a_renewal_that_holds_a_caller_up_and_then_fails_counts_once() {
    let (mut t, _) = holding();
    let id = t.start(ADVISORY, false);
    t.0.time_out(&id, START + ADVISORY).unwrap();
    assert_eq!(pause(t.fail(&id, ADVISORY + SECOND)), SECOND / 5);
    let id = t.start(ADVISORY + 2 * SECOND, false);
    assert_eq!(pause(t.fail(&id, ADVISORY + 2 * SECOND)), SECOND * 2 / 5);
}

#[test]
fn what_is_remembered_of_a_renewal_that_takes_long_ends_with_the_token() {
    let (mut t, old) = holding();
    let id = t.start(ADVISORY, false);
    t.0.time_out(&id, START + ADVISORY).unwrap();
    t.0.invalidate(&old, START + ADVISORY);
    assert_eq!(t.does(ADVISORY, LONG), "join WithoutToken");
}

#[test]
fn a_token_is_dropped_when_it_is_rejected_and_another_only_after_a_pause() {
    let (mut t, first) = holding();
    t.0.invalidate(&token_that_expires_at(START + 7 * HOUR), START);
    assert_eq!(t.does(Duration::ZERO, LONG), "serve", "another token was meant");
    t.0.invalidate(&first, START);
    assert_eq!(t.does(Duration::ZERO, LONG), "start rejected WithoutToken");
    let id = t.start(Duration::ZERO, false);
    let second = token_that_expires_at(START + 2 * HOUR);
    t.succeed(&id, &second, Duration::ZERO);
    t.0.invalidate(&second, START + 10 * SECOND);
    assert_eq!(t.does(10 * SECOND, LONG), "serve");
    t.0.invalidate(&second, START + 10 * SECOND + TICK);
    assert_eq!(t.does(11 * SECOND, LONG), "start rejected WithoutToken");
}

#[test]
fn the_pause_of_a_short_lived_token_is_half_of_its_life() {
    let (mut t, first) = holding();
    t.0.invalidate(&first, START);
    let id = t.start(Duration::ZERO, false);
    let short = token_that_expires_at(START + 4 * SECOND);
    t.succeed(&id, &short, Duration::ZERO);
    t.0.invalidate(&short, START + 2 * SECOND);
    assert!(t.0.held.is_some());
    t.0.invalidate(&short, START + 2 * SECOND + TICK);
    assert!(t.0.held.is_none());
}

#[test]
fn a_clock_that_is_set_back_by_any_amount_lengthens_no_life() {
    for seen in [Duration::ZERO, HOUR / 3, HOUR] {
        let mut t = setup();
        let token = token_that_expires_at(START + 3 * HOUR);
        let id = t.start(HOUR, false);
        t.succeed(&id, &token, HOUR);
        assert_eq!(t.does(HOUR + seen, LONG), "serve");
        assert_eq!(t.does(HOUR + seen - 2 * SECOND, LONG), "serve", "a second or two cost nothing");
        assert_eq!(t.does(HOUR + seen - 2 * SECOND - TICK, LONG), "start mandatory WithoutToken");
    }
    let (mut t, _) = holding();
    assert_eq!(t.does(HOUR, LONG), "start mandatory WithoutToken");
    assert_eq!(t.does(HOUR - SECOND, LONG), "start mandatory WithoutToken", "what was over stays so");
}

#[test]
fn the_token_that_was_rejected_last_is_not_taken_in_again() {
    let mut t = setup();
    let [rejected, next] = [2, 3].map(|hours| token_that_expires_at(START + hours * HOUR));
    let id = t.start(Duration::ZERO, false);
    t.succeed(&id, &rejected, Duration::ZERO);
    assert!(t.0.invalidate(&rejected, START));
    let id = t.start(MINUTE, false);
    let landed = t.succeed(&id, &rejected, MINUTE).unwrap();
    let Landing::Failed { error, .. } = landed.outcome else { panic!("it was rejected") };
    assert!(matches!(*error, SignInError::RejectedAgain));
    let id = t.start(2 * MINUTE, false);
    t.succeed(&id, &next, 2 * MINUTE);
    assert!(t.holds(&next));
}
