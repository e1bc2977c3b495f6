//! Two users that take turns: see the library.

use serde_json::{Value, json};

use crate::{
    ServiceUser, ServiceUserError,
    event::name_and_domain,
    parameters::{Parameters, StoredCredentials},
    pool::{AppClient, Pool},
};

/// How often a rotation begins anew because another one got in its way.
const ATTEMPTS: usize = 3;

/// Gives the functions another user with a new password; says which one is active now.
pub(crate) async fn rotate(to: &ServiceUser) -> Result<Value, ServiceUserError> {
    let parameters = Parameters::new(to.ssm.clone(), &to.parameters, to.parameters_key.clone());
    for _ in 0..ATTEMPTS {
        let stored = parameters.read().await?;
        let nothing = |last, problem| ServiceUserError::NothingToRotate { parameter: parameters.name(last), problem };
        let active = stored.credentials.ok_or_else(|| nothing("credentials", "has no user name and password"))?;
        let idle = other_of_the_pair(&active.username)
            .ok_or_else(|| nothing("credentials", "names a user that is not one of two that take turns"))?;
        let pool = stored.user_pool_id.ok_or_else(|| nothing("user-pool-id", "does not exist"))?;
        let client = stored.client_id.ok_or_else(|| nothing("client-id", "does not exist"))?;
        let client = AppClient { id: client, secret: stored.client_secret };
        let pool = Pool { cognito: to.cognito.clone(), id: pool, client };

        let groups = pool.groups(&active.username).await?;
        let password = pool.prepare(&idle, &groups).await?;
        let write = parameters.write_credentials(&StoredCredentials { username: idle.clone(), password }).await?;
        // Between another rotation's new password and its write, this one may have set one more.
        if write == stored.version + 1 {
            tracing::info!(active = idle, idle = active.username, "rotated the service user");
            return Ok(json!({"active": idle, "idle": active.username}));
        }
        tracing::warn!("another rotation ran at the same time; beginning anew");
    }
    Err(ServiceUserError::Contested)
}

fn other_of_the_pair(username: &str) -> Option<String> {
    let (name, domain) = name_and_domain(username);
    let (name, suffix) = name.rsplit_once('-')?;
    match suffix {
        "a" => Some(format!("{name}-b{domain}")),
        "b" => Some(format!("{name}-a{domain}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_users_take_turns() {
        for (username, other) in [
            ("orders-a", Some("orders-b")),
            ("orders-b", Some("orders-a")),
            ("team-a-b", Some("team-a-a")),
            ("orders-a@example.com", Some("orders-b@example.com")),
            ("orders-b@a-b.com", Some("orders-a@a-b.com")),
            ("orders@example-a", None),
            ("orders", None),
            ("orders-c", None),
            ("a", None),
        ] {
            assert_eq!(other_of_the_pair(username).as_deref(), other, "{username}");
        }
    }
}
