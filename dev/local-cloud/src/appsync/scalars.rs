//! Which values AppSync takes for its own scalars.

use std::net::IpAddr;

use serde_json::Value;

/// Whether `value` is one of the scalar `name`. Scalars that are not AWS's take anything here: the engine checks GraphQL's own.
pub(super) fn accepts(name: &str, value: &Value) -> bool {
    match (name, value) {
        ("AWSTimestamp", value) => value.is_i64() || value.is_u64(),
        ("AWSDate", Value::String(text)) => is_date(text),
        ("AWSTime", Value::String(text)) => is_time(text),
        ("AWSDateTime", Value::String(text)) => is_date_time(text),
        ("AWSEmail", Value::String(text)) => is_email(text),
        ("AWSJSON", Value::String(text)) => serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok(),
        ("AWSURL", Value::String(text)) => is_url(text),
        ("AWSPhone", Value::String(text)) => is_phone(text),
        ("AWSIPAddress", Value::String(text)) => is_ip_address(text),
        (name, _) => !name.starts_with("AWS"),
    }
}

/// `YYYY-MM-DD`, with an optional offset.
fn is_date(text: &str) -> bool {
    let Some((date, offset)) = text.split_at_checked(10) else { return false };
    is_calendar_day(date) && (offset.is_empty() || is_offset(offset))
}

/// `hh:mm:ss.sss`, with seconds, fraction and offset optional.
fn is_time(text: &str) -> bool {
    let (time, offset) = split_offset(text);
    is_time_of_day(time) && (offset.is_empty() || is_offset(offset))
}

/// `YYYY-MM-DDThh:mm:ss.sssZ`; the offset is required.
fn is_date_time(text: &str) -> bool {
    let Some((date, time)) = text.split_once('T') else { return false };
    let (time, offset) = split_offset(time);
    is_calendar_day(date) && is_time_of_day(time) && is_offset(offset)
}

fn is_calendar_day(text: &str) -> bool {
    let (Some(year), Some(month), Some(day)) = (text.get(..4), text.get(5..7), text.get(8..)) else { return false };
    let (Some(year), Some(month), Some(day)) = (digits(year, 4), digits(month, 2), digits(day, 2)) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (1..=12).contains(&month) && (1..=days).contains(&day) && text.get(4..5) == Some("-") && text.get(7..8) == Some("-")
}

fn is_time_of_day(text: &str) -> bool {
    let mut parts = text.splitn(3, ':');
    let hour = parts.next().and_then(|part| digits(part, 2)).is_some_and(|hour| hour < 24);
    let minute = parts.next().and_then(|part| digits(part, 2)).is_some_and(|minute| minute < 60);
    let second = parts.next().is_none_or(|part| {
        let (second, fraction) = part.split_once('.').unwrap_or((part, "0"));
        digits(second, 2).is_some_and(|second| second < 60)
            && digits(fraction, fraction.len()).is_some()
            && fraction.len() <= 9
    });
    hour && minute && second
}

fn split_offset(text: &str) -> (&str, &str) {
    text.split_at(text.find(['Z', '+', '-']).unwrap_or(text.len()))
}

/// `Z` or `±hh:mm`, with optional seconds.
fn is_offset(text: &str) -> bool {
    text == "Z" || text.strip_prefix(['+', '-']).is_some_and(|rest| !rest.contains('.') && is_time_of_day(rest))
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let labels_are_fine =
        domain.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
    !local.is_empty()
        && !local.contains('@')
        && domain.contains('.')
        && labels_are_fine
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let starts_well = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    let scheme_is_fine = scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    starts_well && scheme_is_fine && !rest.trim_start_matches('/').is_empty() && !text.contains(char::is_whitespace)
}

/// Digits with spaces or hyphens between groups, and an optional country code.
fn is_phone(text: &str) -> bool {
    let number = text.strip_prefix('+').unwrap_or(text);
    let digits = number.chars().filter(char::is_ascii_digit).count();
    (3..=15).contains(&digits)
        && number.starts_with(|c: char| c.is_ascii_digit())
        && number.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-'))
}

/// An IPv4 or IPv6 address, optionally with a prefix length.
fn is_ip_address(text: &str) -> bool {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let longest = if address.is_ipv4() { 32 } else { 128 };
    prefix.is_none_or(|prefix| prefix.parse::<u8>().is_ok_and(|prefix| prefix <= longest))
}

fn digits(text: &str, length: usize) -> Option<u32> {
    (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted<'a>(scalar: &str, good: &[&'a str], bad: &[&'a str]) -> Vec<(&'a str, bool)> {
        let accepted = |text: &&'a str| (*text, accepts(scalar, &Value::from(*text)));
        good.iter().chain(bad).map(accepted).filter(|(text, accepted)| *accepted != good.contains(text)).collect()
    }

    #[test]
    fn each_scalar_takes_what_appsync_documents_and_nothing_else() {
        type Case<'a> = (&'a str, &'a [&'a str], &'a [&'a str]);
        let cases: [Case<'_>; 8] = [
            (
                "AWSDate",
                &["2026-02-28", "2024-02-29Z", "1970-01-01+07:00"],
                &["2026-02-29", "2026-13-01", "26-01-01", "2026-1-1", ""],
            ),
            (
                "AWSTime",
                &["12:30", "12:30Z", "12:30:24-07:00", "12:30:24.500+05:30"],
                &["24:00", "12", "12:60", "noon"],
            ),
            (
                "AWSDateTime",
                &["2026-11-23T08:50:00Z", "2026-11-23T08:50:00.123Z", "2026-11-23T08:50:00+01:00", "2026-11-23T08:50Z"],
                &["2026-11-23T08:50:00", "2026-11-23", "2026-11-23 08:50:00Z", "2026-02-30T00:00:00Z"],
            ),
            (
                "AWSEmail",
                &["a@example.com", "a.b+c@sub.example.co.uk"],
                &["a", "a@", "@b.c", "a@b", "a b@c.d", "a@-b.c"],
            ),
            ("AWSJSON", &["{}", "[1]", "\"text\"", "1", "null", "{\"a\":{\"b\":[]}}"], &["", "{", "{a:1}", "text"]),
            (
                "AWSURL",
                &["https://example.com/a?b=c", "mailto:a@example.com"],
                &["example.com", "https://", "not a url", "://x"],
            ),
            ("AWSPhone", &["+49 30 123456", "555-0100", "112"], &["phone", "", "+", "12a4"]),
            (
                "AWSIPAddress",
                &["127.0.0.1", "10.0.0.0/8", "::1", "fe80::/64"],
                &["256.0.0.1", "127.0.0.1/33", "localhost"],
            ),
        ];
        for (scalar, good, bad) in cases {
            assert_eq!(sorted(scalar, good, bad), [], "{scalar}");
        }
    }

    #[test]
    fn json_is_a_string_and_a_timestamp_a_number() {
        assert!(!accepts("AWSJSON", &serde_json::json!({"a": 1})));
        assert!(accepts("AWSTimestamp", &serde_json::json!(-1)));
        assert!(!accepts("AWSTimestamp", &serde_json::json!("1")));
        assert!(!accepts("AWSTimestamp", &serde_json::json!(1.5)));
    }
}
