//! Cases 18-24, 34 and 42: renewals, and what becomes of callers when they fail or take long.

use std::{
    io,
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use auth_cache::{RefreshReason, SignInError, TokenError};
use futures_util::{
    FutureExt as _,
    future::{Either, select},
};
use tracing::{Dispatch, subscriber::NoSubscriber};
use tracing_subscriber::fmt::MakeWriter;

use crate::setup::{HOUR, MINUTE, SECOND, paused_clock, setup, throttled, unavailable};

const ADVISORY: Duration = Duration::from_secs(2700);

#[tokio::test]
async fn in_the_advisory_window_one_of_a_hundred_renews_and_the_others_do_not_wait() {
    let t = setup();
    let old = t.sign_in("a", HOUR).await;
    t.at(ADVISORY);
    t.source.close_gate();
    t.source.issues("b", HOUR);
    let mut renewing = Box::pin(t.get());
    assert!(renewing.as_mut().now_or_never().is_none());
    for _ in 0..99 {
        assert_eq!(t.get_now().unwrap(), old);
    }
    t.source.open_gate();
    assert_ne!(renewing.await.unwrap(), old);
    assert_eq!(t.source.calls(), 2);
}

#[tokio::test]
async fn a_renewal_whose_caller_was_dropped_is_carried_on_by_the_next() {
    let t = setup();
    let old = t.sign_in("a", HOUR).await;
    t.at(ADVISORY);
    t.source.close_gate();
    t.source.issues("b", HOUR);
    t.get_and_drop();
    t.source.open_gate();
    assert_ne!(t.get().await.unwrap(), old);
    assert_eq!(t.source.calls(), 2);
}

#[tokio::test]
async fn a_failed_renewal_serves_the_old_token_is_logged_once_and_rests_until_its_pause_ends() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).finish();
    // With a single dispatcher, tracing asks whichever thread comes first whether anybody wants an event, and the threads
    // of other tests say no.
    let _second = Dispatch::new(NoSubscriber::new());
    let _guard = tracing::subscriber::set_default(subscriber);

    let t = setup();
    let old = t.sign_in("a", HOUR).await;
    t.at(ADVISORY);
    t.source.fails(SignInError::misconfigured("the client is gone"));
    for _ in 0..100 {
        assert_eq!(t.get().await.unwrap(), old);
    }
    t.clock.advance(29 * SECOND);
    assert_eq!(t.get().await.unwrap(), old);
    assert_eq!(t.source.calls(), 2);
    assert_eq!(log.text().matches("could not renew the token").count(), 1, "{}", log.text());

    t.clock.advance(31 * SECOND);
    assert_ne!(t.sign_in("b", HOUR).await, old);
}

#[tokio::test]
async fn an_expired_token_is_never_returned_and_a_valid_one_always() {
    let t = setup();
    let old = t.sign_in("a", HOUR).await;
    t.at(HOUR - SECOND);
    t.source.fails(SignInError::WrongCredentials);
    assert_eq!(t.get().await.unwrap(), old);
    t.at(HOUR);
    t.source.fails(SignInError::WrongCredentials);
    t.get().await.unwrap_err();
    assert_eq!(t.source.calls(), 3, "the pause ended with the token");
}

