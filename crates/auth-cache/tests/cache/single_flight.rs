//! Cases 1-9: one sign-in, whoever asks and whatever becomes of them.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use auth_cache::{ManualClock, SignInError, Token, TokenCache, TokenError};
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
    t.source.issues("a", HOUR);
    let callers = (0..1000).map(|_| {
        let t = Arc::clone(&t);
        tokio::spawn(async move { t.get().await.unwrap() })
    });
    let tokens = join_all(callers.collect::<Vec<_>>()).await;
    assert_eq!(t.source.calls(), 1);
    assert!(tokens.iter().all(|token| token.as_ref().unwrap() == tokens[0].as_ref().unwrap()));
}

#[tokio::test]
async fn a_thousand_callers_share_one_failure() {
    let t = setup();
    t.source.close_gate();
    t.source.fails(unavailable());
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
        (throttled(), millis(500), SECOND),
        (SignInError::throttled("for a minute", Some(60 * SECOND)), 60 * SECOND, 60 * SECOND),
        (SignInError::locked_out(None), 60 * SECOND, 120 * SECOND),
        (SignInError::locked_out(Some(300 * SECOND)), 300 * SECOND, 300 * SECOND),
        (SignInError::WrongCredentials, 60 * SECOND, 120 * SECOND),
        (SignInError::misconfigured("no such pool"), 60 * SECOND, 60 * SECOND),
        (SignInError::challenge_required("SMS_MFA"), 60 * SECOND, 60 * SECOND),
    ] {
        let t = setup();
        t.source.fails(error);
        let shared = t.get().await.unwrap_err();
        let pause = shared.retry_after().unwrap();
        assert!((shortest..=longest).contains(&pause), "{shared:?}");

        t.clock.advance(pause - millis(1));
        let early = t.get_now().unwrap_err();
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
    t.source.close_gate();
    t.source.panics();
    let callers = join_all((0..10).map(|_| t.get()));
    let (results, ()) = tokio::join!(callers, async { t.source.open_gate() });
    for result in results {
        assert!(matches!(cause(&result.unwrap_err()), SignInError::Panicked));
    }
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

    t.cache.forget();
    t.source.fails(SignInError::unavailable("timed out"));
    let error = t.get().await.unwrap_err();
    assert!(matches!(cause(&error), SignInError::Unavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn two_identities_never_wait_for_or_receive_each_others_token() {
    let (a, b) = (setup(), setup());
    a.source.close_gate();
    a.source.issues("a", HOUR);
    a.get_and_drop();
    b.source.issues("b", HOUR);
    assert_eq!(b.get_now().unwrap().authorization(), jwt("b", start(), HOUR).as_str());
    a.source.open_gate();
    assert_eq!(a.get().await.unwrap().authorization(), jwt("a", start(), HOUR).as_str());
}

#[tokio::test]
async fn a_source_that_asks_its_own_cache_is_told_so() {
    static CACHE: TokenCache = TokenCache::new();
    static INNER: OnceLock<TokenError> = OnceLock::new();
    let source = Arc::new(|| async {
        let never = Arc::new(|| async { Err::<Token, _>(SignInError::misconfigured("this is not reached")) });
        let inner = CACHE.get(&never).await.unwrap_err();
        let transient = inner.is_transient();
        INNER.set(inner).unwrap();
        Err::<Token, _>(SignInError::misconfigured(format!("transient: {transient}")))
    });
    let outer = CACHE.get(&source).await.unwrap_err();
    assert!(matches!(INNER.get(), Some(TokenError::Reentrant)), "{INNER:?}");
    assert!(cause(&outer).to_string().ends_with("transient: false"), "{outer:?}");
}

#[tokio::test]
async fn a_source_that_asks_another_cache_gets_its_token() {
    static OUTER: TokenCache = TokenCache::new();
    static INNER: TokenCache = TokenCache::new();
    let inner = Arc::new(|| async { Ok(Token::opaque("inner".to_owned(), HOUR)?) });
    let outer = Arc::new(move || {
        let inner = Arc::clone(&inner);
        async move {
            let token = INNER.get(&inner).await.map_err(SignInError::unavailable)?;
            assert_eq!(token.authorization(), "inner");
            Ok(Token::opaque("outer".to_owned(), HOUR)?)
        }
    });
    assert_eq!(OUTER.get(&outer).await.unwrap().authorization(), "outer");
}

#[tokio::test]
async fn a_cache_that_is_filled_from_another_neither_changes_it_nor_lengthens_its_tokens_life() {
    let clock = ManualClock::at(start());
    let inner = Arc::new(TokenCache::new().with_clock(clock.clone()));
    let outer = TokenCache::new().with_clock(clock.clone());
    let issued = Arc::new(AtomicUsize::new(0));
    let issuer = Arc::new({
        let (clock, issued) = (clock.clone(), Arc::clone(&issued));
        move || {
            let subject = issued.fetch_add(1, Ordering::Relaxed).to_string();
            let now = clock.now();
            async move { Ok(Token::issued(jwt(&subject, now, HOUR))?) }
        }
    });
    let forwarder = Arc::new({
        let (inner, issuer) = (Arc::clone(&inner), Arc::clone(&issuer));
        move || {
            let (inner, issuer) = (Arc::clone(&inner), Arc::clone(&issuer));
            async move { inner.get(&issuer).await.map_err(SignInError::unavailable) }
        }
    });
    let first = inner.get(&issuer).await.unwrap();
    clock.set(start() + HOUR / 2);
    assert_eq!(outer.get(&forwarder).await.unwrap(), first);
    clock.set(start() + HOUR);
    assert_ne!(outer.get(&forwarder).await.unwrap(), first, "it is over, by whichever cache");
    assert_ne!(inner.get(&issuer).await.unwrap(), first);
}
