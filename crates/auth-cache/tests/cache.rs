//! What callers of the cache can rely on, by a manual clock and a source whose answers are scripted.

#![expect(clippy::unwrap_used, reason = "a test fails where something unexpected happens")]

mod source;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use auth_cache::{ManualClock, SignInError, Token, TokenCache, TokenError};
use futures_util::{FutureExt as _, future::join_all};
use source::{ScriptedSource, jwt};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: u64 = 3600;

fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

/// A cache, its clock, and a source that gives `answers` one after the other.
struct Setup {
    clock: ManualClock,
    cache: Arc<TokenCache>,
    source: Arc<ScriptedSource>,
}

fn setup() -> Setup {
    let clock = ManualClock::at(start());
    let cache = Arc::new(TokenCache::new().with_clock(clock.clone()));
    Setup { clock: clock.clone(), cache, source: Arc::new(ScriptedSource::new(clock)) }
}

impl Setup {
    async fn get(&self) -> Result<Token, TokenError> {
        self.cache.get(&self.source).await
    }

    /// Polls a `get` once and drops it, as a caller does that is cancelled.
    fn get_and_drop(&self) {
        assert!(self.get().now_or_never().is_none(), "the caller should have had to wait");
    }
}

fn unavailable() -> SignInError {
    SignInError::unavailable("connection refused")
}

