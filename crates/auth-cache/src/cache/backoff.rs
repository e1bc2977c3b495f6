//! How long the source is left alone after failures.

use std::time::{Duration, SystemTime};

use crate::SignInError;

/// The failures since the last success, which alone ends a series.
///
/// An outage changes its kind: the connection is refused, then Cognito throttles, then there is no answer. All that may
/// pass by itself is therefore one series, whose pauses double. Wrong credentials are another, with longer pauses.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Backoff {
    /// Until when the most patient of those could wait who were the first to see one.
    awaited_until: Option<SystemTime>,
    /// The last pause of each series, before jitter. One that was cut short does not count.
    outage: Duration,
    wrong_credentials: Duration,
}

/// The pauses after one kind of failure: each is twice as long as the last of its series.
struct Pauses<'a> {
    last: &'a mut Duration,
    first: Duration,
    longest: Duration,
    /// The share of a pause that jitter may take off.
    jitter: f64,
}

/// The longest pause after a failure that may pass. Two hundred processes, of which none can see the others, then ask
/// seven times a second. Longer ones would spare the provider little, and prolong each outage.
const LONGEST_OUTAGE_PAUSE: Duration = Duration::from_secs(40);
/// The longest pause after wrong credentials, and the longest that a provider can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(900);
/// The share of its time that a caller waits for the next attempt at most, so that some is left for the attempt itself.
const SHARE_FOR_PAUSES: f64 = 0.9;
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

impl Backoff {
    /// The pause after one more failure.
    ///
    /// Until `awaited_until` the most patient caller can wait, or `now` if none has to. Attempts are made within the time
    /// of those who are the first to wait, but not for the sake of those who come later: there is no end of them.
    /// `jitter` is from `0.0..1.0`.
    pub(crate) fn pause_after(
        &mut self,
        error: &SignInError,
        awaited_until: SystemTime,
        now: SystemTime,
        jitter: f64,
    ) -> Duration {
        if self.awaited_until.is_none() && now < awaited_until {
            self.awaited_until = Some(awaited_until);
        }
        let stated = match error {
            SignInError::LockedOut { retry_after } | SignInError::Throttled { retry_after, .. } => *retry_after,
            _ => None,
        };
        let stated = stated.unwrap_or_default().min(LONGEST_PAUSE);
        let left = self.awaited_until.and_then(|until| until.duration_since(now).ok()).unwrap_or_default();
        let in_time = left.saturating_sub(stated).mul_f64(SHARE_FOR_PAUSES);
        let Pauses { last, first, longest, jitter: share } = self.pauses_after(error);
        let next = last.saturating_mul(2).clamp(first, longest);
        let pause = if error.is_transient() && !in_time.is_zero() && in_time < next {
            // Who is throttled can have its turn at any moment, but ever shorter pauses would end in a burst of the whole
            // fleet. In an outage, one attempt at the end is enough.
            if !error.is_throttled() || in_time < Duration::from_secs(1) {
                self.awaited_until = Some(now);
            }
            in_time
        } else {
            *last = next;
            next
        };
        stated + pause.mul_f64(1.0 - share * jitter).max(SHORTEST_PAUSE)
    }

    fn pauses_after(&mut self, error: &SignInError) -> Pauses<'_> {
        let seconds = Duration::from_secs;
        let Self { outage, wrong_credentials, .. } = self;
        let (last, first, longest, jitter) = match error {
            SignInError::WrongCredentials => (wrong_credentials, seconds(120), LONGEST_PAUSE, 0.5),
            // This process had its share in it.
            SignInError::LockedOut { .. } if !wrong_credentials.is_zero() => {
                (wrong_credentials, seconds(120), LONGEST_PAUSE, 0.5)
            }
            // Cognito's locks begin at a second, and asking meanwhile does not lengthen them.
            SignInError::LockedOut { .. } => (outage, seconds(1), LONGEST_OUTAGE_PAUSE, 0.5),
            // A fleet that was throttled together spreads over the whole of the pause, as long as that is short.
            error if error.is_throttled() => {
                let share = if *outage < LONGEST_OUTAGE_PAUSE / 2 { 1.0 } else { 0.5 };
                (outage, seconds(4), LONGEST_OUTAGE_PAUSE, share)
            }
            error if error.is_transient() => (outage, Duration::from_millis(200), LONGEST_OUTAGE_PAUSE, 0.5),
            SignInError::NotPublished { .. } => (outage, seconds(1), LONGEST_OUTAGE_PAUSE, 0.5),
            SignInError::ExpiredOnArrival | SignInError::RejectedAgain => (outage, seconds(1), seconds(60), 0.5),
            _ => (outage, seconds(60), seconds(60), 0.5),
        };
        Pauses { last, first, longest, jitter }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: SystemTime = SystemTime::UNIX_EPOCH;
    const SECOND: Duration = Duration::from_secs(1);

    fn unavailable() -> SignInError {
        SignInError::unavailable("down")
    }

