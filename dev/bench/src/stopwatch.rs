use std::time::{Duration, Instant};

/// Time on this machine's monotonic clock, for what is measured and never for what is decided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures; the one place that reads the clock")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// From its start to that of a later one.
    pub(crate) fn until(self, later: Self) -> Duration {
        later.0.duration_since(self.0)
    }
}
