//! How old the password is, as a metric: a schedule that rotates no more causes no error that an alarm could see.

use std::{
    io::{self, Write as _},
    time::UNIX_EPOCH,
};

use auth_cache::Clock;
use serde_json::{Value, json};

use crate::{ServiceUserError, parameters::CREDENTIALS, service_user::Administration};

/// Says how old the password is, in days, and writes it to the log as CloudWatch takes metrics from there.
pub(crate) async fn report(of: &Administration, function_name: &str) -> Result<Value, ServiceUserError> {
    let parameters = of.parameters();
    let problem = "is missing";
    let missing = || ServiceUserError::NothingToRotate { parameter: parameters.name(CREDENTIALS), problem };
    let written = parameters.read().await?.written.ok_or_else(missing)?;
    let now = Clock::wall().now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let days = now.saturating_sub(written).as_secs() / (24 * 60 * 60);
    if let Some(namespace) = &of.wanted.metrics_namespace {
        let metric = json!({
            "_aws": {"Timestamp": now.as_millis(), "CloudWatchMetrics": [{
                "Namespace": namespace, "Dimensions": [["Function"]], "Metrics": [{"Name": "PasswordAge"}],
            }]},
            "Function": function_name,
            "PasswordAge": days,
        });
        if let Err(error) = writeln!(io::stdout().lock(), "{metric}") {
            tracing::warn!(%error, "could not write the metric");
        }
    }
    Ok(json!({"passwordAge": days}))
}