#[tokio::test]
async fn pauses_are_jittered_grow_and_are_never_longer_than_the_tokens_remaining_life() {
    let mut firsts = Vec::new();
    for _ in 0..20 {
        let t = setup();
        let mut pauses = Vec::new();
        for _ in 0..12 {
            t.source.fails(unavailable());
            let pause = t.get_without_time().await.unwrap_err().retry_after().unwrap();
            t.clock.advance(pause);
            pauses.push(pause);
        }
        // Each is drawn from 50-100 % of twice the one before: the bounds do not overlap two steps apart.
        assert!(pauses[2] > pauses[0] && pauses[4] > pauses[2], "{pauses:?}");
        assert!(pauses.iter().all(|pause| *pause <= 40 * SECOND), "{pauses:?}");
        firsts.push(pauses[0]);
    }
    firsts.sort();
    firsts.dedup();
    assert!(firsts.len() > 10, "drawn anew each time: {firsts:?}");

    let t = setup();
    t.sign_in("a", HOUR).await;
    t.at(HOUR - 10 * SECOND);
    t.source.fails(SignInError::WrongCredentials); // a minute's pause
    t.get().await.unwrap();
    t.at(HOUR);
    t.sign_in("b", HOUR).await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_whose_limit_is_shorter_than_the_renewal_gets_the_valid_token_with_time_left_to_use_it() {
    for (elapsed, limit) in [(ADVISORY, 2 * SECOND), (HOUR - SECOND, 2 * SECOND), (HOUR - SECOND, SECOND / 2)] {
        let t = setup();
        let old = t.sign_in("a", HOUR).await;
        t.at(elapsed);
        t.source.close_gate();
        t.source.issues("b", HOUR);
        let started = paused_clock();
        assert_eq!(t.get_within(limit).await.unwrap(), old);
        assert!(started.elapsed() <= limit / 2 + Duration::from_millis(1), "{:?} of {limit:?}", started.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_waits_on_when_the_old_token_is_over_before_the_renewal_is() {
    for ends in ["expires", "is refused"] {
        let t = setup();
        let old = t.sign_in("a", HOUR).await;
        t.at(HOUR - SECOND);
        t.source.close_gate();
        t.source.issues("b", HOUR);
        let mut caller = Box::pin(t.get());
        assert!(caller.as_mut().now_or_never().is_none());
        match ends {
            "expires" => t.clock.advance(3 * SECOND),
            _ => _ = t.identity.invalidate(&old),
        }
        // The time for which it waits while there is an old token.
        let patience = tokio::time::sleep(4 * SECOND);
        assert!(matches!(select(caller.as_mut(), pin!(patience)).await, Either::Right(_)), "{ends}");
        t.source.open_gate();
        assert_ne!(caller.await.unwrap(), old, "{ends}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_without_a_limit_waits_on_too() {
    let t = setup();
    let old = t.sign_in("a", HOUR).await;
    t.at(HOUR - SECOND);
    t.source.close_gate();
    t.source.issues("b", HOUR);
    let mut caller = Box::pin(t.get_within(Duration::MAX));
    assert!(caller.as_mut().now_or_never().is_none());
    t.clock.advance(2 * SECOND);
    let patience = tokio::time::sleep(4 * SECOND);
    assert!(matches!(select(caller.as_mut(), pin!(patience)).await, Either::Right(_)));
    t.source.open_gate();
    assert_ne!(caller.await.unwrap(), old);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_hangs_holds_up_one_caller_in_a_while_and_is_taken_in_when_it_comes() {
    let t = setup();
    let old = t.sign_in("a", HOUR).await;
    t.at(ADVISORY);
    t.source.close_gate();
    t.source.issues("b", HOUR);
    assert_eq!(t.get().await.unwrap(), old);
    for _ in 0..100 {
        assert_eq!(t.get_now().unwrap(), old);
    }
    t.clock.advance(SECOND + Duration::from_millis(1));
    t.source.open_gate();
    assert_ne!(t.get_now().unwrap(), old, "the same renewal, carried on");
    assert_eq!(t.source.calls(), 2);
}

#[tokio::test]
async fn a_renewal_that_can_wait_is_not_started_by_a_caller_with_little_time() {
    let t = setup();
    let old = t.sign_in("a", HOUR).await;
    t.at(ADVISORY);
    for limit in [Duration::ZERO, SECOND - Duration::from_millis(1)] {
        assert_eq!(t.get_within(limit).now_or_never().expect("no wait").unwrap(), old);
    }
    assert_eq!(t.source.calls(), 1);
    t.source.issues("b", HOUR);
    assert_ne!(t.get_within(SECOND).await.unwrap(), old);
}

#[tokio::test(start_paused = true)]
async fn without_a_token_the_callers_limit_bounds_the_sign_in() {
    let t = setup();
    t.source.close_gate();
    t.source.issues("a", HOUR);
    let started = paused_clock();
    let error = t.get_within(3 * SECOND).await.unwrap_err();
    assert!(matches!(error, TokenError::TimedOut { .. }), "{error:?}");
    assert_eq!(started.elapsed().as_secs(), 3);
}

#[tokio::test]
async fn a_throttled_provider_is_asked_less_and_less_often_while_the_old_token_is_served() {
    let t = setup();
    let old = t.sign_in("a", HOUR).await;
    t.at(ADVISORY);
    let mut calls_per_minute = Vec::new();
    for _ in 0..3 {
        let before = t.source.calls();
        for _ in 0..600 {
            t.source.fails(throttled());
            assert_eq!(t.get().await.unwrap(), old);
            t.clock.advance(SECOND / 10);
        }
        calls_per_minute.push(t.source.calls() - before);
    }
    // Twice as many as are to be expected: the pauses are drawn at random.
    assert!(calls_per_minute[0] <= 16 && calls_per_minute[1..].iter().sum::<usize>() <= 14, "{calls_per_minute:?}");
}

#[tokio::test]
async fn one_success_clears_every_trace_of_failure() {
    let t = setup();
    for _ in 0..6 {
        t.source.fails(unavailable());
        let pause = t.get_without_time().await.unwrap_err().retry_after().unwrap();
        t.clock.advance(pause);
    }
    let token = t.sign_in("a", 10 * MINUTE).await;
    assert_eq!(t.get_now().unwrap(), token);
    t.clock.advance(10 * MINUTE);
    t.source.fails(unavailable());
    let pause = t.get_without_time().await.unwrap_err().retry_after().unwrap();
    assert!(pause <= Duration::from_millis(200), "as after the first");
    assert_eq!(t.counts.refreshes().last(), Some(&(RefreshReason::Mandatory, "failed")));
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
