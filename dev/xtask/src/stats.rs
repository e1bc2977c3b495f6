//! Percentiles.

use std::time::Duration;

/// The nearest-rank percentile, `percent` in 1..=100; zero when there are no samples.
pub(crate) fn percentile(samples: &[Duration], percent: usize) -> Duration {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// Milliseconds with their fraction.
pub(crate) fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_samples() {
        let samples: Vec<_> = (1..=50).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&samples, 50), Duration::from_millis(25));
        assert_eq!(percentile(&samples, 99), Duration::from_millis(50));
        assert_eq!(percentile(&samples, 1), Duration::from_millis(1));
    }

    #[test]
    fn a_single_sample_is_every_percentile_and_none_is_zero() {
        assert_eq!(percentile(&[Duration::from_millis(7)], 50), Duration::from_millis(7));
        assert_eq!(percentile(&[Duration::from_millis(7)], 99), Duration::from_millis(7));
        assert_eq!(percentile(&[], 99), Duration::ZERO);
    }
}
