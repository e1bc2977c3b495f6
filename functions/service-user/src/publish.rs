//! The token that the functions take: signed in for here, so that they need not sign in themselves.

use std::time::Duration;

use auth_cache::{
    CognitoTokenSource, Credentials, CredentialsSource, ErrorChain, PublishError, Publisher, Renewal,
    SecretsManagerTokenStore, SsmCredentials, SsmTokenStore, TokenStore,
};
use serde_json::{Value, json};

use crate::{ServiceUserError, metrics, service_user::Administration};

/// Signs in and publishes the token. A schedule does not send a password again that is known to be wrong; whoever has just
/// set one does.
pub(crate) async fn publish(to: &Administration, asked_by: AskedBy) -> Result<Value, ServiceUserError> {
    let wanted = &to.wanted;
    let period = wanted.publish_every.ok_or_else(|| ServiceUserError::NotConfigured {
        reason: "PUBLISH_MINUTES is missing (how often the token is published)".to_owned(),
    })?;
    let token_use = wanted.token_use;
    match &wanted.token_secret {
        Some(secret) => {
            let store = SecretsManagerTokenStore::new(to.secrets_manager.clone(), secret);
            publish_with(to, &Publisher::new(store, token_use, period), asked_by).await
        }
        None => {
            let store = SsmTokenStore::new(to.ssm.clone(), &wanted.parameters);
            let store = match &wanted.parameters_key {
                Some(key) => store.with_key_id(key),
                None => store,
            };
            publish_with(to, &Publisher::new(store, token_use, period), asked_by).await
        }
    }
}

/// Who wants a token to be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AskedBy {
    Schedule,
    NewPassword,
}

/// After a new password, if the functions take published tokens.
pub(crate) async fn publish_if_wanted(to: &Administration) -> Result<(), ServiceUserError> {
    match to.wanted.publish_every {
        Some(_) => publish(to, AskedBy::NewPassword).await.map(drop),
        None => Ok(()),
    }
}

/// The same; a failure is logged, and the schedule tries again.
pub(crate) async fn publish_or_warn(to: &Administration) {
    if let Err(error) = publish_if_wanted(to).await {
        warn(&error);
    }
}

pub(crate) fn warn(error: &ServiceUserError) {
    tracing::warn!(error = %ErrorChain(error), "could not publish a token; the schedule tries again");
}

/// A busy or failing service is asked again for a few seconds; and if a rotation has made the other user the active one
/// meanwhile, a token of that one is published.
async fn publish_with(
    to: &Administration,
    publisher: &Publisher<impl TokenStore>,
    asked_by: AskedBy,
) -> Result<Value, ServiceUserError> {
    let mut pauses = [200, 400, 800, 1600].map(Duration::from_millis).into_iter();
    loop {
        match (publish_once(to, publisher, asked_by).await, pauses.next()) {
            (Ok((username, true)), _) => {
                tracing::info!(active = username, "published a token");
                metrics::write(to, "TokensPublished", 1);
                return Ok(json!({"published": username}));
            }
            (Ok((_, false)), Some(_)) => {}
            (Ok((_, false)), None) => return Err(ServiceUserError::Contested),
            (Err(ServiceUserError::NotPublished(error)), Some(pause)) if error.is_transient() => {
                tokio::time::sleep(pause).await;
            }
            (Err(error), _) => return Err(error),
        }
    }
}

/// Whose token it is, and whether that is still the active user.
async fn publish_once(
    to: &Administration,
    publisher: &Publisher<impl TokenStore>,
    asked_by: AskedBy,
) -> Result<(String, bool), ServiceUserError> {
    let credentials = credentials(to).await?;
    let source = CognitoTokenSource::new(to.cognito.clone(), credentials.clone(), to.wanted.token_use);
    let source = source.with_renewal(Renewal::Never);
    let token = match asked_by {
        AskedBy::Schedule => publisher.publish_when_due(&source, &credentials).await?,
        AskedBy::NewPassword => publisher.publish(&source, &credentials).await?,
    };
    let life = token.issued_at().zip(token.expires_at()).and_then(|(issued, end)| end.duration_since(issued).ok());
    if let Some((life, period)) = life.zip(to.wanted.publish_every).filter(|(life, period)| life <= period) {
        let [life, period] = [life, period].map(|time| time.as_secs() / 60);
        let reason = format!("PublishMinutes is {period}, but a token lives for {life}: set it to a quarter of that");
        return Err(ServiceUserError::NotConfigured { reason });
    }
    let is_still_active = self::credentials(to).await?.username == credentials.username;
    Ok((credentials.username, is_still_active))
}

async fn credentials(to: &Administration) -> Result<Credentials, PublishError> {
    let credentials = SsmCredentials::new(to.ssm.clone(), &to.wanted.parameters);
    Ok(CredentialsSource::<Credentials>::read(&credentials).await?)
}
