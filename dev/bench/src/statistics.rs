use std::fmt;

use runtime_api::percentile;

/// The median of some measurements, and between what half of them lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

impl Spread {
    pub(crate) fn of(values: &[f64]) -> Self {
        Self { low: percentile(values, 25), median: percentile(values, 50), high: percentile(values, 75) }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { low, median, high } = self;
        let digits = if *median < 1.0 {
            3
        } else if *median < 100.0 {
            1
        } else {
            0
        };
        write!(f, "{median:.digits$} ({low:.digits$} – {high:.digits$})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_shows_as_many_digits_as_mean_something() {
        assert_eq!(Spread { low: 0.1, median: 0.25, high: 0.3 }.to_string(), "0.250 (0.100 – 0.300)");
        assert_eq!(Spread { low: 1.0, median: 2.54, high: 3.0 }.to_string(), "2.5 (1.0 – 3.0)");
        assert_eq!(Spread { low: 99.0, median: 123.4, high: 130.0 }.to_string(), "123 (99 – 130)");
    }
}
