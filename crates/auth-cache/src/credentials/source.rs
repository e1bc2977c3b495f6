use std::{fmt, future::Future};

use zeroize::Zeroizing;

use crate::CredentialsError;
#[cfg(any(feature = "client-credentials", feature = "cognito"))]
use crate::{ErrorChain, SignInError};

/// What a service user signs in with. The password and the client secret cannot be printed and are overwritten in
/// memory when dropped.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credentials {
    /// The Cognito user pool, such as `eu-west-1_a1b2c3d4e`.
    pub user_pool_id: String,
    /// The app client of that user pool.
    pub client_id: String,
    /// The app client's secret, if it has one.
    pub client_secret: Option<Zeroizing<String>>,
    /// The name the service user signs in with.
    pub username: String,
    /// The service user's password.
    pub password: Zeroizing<String>,
}

impl Credentials {
    /// Credentials for an app client without a secret; see [`Credentials::with_client_secret`].
    pub fn new(
        user_pool_id: impl Into<String>,
        client_id: impl Into<String>,
        username: impl Into<String>,
        password: impl Into<String>,
    ) -> Self {
        Self {
            user_pool_id: user_pool_id.into(),
            client_id: client_id.into(),
            client_secret: None,
            username: username.into(),
            password: Zeroizing::new(password.into()),
        }
    }

    /// The same credentials for an app client with a secret.
    #[must_use]
    pub fn with_client_secret(self, client_secret: impl Into<String>) -> Self {
        Self { client_secret: Some(Zeroizing::new(client_secret.into())), ..self }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user_pool_id", &self.user_pool_id)
            .field("client_id", &self.client_id)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// What a machine-to-machine client signs in with, in OAuth 2.0's `client_credentials` grant. The secret cannot be
/// printed and is overwritten in memory when dropped.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientCredentials {
    /// The client's id.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: Zeroizing<String>,
}

impl ClientCredentials {
    /// The credentials of one client.
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<String>) -> Self {
        Self { client_id: client_id.into(), client_secret: Zeroizing::new(client_secret.into()) }
    }
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentials").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// Where credentials come from: those of a service user, [`Credentials`], or those of a machine-to-machine client,
/// [`ClientCredentials`]. They are read at each sign-in, so that a rotated secret is picked up.
///
/// `SsmCredentials` and `SecretsManagerCredentials` give either kind: to read from one of them directly, say which, as in
/// `CredentialsSource::<Credentials>::read(&source)`.
pub trait CredentialsSource<T: PartialEq + Send + Sync = Credentials>: Send + Sync + 'static {
    /// Reads the credentials.
    ///
    /// # Errors
    /// When they cannot be read or are not what they should be.
    fn read(&self) -> impl Future<Output = Result<T, CredentialsError>> + Send;

    /// Gives what to try after the identity provider has called all of `refused` wrong, or none to leave it at that. The
    /// first of them is what was read. A sign-in makes three attempts at most, because five wrong passwords lock a user
    /// out.
    ///
    /// The default reads once more, and gives what it reads if that differs: the credentials may have been rotated
    /// between reading and using them.
    ///
    /// # Errors
    /// As [`CredentialsSource::read`].
    fn read_again(&self, refused: &[T]) -> impl Future<Output = Result<Option<T>, CredentialsError>> + Send {
        async move {
            match refused {
                [read] => Ok(Some(self.read().await?).filter(|credentials| credentials != read)),
                _ => Ok(None),
            }
        }
    }
}

/// Credentials that are given directly.
impl CredentialsSource for Credentials {
    async fn read(&self) -> Result<Credentials, CredentialsError> {
        Ok(self.clone())
    }
}

/// Credentials that are given directly.
impl CredentialsSource<ClientCredentials> for ClientCredentials {
    async fn read(&self) -> Result<ClientCredentials, CredentialsError> {
        Ok(self.clone())
    }
}

/// The credentials for the attempt that may follow when these were wrong.
#[cfg(any(feature = "client-credentials", feature = "cognito"))]
pub(crate) async fn next_attempt<T, C>(source: &C, refused: &[T]) -> Result<T, SignInError>
where
    T: PartialEq + Send + Sync,
    C: CredentialsSource<T>,
{
    const MOST_ATTEMPTS: usize = 3;
    if refused.len() >= MOST_ATTEMPTS {
        return Err(SignInError::WrongCredentials);
    }
    match source.read_again(refused).await {
        Ok(Some(credentials)) if !refused.contains(&credentials) => Ok(credentials),
        Ok(_) => Err(SignInError::WrongCredentials),
        // Not this error, which may be transient: the next attempt would follow soon, and be another wrong one.
        Err(error) => {
            tracing::warn!(error = %ErrorChain(&error), "could not read the credentials again after their refusal");
            Err(SignInError::WrongCredentials)
        }
    }
}
