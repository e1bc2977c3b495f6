use jiff::{
    Timestamp,
    civil::{Date, Time},
    fmt::temporal::DateTimeParser,
};
use serde::{Deserialize, Serialize};

use super::string_scalar;

string_scalar!(
    /// A date such as `2026-11-23`, perhaps with an offset from UTC: `2026-11-23+01:00`.
    AWSDate,
    "a date such as 2026-11-23",
    |value| date(value).is_some()
);

impl AWSDate {
    /// The date, where its offset holds.
    pub fn date(&self) -> Date {
        date(self.as_str()).expect("it has been checked")
    }
}

impl From<Date> for AWSDate {
    fn from(date: Date) -> Self {
        Self(date.to_string())
    }
}

string_scalar!(
    /// A time of day such as `12:30:45.500`, perhaps with an offset from UTC: `12:30:45+01:00`.
    AWSTime,
    "a time such as 12:30:45.500",
    |value| time(value).is_some()
);

impl AWSTime {
    /// The time of day, where its offset holds.
    pub fn time(&self) -> Time {
        time(self.as_str()).expect("it has been checked")
    }
}

impl From<Time> for AWSTime {
    fn from(time: Time) -> Self {
        Self(time.to_string())
    }
}

string_scalar!(
    /// A date and time with its offset from UTC: `2026-11-23T12:30:45.500Z`.
    AWSDateTime,
    "a date and time with an offset, such as 2026-11-23T12:30:45.500Z",
    |value| timestamp(value).is_some()
);

impl AWSDateTime {
    /// The point in time.
    pub fn timestamp(&self) -> Timestamp {
        timestamp(self.as_str()).expect("it has been checked")
    }
}

/// In UTC.
impl From<Timestamp> for AWSDateTime {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp.to_string())
    }
}

/// Whole seconds since 1970-01-01T00:00Z, negative before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AWSTimestamp(i64);

impl AWSTimestamp {
    /// The seconds.
    pub fn as_second(self) -> i64 {
        self.0
    }

    /// The point in time; `None` if it is some ten thousand years away.
    pub fn timestamp(self) -> Option<Timestamp> {
        Timestamp::from_second(self.0).ok()
    }
}

impl From<i64> for AWSTimestamp {
    fn from(seconds: i64) -> Self {
        Self(seconds)
    }
}

/// The second that it is in.
impl From<Timestamp> for AWSTimestamp {
    fn from(timestamp: Timestamp) -> Self {
        Self(timestamp.as_nanosecond().div_euclid(1_000_000_000).try_into().unwrap_or(i64::MAX))
    }
}

const PARSER: DateTimeParser = DateTimeParser::new();

fn date(value: &str) -> Option<Date> {
    // The sign of an offset comes after the hyphens of the date.
    let (date, offset) = value.split_at_checked("2026-11-23".len())?;
    (is_offset(offset) && date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')).then_some(())?;
    PARSER.parse_date(date).ok()
}

fn time(value: &str) -> Option<Time> {
    let end = value.find(['Z', '+', '-']).unwrap_or(value.len());
    let (time, offset) = value.split_at(end);
    // jiff takes `12` and `T12:30` too.
    (is_offset(offset) && time.len() >= "12:30".len() && time.as_bytes().get(2) == Some(&b':')).then_some(())?;
    PARSER.parse_time(time).ok()
}

fn timestamp(value: &str) -> Option<Timestamp> {
    // jiff takes the name of a time zone too.
    if value.contains('[') { None } else { PARSER.parse_timestamp(value).ok() }
}

/// Nothing, `Z`, `+hh:mm` or `+hh:mm:ss`.
fn is_offset(offset: &str) -> bool {
    if matches!(offset, "" | "Z") {
        return true;
    }
    let Some(offset) = offset.strip_prefix(['+', '-']) else { return false };
    (offset.len() == 5 || offset.len() == 8) && PARSER.parse_time(offset).is_ok()
}
