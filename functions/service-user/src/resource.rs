//! The service user as a resource: what the environment says becomes so, and goes again.

use crate::{
    ServiceUserError, names,
    parameters::{Credentials, Owner, Parameters, Stored, Values, values},
    pool::{Pool, delete_user},
    service_user::Administration,
};

/// Makes the service user what it should be, from whatever it is, and gives the name of the one that is active. A password
/// that signs in is kept.
pub(crate) async fn converge(to: &Administration) -> Result<String, ServiceUserError> {
    let pool = Pool::open(to.cognito.clone(), &to.wanted).await?;
    let (parameters, users) = (to.parameters(), names::users(&to.wanted));
    let stored = claim(to, &parameters, &users).await?;
    let own = stored.credentials().filter(|stored| users.contains(&stored.username));
    let credentials = match own {
        Some(own) if pool.signs_in(&own.username, &own.password).await? => {
            pool.set_group(&own.username).await?;
            own
        }
        own => {
            let [first, _] = users;
            let username = own.map_or(first, |own| own.username);
            let password = pool.prepare(&username).await?;
            Credentials { username, password }
        }
    };
    parameters.write(&stored.values, &values(&pool.id, &pool.client, &credentials)).await?;
    Ok(credentials.username)
}

/// Deletes the service user. What was adopted comes back first, so that whoever reads it can sign in at any time.
pub(crate) async fn delete(to: &Administration) -> Result<(), ServiceUserError> {
    let parameters = to.parameters();
    let stored = parameters.read().await?;
    if let Some(owner) = stored.owner.filter(|owner| owner.stack == to.wanted.stack_id) {
        parameters.write(&stored.values, &owner.before).await?;
        parameters.release().await?;
    }
    for username in names::users(&to.wanted) {
        delete_user(&to.cognito, &to.wanted.pool_id, &username).await?;
    }
    Ok(())
}

/// What is stored, which belongs to this stack from now on.
async fn claim(to: &Administration, parameters: &Parameters, users: &[String]) -> Result<Stored, ServiceUserError> {
    let wanted = &to.wanted;
    loop {
        let stored = parameters.read().await?;
        match &stored.owner {
            Some(owner) if owner.stack == wanted.stack_id => return Ok(stored),
            Some(Owner { stack, .. }) => {
                let (prefix, stack) = (wanted.parameters.clone(), stack.clone());
                return Err(ServiceUserError::OwnedByAnother { prefix, stack });
            }
            None => {}
        }
        // Somebody may have deleted the owner's name alone.
        let is_own = stored.credentials().is_some_and(|stored| users.contains(&stored.username));
        let before = match stored.has_credentials() && !is_own {
            true if !wanted.adopts => {
                return Err(ServiceUserError::MadeByHand { prefix: wanted.parameters.clone() });
            }
            true => stored.values.clone(),
            false => Values::new(),
        };
        // Another stack may have been faster.
        if parameters.claim(&Owner { stack: wanted.stack_id.clone(), before }).await? {
            return Ok(stored);
        }
    }
}
