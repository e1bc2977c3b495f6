//! Cases 25, 26, 28, 29 and 31: tokens that the API refused.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use auth_cache::{Identity, RefreshReason, SignInError, Token, TokenSource};
use futures_util::{FutureExt as _, future::join_all};

use crate::{
    setup::{HOUR, MINUTE, SECOND, cause, setup, start},
    source::jwt,
};

#[tokio::test]
async fn reporting_an_old_token_after_a_newer_one_came_changes_nothing() {
    let t = setup();
    let old = t.sign_in("a", HOUR).await;
    t.identity.invalidate(&old);
    let new = t.sign_in("b", HOUR).await;
    for _ in 0..100 {
        assert!(!t.identity.invalidate(&old));
        assert_eq!(t.get_now().unwrap(), new);
    }
    assert_eq!(t.source.calls(), 2);
}

#[tokio::test]
async fn a_hundred_reports_of_one_rejected_token_cause_one_sign_in() {
    let t = setup();
    let rejected = t.sign_in("a", HOUR).await;
    t.source.close_gate();
    t.source.issues("b", HOUR);
    let replays = join_all((0..100).map(|_| async {
        t.identity.invalidate(&rejected);
        t.get().await.unwrap()
    }));
    let (replays, ()) = tokio::join!(replays, async { t.source.open_gate() });
    assert!(replays.iter().all(|token| *token != rejected));
    assert_eq!(t.source.calls(), 2);
    assert_eq!(t.counts.refreshes().last(), Some(&(RefreshReason::Rejected, "succeeded")));
}

#[tokio::test]
async fn a_source_that_returns_the_rejected_token_again_has_failed() {
    let t = setup();
    let rejected = t.sign_in("a", HOUR).await;
    t.identity.invalidate(&rejected);
    t.source.issues("a", HOUR);
    let error = t.get().await.unwrap_err();
    assert!(matches!(cause(&error), SignInError::RejectedAgain), "{error:?}");
    t.get().await.unwrap_err();
    assert_eq!(t.source.calls(), 2, "no loop");
}

#[tokio::test]
async fn an_api_that_refuses_every_token_causes_one_sign_in_in_ten_seconds() {
    let t = setup();
    let first = t.sign_in("a", HOUR).await;
    t.identity.invalidate(&first);
    let second = t.sign_in("b", HOUR).await;
    for _ in 0..100 {
        t.identity.invalidate(&second);
        assert_eq!(t.get_now().unwrap(), second);
    }
    assert_eq!(t.source.calls(), 2);

    t.clock.advance(10 * SECOND);
    t.identity.invalidate(&second);
    assert_eq!(t.get_now().unwrap(), second, "the pause is not over");
    t.clock.advance(SECOND);
    t.identity.invalidate(&second);
    assert_ne!(t.sign_in("c", HOUR).await, second);
}

#[tokio::test]
async fn a_token_that_replaced_one_rejected_long_ago_is_dropped_at_once() {
    let t = setup();
    let first = t.sign_in("a", HOUR).await;
    assert!(t.identity.invalidate(&first));
    t.sign_in("b", HOUR).await;
    t.at(50 * MINUTE);
    let third = t.sign_in("c", HOUR).await;
    t.identity.invalidate(&third);
    assert_ne!(t.sign_in("d", HOUR).await, third);
}

#[tokio::test]
async fn a_sign_in_under_way_neither_restores_the_rejected_token_nor_is_spoiled_by_its_rejection() {
    let t = setup();
    let old = t.sign_in("a", HOUR).await;
    t.at(45 * MINUTE);
    t.source.close_gate();
    t.source.issues("b", HOUR);
    let mut renewing = Box::pin(t.get());
    assert!(renewing.as_mut().now_or_never().is_none());
    t.identity.invalidate(&old);
    let mut other = Box::pin(t.get());
    assert!(other.as_mut().now_or_never().is_none(), "the rejected token is not served meanwhile");
    t.source.open_gate();
    let new = renewing.await.unwrap();
    assert_eq!(other.await.unwrap(), new);
    assert_ne!(new, old);
    assert_eq!(t.source.calls(), 2);
}

#[tokio::test]
async fn a_waiter_that_wakes_after_its_token_was_rejected_gets_the_next_one() {
    let t = setup();
    t.source.close_gate();
    t.source.issues("a", HOUR);
    let mut quick = Box::pin(t.get());
    let mut slow = Box::pin(t.get());
    assert!(quick.as_mut().now_or_never().is_none());
    assert!(slow.as_mut().now_or_never().is_none());
    t.source.open_gate();
    let rejected = quick.await.unwrap();
    t.identity.invalidate(&rejected);
    t.source.issues("b", HOUR);
    assert_eq!(slow.await.unwrap().header(), jwt("b", start(), HOUR).as_str());
}

#[tokio::test]
async fn a_waiter_that_wakes_after_its_token_and_the_next_were_rejected_gets_neither() {
    let t = setup();
    t.source.close_gate();
    t.source.issues("a", HOUR);
    let mut slow = Box::pin(t.get());
    assert!(slow.as_mut().now_or_never().is_none());
    t.source.open_gate();
    let first = t.get().await.unwrap();
    t.identity.invalidate(&first);
    let second = t.sign_in("b", HOUR).await;
    t.clock.advance(11 * SECOND);
    t.identity.invalidate(&second);
    t.source.issues("c", HOUR);
    assert_eq!(slow.await.unwrap().header(), jwt("c", t.clock.now(), HOUR).as_str());
}

#[tokio::test]
async fn an_identity_whose_token_was_rejected_starts_from_nothing() {
    let (identity, forgotten, _) = keeping();
    let rejected = identity.token(SECOND).await.unwrap();
    for _ in 0..10 {
        identity.invalidate(&rejected);
    }
    assert_eq!(identity.token(SECOND).await.unwrap().header(), "token 1");
    identity.invalidate(&rejected);
    assert_eq!(forgotten.load(Ordering::Relaxed), 1, "only when the token is dropped");
}

#[tokio::test]
async fn no_sign_in_begins_with_what_the_source_should_have_forgotten() {
    let (identity, _, held_when_it_forgot) = keeping();
    let token = identity.token(SECOND).await.unwrap();
    identity.forget();
    assert!(held_when_it_forgot.load(Ordering::Relaxed), "until then no caller has a reason to sign in");
    assert_ne!(identity.token(SECOND).await.unwrap(), token);
}

/// An identity whose tokens tell how often its source has forgotten; how often that was; and whether it held a
/// token when it was for the first time.
fn keeping() -> (Identity, Arc<AtomicUsize>, Arc<AtomicBool>) {
    struct Keeps {
        identity: Arc<OnceLock<Identity>>,
        forgotten: Arc<AtomicUsize>,
        held: Arc<AtomicBool>,
    }

    impl TokenSource for Keeps {
        async fn sign_in(&self) -> Result<Token, SignInError> {
            Ok(Token::opaque(format!("token {}", self.forgotten.load(Ordering::Relaxed)), HOUR)?)
        }

        fn forget(&self) {
            if self.forgotten.fetch_add(1, Ordering::Relaxed) == 0 {
                self.held.store(format!("{:?}", self.identity.get()).contains("Some(Token"), Ordering::Relaxed);
            }
        }
    }

    let (itself, forgotten, held) = (Arc::new(OnceLock::new()), Arc::default(), Arc::default());
    let source = Keeps { identity: Arc::clone(&itself), forgotten: Arc::clone(&forgotten), held: Arc::clone(&held) };
    let identity = itself.get_or_init(|| Identity::new(source)).clone();
    (identity, forgotten, held)
}
