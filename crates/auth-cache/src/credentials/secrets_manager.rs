use aws_sdk_secretsmanager::{Client, error::ProvideErrorMetadata as _};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{
    ClientCredentials, Credentials, CredentialsError, CredentialsSource, Stored, TokenStore,
    credentials::store_error::classify,
    sdk_retry::{OnlyLostConnections, at_most_once},
};

/// Credentials in one secret of AWS Secrets Manager, a JSON object:
///
/// ```json
/// {"username": "...", "password": "...", "user_pool_id": "...", "client_id": "...", "client_secret": "..."}
/// ```
///
/// `client_secret` is there only if the app client has one. [`ClientCredentials`] are the last two alone. The role
/// needs `secretsmanager:GetSecretValue` on the secret.
///
/// The version labelled `AWSCURRENT` is used. When the identity provider calls it wrong, a rotation may be under way:
/// it is read again, and if it has not changed, `AWSPENDING` is tried, which is the valid one between a rotation's steps
/// `setSecret` and `finishSecret`, and then `AWSPREVIOUS`. That is three attempts at most.
///
/// A request is repeated only if its connection failed; see [`CognitoTokenSource`](crate::CognitoTokenSource).
#[derive(Clone, Debug)]
pub struct SecretsManagerCredentials {
    secrets_manager: Client,
    secret_id: String,
}

/// The token that a [`Publisher`](crate::Publisher) has put into a secret of AWS Secrets Manager, which has to exist and holds
/// nothing else.
///
/// To read it, a role needs `secretsmanager:GetSecretValue` on it, and to publish, `secretsmanager:PutSecretValue` too. AWS asks
/// not to write a secret more often than once in ten minutes for long, and labels the last token but one `AWSPREVIOUS`.
#[derive(Clone, Debug)]
pub struct SecretsManagerTokenStore(SecretsManagerCredentials);

const CURRENT: &str = "AWSCURRENT";
const PENDING: &str = "AWSPENDING";
const PREVIOUS: &str = "AWSPREVIOUS";

impl SecretsManagerCredentials {
    /// The credentials in the secret with this name or ARN.
    pub fn new(secrets_manager: Client, secret_id: impl Into<String>) -> Self {
        let config = secrets_manager.config();
        let config = config.to_builder().retry_config(at_most_once(config.retry_config()));
        let secrets_manager = Client::from_conf(config.retry_classifier(OnlyLostConnections).build());
        Self { secrets_manager, secret_id: secret_id.into() }
    }

    /// The text of a version, if there is one with this label.
    async fn text(&self, stage: &str) -> Result<Option<Zeroizing<String>>, CredentialsError> {
        let request = self.secrets_manager.get_secret_value().secret_id(&self.secret_id).version_stage(stage);
        match request.send().await {
            Ok(answer) => Ok(Some(Zeroizing::new(answer.secret_string.unwrap_or_default()))),
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(classify(error)),
        }
    }

    async fn get<T: InSecret>(&self, stage: &str) -> Result<T, CredentialsError> {
        let secret = self.text(stage).await?.ok_or_else(|| CredentialsError::missing([&self.secret_id]))?;
        T::parse(&secret)
            .ok_or_else(|| CredentialsError::Malformed { name: self.secret_id.clone(), expected: T::EXPECTED })
    }

    async fn other_than<T: InSecret>(&self, refused: &[T]) -> Result<Option<T>, CredentialsError> {
        for stage in [CURRENT, PENDING, PREVIOUS] {
            match self.get(stage).await {
                Ok(credentials) if !refused.contains(&credentials) => return Ok(Some(credentials)),
                Ok(_) => {}
                // Most secrets have no pending version, and one that was never rotated has no previous one; the role may be
                // allowed to read the current one only.
                Err(error) if stage != CURRENT && !error.is_transient() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

impl CredentialsSource for SecretsManagerCredentials {
    async fn read(&self) -> Result<Credentials, CredentialsError> {
        self.get(CURRENT).await
    }

    async fn read_again(&self, refused: &[Credentials]) -> Result<Option<Credentials>, CredentialsError> {
        self.other_than(refused).await
    }
}

impl CredentialsSource<ClientCredentials> for SecretsManagerCredentials {
    async fn read(&self) -> Result<ClientCredentials, CredentialsError> {
        self.get(CURRENT).await
    }

    async fn read_again(&self, refused: &[ClientCredentials]) -> Result<Option<ClientCredentials>, CredentialsError> {
        self.other_than(refused).await
    }
}

impl SecretsManagerTokenStore {
    /// The token in the secret with this name or ARN.
    pub fn new(secrets_manager: Client, secret_id: impl Into<String>) -> Self {
        Self(SecretsManagerCredentials::new(secrets_manager, secret_id))
    }
}

impl TokenStore for SecretsManagerTokenStore {
    async fn read(&self) -> Result<Stored, CredentialsError> {
        let text = self.0.text(CURRENT).await?;
        Ok(text.map_or_else(Stored::nothing, |text| Stored::text(text.as_str())))
    }

    async fn write(&self, text: &str) -> Result<(), CredentialsError> {
        let SecretsManagerCredentials { secrets_manager, secret_id } = &self.0;
        let written = secrets_manager.put_secret_value().secret_id(secret_id).secret_string(text).send().await;
        written.map(drop).map_err(|error| match error.code() {
            Some("ResourceNotFoundException") => CredentialsError::missing([secret_id]),
            _ => classify(error),
        })
    }
}

/// What a secret may hold. Nothing tells why it is malformed: serde_json's message could show a part of the value.
trait InSecret: PartialEq + Sized {
    const EXPECTED: &str;

    fn parse(json: &str) -> Option<Self>;
}

impl InSecret for Credentials {
    const EXPECTED: &str = r#"JSON: {"username": "...", "password": "...", "user_pool_id": "...", "client_id": "..."}"#;

    fn parse(json: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Json {
            username: String,
            password: String,
            user_pool_id: String,
            client_id: String,
            client_secret: Option<String>,
        }
        let Json { username, password, user_pool_id, client_id, client_secret } = serde_json::from_str(json).ok()?;
        let credentials = Self::new(user_pool_id, client_id, username, password);
        Some(match client_secret {
            Some(client_secret) => credentials.with_client_secret(client_secret),
            None => credentials,
        })
    }
}

impl InSecret for ClientCredentials {
    const EXPECTED: &str = r#"JSON: {"client_id": "...", "client_secret": "..."}"#;

    fn parse(json: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Json {
            client_id: String,
            client_secret: String,
        }
        let Json { client_id, client_secret } = serde_json::from_str(json).ok()?;
        Some(Self::new(client_id, client_secret))
    }
}
