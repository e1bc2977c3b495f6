use std::time::{Duration, SystemTime};

use crate::Clock;

/// The time by which a call is over, whatever it has to wait for: sign-in, connection, answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline(SystemTime);

/// AppSync executes an operation for 30 s at most:
/// <https://docs.aws.amazon.com/general/latest/gr/appsync.html>
const LONGEST_CALL: Duration = Duration::from_secs(30);
/// What a function needs to answer once its call is over.
const MARGIN: Duration = Duration::from_millis(500);

impl Deadline {
    /// The deadline of a call without any other: 30 s, as long as AppSync executes an operation at most.
    pub fn longest(now: SystemTime) -> Self {
        Self(now + LONGEST_CALL)
    }

    /// The deadline of a call in a Lambda invocation that ends at `ends_at`, as `lambda_runtime`'s `Context::deadline` says:
    /// half a second earlier, which is time to answer, and in any case within 30 s.
    ///
    /// One in the past is taken as unknown: local emulators send a constant from 1970.
    pub fn of_invocation(ends_at: SystemTime) -> Self {
        Self::of_invocation_at(ends_at, Clock::wall().now())
    }

    /// As [`Deadline::of_invocation`], by a clock that shows `now`.
    pub fn of_invocation_at(ends_at: SystemTime, now: SystemTime) -> Self {
        let longest = Self::longest(now);
        if ends_at <= now {
            return longest;
        }
        Self(ends_at.checked_sub(MARGIN).unwrap_or(now).max(now).min(longest.0))
    }

    /// The deadline of a call that may take as long as `limit`, whatever AppSync's own limit is.
    pub fn after(now: SystemTime, limit: Duration) -> Self {
        Self(now.checked_add(limit).unwrap_or(now + LONGEST_CALL))
    }

    /// The deadline of a call that has to be over at `time`. In the past, nothing is sent.
    pub fn at(time: SystemTime) -> Self {
        Self(time)
    }

    /// The time left at `now`; zero when the deadline has passed.
    pub fn remaining(&self, now: SystemTime) -> Duration {
        self.0.duration_since(now).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn remaining(ends_at: SystemTime, now: SystemTime) -> Duration {
        Deadline::of_invocation_at(ends_at, now).remaining(now)
    }

    #[test]
    fn half_a_second_of_the_invocation_is_left_to_answer() {
        assert_eq!(remaining(NOW + Duration::from_secs(3), NOW), Duration::from_millis(2500));
        assert_eq!(remaining(NOW + Duration::from_millis(499), NOW), Duration::ZERO);
    }

    #[test]
    fn no_operation_takes_longer_than_appsync_allows() {
        assert_eq!(remaining(NOW + Duration::from_secs(900), NOW), LONGEST_CALL);
    }

    #[test]
    fn a_deadline_of_ones_own_may_be_any_time() {
        let hour = Duration::from_secs(3600);
        assert_eq!(Deadline::after(NOW, hour).remaining(NOW), hour);
        assert_eq!(Deadline::after(NOW, Duration::MAX).remaining(NOW), LONGEST_CALL);
        assert_eq!(Deadline::at(NOW + hour).remaining(NOW), hour);
        assert_eq!(Deadline::at(NOW).remaining(NOW + hour), Duration::ZERO);
    }

    #[test]
    fn a_deadline_in_the_past_is_unknown() {
        let now = NOW + Duration::from_secs(1_800_000_000);
        assert_eq!(remaining(NOW + Duration::from_secs(600), now), LONGEST_CALL);
    }

    #[test]
    fn a_deadline_that_has_passed_leaves_nothing() {
        assert_eq!(Deadline::longest(NOW).remaining(NOW + Duration::from_secs(31)), Duration::ZERO);
    }
}
