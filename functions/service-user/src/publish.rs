//! The token that the functions take: signed in for here, so that they need not sign in themselves.

use std::time::Duration;

use auth_cache::{
    CognitoTokenSource, Credentials, CredentialsSource, ErrorChain, PublishError, Publisher, Renewal,
    SecretsManagerTokenStore, SsmCredentials, SsmTokenStore, TokenStore,
};
use serde_json::{Value, json};

use crate::{ServiceUserError, metrics, service_user::Administration};

/// Signs in and publishes the token.
pub(crate) async fn publish(to: &Administration) -> Result<Value, ServiceUserError> {
    let wanted = &to.wanted;
    let period = wanted.publish_every.ok_or_else(|| ServiceUserError::NotConfigured {
        reason: "PUBLISH_MINUTES is missing (how often the token is published)".to_owned(),
    })?;
    match &wanted.token_secret {
        Some(secret) => publish_in(to, SecretsManagerTokenStore::new(to.secrets_manager.clone(), secret), period).await,
        None => {
            let store = SsmTokenStore::new(to.ssm.clone(), &wanted.parameters);
            let store = match &wanted.parameters_key {
                Some(key) => store.with_key_id(key),
                None => store,
            };
            publish_in(to, store, period).await
        }
    }
}

/// The same, if the functions take published tokens.
pub(crate) async fn publish_if_wanted(to: &Administration) -> Result<(), ServiceUserError> {
    match to.wanted.publish_every {
        Some(_) => publish(to).await.map(drop),
        None => Ok(()),
    }
}

/// The same; a failure is logged, and the schedule tries again.
pub(crate) async fn publish_or_warn(to: &Administration) {
    if let Err(error) = publish_if_wanted(to).await {
        tracing::warn!(error = %ErrorChain(&error), "could not publish a token; the schedule tries again");
    }
}

/// A busy or failing service is asked again for a few seconds.
async fn publish_in(to: &Administration, store: impl TokenStore, period: Duration) -> Result<Value, ServiceUserError> {
    let publisher = Publisher::new(store, to.wanted.token_use, period);
    let mut pauses = [200, 400, 800, 1600].map(Duration::from_millis).into_iter();
    loop {
        let published = async {
            let credentials = SsmCredentials::new(to.ssm.clone(), &to.wanted.parameters);
            let credentials = CredentialsSource::<Credentials>::read(&credentials).await?;
            let source = CognitoTokenSource::new(to.cognito.clone(), credentials.clone(), to.wanted.token_use);
            publisher.publish(&source.with_renewal(Renewal::Never), &credentials).await?;
            Ok::<_, PublishError>(credentials.username)
        };
        match (published.await, pauses.next()) {
            (Ok(username), _) => {
                tracing::info!(active = username, "published a token");
                metrics::write(to, "TokensPublished", 1);
                return Ok(json!({"published": username}));
            }
            (Err(error), Some(pause)) if error.is_transient() => tokio::time::sleep(pause).await,
            (Err(source), _) => return Err(ServiceUserError::NotPublished { source }),
        }
    }
}
