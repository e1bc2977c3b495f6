//! The one place that reads the monotonic clock.

use std::time::{Duration, Instant};

/// Measures how long something takes on this machine, where no Lambda freezes the process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "a development tool that measures; nothing freezes this process")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
