use std::{
    sync::{
        Arc,
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

    /// The time now, to a few milliseconds, for a fraction of the cost.
    #[inline]
    pub(crate) fn coarse(&self) -> Nanos {
        match &self.0 {
            #[cfg(target_os = "linux")]
            Kind::Wall => Nanos::of_clock(rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse)),
            #[cfg(not(target_os = "linux"))]
            Kind::Wall => self.now().into(),
            Kind::Manual(clock) => Nanos(clock.0.load(Ordering::SeqCst)),
        }
    }
}

/// A point in time, in nanoseconds since 1970, that is cheap to compare. Times before 1970 are 1970, times after 2554
/// are 2554.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Nanos(u64);

impl Nanos {
    #[cfg(target_os = "linux")]
    #[inline]
    fn of_clock(now: rustix::time::Timespec) -> Self {
        let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
        Self(seconds.saturating_mul(1_000_000_000).saturating_add(now.tv_nsec.unsigned_abs()))
    }

    /// The time from `earlier` until this one; zero if it was later.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// A [`Nanos`] that can be changed where it is shared.
#[derive(Debug, Default)]
pub(crate) struct AtomicNanos(AtomicU64);

impl AtomicNanos {
    #[inline]
    pub(crate) fn get(&self) -> Nanos {
        Nanos(self.0.load(Ordering::Relaxed))
    }

    #[inline]
    pub(crate) fn set(&self, time: impl Into<Nanos>) {
        self.0.store(time.into().0, Ordering::Relaxed);
    }
}

impl From<SystemTime> for Nanos {
    fn from(time: SystemTime) -> Self {
        let since_epoch = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl From<ManualClock> for Clock {
    fn from(clock: ManualClock) -> Self {
        Self(Kind::Manual(clock))
    }
}

/// A clock that tests set by hand; its clones share one time.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// A clock that stands at `now`, to the nanosecond, from 1970 to 2554.
    pub fn at(now: SystemTime) -> Self {
        let clock = Self(Arc::default());
        clock.set(now);
        clock
    }

    /// The time it stands at.
    pub fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.0.load(Ordering::SeqCst))
    }

    /// Sets the time, forwards or backwards. Times before 1970 become 1970.
    pub fn set(&self, now: SystemTime) {
        self.0.store(Nanos::from(now).0, Ordering::SeqCst);
    }

    /// Moves the time forwards.
    pub fn advance(&self, by: Duration) {
        self.set(self.now() + by);
    }

    /// Moves the time backwards, as when an operator or a time server corrects the clock.
    pub fn set_back(&self, by: Duration) {
        self.set(self.now().checked_sub(by).unwrap_or(SystemTime::UNIX_EPOCH));
    }
}