fn source_of(error: &TokenError) -> &SignInError {
    match error {
        TokenError::SignIn { source, .. } => source,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_second_call_reuses_the_token() {
    let t = setup();
    t.source.issues("a", HOUR);
    let first = t.get().await.unwrap();
    let second = t.get().await.unwrap();
    assert_eq!(first, second);
    assert_eq!(t.source.calls(), 1);
}

#[tokio::test]
async fn concurrent_callers_share_one_sign_in() {
    let t = setup();
    t.source.close_gate();
    t.source.issues("a", HOUR);
    let callers = join_all((0..1000).map(|_| t.get()));
    let (tokens, ()) = tokio::join!(callers, async { t.source.open_gate() });
    assert_eq!(t.source.calls(), 1);
    let first = tokens[0].as_ref().unwrap();
    assert!(tokens.iter().all(|token| token.as_ref().unwrap() == first));
}

#[tokio::test]
async fn concurrent_callers_share_one_failure() {
    let t = setup();
    t.source.close_gate();
    t.source.fails(unavailable());
    let callers = join_all((0..1000).map(|_| t.get()));
    let (results, ()) = tokio::join!(callers, async { t.source.open_gate() });
    assert_eq!(t.source.calls(), 1);
    assert!(
        results.iter().all(|result| matches!(source_of(result.as_ref().unwrap_err()), SignInError::Unavailable { .. }))
    );
}

#[tokio::test]
async fn after_a_failure_the_source_is_asked_again_only_when_its_cool_down_ends() {
    for (error, longest_ms) in [
        (unavailable(), 200),
        (SignInError::Throttled { source: "Rate exceeded".into() }, 1_000),
        (SignInError::LockedOut, 4_000),
        (SignInError::WrongCredentials, 60_000),
        (SignInError::misconfigured("no such pool"), 60_000),
    ] {
        let t = setup();
        t.source.fails(error);
        let shared = t.get().await.unwrap_err();
        assert!(shared.retry_after().unwrap() <= Duration::from_millis(longest_ms), "{shared:?}");

        t.clock.advance(shared.retry_after().unwrap() - Duration::from_millis(1));
        let early = t.get().await.unwrap_err();
        assert_eq!(early.retry_after(), Some(Duration::from_millis(1)), "{early:?}");
        assert_eq!(t.source.calls(), 1);

        t.clock.advance(Duration::from_millis(1));
        t.source.issues("a", HOUR);
        t.get().await.unwrap();
        assert_eq!(t.source.calls(), 2);
    }
}

#[tokio::test]
async fn failures_in_a_row_are_further_and_further_apart_and_a_success_ends_the_row() {
    let t = setup();
    let mut pauses = Vec::new();
    for _ in 0..4 {
        t.source.fails(unavailable());
        let pause = t.get().await.unwrap_err().retry_after().unwrap();
        t.clock.advance(pause);
        pauses.push(pause);
    }
    // Each pause is drawn from 50-100 % of 200 ms, doubled each time: the bounds do not overlap two steps apart.
    assert!(pauses[2] > pauses[0] && pauses[3] > pauses[1], "{pauses:?}");

    t.source.issues("a", 10);
    t.get().await.unwrap();
    t.clock.advance(10 * SECOND);
    t.source.fails(unavailable());
    assert!(t.get().await.unwrap_err().retry_after().unwrap() <= Duration::from_millis(200));
}

#[tokio::test]
async fn dropping_the_caller_that_started_the_sign_in_leaves_the_others_waiting_for_it() {
    let t = setup();
    t.source.close_gate();
    t.source.issues("a", HOUR);
    t.get_and_drop();
    let (token, ()) = tokio::join!(t.get(), async { t.source.open_gate() });
    token.unwrap();
    assert_eq!(t.source.calls(), 1);
}

#[tokio::test]
async fn a_panic_in_the_source_is_an_error_and_the_cache_stays_usable() {
    let t = setup();
    t.source.panics();
    let error = t.get().await.unwrap_err();
    assert!(matches!(source_of(&error), SignInError::Panicked));
    t.clock.advance(SECOND);
    t.source.issues("a", HOUR);
    t.get().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_callers_limit_does_not_cancel_the_sign_in() {
    let t = setup();
    t.source.close_gate();
    t.source.issues("a", HOUR);
    let error = t.cache.get_within(SECOND, &t.source).await.unwrap_err();
    assert!(matches!(error, TokenError::TimedOut { waited: SECOND }), "{error:?}");
    t.source.open_gate();
    t.get().await.unwrap();
    assert_eq!(t.source.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_caller_with_little_time_still_gets_the_token_that_is_valid() {
    let t = setup();
    t.source.issues("a", HOUR);
    let old = t.get().await.unwrap();
    t.clock.advance(3599 * SECOND);
    t.source.close_gate();
    t.source.issues("b", HOUR);
    assert_eq!(t.cache.get_within(SECOND, &t.source).await.unwrap(), old);
}

#[tokio::test]
async fn a_token_that_is_expired_on_arrival_is_not_kept() {
    let t = setup();
    t.source.issues("a", 0);
    let error = t.get().await.unwrap_err();
    assert!(matches!(source_of(&error), SignInError::ExpiredOnArrival));
    t.get().await.unwrap_err();
    assert_eq!(t.source.calls(), 1, "no loop");
}

#[tokio::test]
async fn an_expired_token_is_never_served() {
    let t = setup();
    t.source.issues("a", HOUR);
    t.get().await.unwrap();
    t.clock.advance(2 * HOUR as u32 * SECOND);
    t.source.fails(unavailable());
    t.get().await.unwrap_err();
    t.clock.advance(SECOND);
    t.source.issues("b", HOUR);
    t.get().await.unwrap();
    assert_eq!(t.source.calls(), 3);
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_lengthen_a_tokens_life() {
    let t = setup();
    t.source.issues("a", HOUR);
    t.get().await.unwrap();
    t.clock.set(start() - 2 * HOUR as u32 * SECOND);
    t.source.issues("b", HOUR);
    t.get().await.unwrap();
    assert_eq!(t.source.calls(), 2);
}

#[tokio::test]
async fn in_the_advisory_window_one_caller_refreshes_and_the_others_are_served() {
    let t = setup();
    t.source.issues("a", HOUR);
    let old = t.get().await.unwrap();
    t.clock.advance(2700 * SECOND);
    t.source.close_gate();
    t.source.issues("b", HOUR);
    let mut refreshing = Box::pin(t.get());
    assert!(refreshing.as_mut().now_or_never().is_none());
    for _ in 0..99 {
        assert_eq!(t.get().now_or_never().expect("nobody else waits").unwrap(), old);
    }
    t.source.open_gate();
    assert_ne!(refreshing.await.unwrap(), old);
    assert_eq!(t.source.calls(), 2);
}

#[tokio::test]
async fn a_refresh_whose_caller_was_dropped_is_carried_on_by_the_next() {
    let t = setup();
    t.source.issues("a", HOUR);
    let old = t.get().await.unwrap();
    t.clock.advance(2700 * SECOND);
    t.source.close_gate();
    t.source.issues("b", HOUR);
    t.get_and_drop();
    t.source.open_gate();
    assert_ne!(t.get().await.unwrap(), old);
    assert_eq!(t.source.calls(), 2);
}

#[tokio::test]
async fn a_failed_refresh_serves_the_old_token_until_it_expires() {
    let t = setup();
    t.source.issues("a", HOUR);
    let old = t.get().await.unwrap();
    for elapsed in [2700, 3599] {
        t.clock.set(start() + elapsed * SECOND);
        t.source.fails(SignInError::WrongCredentials);
        assert_eq!(t.get().await.unwrap(), old, "at {elapsed} s");
        let calls = t.source.calls();
        assert_eq!(t.get().await.unwrap(), old, "while cooling down at {elapsed} s");
        assert_eq!(t.source.calls(), calls);
    }
    t.clock.set(start() + 3600 * SECOND);
    t.source.fails(SignInError::WrongCredentials);
    t.get().await.unwrap_err();
}

#[tokio::test]
async fn a_pause_after_a_failed_refresh_ends_when_the_token_does() {
    let t = setup();
    t.source.issues("a", HOUR);
    t.get().await.unwrap();
    t.clock.advance(3590 * SECOND);
    t.source.fails(SignInError::WrongCredentials);
    t.get().await.unwrap();
    t.clock.advance(10 * SECOND);
    t.source.issues("b", HOUR);
    t.get().await.unwrap();
}

#[tokio::test]
async fn a_hundred_reports_of_one_rejected_token_cause_one_sign_in() {
    let t = setup();
    t.source.issues("a", HOUR);
    let rejected = t.get().await.unwrap();
    t.source.issues("b", HOUR);
    let replays = join_all((0..100).map(|_| async {
        t.cache.invalidate(&rejected);
        t.get().await.unwrap()
    }));
    assert!(replays.await.iter().all(|token| *token != rejected));
    assert_eq!(t.source.calls(), 2);
}

#[tokio::test]
async fn an_api_that_refuses_every_token_causes_one_sign_in_in_ten_seconds() {
    let t = setup();
    t.source.issues("a", HOUR);
    t.cache.invalidate(&t.get().await.unwrap());
    t.source.issues("b", HOUR);
    let second = t.get().await.unwrap();
    for _ in 0..100 {
        t.cache.invalidate(&second);
        assert_eq!(t.get().await.unwrap(), second);
    }
    assert_eq!(t.source.calls(), 2);

    t.clock.advance(11 * SECOND);
    t.cache.invalidate(&second);
    t.source.issues("c", HOUR);
    assert_ne!(t.get().await.unwrap(), second);
}

#[tokio::test]
async fn a_source_that_returns_the_rejected_token_again_has_failed() {
    let t = setup();
    t.source.issues("a", HOUR);
    let rejected = t.get().await.unwrap();
    t.cache.invalidate(&rejected);
    t.source.issues("a", HOUR);
    let error = t.get().await.unwrap_err();
    assert!(matches!(source_of(&error), SignInError::RejectedAgain), "{error:?}");
}

#[tokio::test]
async fn a_sign_in_that_a_freeze_interrupted_is_not_waited_for() {
    let t = setup();
    t.source.close_gate();
    t.source.issues("frozen", HOUR);
    t.get_and_drop();

    t.clock.advance(31 * SECOND);
    t.source.issues("b", HOUR);
    let (token, ()) = tokio::join!(t.get(), async { t.source.open_gate() });
    assert_eq!(token.unwrap().authorization(), jwt("b", t.clock.now(), HOUR).as_str());
    assert_eq!(t.source.calls(), 2);
}

#[tokio::test]
async fn two_identities_do_not_wait_for_one_another() {
    let (a, b) = (setup(), setup());
    a.source.close_gate();
    a.source.issues("a", HOUR);
    a.get_and_drop();
    b.source.issues("b", HOUR);
    let token = b.get().now_or_never().expect("no wait").unwrap();
    assert_eq!(token.authorization(), jwt("b", start(), HOUR).as_str());
}

#[test]
fn the_cache_outlives_the_runtime_it_was_filled_in() {
    let t = setup();
    t.source.issues("a", HOUR);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime().block_on(t.get()).unwrap();
    assert_eq!(runtime().block_on(t.get()).unwrap(), first);
    t.clock.advance(HOUR as u32 * SECOND);
    t.source.issues("b", HOUR);
    assert_ne!(runtime().block_on(t.get()).unwrap(), first);
}

#[tokio::test]
async fn nothing_that_can_be_printed_shows_a_token() {
    let t = setup();
    t.source.issues("canary", HOUR);
    let token = t.get().await.unwrap();
    let text = std::str::from_utf8(token.authorization().as_bytes()).unwrap();
    let printed = format!("{:?} {token:?} {:?}", t.cache, token.authorization());
    assert!(text.split('.').all(|part| part == "e30" || !printed.contains(part)), "{printed}");
}
