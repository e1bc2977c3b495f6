//! The service user as CloudFormation's resource: what its properties say becomes so.

use std::collections::BTreeSet;

use auth_cache::ErrorChain;

use crate::{
    ServiceUser, ServiceUserError,
    event::{Properties, ResourceId},
    parameters::{Parameters, StoredCredentials},
    pool::{Pool, delete_user},
};

/// Creates the service user, or takes it over; gives the name of the one that is active.
pub(crate) async fn create(to: &ServiceUser, wanted: &Properties) -> Result<String, ServiceUserError> {
    converge(to, wanted, None).await
}

/// Changes the service user from what it was, which may be another resource, as `is_other` says: then CloudFormation
/// has that one deleted afterwards.
pub(crate) async fn update(
    to: &ServiceUser,
    wanted: &Properties,
    old: Option<&ResourceId>,
    is_other: bool,
) -> Result<String, ServiceUserError> {
    let old = old.filter(|old| **old != wanted.id);
    // The same users under another prefix: their password is in use, so it moves along instead of being replaced.
    let moved_from = old.filter(|old| is_other && old.shares_users_with(&wanted.id));
    let active = converge(to, wanted, moved_from).await?;
    match old {
        // CloudFormation takes back an update to another resource that failed halfway, and will not have it deleted.
        Some(failed) if !is_other => {
            if let Err(error) = delete_what_is_not_of(to, failed, Some(&wanted.id)).await {
                tracing::warn!(error = %ErrorChain(&error), resource = %failed, "could not delete what a failed update left");
            }
        }
        _ => {}
    }
    Ok(active)
}

/// Deletes the service user, except what belongs to another one by now.
pub(crate) async fn delete(to: &ServiceUser, id: &ResourceId) -> Result<(), ServiceUserError> {
    delete_what_is_not_of(to, id, None).await
}

async fn converge(
    to: &ServiceUser,
    wanted: &Properties,
    moved_from: Option<&ResourceId>,
) -> Result<String, ServiceUserError> {
    let Properties { id, client_id, group, key } = wanted;
    let pool = Pool::of_client(to.cognito.clone(), &id.pool, client_id).await?;
    let parameters = Parameters::new(to.ssm.clone(), &id.prefix, key.clone());
    let groups = BTreeSet::from([group.clone()]);

    let moved_from = moved_from.map(|old| Parameters::new(to.ssm.clone(), &old.prefix, None));
    let mut stored = parameters.read().await?;
    if let Some(moved_from) = &moved_from {
        // A rotation has kept these in use until now.
        let old = moved_from.read().await?;
        stored.credentials = old.credentials.or(stored.credentials);
    }
    let credentials = match stored.credentials_of(id) {
        Some(StoredCredentials { username, password }) if pool.signs_in(username, password).await? => {
            pool.set_groups(username, &groups).await?;
            StoredCredentials { username: username.clone(), password: password.clone() }
        }
        others => {
            let [first, _] = id.users();
            let username = others.map_or(first, |credentials| credentials.username.clone());
            let password = pool.prepare(&username, &groups).await?;
            StoredCredentials { username, password }
        }
    };
    parameters.write(&id.pool, &pool.client, &credentials).await?;
    if let Some(moved_from) = &moved_from {
        moved_from.write_moved_to(&id.prefix).await?;
    }
    Ok(credentials.username)
}

/// The parameters go last: as long as they are there, a repetition knows what there is to delete.
async fn delete_what_is_not_of(
    to: &ServiceUser,
    id: &ResourceId,
    kept: Option<&ResourceId>,
) -> Result<(), ServiceUserError> {
    let parameters = Parameters::new(to.ssm.clone(), &id.prefix, None);
    let stored = parameters.read().await?;
    if !stored.is_moved() && !kept.is_some_and(|kept| kept.shares_users_with(id)) {
        for username in id.users() {
            delete_user(&to.cognito, &id.pool, &username).await?;
        }
    }
    // The resource that replaced this one may use the same prefix.
    if stored.is_of(id) {
        parameters.delete_all().await?;
    }
    Ok(())
}
