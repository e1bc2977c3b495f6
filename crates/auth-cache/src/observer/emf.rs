use std::{
    io,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};
use metrics_cloudwatch_embedded::Collector;

use crate::{Observer, Refresh, RefreshReason};

/// Counts what a cache does, for CloudWatch: metrics in the
/// [embedded metric format](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html),
/// which Lambda takes from the log.
///
/// | metric | unit | |
/// | --- | --- | --- |
/// | `TokenHits`, `TokenMisses`, `TokenWaits` | Count | each `get` is one of them |
/// | `TokenAge` | Seconds | of the token that was served last |
/// | `TokenRefreshes` | Count | by the dimensions `Reason` and `Outcome` |
/// | `SignInTime` | Milliseconds | of each refresh that was not abandoned |
///
/// Counting hits, misses and waits takes no lock and allocates nothing. The metrics are written by
/// [`EmfObserver::flush`], through the collector of the process, which is set up at its start:
///
/// ```no_run
/// use auth_cache::{EmfObserver, Identity, TokenSource};
/// use metrics_cloudwatch_embedded::Builder;
///
/// static METRICS: EmfObserver = EmfObserver::new();
///
/// # fn example(source: impl TokenSource) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let identity = Identity::new(source).with_observer(&METRICS);
/// let collector = Builder::new().cloudwatch_namespace("Orders").with_dimension("Function", "query").init()?;
/// // ... at the end of each invocation:
/// if METRICS.is_due() {
///     METRICS.flush(collector, std::io::stdout())?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct EmfObserver {
    hits: AtomicU64,
    misses: AtomicU64,
    waits: AtomicU64,
    /// Of the last hit since the last flush, in seconds and one more; zero if there was none.
    age: AtomicU64,
    refreshes: Mutex<Refreshes>,
}

#[derive(Debug, Default)]
struct Refreshes {
    /// How many there were, by reason and outcome.
    counts: Vec<((RefreshReason, &'static str), u64)>,
    /// How long those took that were not abandoned.
    times: Vec<Duration>,
}

/// What one line in the embedded metric format can hold of one metric.
const MOST_VALUES: usize = 100;
/// How many hits are worth a line in the log.
const MANY_HITS: u64 = 100;

impl EmfObserver {
    /// Nothing counted yet.
    pub const fn new() -> Self {
        Self {
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
            waits: AtomicU64::new(0),
            age: AtomicU64::new(0),
            refreshes: Mutex::new(Refreshes { counts: Vec::new(), times: Vec::new() }),
        }
    }

    /// Whether there is something that an operator should see soon: a miss, a wait, a refresh, or a hundred hits since the
    /// last flush. The hits before them are not worth a line in the log at each invocation.
    pub fn is_due(&self) -> bool {
        self.misses.load(Ordering::Relaxed) > 0
            || self.waits.load(Ordering::Relaxed) > 0
            || self.hits.load(Ordering::Relaxed) >= MANY_HITS
            || !self.refreshes().counts.is_empty()
    }

    /// Hands what was counted since the last flush to the process's metrics recorder, and writes all that `collector`
    /// has, one line for each set of dimensions. Writes nothing if nothing happened.
    ///
    /// Of more than 100 sign-in times since the last flush, only the last 100 are written.
    ///
    /// # Errors
    /// Those of `writer`; what could not be written is lost.
    pub fn flush(&self, collector: &Collector, writer: impl io::Write) -> io::Result<()> {
        describe_histogram!("TokenAge", Unit::Seconds, "");
        describe_histogram!("SignInTime", Unit::Milliseconds, "");
        describe_counter!("TokenRefreshes", Unit::Count, "");
        for (name, count) in [("TokenHits", &self.hits), ("TokenMisses", &self.misses), ("TokenWaits", &self.waits)] {
            describe_counter!(name, Unit::Count, "");
            counter!(name).increment(count.swap(0, Ordering::Relaxed));
        }
        if let Some(age) = self.age.swap(0, Ordering::Relaxed).checked_sub(1) {
            histogram!("TokenAge").record(age as f64);
        }
        let Refreshes { counts, times } = std::mem::take(&mut *self.refreshes());
        for ((reason, outcome), count) in counts {
            counter!("TokenRefreshes", "Reason" => reason.name(), "Outcome" => outcome).increment(count);
        }
        for took in times {
            histogram!("SignInTime").record(took.as_secs_f64() * 1000.0);
        }
        collector.flush(writer)
    }

    fn refreshes(&self) -> MutexGuard<'_, Refreshes> {
        self.refreshes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for EmfObserver {
    fn hit(&self, age: Duration) {
        self.hits.fetch_add(1, Ordering::Relaxed);
        self.age.store(age.as_secs().saturating_add(1), Ordering::Relaxed);
    }

    fn miss(&self) {
        self.misses.fetch_add(1, Ordering::Relaxed);
    }

    fn wait(&self) {
        self.waits.fetch_add(1, Ordering::Relaxed);
    }

    fn refreshed(&self, refresh: &Refresh<'_>) {
        let kind = (refresh.reason, refresh.outcome.name());
        let mut refreshes = self.refreshes();
        match refreshes.counts.iter_mut().find(|(counted, _)| *counted == kind) {
            Some((_, count)) => *count += 1,
            None => refreshes.counts.push((kind, 1)),
        }
        if !refresh.outcome.is_abandoned() {
            if refreshes.times.len() == MOST_VALUES {
                refreshes.times.remove(0);
            }
            refreshes.times.push(refresh.took);
        }
    }
}
