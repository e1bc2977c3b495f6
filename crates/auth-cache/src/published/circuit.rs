use std::time::{Duration, SystemTime};

use crate::clock::within;

/// What is known of the store.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    failures_in_a_row: u32,
    last_failure: Option<SystemTime>,
    has_missed: bool,
}

/// After so many failures in a row the store is left alone.
pub(super) const MOST_FAILURES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(60);

impl Circuit {
    /// Whether the store is left alone.
    pub(super) fn is_open(&self, now: SystemTime) -> bool {
        self.failures_in_a_row >= MOST_FAILURES && self.last_failure.is_some_and(|at| within(at, now, PAUSE))
    }

    /// The store could not be read; gives how often in a row.
    pub(super) fn failed(&mut self, now: SystemTime) -> u32 {
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        self.last_failure = Some(now);
        self.failures_in_a_row
    }

    /// The store could be read.
    pub(super) fn answered(&mut self) {
        self.failures_in_a_row = 0;
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
