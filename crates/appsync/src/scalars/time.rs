use std::borrow::Cow;

use jiff::{
    Timestamp,
    civil::{self, Date, Time},
    fmt::temporal::DateTimeParser,
};
use serde::{Deserialize, Serialize};

use super::{ScalarError, string_scalar};

string_scalar!(
    /// A date such as `2026-11-23`, perhaps with an offset from UTC: `2026-11-23+01:00`.
    AWSDate,
    "a date such as 2026-11-23",
    |value| is_like_date(value) && date(value).is_some()
);

impl AWSDate {
    /// The date, where its offset holds.
    ///
    /// # Errors
    /// When AppSync sent something else, or a year beyond -9999 to 9999.
    pub fn date(&self) -> Result<Date, ScalarError> {
        date(self.as_str()).ok_or(Self::ERROR)
    }
}

/// If its year has four digits and no sign.
impl TryFrom<Date> for AWSDate {
    type Error = ScalarError;

    fn try_from(date: Date) -> Result<Self, ScalarError> {
        Self::new(date.to_string())
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
    ///
    /// # Errors
    /// When AppSync sent something else.
    pub fn time(&self) -> Result<Time, ScalarError> {
        time(self.as_str()).ok_or(Self::ERROR)
    }
}

impl From<Time> for AWSTime {
    fn from(time: Time) -> Self {
        Self(time.to_string())
    }
}

string_scalar!(
    /// A date and time with its offset from UTC: `2026-11-23T12:30:45.500Z`.
    ///
    /// There is no leap second: one cannot be made, and one that is read is taken as the second before it.
    AWSDateTime,
    "a date and time with an offset, such as 2026-11-23T12:30:45.500Z",
    |value| is_date_time(value) && timestamp(value).is_some()
);

impl AWSDateTime {
    /// The point in time.
    ///
    /// # Errors
    /// When AppSync sent something else, or a year beyond -9999 to 9999.
    pub fn timestamp(&self) -> Result<Timestamp, ScalarError> {
        timestamp(self.as_str()).ok_or(Self::ERROR)
    }
}

/// In UTC, if its year has four digits and no sign.
impl TryFrom<Timestamp> for AWSDateTime {
    type Error = ScalarError;

    fn try_from(timestamp: Timestamp) -> Result<Self, ScalarError> {
        Self::new(timestamp.to_string())
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

/// Whether it has the form `YYYY-MM-DD`, and perhaps an offset.
fn is_like_date(value: &str) -> bool {
    value
        .split_at_checked("2026-11-23".len())
        .is_some_and(|(date, offset)| is_like(date, "0000-00-00") && is_offset(offset))
}

fn date(value: &str) -> Option<Date> {
    let value = with_long_year(value);
    // The sign of an offset comes after the hyphens of the date.
    let month = value.get(1..)?.find('-')? + 1;
    let (date, offset) = value.split_at_checked(month + "-11-23".len())?;
    is_offset(offset).then(|| PARSER.parse_date(date).ok())?
}

/// A year with a sign, which Java writes before 0 and after 9999 with four digits or more, gets the six that jiff takes.
fn with_long_year(value: &str) -> Cow<'_, str> {
    let year = value.strip_prefix(['-', '+']).and_then(|rest| rest.split_once('-'));
    year.map_or(Cow::Borrowed(value), |(year, rest)| Cow::Owned(format!("{}{year:0>6}-{rest}", &value[..1])))
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
    if value.contains('[') { None } else { PARSER.parse_timestamp(&*with_long_year(value)).ok() }
}

/// Whether it has the form `YYYY-MM-DDThh:mm`, perhaps `:ss` and a fraction, and an offset: jiff takes more of ISO 8601 than
/// AppSync, and leap seconds.
fn is_date_time(value: &str) -> bool {
    let Some((date, rest)) = value.split_once('T') else { return false };
    let Some(end) = rest.find(['Z', '+', '-']) else { return false };
    let (clock, offset) = rest.split_at(end);
    let (clock, fraction) = match clock.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (clock, None),
    };
    let is_fraction =
        |digits: &str| (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_like(date, "0000-00-00")
        && match fraction {
            None => is_like(clock, "00:00") || is_like(clock, "00:00:00"),
            Some(fraction) => is_like(clock, "00:00:00") && is_fraction(fraction),
        }
        && !clock.ends_with(":60")
        && is_offset(offset)
}

/// Whether it has a digit where `form` has one, and the same otherwise.
fn is_like(value: &str, form: &str) -> bool {
    let is_alike = |(byte, form): (u8, u8)| if form == b'0' { byte.is_ascii_digit() } else { byte == form };
    value.len() == form.len() && value.bytes().zip(form.bytes()).all(is_alike)
}

/// Nothing, `Z`, `+hh:mm` or `+hh:mm:ss`, up to 18 hours.
fn is_offset(offset: &str) -> bool {
    if matches!(offset, "" | "Z") {
        return true;
    }
    let Some(offset) = offset.strip_prefix(['+', '-']) else { return false };
    let offset = PARSER.parse_time(offset).ok().filter(|_| offset.len() == 5 || offset.len() == 8);
    offset.is_some_and(|offset| offset <= civil::time(18, 0, 0, 0))
}
