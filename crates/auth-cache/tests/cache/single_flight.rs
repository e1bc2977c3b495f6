//! Cases 1-9: one sign-in, whoever asks and whatever becomes of them.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use auth_cache::{Identity, ManualClock, SignInError, Token, TokenError};
use futures_util::{FutureExt as _, future::join_all};

use crate::{
    setup::{HOUR, SECOND, cause, setup, start, throttled, unavailable},
    source::jwt,
};

#[tokio::test]
async fn a_thousand_callers_of_an_empty_cache_share_one_sign_in() {
    let t = setup();
    t.source.close_gate();
    t.source.issues("a", HOUR);
    let callers = join_all((0..1000).map(|_| t.get()));
    let (tokens, ()) = tokio::join!(callers, async { t.source.open_gate() });
    assert_eq!(t.source.calls(), 1);
    let first = tokens[0].as_ref().unwrap();
    assert!(tokens.iter().all(|token| token.as_ref().unwrap() == first));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_on_several_threads_share_one_sign_in() {
    let t = Arc::new(setup());
    t.source.close_gate();
    t.source.issues("a", HOUR);
    let callers = (0..1000).map(|_| {
        let t = Arc::clone(&t);
        tokio::spawn(async move { t.get().await.unwrap() })
    });
    let callers: Vec<_> = callers.collect();
    while t.counts.all() != [0, 1, 999] {
        tokio::task::yield_now().await;
    }
    t.source.open_gate();
    let tokens = join_all(callers).await;
    assert_eq!(t.source.calls(), 1);
    assert!(tokens.iter().all(|token| token.as_ref().unwrap() == tokens[0].as_ref().unwrap()));
}

#[tokio::test]
async fn a_thousand_callers_share_one_failure() {
    let t = setup();
    t.source.close_gate();
    t.source.fails(SignInError::misconfigured("no such pool"));
    let callers = join_all((0..1000).map(|_| t.get()));
    let (results, ()) = tokio::join!(callers, async { t.source.open_gate() });
    assert_eq!(t.source.calls(), 1);
    let causes: Vec<_> = results.iter().map(|result| std::ptr::from_ref(cause(result.as_ref().unwrap_err()))).collect();
    assert!(causes.iter().all(|cause| *cause == causes[0]), "one error, not a thousand alike");
}

#[tokio::test]
async fn after_a_failure_the_source_is_asked_again_only_when_the_cool_down_of_its_kind_ends() {
    let millis = Duration::from_millis;
    for (error, shortest, longest) in [
        (unavailable(), millis(100), millis(200)),
        (throttled(), millis(100), 4 * SECOND),
        (SignInError::throttled("for a minute", Some(60 * SECOND)), 60 * SECOND, 64 * SECOND),
        (SignInError::locked_out(None), millis(500), SECOND),
        (SignInError::locked_out(Some(300 * SECOND)), 300 * SECOND, 301 * SECOND),
        (SignInError::WrongCredentials, 60 * SECOND, 120 * SECOND),
        (SignInError::misconfigured("no such pool"), 30 * SECOND, 60 * SECOND),
        (SignInError::challenge_required("SMS_MFA"), 30 * SECOND, 60 * SECOND),
    ] {
        let t = setup();
        t.source.fails(error);
        let shared = t.get_without_time().await.unwrap_err();
        let pause = shared.retry_after().unwrap();
        assert!((shortest..=longest).contains(&pause), "{shared:?}");

        t.clock.advance(pause - millis(1));
        let early = t.get_without_time().now_or_never().expect("no wait").unwrap_err();
        assert_eq!(early.retry_after(), Some(millis(1)), "{early:?}");
        assert_eq!(t.source.calls(), 1);

        t.clock.advance(millis(1));
        t.sign_in("a", HOUR).await;
        assert_eq!(t.source.calls(), 2);
    }
}

#[tokio::test]
async fn dropping_the_leader_neither_fails_nor_stalls_the_others() {
    let t = setup();
    t.source.close_gate();
    t.source.issues("a", HOUR);
    let mut leader = Box::pin(t.get());
    let mut other = Box::pin(t.get());
    assert!(leader.as_mut().now_or_never().is_none());
    assert!(other.as_mut().now_or_never().is_none());
    drop(leader);
    t.source.open_gate();
    other.await.unwrap();
    assert_eq!(t.source.calls(), 1);
}

#[tokio::test]
async fn dropping_all_callers_leaves_the_cache_usable() {
    let t = setup();
    t.source.close_gate();
    t.source.issues("a", HOUR);
    for _ in 0..10 {
        t.get_and_drop();
    }
    t.source.open_gate();
    t.get().await.unwrap();
    assert_eq!(t.source.calls(), 1, "the next caller carries on");
}

#[tokio::test]
async fn a_panic_in_the_source_is_an_error_and_the_cache_stays_usable() {
    let t = setup();
    t.source.panics();
    for _ in 0..10 {
        assert!(matches!(cause(&t.get_without_time().await.unwrap_err()), SignInError::Panicked));
    }
    assert_eq!(t.source.calls(), 1);
    t.clock.advance(SECOND);
    t.sign_in("a", HOUR).await;
}

#[tokio::test(start_paused = true)]
async fn a_callers_limit_does_not_cancel_the_sign_in_and_is_told_from_a_timeout_of_the_source() {
    let t = setup();
    t.source.close_gate();
    t.source.issues("a", HOUR);
    let error = t.get_within(SECOND).await.unwrap_err();
    assert!(matches!(error, TokenError::TimedOut { waited: SECOND, .. }), "{error:?}");
    t.source.open_gate();
    t.get().await.unwrap();
    assert_eq!(t.source.calls(), 1);

    t.identity.forget();
    t.source.fails(SignInError::unavailable("timed out"));
    let error = t.get_without_time().await.unwrap_err();
    assert!(matches!(cause(&error), SignInError::Unavailable { .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_without_time_does_not_wait_for_a_sign_in_under_way() {
    let t = setup();
    t.source.close_gate();
    t.get_and_drop();
    let mut get = pin!(t.get_without_time());
    let mut polls = 0..100;
    let result = poll_fn(|context| {
        polls.next().expect("it does not spin");
        get.as_mut().poll(context)
    });
    assert!(matches!(result.await, Err(TokenError::TimedOut { .. })));
}

#[tokio::test]
async fn two_identities_never_wait_for_or_receive_each_others_token() {
    let (a, b) = (setup(), setup());
    a.source.close_gate();
    a.source.issues("a", HOUR);
    a.get_and_drop();
    b.source.issues("b", HOUR);
    assert_eq!(b.get_now().unwrap().header(), jwt("b", start(), HOUR).as_str());
    a.source.open_gate();
    assert_eq!(a.get().await.unwrap().header(), jwt("a", start(), HOUR).as_str());
}

#[tokio::test]
async fn a_source_that_asks_another_identity_gets_its_token() {
    let inner = Identity::new(|| async { Ok(Token::opaque("inner".to_owned(), HOUR)?) });
    let outer = Identity::new(move || {
        let inner = inner.clone();
        async move {
            let token = inner.token(SECOND).await.map_err(SignInError::unavailable)?;
            assert_eq!(token.header(), "inner");
            Ok(Token::opaque("outer".to_owned(), HOUR)?)
        }
    });
    assert_eq!(outer.token(SECOND).await.unwrap().header(), "outer");
}

#[tokio::test]
async fn an_identity_whose_tokens_are_another_ones_neither_changes_it_nor_lengthens_their_life() {
    let clock = ManualClock::at(start());
    let issued = AtomicUsize::new(0);
    let issuer = {
        let clock = clock.clone();
        move || {
            let subject = issued.fetch_add(1, Ordering::Relaxed).to_string();
            let now = clock.now();
            async move { Ok(Token::issued(jwt(&subject, now, HOUR))?) }
        }
    };
    let inner = Identity::new(issuer).with_clock(clock.clone());
    let forwarder = {
        let inner = inner.clone();
        move || {
            let inner = inner.clone();
            async move { inner.token(SECOND).await.map_err(SignInError::unavailable) }
        }
    };
    let outer = Identity::new(forwarder).with_clock(clock.clone());
    let first = inner.token(SECOND).await.unwrap();
    clock.set(start() + HOUR / 2);
    assert_eq!(outer.token(SECOND).await.unwrap(), first);
    clock.set(start() + HOUR);
    assert_ne!(outer.token(SECOND).await.unwrap(), first, "it is over, for whomever");
    assert_ne!(inner.token(SECOND).await.unwrap(), first);
}
