//! What an observer is told: cases 55 and, for the warm hit, 56.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use auth_cache::{Observer, Refresh, RefreshReason};
use futures_util::{FutureExt as _, future::join_all};

use crate::setup::{HOUR, MINUTE, SECOND, setup, unavailable};

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) hits: AtomicU64,
    pub(crate) misses: AtomicU64,
    pub(crate) waits: AtomicU64,
    pub(crate) refreshes: Mutex<Vec<(RefreshReason, &'static str, Duration)>>,
}

impl Counts {
    pub(crate) fn all(&self) -> [u64; 3] {
        [&self.hits, &self.misses, &self.waits].map(|count| count.load(Ordering::Relaxed))
    }

    /// Reason and outcome of each refresh.
    pub(crate) fn refreshes(&self) -> Vec<(RefreshReason, &'static str)> {
        self.refreshes.lock().unwrap().iter().map(|&(reason, outcome, _)| (reason, outcome)).collect()
    }
}

impl Observer for Counts {
    fn hit(&self, _age: Duration) {
        self.hits.fetch_add(1, Ordering::Relaxed);
    }

    fn miss(&self) {
        self.misses.fetch_add(1, Ordering::Relaxed);
    }

    fn wait(&self) {
        self.waits.fetch_add(1, Ordering::Relaxed);
    }

    fn refreshed(&self, refresh: &Refresh<'_>) {
        self.refreshes.lock().unwrap().push((refresh.reason, refresh.outcome.name(), refresh.took));
    }
}

#[tokio::test]
async fn each_get_is_a_hit_a_miss_or_a_wait() {
    let t = setup();
    t.source.close_gate();
    t.source.issues("a", HOUR);
    let callers = join_all((0..10).map(|_| t.get()));
    let (tokens, ()) = tokio::join!(callers, async { t.source.open_gate() });
    assert!(tokens.iter().all(Result::is_ok));
    assert_eq!(t.counts.all(), [0, 1, 9]);
    t.get().await.unwrap();
    assert_eq!(t.counts.all(), [1, 1, 9]);
}

#[tokio::test]
async fn being_told_of_the_last_failure_is_a_miss() {
    let t = setup();
    t.source.fails(unavailable());
    t.get_without_time().await.unwrap_err();
    t.get_without_time().await.unwrap_err();
    assert_eq!(t.counts.all(), [0, 2, 0]);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_the_next_attempt_is_a_wait() {
    let t = setup();
    t.source.fails(unavailable());
    t.get_without_time().await.unwrap_err();
    t.source.issues("a", HOUR);
    t.get_in_time(SECOND).await.unwrap();
    assert_eq!(t.counts.all(), [0, 1, 1]);
}

#[tokio::test]
async fn each_refresh_has_one_reason_and_one_outcome() {
    use RefreshReason::{Advisory, Empty, Mandatory, Rejected};
    let t = setup();
    t.source.fails(unavailable());
    t.get_without_time().await.unwrap_err();
    t.at(MINUTE);
    t.sign_in("a", HOUR).await;
    t.at(MINUTE + 45 * MINUTE);
    t.sign_in("b", HOUR).await;
    t.at(46 * MINUTE + HOUR - SECOND);
    let c = t.sign_in("c", HOUR).await;
    t.identity.invalidate(&c);
    t.sign_in("d", HOUR).await;
    t.identity.forget();
    t.source.close_gate();
    t.source.issues("e", HOUR);
    t.get_and_drop();
    t.identity.forget();
    assert_eq!(
        t.counts.refreshes(),
        [
            (Empty, "failed"),
            (Empty, "succeeded"),
            (Advisory, "succeeded"),
            (Mandatory, "succeeded"),
            (Rejected, "succeeded"),
            (Empty, "abandoned"),
        ]
    );
}

#[tokio::test]
async fn a_refresh_is_reported_with_the_time_it_took() {
    let t = setup();
    t.source.close_gate();
    t.source.issues("a", HOUR);
    let mut caller = Box::pin(t.get());
    assert!(caller.as_mut().now_or_never().is_none());
    t.clock.advance(2 * SECOND);
    t.source.open_gate();
    caller.await.unwrap();
    assert_eq!(t.counts.refreshes.lock().unwrap()[0].2, 2 * SECOND);
}

#[tokio::test]
async fn a_hit_is_reported_with_the_age_of_the_token() {
    #[derive(Default)]
    struct Ages(Mutex<Vec<Duration>>);
    impl Observer for Ages {
        fn hit(&self, age: Duration) {
            self.0.lock().unwrap().push(age);
        }
    }
    let t = setup().without_books();
    let ages = Arc::new(Ages::default());
    let both = Arc::new((Ages::default(), Arc::clone(&ages)));
    let identity = t.identity.clone().with_observer(both.clone());
    t.source.issues("a", HOUR);
    identity.token(SECOND).await.unwrap();
    for seconds in [0, 7, 3000] {
        t.at(seconds * SECOND);
        // At 3000 s the token is due for renewal; a caller with little time is served.
        identity.token(SECOND / 2).await.unwrap();
    }
    assert_eq!(*ages.0.lock().unwrap(), [Duration::ZERO, 7 * SECOND, 3000 * SECOND]);
    assert_eq!(*both.0.0.lock().unwrap(), *ages.0.lock().unwrap(), "both of a pair are told");
}

#[tokio::test]
async fn a_warm_hit_does_not_call_the_source() {
    let t = setup();
    let token = t.sign_in("a", HOUR).await;
    for _ in 0..1000 {
        assert_eq!(t.get_now().unwrap(), token);
    }
    assert_eq!(t.source.calls(), 1);
    assert_eq!(t.counts.all(), [1000, 1, 0]);
}

#[tokio::test]
async fn a_warm_hit_does_not_allocate() {
    let t = setup().without_books();
    t.sign_in("a", HOUR).await;
    let counted = allocation_counter::measure(|| {
        for _ in 0..1000 {
            t.identity.token(SECOND).now_or_never().expect("a hit").unwrap();
        }
    });
    assert_eq!(counted.count_total, 0);
}
