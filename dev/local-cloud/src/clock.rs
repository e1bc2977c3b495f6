//! The stand-in's own clock: the wall clock plus an offset, so that tests move time instead of sleeping.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Every service of one stand-in judges time by the same clock.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset: AtomicI64,
}

impl Clock {
    /// Seconds since 1970, offset included.
    pub(crate) fn now(&self) -> i64 {
        self.now_millis().div_euclid(1000)
    }

    /// Milliseconds since 1970, offset included.
    pub(crate) fn now_millis(&self) -> i64 {
        wall_clock_millis() + self.offset() * 1000
    }

    pub(crate) fn offset(&self) -> i64 {
        self.offset.load(Ordering::SeqCst)
    }

    pub(crate) fn set_offset(&self, seconds: i64) {
        self.offset.store(seconds, Ordering::SeqCst);
    }
}

/// Milliseconds since 1970 without the offset: what a call took is not stretched by a test that moves the clock.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
pub(crate) fn wall_clock_millis() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

/// `2026-11-23T08:50:00.123Z`, AppSync's `AWSDateTime`.
pub(crate) fn format_date_time(millis: i64) -> String {
    let (days, of_day) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let (year, month, day) = civil_from_days(days);
    let (hour, minute, second, milli) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1000 % 60, of_day % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// The proleptic Gregorian date of a day counted from 1970-01-01 (Howard Hinnant's `civil_from_days`).
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_appsync_writes_them() {
        assert_eq!(format_date_time(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(format_date_time(951_782_400_001), "2000-02-29T00:00:00.001Z");
        assert_eq!(format_date_time(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(format_date_time(4_102_444_799_999), "2099-12-31T23:59:59.999Z");
    }

    #[test]
    fn an_offset_moves_the_clock_both_ways() {
        let clock = Clock::default();
        let before = clock.now();
        clock.set_offset(7200);
        assert!((7200..7210).contains(&(clock.now() - before)));
        clock.set_offset(-7200);
        assert!((-7200..-7190).contains(&(clock.now() - before)));
    }
}
