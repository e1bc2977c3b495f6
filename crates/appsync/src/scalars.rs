//! AppSync's own scalars, to which generated code refers by name.
//!
//! A value is checked when it is made, by the form that AppSync documents. One that AppSync sent is kept letter by letter as
//! it came: no answer is refused because a record holds something else than an e-mail address. An error names the scalar and
//! never shows the value.
//!
//! ```
//! use appsync::scalars::{AWSDateTime, AWSEmail};
//!
//! let email: AWSEmail = "ada@example.com".parse()?;
//! let created: AWSDateTime = "2026-11-23T12:30:45.500Z".parse()?;
//! assert_eq!(created.timestamp()?.as_millisecond(), 1_795_437_045_500);
//! assert_eq!(AWSEmail::new("ada").unwrap_err().to_string(), "not an AWSEmail: expected an e-mail address");
//! # Ok::<(), appsync::scalars::ScalarError>(())
//! ```
//!
//! <https://docs.aws.amazon.com/appsync/latest/devguide/scalars.html>

mod json;
mod text;
mod time;

pub use json::AWSJSON;
pub use text::{AWSEmail, AWSIPAddress, AWSPhone, AWSURL};
pub use time::{AWSDate, AWSDateTime, AWSTime, AWSTimestamp};

/// A unique identifier; AppSync takes and gives a string, whatever is in it.
pub type ID = String;

/// A value that is not what its scalar demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an {scalar}: expected {expected}")]
pub struct ScalarError {
    scalar: &'static str,
    expected: &'static str,
}

impl ScalarError {
    /// What the value should have been.
    pub fn expected(&self) -> &'static str {
        self.expected
    }

    /// The name of the scalar.
    pub fn scalar(&self) -> &'static str {
        self.scalar
    }
}

/// A scalar whose values are strings in JSON: a checked `String` that is kept as it is.
macro_rules! string_scalar {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $is_valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The value, if it is one of this scalar.
            ///
            /// # Errors
            /// When AppSync would not take it.
            pub fn new(value: impl Into<String>) -> Result<Self, $crate::scalars::ScalarError> {
                let value = value.into();
                let is_valid: fn(&str) -> bool = $is_valid;
                if is_valid(&value) { Ok(Self(value)) } else { Err(Self::ERROR) }
            }

            const ERROR: $crate::scalars::ScalarError =
                $crate::scalars::ScalarError { scalar: stringify!($name), expected: $expected };

            /// The value as AppSync writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::scalars::ScalarError;

            fn from_str(value: &str) -> Result<Self, Self::Err> {
                Self::new(value)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::scalars::ScalarError;

            fn try_from(value: String) -> Result<Self, Self::Error> {
                Self::new(value)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }
    };
}
use string_scalar;

#[cfg(test)]
mod tests {
    use std::{fmt::Debug, str::FromStr};

    use proptest::prelude::*;
    use serde::{Serialize, de::DeserializeOwned};
    use serde_json::{Value, json};

    use super::*;

    /// Both are read, for AppSync sent them; only the `good` ones can be made.
    fn check<T>(good: &[&str], bad: &[&str])
    where
        T: DeserializeOwned + Serialize + FromStr<Err = ScalarError> + PartialEq + Debug,
    {
        for text in good {
            assert_eq!(serde_json::to_value(text.parse::<T>().expect(text)).unwrap(), *text);
        }
        for text in bad {
            let error = text.parse::<T>().expect_err(text).to_string();
            assert!(!error.contains("canary") && error.contains("expected"), "{error}");
        }
        for text in good.iter().chain(bad) {
            let read: T = serde_json::from_value(json!(text)).unwrap();
            assert_eq!(serde_json::to_value(read).unwrap(), *text, "it must not change on the way");
        }
    }

    #[test]
    fn a_date_may_have_an_offset() {
        check::<AWSDate>(
            &["2026-11-23", "2026-11-23Z", "1970-01-01-07:00", "1970-01-01+05:30:15", "1970-01-01-18:00"],
            &[
                "-0044-03-15",
                "+12026-11-23",
                "1970-01-01+18:30",
                "2026-02-29",
                "2026-11-23T10:00:00Z",
                "2026-11-23+24:00",
                "",
                "canary",
            ],
        );
        for (date, at) in [
            ("1970-01-01-07:00", (1970, 1, 1)),
            ("-0044-03-15", (-44, 3, 15)),
            ("-44-03-15Z", (-44, 3, 15)),
            ("+2026-11-23+01:00", (2026, 11, 23)),
        ] {
            let read: AWSDate = serde_json::from_value(json!(date)).unwrap();
            assert_eq!(read.date(), Ok(jiff::civil::date(at.0, at.1, at.2)), "{date}");
        }
        for date in ["canary", "", "é-01-01", "+12026-11-23", "2026-11-23+19:00"] {
            let read: AWSDate = serde_json::from_value(json!(date)).unwrap();
            assert_eq!(read.date().unwrap_err().scalar(), "AWSDate", "{date}");
        }
    }

