//! Metrics, written to the log as CloudWatch takes them from there:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::{
    io::{self, Write as _},
    time::UNIX_EPOCH,
};

use auth_cache::Clock;
use serde_json::json;

use crate::service_user::Administration;

/// Writes one metric, if the function has a namespace for its metrics.
pub(crate) fn write(of: &Administration, name: &str, value: u64) {
    let Some(namespace) = &of.wanted.metrics_namespace else { return };
    let now = Clock::wall().now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let metric = json!({
        "_aws": {"Timestamp": now.as_millis(), "CloudWatchMetrics": [{
            "Namespace": namespace, "Dimensions": [["Function"]], "Metrics": [{"Name": name}],
        }]},
        "Function": of.function_name,
        name: value,
    });
    if let Err(error) = writeln!(io::stdout().lock(), "{metric}") {
        tracing::warn!(%error, "could not write the metric");
    }
}
