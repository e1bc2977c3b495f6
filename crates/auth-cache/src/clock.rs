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
        let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.0.store(u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    /// Moves the time forwards.
    pub fn advance(&self, by: Duration) {
        self.set(self.now() + by);
    }
}
