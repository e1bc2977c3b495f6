use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use crate::{AppSyncError, ErrorKind};

/// When an operation is sent again after a failure, and how soon.
///
/// A query is repeated after any failure that may pass. A mutation only if AppSync has certainly not executed it, unless
/// it is marked [`idempotent`](crate::Execution::idempotent). The replay with a new token after a 401 is apart from that.
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    max_attempts: u32,
    base: Duration,
    longest: Duration,
    attempt_timeout: Option<Duration>,
}

impl RetryPolicy {
    /// Three attempts, and before each further one a random part of a pause that starts at 50 ms and doubles up to 5 s.
    pub const fn standard() -> Self {
        Self {
            max_attempts: 3,
            base: Duration::from_millis(50),
            longest: Duration::from_secs(5),
            attempt_timeout: None,
        }
    }

    /// One attempt.
    pub const fn never() -> Self {
        Self { max_attempts: 1, ..Self::standard() }
    }

    /// The same with this many attempts, the first one included; zero is taken as one.
    #[must_use]
    pub const fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// The same with pauses that start at `base` and double up to `longest`, of which a random part is waited.
    #[must_use]
    pub const fn with_backoff(mut self, base: Duration, longest: Duration) -> Self {
        self.base = base;
        self.longest = longest;
        self
    }

    /// The same, but an attempt that takes longer than `timeout` is given up, and repeated as after a lost connection.
    ///
    /// Without it, an attempt may take all the time there is: AppSync itself may need up to 30 s.
    #[must_use]
    pub const fn with_attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    pub(crate) fn attempt_timeout(&self) -> Option<Duration> {
        self.attempt_timeout
    }

    /// How long to pause before the attempt after `attempts`, `None` if there is to be none.
    ///
    /// `is_repeatable` says that nothing is done twice if the operation is executed twice. `jitter` is from `0.0..1.0`.
    pub(crate) fn pause(
        &self,
        attempts: u32,
        error: &AppSyncError,
        is_repeatable: bool,
        jitter: f64,
    ) -> Option<Duration> {
        if attempts >= self.max_attempts || !may_pass(error) || error.may_have_executed() && !is_repeatable {
            return None;
        }
        let doublings = attempts.saturating_sub(1).min(16);
        // Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
        let pause = self.base.saturating_mul(1 << doublings).min(self.longest).mul_f64(jitter);
        Some(pause.max(error.retry_after().unwrap_or_default()))
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::standard()
    }
}

/// Whether another attempt may fare better. A failed sign-in has a cool-down of its own, and an operation that took
/// AppSync 30 s takes as long again.
fn may_pass(error: &AppSyncError) -> bool {
    match error.kind() {
        ErrorKind::Throttled | ErrorKind::Unavailable => true,
        ErrorKind::TimedOut => error.errors().is_empty(),
        _ => false,
    }
}

/// A budget of retries, shared by the clones of a client: while most calls fail, retries would make it worse.
///
/// It works as the retry quota of the AWS SDKs, with the figures that these had for long; aws-smithy-runtime 1.16 charges
/// 14 for a retry that is not due to throttling, and calls these the legacy costs.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
#[derive(Clone, Debug)]
pub(crate) struct RetryBudget(Arc<AtomicU32>);

/// What a retry was paid with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paid(u32);

const CAPACITY: u32 = 500;
const COST: u32 = 5;
const COST_OF_TIMEOUT: u32 = 10;
const REWARD: u32 = 1;

impl RetryBudget {
    pub(crate) fn full() -> Self {
        Self(Arc::new(AtomicU32::new(CAPACITY)))
    }

    /// Pays for a retry after `error`, if the budget allows it.
    pub(crate) fn pay(&self, error: &AppSyncError) -> Option<Paid> {
        let cost = if is_timeout(error) { COST_OF_TIMEOUT } else { COST };
        self.update(|left| left.checked_sub(cost)).then_some(Paid(cost))
    }

    /// Gives back what the last retry of a call cost that has succeeded, and a little for one that needed none.
    pub(crate) fn reward(&self, last: Option<Paid>) {
        let reward = last.map_or(REWARD, |Paid(cost)| cost);
        self.update(|left| Some(left.saturating_add(reward).min(CAPACITY)));
    }

    fn update(&self, change: impl Fn(u32) -> Option<u32>) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change).is_ok()
    }
}

fn is_timeout(error: &AppSyncError) -> bool {
    let of_connection = || {
        let source = std::error::Error::source(error)?;
        Some(source.downcast_ref::<reqwest::Error>()?.is_timeout())
    };
    error.kind() == ErrorKind::TimedOut || of_connection().unwrap_or(false)
}

