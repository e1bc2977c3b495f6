use std::time::{Duration, Instant};

/// Time on this machine's monotonic clock, for what is measured and never for what is decided.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    #[expect(clippy::disallowed_methods, reason = "it measures; nothing freezes this process")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Since its start.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// From its start to that of a later one.
    pub fn until(self, later: Self) -> Duration {
        later.0.duration_since(self.0)
    }
}
