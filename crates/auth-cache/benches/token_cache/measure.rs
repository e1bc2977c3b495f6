//! What is measured, once for every cache.

use std::{fmt, hint::black_box, sync::Arc, time::Duration};

use criterion::measurement::{Measurement as _, WallTime};
use tokio::runtime::{Builder, Runtime};

use crate::peers::{Peer, Source};

/// The threads on which tasks share a cache.
pub(crate) const WORKERS: usize = 2;
/// How many hits a task takes before it lets the next one run. One by one, the switch would be all that is measured.
const HITS_IN_A_ROW: usize = 1024;
const HITS_COUNTED: u64 = 10_000;
pub(crate) const FAILS_AFTER: Duration = Duration::from_millis(20);

/// One cache and how to measure it.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    /// The wall time of this many gets under a load, of one cache that holds a token. As two threads run the tasks, half
    /// of one task's time is the best there can be.
    pub(crate) warm_hits: fn(&Runtime, Load, gets: u64) -> Duration,
    /// The time of this many first gets, each of a new cache with a source that answers at once.
    pub(crate) cold_misses: fn(gets: u64) -> Duration,
    /// Heap allocations per warm hit.
    pub(crate) allocations: fn() -> f64,
    /// What happens when this many callers come at once and the source fails.
    pub(crate) failing_herd: fn(callers: usize) -> Herd,
}

/// How many tasks get tokens at once, and what they do with them.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    tasks: usize,
    /// Whether each holds a token all the time, as one does that waits for the answer of an API; or drops it at once.
    holds: bool,
}

impl Load {
    pub(crate) const fn of(tasks: usize) -> Self {
        Self { tasks, holds: false }
    }

    pub(crate) const fn holding(self) -> Self {
        Self { holds: true, ..self }
    }

    /// The threads that are busy under this load.
    pub(crate) fn threads(self) -> usize {
        self.tasks.min(WORKERS)
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.tasks, self.holds) {
            (1, _) => f.write_str("1 task"),
            (tasks, false) => write!(f, "{tasks} tasks"),
            (tasks, true) => write!(f, "{tasks} holding one"),
        }
    }
}

/// What a failing source sees of a herd of callers.
#[derive(Clone, Copy)]
pub(crate) struct Herd {
    pub(crate) sign_ins: usize,
    /// From the first call to the last answer.
    pub(crate) took: Duration,
}

impl Subject {
    pub(crate) const fn of<P: Peer>() -> Self {
        Self {
            name: P::NAME,
            warm_hits: warm_hits::<P>,
            cold_misses: cold_misses::<P>,
            allocations: allocations::<P>,
            failing_herd: failing_herd::<P>,
        }
    }
}

/// The runtime of all measurements of concurrent tasks.
#[expect(clippy::expect_used, reason = "no benchmark without a runtime")]
pub(crate) fn workers() -> Runtime {
    Builder::new_multi_thread().worker_threads(WORKERS).enable_time().build().expect("a runtime can be built")
}

#[expect(clippy::expect_used, reason = "no benchmark without a runtime")]
fn this_thread() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime can be built")
}

fn warm_hits<P: Peer>(runtime: &Runtime, Load { tasks, holds }: Load, gets: u64) -> Duration {
    let gets_per_task = gets.div_ceil(tasks as u64);
    let elapsed = runtime.block_on(async {
        let (cache, source) = warm::<P>().await;
        let cache = Arc::new(cache);
        let start = WallTime.start();
        let tasks = (0..tasks)
            .map(|_| {
                let cache = Arc::clone(&cache);
                tokio::spawn(async move {
                    let held = if holds { cache.get().await.ok() } else { None };
                    take_turns(&*cache, gets_per_task).await;
                    drop(held);
                })
            })
            .collect();
        join(tasks).await;
        let elapsed = WallTime.end(start);
        assert_eq!(source.sign_ins(), 1, "{}: sign-ins after warm hits", P::NAME);
        elapsed
    });
    elapsed.mul_f64(gets as f64 / (gets_per_task as f64 * tasks as f64))
}

fn cold_misses<P: Peer>(gets: u64) -> Duration {
    this_thread().block_on(async {
        let mut elapsed = Duration::ZERO;
        for _ in 0..gets {
            let source = Arc::new(Source::ready());
            let cache = P::new(Arc::clone(&source));
            let start = WallTime.start();
            let token = black_box(cache.get().await);
            elapsed += WallTime.end(start);
            assert!(token.is_ok_and(|token| P::jwt(&token) == source.jwt()), "{}: another token", P::NAME);
            assert_eq!(source.sign_ins(), 1, "{}: sign-ins in a cold miss", P::NAME);
        }
        elapsed
    })
}

fn allocations<P: Peer>() -> f64 {
    let runtime = this_thread();
    let (cache, source) = runtime.block_on(warm::<P>());
    let counted = allocation_counter::measure(|| runtime.block_on(hit(&cache, HITS_COUNTED)));
    assert_eq!(source.sign_ins(), 1, "{}: sign-ins after warm hits", P::NAME);
    counted.count_total as f64 / HITS_COUNTED as f64
}

fn failing_herd<P: Peer>(callers: usize) -> Herd {
    workers().block_on(async {
        let source = Arc::new(Source::failing_after(FAILS_AFTER));
        let cache = Arc::new(P::new(Arc::clone(&source)));
        let start = WallTime.start();
        let callers = (0..callers)
            .map(|_| {
                let cache = Arc::clone(&cache);
                tokio::spawn(async move { assert!(cache.get().await.is_err(), "{}: a token from nowhere", P::NAME) })
            })
            .collect();
        join(callers).await;
        Herd { took: WallTime.end(start), sign_ins: source.sign_ins() }
    })
}

/// A cache that holds a token, which is the source's.
async fn warm<P: Peer>() -> (P, Arc<Source>) {
    let source = Arc::new(Source::ready());
    let cache = P::new(Arc::clone(&source));
    for _ in 0..2 {
        let token = cache.get().await;
        assert!(token.is_ok_and(|token| P::jwt(&token) == source.jwt()), "{}: another token", P::NAME);
    }
    (cache, source)
}

async fn take_turns<P: Peer>(cache: &P, gets: u64) {
    for start in (0..gets).step_by(HITS_IN_A_ROW) {
        hit(cache, (gets - start).min(HITS_IN_A_ROW as u64)).await;
        tokio::task::yield_now().await;
    }
}

async fn hit<P: Peer>(cache: &P, times: u64) {
    for _ in 0..times {
        assert!(black_box(cache.get().await).is_ok(), "{}: no token", P::NAME);
    }
}

#[expect(clippy::expect_used, reason = "a failed assertion in a task fails the benchmark")]
async fn join(tasks: Vec<tokio::task::JoinHandle<()>>) {
    for task in tasks {
        task.await.expect("the task ends");
    }
}
