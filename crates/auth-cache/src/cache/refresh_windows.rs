use std::time::{Duration, SystemTime};

use crate::{Token, token::Life};

/// When a token is refreshed and when it is no longer served, by the local clock.
///
/// All are shares of the token's own life, so that one that lives for seconds is served for most of it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Windows {
    pub(crate) admitted_at: SystemTime,
    /// From here on one caller refreshes while the others are served.
    pub(crate) advisory_from: SystemTime,
    /// From here on every caller waits for the refresh.
    pub(crate) mandatory_from: SystemTime,
    pub(crate) expires_at: SystemTime,
}

/// AWS advises to renew at 75 % of a token's life:
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-caching-tokens.html>
const ADVISORY_SHARE: f64 = 0.75;
/// Jitter takes up to this share of the life off, so that processes that started together do not renew together.
const JITTER_SHARE: f64 = 0.15;
/// The longest time before expiry at which a token is no longer trusted to survive one more API call, which AppSync
/// caps at 30 s.
const MANDATORY_MARGIN: Duration = Duration::from_secs(60);
/// How far a fast local clock may lengthen a token's life beyond its `exp` claim.
const MAX_SKEW: Duration = Duration::from_secs(600);
const IAT_RESOLUTION: Duration = Duration::from_secs(1);
/// No life is longer: a century, which any clock can count.
pub(crate) const LONGEST_LIFE: Duration = Duration::from_secs(3_155_760_000);

impl Windows {
    /// The windows of a token that was requested at `requested_at` and arrived at `now`; `None` when it is expired.
    ///
    /// `jitter` is drawn once per token from `0.0..1.0`.
    pub(crate) fn of(token: &Token, requested_at: SystemTime, now: SystemTime, jitter: f64) -> Option<Self> {
        // It was not requested after it came: the clock was set back meanwhile.
        let lives_from = requested_at.min(now);
        let expires_at = token.expiry(|| local_expiry(token.life(), lives_from, now))?;
        if expires_at <= now {
            return None;
        }
        let life = expires_at.duration_since(lives_from).ok()?;
        Some(Self {
            admitted_at: now,
            advisory_from: lives_from.checked_add(life.mul_f64(ADVISORY_SHARE - JITTER_SHARE * jitter))?,
            mandatory_from: expires_at.checked_sub(MANDATORY_MARGIN.min(life / 4))?,
            expires_at,
        })
    }
}

/// The token's expiry by the local clock.
///
/// A token that was just issued shows how far the local clock is off. `iat` is in whole seconds, so the issuer's clock
/// stood somewhere in the second after it. If that second may have been while the request was under way, the clocks
/// agree. If not, the life is counted from before the request, less the second that is not known.
fn local_expiry(life: Life, requested_at: SystemTime, now: SystemTime) -> Option<SystemTime> {
    let (issued_at, exp) = match life {
        Life::Issued { iat, exp } => (iat, exp),
        Life::Until { exp } => return Some(exp),
        Life::For(lifetime) => return requested_at.checked_add(lifetime.min(LONGEST_LIFE)),
    };
    if issued_at <= now && requested_at <= issued_at.checked_add(IAT_RESOLUTION)? {
        return Some(exp);
    }
    let life = exp.duration_since(issued_at).ok()?.saturating_sub(IAT_RESOLUTION);
    Some(requested_at.checked_add(life)?.min(exp.checked_add(MAX_SKEW)?))
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;

    const EPOCH: SystemTime = SystemTime::UNIX_EPOCH;
    const IAT: u64 = 1_800_000_000;

    fn at(seconds: f64) -> SystemTime {
        EPOCH + Duration::from_secs_f64(IAT as f64 + seconds)
    }

    fn jwt(life: u64) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(format!(r#"{{"iat":{IAT},"exp":{}}}"#, IAT + life)))
    }

    fn windows(life: u64, local_now: f64, jitter: f64) -> Option<Windows> {
        Windows::of(&Token::issued(jwt(life)).unwrap(), at(local_now), at(local_now), jitter)
    }

    #[test]
    fn an_hour_is_renewed_from_60_to_75_percent_and_at_the_latest_a_minute_before_expiry() {
        let earliest = windows(3600, 0.0, 1.0).unwrap();
        let latest = windows(3600, 0.0, 0.0).unwrap();
        assert_eq!(earliest.advisory_from, at(2160.0));
        assert_eq!(latest.advisory_from, at(2700.0));
        assert_eq!(latest.mandatory_from, at(3540.0));
        assert_eq!(latest.expires_at, at(3600.0));
    }

    #[test]
    fn a_token_that_lives_for_seconds_is_served_for_more_than_half_of_its_life() {
        for life in 1..=120 {
            let windows = windows(life, 0.0, 1.0).unwrap();
            assert!(windows.advisory_from >= at(life as f64 / 2.0), "{life}: {windows:?}");
            assert!(windows.mandatory_from >= windows.advisory_from, "{life}: {windows:?}");
            assert!(windows.expires_at >= windows.mandatory_from, "{life}: {windows:?}");
        }
    }

    #[test]
    fn a_token_that_is_issued_late_in_a_second_ends_at_its_exp() {
        for late in [0.0, 0.5, 0.75] {
            assert_eq!(windows(2, late, 0.0).unwrap().expires_at, at(2.0), "{late}");
        }
    }

    #[test]
    fn a_local_clock_that_is_off_by_minutes_costs_a_tokens_life_a_second_at_most() {
        for off in [-300.0, -1.0, 1.0, 300.0] {
            let windows = windows(3600, off, 0.0).unwrap();
            assert_eq!(windows.expires_at, at(off + 3599.0), "{off}");
            assert_eq!(windows.advisory_from, at(off + 3599.0 * 0.75), "{off}");
        }
    }

    #[test]
    fn a_local_clock_that_is_far_ahead_lengthens_a_life_by_ten_minutes_at_most() {
        assert_eq!(windows(3600, 1800.0, 0.0).unwrap().expires_at, at(4200.0));
        assert_eq!(windows(3600, 7200.0, 0.0), None);
    }

    #[test]
    fn a_stored_token_expires_at_its_exp_and_lives_from_now() {
        let token = Token::stored(jwt(3600)).unwrap();
        let windows = Windows::of(&token, at(1600.0), at(1600.0), 0.0).unwrap();
        assert_eq!(windows.expires_at, at(3600.0));
        assert_eq!(windows.advisory_from, at(1600.0 + 1500.0));
    }

    #[test]
    fn a_clock_that_is_set_back_during_the_request_lengthens_no_life() {
        let token = Token::issued(jwt(3600)).unwrap();
        assert_eq!(Windows::of(&token, at(500.0), at(0.0), 0.0).unwrap().expires_at, at(3600.0));
        let opaque = Token::opaque("opaque".to_owned(), Duration::from_secs(3600)).unwrap();
        assert_eq!(Windows::of(&opaque, at(500.0), at(0.0), 0.0).unwrap().expires_at, at(3600.0));
    }

    #[test]
    fn a_life_beyond_all_bounds_is_a_century() {
        let token = Token::opaque("opaque".to_owned(), Duration::MAX).unwrap();
        assert_eq!(Windows::of(&token, at(0.0), at(0.0), 0.0).unwrap().expires_at, at(3_155_760_000.0));
    }

    #[test]
    fn an_expired_token_has_no_windows() {
        let stored = Token::stored(jwt(3600)).unwrap();
        assert_eq!(Windows::of(&stored, at(3600.0), at(3600.0), 0.0), None);
        assert_eq!(windows(0, 0.0, 0.0), None);
    }
}
