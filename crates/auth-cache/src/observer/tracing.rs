use std::time::Duration;

use crate::{ErrorChain, Observer, Refresh, RefreshOutcome};

/// Writes what the cache does to [`tracing`]: refreshes at `INFO`, hits, misses and waits at `TRACE`.
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingObserver;

impl Observer for TracingObserver {
    fn hit(&self, age: Duration) {
        tracing::trace!(age_ms = millis(age), "token from memory");
    }

    fn miss(&self) {
        tracing::trace!("no token in memory");
    }

    fn wait(&self) {
        tracing::trace!("waiting for a refresh of the token");
    }

    fn refreshed(&self, refresh: &Refresh<'_>) {
        let Refresh { reason, outcome, took } = *refresh;
        let error = match outcome {
            RefreshOutcome::Failed(error) => Some(ErrorChain(error)),
            RefreshOutcome::Succeeded | RefreshOutcome::Abandoned => None,
        };
        tracing::info!(
            reason = reason.name(),
            outcome = outcome.name(),
            took_ms = millis(took),
            error = error.as_ref().map(tracing::field::display),
            "refresh of the token ended",
        );
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