/// A number from `0.0..1.0`, straight from the operating system: processes that are restored from one snapshot of the
/// memory share the state of any generator in it.
pub(crate) fn jitter() -> f64 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_ne_bytes(bytes)) / (f64::from(u32::MAX) + 1.0),
        Err(_) => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::AnswerInfo;

    fn lost() -> AppSyncError {
        AppSyncError::new(ErrorKind::Unavailable, true)
    }

    fn pause(policy: &RetryPolicy, attempts: u32) -> Option<Duration> {
        policy.pause(attempts, &lost(), true, 1.0)
    }

    #[test]
    fn pauses_double_and_are_drawn_from_zero_to_the_whole() {
        let policy = RetryPolicy::standard().with_max_attempts(100);
        for (attempts, millis) in [(1, 50), (2, 100), (3, 200), (7, 3200), (8, 5000), (99, 5000)] {
            assert_eq!(pause(&policy, attempts), Some(Duration::from_millis(millis)), "{attempts}");
        }
        assert_eq!(policy.pause(3, &lost(), true, 0.0), Some(Duration::ZERO));
        assert_eq!(policy.pause(3, &lost(), true, 0.5), Some(Duration::from_millis(100)));
    }

    #[test]
    fn no_pause_is_shorter_than_what_appsync_asks_for() {
        for (retry_after, expected) in [(7, 7000), (0, 50)] {
            let info = AnswerInfo { retry_after: Some(Duration::from_secs(retry_after)), ..AnswerInfo::default() };
            let error = AppSyncError::new(ErrorKind::Throttled, false).with_answer(info);
            let pause = RetryPolicy::standard().pause(1, &error, false, 1.0);
            assert_eq!(pause, Some(Duration::from_millis(expected)));
        }
    }

    #[test]
    fn the_number_of_attempts_is_bounded() {
        assert!(pause(&RetryPolicy::standard(), 2).is_some());
        assert_eq!(pause(&RetryPolicy::standard(), 3), None);
        assert_eq!(pause(&RetryPolicy::never(), 1), None);
        assert_eq!(pause(&RetryPolicy::standard().with_max_attempts(0), 1), None);
    }

    #[test]
    fn what_may_have_been_executed_is_repeated_only_if_that_does_no_harm() {
        let policy = RetryPolicy::standard();
        for (may_have_executed, is_repeatable, repeated) in
            [(false, false, true), (false, true, true), (true, false, false), (true, true, true)]
        {
            let error = AppSyncError::new(ErrorKind::Unavailable, may_have_executed);
            assert_eq!(policy.pause(1, &error, is_repeatable, 1.0).is_some(), repeated);
        }
    }

    #[test]
    fn only_what_may_pass_is_repeated() {
        use ErrorKind::*;
        for (kind, repeated) in [
            (Throttled, true),
            (Unavailable, true),
            (TimedOut, true),
            (SignIn, false),
            (TokenRefused, false),
            (Denied, false),
            (NotFound, false),
            (ConditionFailed, false),
            (Invalid, false),
            (TooLarge, false),
            (Resolver, false),
            (Malformed, false),
        ] {
            let error = AppSyncError::new(kind, false);
            assert_eq!(RetryPolicy::standard().pause(1, &error, true, 0.0).is_some(), repeated, "{kind:?}");
        }
    }

    #[test]
    fn the_budget_is_spent_by_retries_and_filled_up_by_success() {
        let budget = RetryBudget::full();
        for _ in 0..CAPACITY / COST {
            assert_eq!(budget.pay(&lost()), Some(Paid(COST)));
        }
        assert_eq!(budget.pay(&lost()), None);
        budget.reward(Some(Paid(COST)));
        assert!(budget.pay(&lost()).is_some());
        for _ in 0..COST {
            assert_eq!(budget.pay(&lost()), None);
            budget.reward(None);
        }
        assert!(budget.clone().pay(&lost()).is_some(), "the clones share one budget");
        assert_eq!(budget.pay(&lost()), None);
    }

    #[test]
    fn a_timeout_costs_twice_as_much() {
        let budget = RetryBudget::full();
        let timeout = AppSyncError::new(ErrorKind::TimedOut, true);
        assert_eq!((0..CAPACITY).take_while(|_| budget.pay(&timeout).is_some()).count(), 50);
    }

    #[test]
    fn the_budget_never_exceeds_its_capacity() {
        let budget = RetryBudget::full();
        budget.reward(None);
        assert_eq!(budget.0.load(Ordering::Relaxed), CAPACITY);
    }

    #[test]
    fn jitter_is_spread_from_zero_to_one() {
        let mut tenths = [0; 10];
        for _ in 0..1000 {
            tenths[(jitter() * 10.0) as usize] += 1;
        }
        // The odds of a fair tenth to miss these bounds are below one in a billion.
        assert!(tenths.iter().all(|count| (40..=180).contains(count)), "{tenths:?}");
    }
}
