use std::{fmt, io, sync::OnceLock};

use auth_cache::EmfObserver;
use metrics_cloudwatch_embedded::{Builder, Collector};

use crate::Config;

/// The token's metrics, which go to the log as CloudWatch takes them from there.
pub(crate) struct Metrics {
    observer: EmfObserver,
    collector: OnceLock<&'static Collector>,
}

impl Metrics {
    pub(crate) const fn new() -> Self {
        Self { observer: EmfObserver::new(), collector: OnceLock::new() }
    }

    /// What a cache should tell, if the configuration has a namespace for metrics.
    pub(crate) fn observer(&'static self, config: &Config) -> Option<&'static EmfObserver> {
        let namespace = config.metrics_namespace.clone()?;
        let collector = Builder::new()
            .cloudwatch_namespace(namespace)
            .with_dimension("Function", config.function_name.clone())
            .init()
            .inspect_err(|error| tracing::warn!(%error, "no metrics: something else in this process collects them"))
            .ok()?;
        self.collector.get_or_init(|| collector);
        Some(&self.observer)
    }

    /// Writes what there is to say, if it is worth a line in the log.
    pub(crate) fn flush_if_due(&self) {
        let Some(collector) = self.collector.get() else { return };
        let out = io::stdout().lock();
        let written = match self.observer.is_due() {
            true => self.observer.flush(collector, out),
            // What is counted elsewhere, if anything is.
            false => collector.flush(out),
        };
        if let Err(error) = written {
            tracing::warn!(%error, "could not write metrics");
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("observer", &self.observer).finish_non_exhaustive()
    }
}
