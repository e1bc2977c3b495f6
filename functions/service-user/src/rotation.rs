//! Two users that take turns: see the library.

use serde_json::{Value, json};

use crate::{
    ServiceUserError, names,
    parameters::{CREDENTIALS, Credentials},
    pool::Pool,
    publish,
    service_user::Administration,
};

/// How often a rotation begins anew because another one got in its way.
const ATTEMPTS: usize = 3;

/// Gives the functions another user with a new password; says which one is active now.
pub(crate) async fn rotate(to: &Administration) -> Result<Value, ServiceUserError> {
    let parameters = to.parameters();
    for _ in 0..ATTEMPTS {
        let stored = parameters.read().await?;
        let nothing = |problem| ServiceUserError::NothingToRotate { parameter: parameters.name(CREDENTIALS), problem };
        let active = stored.credentials().ok_or_else(|| nothing("has no user name and password"))?.username;
        let idle = match names::users(&to.wanted) {
            [idle, other] if other == active => idle,
            [other, idle] if other == active => idle,
            _ => return Err(nothing("names a user that is not one of this stack's two")),
        };
        let pool = Pool::open(to.cognito.clone(), &to.wanted).await?;
        let password = pool.prepare(&idle).await?;
        let write = parameters.write_credentials(&Credentials { username: idle.clone(), password }).await?;
        // Between another rotation's new password and its write, this one may have set one more.
        if write == stored.version + 1 {
            tracing::info!(active = idle, idle = active, "rotated the service user");
            publish::publish_or_warn(to).await;
            return Ok(json!({"active": idle, "idle": active}));
        }
        tracing::warn!("another rotation ran at the same time; beginning anew");
    }
    Err(ServiceUserError::Contested)
}