    #[test]
    fn a_time_may_have_an_offset_and_a_fraction() {
        check::<AWSTime>(
            &["12:30:45", "12:30:45.500", "12:30Z", "12:30:45.5-07:00"],
            &["25:00:00", "12", "12:30:45+1", "T12:30", "canary 12:30"],
        );
        assert_eq!("12:30:45.5Z".parse::<AWSTime>().unwrap().time(), Ok(jiff::civil::time(12, 30, 45, 500_000_000)));
    }

    #[test]
    fn a_date_and_time_has_an_offset() {
        check::<AWSDateTime>(
            &["2026-11-23T12:30:45.500Z", "2026-11-23T12:30:45+01:00", "2026-11-23T12:30Z"],
            &["2026-11-23T12:30:45", "2026-11-23", "2026-11-23T12:30:45+01:00[UTC]", "canary"],
        );
        let one = "2026-11-23T12:30:45+01:00".parse::<AWSDateTime>().unwrap();
        assert_eq!(AWSDateTime::try_from(one.timestamp().unwrap()).unwrap(), "2026-11-23T11:30:45Z");
    }

    #[test]
    fn a_date_and_time_is_made_in_one_form_and_read_in_some_others() {
        for value in [
            "2026-11-23T12:30Z",
            "2026-11-23T12:30:45Z",
            "2026-11-23T12:30:45.123456789-07:00",
            "2026-11-23T12:30:45+05:30:15",
            "0000-01-01T00:00:00Z",
        ] {
            assert!(AWSDateTime::new(value).is_ok(), "{value}");
        }
        for value in [
            "2026-11-23 12:30:45Z",
            "2026-11-23t12:30:45z",
            "20261123T123045Z",
            "2026-11-23T12:30:45,5Z",
            "2026-11-23T12:30:45+01",
            "2026-11-23T12Z",
            "2016-12-31T23:59:60Z",
            "-0044-03-15T12:00:00Z",
            "-000044-03-15T12:00:00Z",
        ] {
            check::<AWSDateTime>(&[], &[value]);
            serde_json::from_value::<AWSDateTime>(json!(value)).unwrap().timestamp().expect(value);
        }
        for value in
            ["2026-11-23T12:30:45.Z", "2026-11-23T12:30:45.1234567890Z", "2026-11-31T12:30:45Z", "+002026-11-23T12:30Z"]
        {
            assert!(AWSDateTime::new(value).is_err(), "{value}");
        }
    }

    #[test]
    fn years_that_have_no_four_digits_are_refused() {
        for year in [-9999, -1, 0, 1, 9999] {
            let date = jiff::civil::date(year, 1, 2);
            assert_eq!(AWSDate::try_from(date).ok().map(|made| made.date().unwrap()), (year >= 0).then_some(date));
        }
        assert!(AWSDateTime::try_from(jiff::Timestamp::MIN).is_err());
        assert_eq!(AWSDateTime::try_from(jiff::Timestamp::MAX).unwrap().timestamp(), Ok(jiff::Timestamp::MAX));
    }

