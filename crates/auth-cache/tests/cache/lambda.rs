//! Cases 40 and 43-46: freezes, snapshots, runtimes that end.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use auth_cache::{Identity, LazySource, ManualClock, SignInError, Token};
use futures_util::FutureExt as _;
use tokio::runtime::{Builder, Runtime};

use crate::{
    setup::{HOUR, MINUTE, SECOND, paused_clock, setup, start, unavailable},
    source::jwt,
};

#[tokio::test(start_paused = true)]
async fn a_sign_in_that_a_freeze_interrupted_is_not_waited_for() {
    // Somebody still holds the frozen one, as a task in the background does, or nobody does.
    for (somebody_waits, frozen_for) in [(true, 31 * SECOND), (true, 4 * SECOND), (false, 4 * SECOND)] {
        let t = setup();
        t.source.hangs();
        let mut frozen = Box::pin(t.get());
        assert!(frozen.as_mut().now_or_never().is_none());
        let held = somebody_waits.then_some(frozen);

        t.clock.advance(frozen_for);
        t.source.issues("b", HOUR);
        let thawed_at = paused_clock();
        let token = t.get().await.unwrap();
        assert!(thawed_at.elapsed() < SECOND / 4, "just to see what came meanwhile");
        assert_eq!(token.header(), jwt("b", t.clock.now(), HOUR).as_str());
        assert_eq!(t.source.calls(), 2);
        assert_eq!(t.counts.refreshes()[0].1, "abandoned");
        drop(held);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_sign_in_is_shared_as_long_as_somebody_waits_who_is_awake() {
    let t = setup();
    t.source.close_gate();
    t.source.issues("slow", HOUR);
    let mut waiting = Box::pin(t.get());
    assert!(waiting.as_mut().now_or_never().is_none());
    for _ in 0..3 {
        t.clock.advance(2 * SECOND);
        tokio::time::advance(2 * SECOND).await;
        assert!(waiting.as_mut().now_or_never().is_none());
    }
    // Whoever goes away has waited until then.
    t.clock.advance(2 * SECOND);
    drop(waiting);
    t.clock.advance(2 * SECOND);
    let (token, ()) = tokio::join!(t.get(), async { t.source.open_gate() });
    token.unwrap();
    assert_eq!(t.source.calls(), 1);
}

#[tokio::test]
async fn a_token_of_the_init_phase_that_is_over_at_the_first_invocation_is_not_served() {
    let t = setup();
    let stale = t.sign_in("init", 5 * MINUTE).await;
    t.clock.advance(6 * MINUTE);
    assert_ne!(t.sign_in("first invocation", HOUR).await, stale);
}

#[tokio::test]
async fn a_failed_sign_in_of_the_init_phase_is_made_up_for_by_the_first_invocation() {
    let t = setup();
    t.source.fails(unavailable());
    t.get_without_time().await.unwrap_err();
    t.clock.advance(SECOND);
    t.sign_in("first invocation", HOUR).await;
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

#[test]
fn a_static_identity_outlives_the_runtime_it_was_filled_in_and_leaves_no_task_behind() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    static IDENTITY: LazyLock<Identity> = LazyLock::new(|| {
        Identity::new(|| async {
            let call = CALLS.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::ZERO).await; // tied to the runtime it was made in
            Token::opaque(format!("token-{call}"), HOUR).map_err(SignInError::from)
        })
    });
    let runtimes: [fn() -> Runtime; 3] = [current_thread, multi_thread, current_thread];
    for (index, runtime) in runtimes.into_iter().enumerate() {
        let runtime = runtime();
        let first = runtime.block_on(IDENTITY.token(SECOND)).unwrap();
        assert_eq!(runtime.block_on(IDENTITY.token(SECOND)).unwrap(), first);
        assert_eq!(runtime.metrics().num_alive_tasks(), 0);
        drop(runtime);
        assert_eq!(CALLS.load(Ordering::Relaxed), index / 2 + 1, "the token outlives the runtime");
        if index == 1 {
            IDENTITY.forget();
        }
    }
}

#[test]
fn a_sign_in_whose_runtime_is_gone_fails_without_harm_and_the_next_one_succeeds() {
    let clock = ManualClock::at(start());
    let calls = AtomicUsize::new(0);
    let identity = Identity::new(move || {
        let first = calls.fetch_add(1, Ordering::Relaxed) == 0;
        async move {
            if first {
                tokio::time::sleep(HOUR).await;
            }
            Token::opaque("token".to_owned(), HOUR).map_err(SignInError::from)
        }
    })
    .with_clock(clock.clone());
    let gone = current_thread();
    assert!(gone.block_on(async { identity.token(SECOND).now_or_never() }).is_none());
    drop(gone);

    let runtime = multi_thread();
    let limit = SECOND / 10;
    runtime.block_on(identity.token(limit)).unwrap_err();
    clock.advance(4 * SECOND);
    runtime.block_on(identity.token(limit)).unwrap();
}

#[tokio::test]
async fn forgetting_an_identity_drops_its_token_and_what_its_source_keeps() {
    let built = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&built);
    let source = LazySource::new(move || {
        let build = count.fetch_add(1, Ordering::Relaxed);
        move || async move { Ok(Token::opaque(format!("token of client {build}"), HOUR)?) }
    });
    let identity = Identity::new(source);
    assert_eq!(built.load(Ordering::Relaxed), 0, "nothing is built before it is needed");
    for (client, header) in ["token of client 0", "token of client 1"].into_iter().enumerate() {
        for _ in 0..2 {
            assert_eq!(identity.token(SECOND).await.unwrap().header(), header);
        }
        assert_eq!(built.load(Ordering::Relaxed), client + 1);
        identity.forget();
    }
}

#[cfg(feature = "snapstart")]
#[tokio::test]
async fn a_snapshot_holds_no_token_and_a_restore_signs_in_anew() {
    use lambda_runtime::SnapStartResource as _;

    let t = setup().without_books();
    t.source.issues("before the snapshot", HOUR);
    let identity = t.identity.clone();
    let before = identity.token(SECOND).await.unwrap();
    identity.before_snapshot().await.unwrap();
    // Between the hook and the snapshot, a task signs in.
    t.source.issues("in between", HOUR);
    assert_ne!(identity.token(SECOND).await.unwrap(), before, "the hook dropped it");

    t.source.issues("after the restore", HOUR);
    identity.after_restore().await.unwrap();
    let after = identity.token(SECOND).now_or_never().expect("signed in by the hook").unwrap();
    assert_ne!(before, after);

    identity.before_snapshot().await.unwrap();
    t.source.fails(SignInError::misconfigured("no such pool"));
    identity.after_restore().await.expect("a failure is not fatal");
}