    fn throttled(retry_after: Option<Duration>) -> SignInError {
        SignInError::throttled("429", retry_after)
    }

    /// The pauses after these failures, for which nobody waits.
    fn pauses(errors: impl IntoIterator<Item = SignInError>, jitter: f64) -> Vec<Duration> {
        let mut backoff = Backoff::default();
        errors.into_iter().map(|error| backoff.pause_after(&error, START, START, jitter)).collect()
    }

    fn millis(pauses: Vec<Duration>) -> Vec<u128> {
        pauses.iter().map(Duration::as_millis).collect()
    }

    #[test]
    fn an_outage_is_one_series_whatever_its_kind() {
        let kinds =
            [unavailable(), unavailable(), throttled(None), unavailable(), SignInError::Panicked, throttled(None)];
        assert_eq!(millis(pauses(kinds, 0.0)), [200, 400, 4_000, 8_000, 16_000, 32_000]);
        assert_eq!(pauses((0..20).map(|_| unavailable()), 0.0)[19], LONGEST_OUTAGE_PAUSE);
    }

    #[test]
    fn wrong_credentials_and_the_lock_out_that_follows_are_one_series_which_an_outage_does_not_end() {
        let locked_out = || SignInError::locked_out(None);
        let kinds =
            [SignInError::WrongCredentials, locked_out(), unavailable(), SignInError::WrongCredentials, locked_out()];
        assert_eq!(millis(pauses(kinds, 0.0)), [120_000, 240_000, 200, 480_000, 900_000]);
    }

    #[test]
    fn a_lock_out_of_somebody_elses_making_begins_with_a_second() {
        let kinds = (0..7).map(|_| SignInError::locked_out(None));
        assert_eq!(millis(pauses(kinds, 0.0)), [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 40_000]);
    }

    #[test]
    fn what_somebody_has_to_change_is_looked_at_again_after_a_minute() {
        let kinds = [SignInError::misconfigured("no such pool"), SignInError::misconfigured("no such pool")];
        assert_eq!(millis(pauses(kinds, 0.0)), [60_000, 60_000]);
        assert_eq!(millis(pauses([SignInError::ExpiredOnArrival, SignInError::RejectedAgain], 0.0)), [1_000, 2_000]);
    }

    #[test]
    fn jitter_takes_up_to_half_off_and_of_throttling_up_to_all() {
        let kinds = || [unavailable(), throttled(None), SignInError::WrongCredentials, SignInError::locked_out(None)];
        let one_each = |jitter| kinds().into_iter().flat_map(|kind| pauses([kind], jitter)).collect();
        assert_eq!(millis(one_each(0.5)), [150, 2_000, 90_000, 750]);
        assert_eq!(millis(one_each(1.0)), [100, 100, 60_000, 500]);
        assert_eq!(millis(pauses([SignInError::misconfigured("no such pool")], 1.0)), [30_000]);
    }

    #[test]
    fn a_provider_that_says_for_how_long_is_left_alone_for_that_long_up_to_a_quarter_of_an_hour_and_then_some() {
        for stated in [30 * SECOND, 600 * SECOND, Duration::MAX] {
            let shortest = stated.min(900 * SECOND);
            for error in [throttled(Some(stated)), SignInError::locked_out(Some(stated))] {
                let mut drawn =
                    [0.0, 0.5, 1.0].map(|jitter| Backoff::default().pause_after(&error, START, START, jitter));
                drawn.sort();
                assert!(shortest < drawn[0] && drawn[0] < drawn[1] && drawn[1] < drawn[2], "{drawn:?}");
                assert!(drawn[2] <= shortest + 4 * SECOND, "{drawn:?}");
            }
        }
    }

    #[test]
    fn attempts_are_made_within_the_time_of_those_who_saw_the_first_failure_only() {
        let mut backoff = Backoff::default();
        let until = START + 10 * SECOND;
        let mut pause = |at, until| backoff.pause_after(&throttled(None), until, START + at * SECOND, 0.0);
        assert_eq!(pause(0, until), 4 * SECOND);
        assert_eq!(pause(4, until), SECOND * 54 / 10, "not eight seconds");
        assert_eq!(pause(9, until), SECOND * 9 / 10, "the last one");
        assert_eq!(
            pause(10, until + 5 * SECOND),
            8 * SECOND,
            "those who came later do not count, nor what was cut short"
        );
        assert_eq!(Backoff::default().pause_after(&SignInError::WrongCredentials, until, START, 0.0), 120 * SECOND);
    }

    #[test]
    fn in_an_outage_one_attempt_is_made_at_the_end_of_their_time() {
        let mut backoff = Backoff::default();
        let mut pause = |at| backoff.pause_after(&SignInError::locked_out(None), START + 2 * SECOND, START + at, 0.0);
        assert_eq!(pause(Duration::ZERO), SECOND);
        assert_eq!(pause(SECOND), SECOND * 9 / 10, "not two seconds");
        assert_eq!(pause(SECOND * 19 / 10), 2 * SECOND, "and not ever more");
    }
}
