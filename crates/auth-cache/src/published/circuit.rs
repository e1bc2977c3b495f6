use std::time::{Duration, SystemTime};

use crate::clock::within;

/// What is known of the store.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    failures_in_a_row: u32,
    last_failure: Option<SystemTime>,
    /// When it throttled first since it answered.
    throttled_since: Option<SystemTime>,
    has_missed: bool,
}

/// After so many failures in a row the store is left alone.
const MOST_FAILURES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(60);
/// For so long a store that throttles is asked again. A thousand new processes, which Lambda starts in ten seconds, need
/// 25 s at 40 reads a second.
const LONGEST_THROTTLING: Duration = Duration::from_secs(30);

impl Circuit {
    /// Whether the store is left alone.
    pub(super) fn is_open(&self, now: SystemTime) -> bool {
        self.failures_in_a_row >= MOST_FAILURES && self.last_failure.is_some_and(|at| within(at, now, PAUSE))
    }

    /// The store throttles; gives whether it is to be asked again.
    pub(super) fn throttled(&mut self, now: SystemTime) -> bool {
        let since = *self.throttled_since.get_or_insert(now);
        within(since, now, LONGEST_THROTTLING)
    }

    /// The store could not be read.
    pub(super) fn failed(&mut self, now: SystemTime) {
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        self.last_failure = Some(now);
    }

    /// The store could be read.
    pub(super) fn answered(&mut self) {
        self.failures_in_a_row = 0;
        self.throttled_since = None;
    }

    /// Whether no published token could be taken for the first time since one was.
    pub(super) fn is_first_miss(&mut self) -> bool {
        !std::mem::replace(&mut self.has_missed, true)
    }

    /// A published token is taken; gives whether that is news.
    pub(super) fn hit(&mut self) -> bool {
        std::mem::take(&mut self.has_missed)
    }
}
