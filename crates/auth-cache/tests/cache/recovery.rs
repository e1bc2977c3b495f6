//! What follows a failure: pauses, who waits for the next attempt, and sign-ins whose end nobody saw.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use auth_cache::{Identity, ManualClock, SignInError, Token, TokenError, TokenSource};
use futures_util::{FutureExt as _, future::join_all};

use crate::{
    setup::{HOUR, MINUTE, SECOND, Setup, cause, on_one_clock, paused_clock, setup, start, throttled, unavailable},
    source::jwt,
};

/// Fails the next sign-in and returns the pause that follows, when it is over.
async fn pause_after(t: &Setup, error: SignInError) -> Duration {
    t.source.fails(error);
    let pause = t.get_without_time().await.unwrap_err().retry_after().unwrap();
    t.clock.advance(pause);
    pause
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_changes_its_kind_is_one_series_that_a_success_alone_ends() {
    let t = setup();
    for _ in 0..6 {
        pause_after(&t, unavailable()).await;
        pause_after(&t, throttled()).await;
        pause_after(&t, SignInError::Panicked).await;
    }
    assert!(pause_after(&t, unavailable()).await >= 20 * SECOND);
    t.sign_in("a", HOUR).await;
    t.clock.advance(HOUR);
    assert!(pause_after(&t, unavailable()).await <= SECOND / 5);
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_twenty_seconds_that_changes_its_kind_causes_a_dozen_sign_ins() {
    let t = setup();
    for poll in 0..200 {
        t.source.forget_answers();
        t.source.fails(if poll % 2 == 0 { unavailable() } else { throttled() });
        t.get_without_time().await.unwrap_err();
        t.clock.advance(SECOND / 10);
    }
    assert!(t.source.calls() <= 12, "{}", t.source.calls());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_and_the_lock_out_that_follows_are_one_series() {
    let t = setup();
    assert!(pause_after(&t, SignInError::WrongCredentials).await >= 60 * SECOND);
    pause_after(&t, unavailable()).await;
    assert!(pause_after(&t, SignInError::locked_out(None)).await >= 120 * SECOND);
    assert!(pause_after(&t, SignInError::WrongCredentials).await >= 240 * SECOND);
    assert!(pause_after(&t, SignInError::locked_out(None)).await >= 450 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_lock_out_of_somebody_elses_making_costs_a_second() {
    let t = setup();
    t.source.fails(SignInError::locked_out(None));
    t.source.issues("a", HOUR);
    let before = t.clock.now();
    t.get_in_time(3 * SECOND).await.unwrap();
    let waited = t.clock.now().duration_since(before).unwrap();
    assert!((SECOND / 2..=SECOND + SECOND / 10).contains(&waited), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn every_pause_is_jittered_and_a_stated_one_is_never_undercut() {
    let stated = 30 * SECOND;
    for error in [
        unavailable as fn() -> SignInError,
        throttled,
        || SignInError::throttled("for half a minute", Some(30 * SECOND)),
        || SignInError::locked_out(None),
        || SignInError::locked_out(Some(30 * SECOND)),
        || SignInError::WrongCredentials,
        || SignInError::misconfigured("no such pool"),
        || SignInError::ExpiredOnArrival,
    ] {
        let mut pauses = Vec::new();
        for _ in 0..20 {
            pauses.push(pause_after(&setup(), error()).await);
        }
        pauses.sort();
        pauses.dedup();
        assert!(pauses.len() > 15, "{:?}: {pauses:?}", error());
        let says_for_how_long = format!("{:?}", error()).contains("Some");
        assert!(!says_for_how_long || pauses[0] >= stated, "{pauses:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn callers_with_time_left_wait_together_for_the_next_attempt() {
    for failures in 1..4 {
        let t = setup();
        for _ in 0..failures {
            t.source.fails(unavailable());
        }
        t.source.issues("a", HOUR);
        let tokens = on_one_clock(&t.clock, join_all((0..100).map(|_| t.get()))).await;
        assert!(tokens.iter().all(Result::is_ok));
        assert_eq!(t.source.calls(), failures + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_comes_during_a_pause_waits_for_its_end_if_it_has_the_time() {
    let t = setup();
    t.source.fails(SignInError::throttled("for a while", Some(2 * SECOND)));
    let pause = t.get_without_time().await.unwrap_err().retry_after().unwrap();
    let error = t.get_within(pause).now_or_never().expect("too little time fails at once").unwrap_err();
    assert_eq!(error.retry_after(), Some(pause));
    t.source.issues("a", HOUR);
    t.get_in_time(pause + SECOND).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_lasts_fails_at_once_however_much_time_there_is() {
    for error in [SignInError::WrongCredentials, SignInError::misconfigured("no such pool")] {
        let t = setup();
        t.source.fails(error);
        assert!(!t.get_within(HOUR).now_or_never().expect("no wait").unwrap_err().is_transient());
        assert!(!t.get_within(HOUR).now_or_never().expect("no wait").unwrap_err().is_transient());
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_whose_time_ends_in_an_outage_is_told_of_the_outage() {
    let t = setup();
    for _ in 0..20 {
        t.source.fails(unavailable());
    }
    let before = t.clock.now();
    let error = t.get_in_time(5 * SECOND).await.unwrap_err();
    assert!(matches!(cause(&error), SignInError::Unavailable { .. }), "{error:?}");
    assert!(t.clock.now().duration_since(before).unwrap() <= 5 * SECOND);
    assert!(t.source.calls() >= 4, "{}: with time left, it is tried again", t.source.calls());
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_that_ended_during_a_freeze_counts_although_its_caller_had_gone() {
    for frozen_for in [4 * SECOND, MINUTE] {
        // A wrong password behind a slow trigger: each further attempt brings a lock-out nearer.
        let t = setup();
        t.source.close_gate();
        t.source.fails(SignInError::WrongCredentials);
        let error = t.get_within(2 * SECOND).await.unwrap_err();
        assert!(matches!(error, TokenError::TimedOut { .. }), "{error:?}");
        t.source.open_gate();
        t.clock.advance(frozen_for);
        for _ in 0..5 {
            let error = t.get_within(2 * SECOND).await.unwrap_err();
            assert!(matches!(cause(&error), SignInError::WrongCredentials), "{error:?}");
        }
        assert_eq!(t.source.calls(), 1);

        // A sign-in that takes longer than each caller waits.
        let t = setup();
        t.source.close_gate();
        t.source.issues("a", HOUR);
        t.get_within(2 * SECOND).await.unwrap_err();
        t.source.open_gate();
        t.clock.advance(frozen_for);
        t.get_within(2 * SECOND).await.unwrap();
        assert_eq!(t.source.calls(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_that_takes_longer_than_each_caller_waits_completes() {
    let clock = ManualClock::at(start());
    let identity = Identity::new(|| async {
        tokio::time::sleep(Duration::from_millis(2600)).await;
        Ok(Token::opaque("slow".to_owned(), HOUR)?)
    })
    .with_clock(clock.clone());
    let limit = Duration::from_millis(2500);
    on_one_clock(&clock, async {
        identity.token(limit).await.unwrap_err();
        tokio::time::sleep(2 * SECOND).await;
        identity.token(limit).await.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_a_freeze_did_to_a_sign_in_is_not_held_against_the_next_one() {
    for error in [unavailable(), SignInError::ExpiredOnArrival] {
        let t = setup();
        t.source.close_gate();
        t.source.fails(error);
        t.get_and_drop();
        t.clock.advance(MINUTE);
        t.source.open_gate();
        t.source.issues("a", HOUR);
        t.get_within(SECOND).now_or_never().expect("no pause").unwrap();
        assert_eq!(
            t.counts.refreshes().iter().map(|(_, outcome)| *outcome).collect::<Vec<_>>(),
            ["abandoned", "succeeded"]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_waiter_of_a_sign_in_that_was_given_up_waits_for_its_successor() {
    let t = setup();
    t.source.close_gate();
    t.source.fails(unavailable());
    let mut frozen = Box::pin(t.get());
    assert!(frozen.as_mut().now_or_never().is_none());
    t.clock.advance(MINUTE);
    t.source.issues("b", HOUR);
    let mut thawed = Box::pin(t.get_within(5 * SECOND));
    let _ = tokio::time::timeout(SECOND, thawed.as_mut()).await;
    assert_eq!(t.source.calls(), 2, "the frozen one was given up");
    t.source.open_gate();
    let (frozen, thawed) = tokio::join!(frozen, thawed);
    assert_eq!(frozen.unwrap(), thawed.unwrap());
}

#[tokio::test(start_paused = true)]
async fn the_waiter_of_a_sign_in_that_was_given_up_does_not_wait_for_its_end() {
    let t = setup();
    t.source.hangs();
    let mut frozen = Box::pin(t.get_within(20 * SECOND));
    assert!(frozen.as_mut().now_or_never().is_none());
    t.clock.advance(MINUTE);
    t.source.issues("b", HOUR);
    let thawed = t.get_within(5 * SECOND).await.unwrap();
    let before = paused_clock();
    assert_eq!(frozen.await.unwrap(), thawed);
    assert!(before.elapsed() <= SECOND, "{:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn callers_without_time_do_not_keep_a_sign_in_that_a_freeze_interrupted() {
    let t = setup();
    t.source.hangs();
    t.get_and_drop();
    t.clock.advance(MINUTE);
    t.source.issues("b", HOUR);
    t.get_within(SECOND / 10).await.unwrap_err();
    t.get_within(SECOND / 10).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_source_that_blocks_its_thread_and_fails_is_not_asked_without_end() {
    let clock = ManualClock::at(start());
    let blocking = {
        let clock = clock.clone();
        move || {
            clock.advance(5 * SECOND);
            async { Err::<Token, _>(unavailable()) }
        }
    };
    let identity = Identity::new(blocking).with_clock(clock.clone());
    let error = identity.token(2 * SECOND).await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert!(clock.now() <= start() + 15 * SECOND, "{:?}", clock.now());
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_comes_when_the_token_ends_in_an_outage_waits_for_its_end() {
    let t = setup();
    t.sign_in("a", HOUR).await;
    // Renewals have failed for ten minutes: nobody had to wait for them.
    for minute in 50..60 {
        t.at(minute * MINUTE);
        t.source.forget_answers();
        t.source.fails(unavailable());
        t.get().await.unwrap();
    }
    t.at(HOUR);
    t.source.forget_answers();
    t.source.fails(unavailable());
    t.source.issues("b", HOUR);
    t.get_in_time(20 * SECOND).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn no_sign_in_that_began_before_the_cache_was_emptied_fills_it_again() {
    let t = setup();
    t.source.close_gate();
    t.source.issues("given up", 3 * HOUR);
    let mut frozen = Box::pin(t.get());
    assert!(frozen.as_mut().now_or_never().is_none());
    t.clock.advance(MINUTE);
    t.source.issues("its successor", 2 * HOUR);
    let mut thawed = Box::pin(t.get_within(5 * SECOND));
    let _ = tokio::time::timeout(SECOND, thawed.as_mut()).await;
    assert_eq!(t.source.calls(), 2);

    t.identity.forget();
    t.source.open_gate();
    t.source.issues("after", HOUR);
    for caller in [frozen.await, thawed.await, t.get().await] {
        assert_eq!(caller.unwrap().header(), jwt("after", t.clock.now(), HOUR).as_str());
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_refused_while_its_renewal_takes_long_is_replaced_at_once() {
    let t = setup();
    let old = t.sign_in("a", HOUR).await;
    t.at(45 * MINUTE);
    t.source.close_gate();
    t.source.fails(unavailable());
    assert_eq!(t.get().await.unwrap(), old, "no answer yet");
    t.source.open_gate();
    t.clock.advance(4 * SECOND);
    t.identity.invalidate(&old);
    t.source.issues("b", HOUR);
    assert_ne!(t.get_now().unwrap(), old);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_by_any_amount_at_any_age_lengthens_no_life() {
    for (age, back) in [(50, 45), (50, 49), (59, 1), (30, 20)] {
        let t = setup();
        let token = t.sign_in("a", HOUR).await;
        // It is used all the time, as from memory or, when it is due, after a renewal that fails.
        for minute in 0..=age {
            t.at(minute * MINUTE);
            t.source.forget_answers();
            t.source.fails(unavailable());
            assert_eq!(t.get().await.unwrap(), token);
        }
        t.clock.set_back(back * MINUTE);
        t.source.forget_answers();
        assert_ne!(t.sign_in("b", HOUR).await, token, "age {age}, back by {back} min");
    }
}

/// A source that keeps what it got from its last sign-in, as a refresh token.
#[derive(Clone, Default)]
struct Keeps(Arc<Kept>);

#[derive(Default)]
struct Kept {
    has_refresh_token: AtomicBool,
    signed_in_with: Mutex<Vec<&'static str>>,
    /// What others do while it begins to forget for the first time.
    meanwhile: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl TokenSource for Keeps {
    async fn sign_in(&self) -> Result<Token, SignInError> {
        let with = if self.0.has_refresh_token.swap(true, Ordering::SeqCst) { "refresh token" } else { "password" };
        let mut signed_in_with = self.0.signed_in_with.lock().unwrap();
        signed_in_with.push(with);
        Ok(Token::opaque(format!("token {}", signed_in_with.len()), HOUR)?)
    }

    fn forget(&self) {
        let meanwhile = self.0.meanwhile.lock().unwrap().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        self.0.has_refresh_token.store(false, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn two_that_report_a_refused_token_at_once_cost_the_next_sign_in_no_refresh_token() {
    let clock = ManualClock::at(start());
    let source = Keeps::default();
    let identity = Identity::new(source.clone()).with_clock(clock.clone());
    let refused = identity.token(SECOND).await.unwrap();
    let (other, reported) = (identity.clone(), refused.clone());
    *source.0.meanwhile.lock().unwrap() = Some(Box::new(move || {
        other.invalidate(&reported);
        let _ = other.token(SECOND).now_or_never();
    }));
    identity.invalidate(&refused);
    assert_ne!(identity.token(SECOND).await.unwrap(), refused);
    clock.advance(HOUR);
    identity.token(SECOND).await.unwrap();
    assert_eq!(*source.0.signed_in_with.lock().unwrap(), ["password", "password", "refresh token"]);
}
