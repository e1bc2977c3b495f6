use std::time::{Duration, SystemTime};

/// The time by which an operation is over, whatever it has to wait for: sign-in, connection, answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline(SystemTime);

/// AppSync executes an operation for 30 s at most:
/// <https://docs.aws.amazon.com/general/latest/gr/appsync.html>
const LONGEST_OPERATION: Duration = Duration::from_secs(30);
/// What a function needs to answer once its operation is over.
const MARGIN: Duration = Duration::from_millis(500);

impl Deadline {
    /// The deadline of an operation without any other: AppSync's own limit of 30 s.
    pub fn longest(now: SystemTime) -> Self {
        Self(now + LONGEST_OPERATION)
    }

    /// The deadline of an operation in a Lambda invocation that ends at `invocation_deadline`: half a second earlier,
    /// which is time to answer, and in any case within 30 s.
    ///
    /// A deadline in the past is taken as unknown: local emulators send a constant from 1970.
    pub fn of_invocation(invocation_deadline: SystemTime, now: SystemTime) -> Self {
        let longest = Self::longest(now);
        if invocation_deadline <= now {
            return longest;
        }
        Self(invocation_deadline.checked_sub(MARGIN).unwrap_or(now).max(now).min(longest.0))
    }

    /// The deadline of an operation that may take as long as `limit`, whatever AppSync's own limit is.
    pub fn after(now: SystemTime, limit: Duration) -> Self {
        Self(now.checked_add(limit).unwrap_or(now + LONGEST_OPERATION))
    }

    /// The deadline of an operation that has to be over at `time`. In the past, nothing is sent.
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

    fn remaining(invocation_deadline: SystemTime, now: SystemTime) -> Duration {
        Deadline::of_invocation(invocation_deadline, now).remaining(now)
    }

    #[test]
    fn half_a_second_of_the_invocation_is_left_to_answer() {
        assert_eq!(remaining(NOW + Duration::from_secs(3), NOW), Duration::from_millis(2500));
        assert_eq!(remaining(NOW + Duration::from_millis(499), NOW), Duration::ZERO);
    }

    #[test]
    fn no_operation_takes_longer_than_appsync_allows() {
        assert_eq!(remaining(NOW + Duration::from_secs(900), NOW), LONGEST_OPERATION);
    }

    #[test]
    fn a_deadline_of_ones_own_may_be_any_time() {
        let hour = Duration::from_secs(3600);
        assert_eq!(Deadline::after(NOW, hour).remaining(NOW), hour);
        assert_eq!(Deadline::after(NOW, Duration::MAX).remaining(NOW), LONGEST_OPERATION);
        assert_eq!(Deadline::at(NOW + hour).remaining(NOW), hour);
        assert_eq!(Deadline::at(NOW).remaining(NOW + hour), Duration::ZERO);
    }

    #[test]
    fn a_deadline_in_the_past_is_unknown() {
        let now = NOW + Duration::from_secs(1_800_000_000);
        assert_eq!(remaining(NOW + Duration::from_secs(600), now), LONGEST_OPERATION);
    }

    #[test]
    fn a_deadline_that_has_passed_leaves_nothing() {
        assert_eq!(Deadline::longest(NOW).remaining(NOW + Duration::from_secs(31)), Duration::ZERO);
    }
}