    proptest! {
        #[test]
        fn what_is_made_of_a_date_or_a_time_is_valid_and_stays_what_it_is(
            nanosecond in jiff::Timestamp::MIN.as_nanosecond()..=jiff::Timestamp::MAX.as_nanosecond(),
        ) {
            let timestamp = jiff::Timestamp::from_nanosecond(nanosecond).unwrap();
            let civil = jiff::tz::Offset::UTC.to_datetime(timestamp);
            let time = AWSTime::from(civil.time());
            prop_assert_eq!(AWSTime::new(time.as_str()).unwrap().time(), Ok(civil.time()));
            let date = AWSDate::try_from(civil.date());
            let date_time = AWSDateTime::try_from(timestamp);
            prop_assert_eq!((date.is_ok(), date_time.is_ok()), (civil.year() >= 0, civil.year() >= 0));
            if let (Ok(date), Ok(date_time)) = (date, date_time) {
                prop_assert_eq!(AWSDate::new(date.as_str()).unwrap().date(), Ok(civil.date()));
                prop_assert_eq!(AWSDateTime::new(date_time.as_str()).unwrap().timestamp(), Ok(timestamp));
            }
        }

        #[test]
        fn what_is_read_never_panics_when_it_is_taken_apart(text in "[-0-9TtZz:+. ]{0,32}|.{0,16}") {
            let json = Value::from(text);
            let _ = serde_json::from_value::<AWSDate>(json.clone()).map(|date| date.date());
            let _ = serde_json::from_value::<AWSTime>(json.clone()).map(|time| time.time());
            let _ = serde_json::from_value::<AWSDateTime>(json.clone()).map(|time| time.timestamp());
            let _ = serde_json::from_value::<AWSURL>(json.clone()).map(|url| url.url());
            let _ = serde_json::from_value::<AWSIPAddress>(json).map(|ip| (ip.address(), ip.prefix()));
        }
    }

    #[test]
    fn a_timestamp_is_whole_seconds_before_or_after_1970() {
        for seconds in [0, -1, 1_795_437_045] {
            let timestamp: AWSTimestamp = serde_json::from_value(json!(seconds)).unwrap();
            assert_eq!(serde_json::to_value(timestamp).unwrap(), seconds);
        }
        for json in [json!(1.5), json!("1"), json!(u64::MAX), json!(null)] {
            serde_json::from_value::<AWSTimestamp>(json).unwrap_err();
        }
        assert_eq!(AWSTimestamp::from(60).timestamp().unwrap().as_second(), 60);
        assert_eq!(AWSTimestamp::from(i64::MAX).timestamp(), None);
    }

    #[test]
    fn an_email_has_a_name_and_a_domain() {
        check::<AWSEmail>(
            &["ada@example.com", "a+b@[127.0.0.1]", "\"a@b\"@example.com", "ä@bücher.example"],
            &["canary", "@example.com", "ada@", "a canary@example.com", "ada@e\n.com"],
        );
    }

    #[test]
    fn json_is_a_string_that_holds_json() {
        check::<AWSJSON>(&[r#"{"upvotes":10}"#, "[1, 2 ]", "null", r#""text""#], &["{", "", "canary", "{} {}"]);
        assert_eq!(AWSJSON::of(&json!({"a": [1]})).unwrap(), r#"{"a":[1]}"#);
        assert_eq!(AWSJSON::new("[1, 2 ]").unwrap().parse_as::<Vec<i64>>().unwrap(), [1, 2]);
    }

    #[test]
    fn a_url_has_a_scheme() {
        check::<AWSURL>(
            &["https://example.com/a?b=c", "mailto:ada@example.com", "http://EXAMPLE.com"],
            &[
                "canary",
                "/relative",
                "//example.com",
                "http://",
                "https://example.com/a//b",
                " https://example.com",
                "https://example.com/a\n",
            ],
        );
        assert_eq!(AWSURL::new("http://EXAMPLE.com").unwrap().url().unwrap().host_str(), Some("example.com"));
    }

    #[test]
    fn a_phone_number_is_digits_with_separators() {
        check::<AWSPhone>(
            &["+49 30 123456", "(030) 123-456", "+1.555.0100", "5550100"],
            &["canary", "+", "12", "+49 30 12345678901234567"],
        );
    }

    #[test]
    fn an_ip_address_may_be_a_network() {
        check::<AWSIPAddress>(
            &["192.0.2.1", "192.0.2.0/24", "2001:db8::1", "2001:db8::/128"],
            &["192.0.2.256", "192.0.2.0/33", "2001:db8::/129", "192.0.2.0/", "canary"],
        );
        for prefix in ["+24", "024", "2 4", "00"] {
            assert!(AWSIPAddress::new(format!("192.0.2.0/{prefix}")).is_err(), "{prefix}");
        }
        assert_eq!(AWSIPAddress::new("0.0.0.0/0").unwrap().prefix(), Some(0));
        let address = AWSIPAddress::new("192.0.2.0/24").unwrap();
        assert_eq!((address.address(), address.prefix()), (Ok([192, 0, 2, 0].into()), Some(24)));
    }
}
