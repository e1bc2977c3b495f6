use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

/// The wall clock, by which token lifetimes are judged.
///
/// The monotonic clock is of no use here: it may stop while Lambda freezes the process.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Wall,
    Manual(ManualClock),
}

impl Clock {
    /// The system's wall clock.
    pub const fn wall() -> Self {
        Self(Kind::Wall)
    }

    /// The time now.
    pub fn now(&self) -> SystemTime {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
            Kind::Wall => SystemTime::now(),
            Kind::Manual(clock) => clock.now(),
        }
    }
}

/// A clock that was set back by less is not noticed.
pub(crate) const CLOCK_TOLERANCE: Duration = Duration::from_secs(2);

/// Whether `now` is in the `limit` after `start`.
pub(crate) fn within(start: SystemTime, now: SystemTime, limit: Duration) -> bool {
    !was_set_back(start, now) && now.duration_since(start).unwrap_or_default() <= limit
}

/// Whether the clock shows a time before `earlier`, which has been: then no interval since `earlier` can be trusted.
pub(crate) fn was_set_back(earlier: SystemTime, now: SystemTime) -> bool {
    earlier.duration_since(now).is_ok_and(|by| by > CLOCK_TOLERANCE)
}

/// The latest time that was seen, to a tenth of a second: threads that write to one place hold each other up.
#[derive(Debug)]
pub(crate) struct Latest(AtomicU64);

impl Latest {
    pub(crate) fn new(now: SystemTime) -> Self {
        Self(AtomicU64::new(nanos(now)))
    }

    pub(crate) fn get(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    /// Takes note of `now`, in [`nanos`]. Returns whether the clock was set back.
    #[inline]
    pub(crate) fn note(&self, now: u64) -> bool {
        const TENTH: u64 = 100_000_000;
        let latest = self.0.load(Ordering::Relaxed);
        if latest.saturating_add(TENTH) <= now {
            self.0.fetch_max(now, Ordering::Relaxed);
        }
        now.saturating_add(CLOCK_TOLERANCE.as_nanos() as u64) < latest
    }
}

/// Nanoseconds since 1970, which are cheap to compare; those before are 1970, those after 2554 are 2554.
#[inline]
pub(crate) fn nanos(time: SystemTime) -> u64 {
    let since_1970 = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since_1970.as_secs().saturating_mul(1_000_000_000).saturating_add(since_1970.subsec_nanos().into())
}

impl From<ManualClock> for Clock {
    fn from(clock: ManualClock) -> Self {
        Self(Kind::Manual(clock))
    }
}

/// A clock that tests set by hand; its clones share one time.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<SystemTime>>);

impl ManualClock {
    /// A clock that stands at `now`.
    pub fn at(now: SystemTime) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    /// The time it stands at.
    pub fn now(&self) -> SystemTime {
        *self.time()
    }

    /// Sets the time, forwards or backwards.
    pub fn set(&self, now: SystemTime) {
        *self.time() = now;
    }

    /// Moves the time forwards.
    pub fn advance(&self, by: Duration) {
        *self.time() += by;
    }

    /// Moves the time backwards, as when an operator or a time server corrects the clock.
    pub fn set_back(&self, by: Duration) {
        *self.time() -= by;
    }

    fn time(&self) -> MutexGuard<'_, SystemTime> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
