//! How old the password is, as a metric: a schedule that rotates no more causes no error that an alarm could see.

use std::time::UNIX_EPOCH;

use auth_cache::Clock;
use serde_json::{Value, json};

use crate::{ServiceUserError, metrics, parameters::CREDENTIALS, service_user::Administration};

/// Says how old the password is, in days, as a metric too.
pub(crate) async fn report(of: &Administration) -> Result<Value, ServiceUserError> {
    let parameters = of.parameters();
    let problem = "is missing";
    let missing = || ServiceUserError::NothingToRotate { parameter: parameters.name(CREDENTIALS), problem };
    let written = parameters.read().await?.written.ok_or_else(missing)?;
    let now = Clock::wall().now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let days = now.saturating_sub(written).as_secs() / (24 * 60 * 60);
    metrics::write(of, "PasswordAge", days);
    Ok(json!({"passwordAge": days}))
}
