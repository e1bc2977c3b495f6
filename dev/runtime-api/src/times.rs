use std::fmt::Display;
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

    /// Tells whoever waits what is done now, with the seconds since the start before it.
    #[expect(clippy::print_stdout, reason = "a person waits for it")]
    pub fn say(self, what: impl Display) {
        println!("{:>4} s  {what}", self.elapsed().as_secs());
    }
}

/// Milliseconds with their fraction.
pub fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// The nearest-rank percentile, `percent` in 1..=100; zero when there are no samples.
pub fn percentile(samples: &[f64], percent: usize) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_samples_and_of_none_zero() {
        let samples: Vec<_> = (1..=50).rev().map(f64::from).collect();
        assert_eq!([1, 50, 99].map(|percent| percentile(&samples, percent)), [1.0, 25.0, 50.0]);
        assert_eq!((percentile(&[7.0], 1), percentile(&[7.0], 99), percentile(&[], 99)), (7.0, 7.0, 0.0));
    }
}
