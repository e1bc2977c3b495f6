use std::time::{Duration, SystemTime};

use auth_cache::Clock;
use http::{HeaderMap, HeaderName, StatusCode, header::RETRY_AFTER};

use crate::kind;

/// What the status line and the headers of an answer say.
#[derive(Clone, Debug, Default)]
pub(crate) struct AnswerInfo {
    pub(crate) status: Option<StatusCode>,
    pub(crate) request_id: Option<String>,
    /// Why the request was refused as a whole, without namespace and URL.
    pub(crate) error_type: Option<String>,
    /// Counted from when the answer came.
    pub(crate) retry_after: Option<Duration>,
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

impl AnswerInfo {
    pub(crate) fn of(status: StatusCode, headers: &HeaderMap, clock: &Clock) -> Self {
        let text = |name: &HeaderName| headers.get(name)?.to_str().ok();
        Self {
            status: Some(status),
            request_id: text(&REQUEST_ID).map(str::to_owned),
            error_type: text(&ERROR_TYPE).map(|error_type| kind::name(error_type).to_owned()),
            retry_after: text(&RETRY_AFTER).and_then(|value| retry_after(value, clock.now())),
        }
    }

    pub(crate) fn is_ok(&self) -> bool {
        self.status == Some(StatusCode::OK)
    }
}

/// Seconds, or a date (RFC 9110, section 10.2.3).
fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(httpdate::parse_http_date(value).ok()?.duration_since(now).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (value, expected) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some(30)),
            ("Sun, 06 Nov 1994 08:49:07 GMT", Some(0)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
        ] {
            assert_eq!(retry_after(value, now), expected.map(Duration::from_secs), "{value:?}");
        }
    }
}
