use std::{fmt, future::Future, sync::Arc};

use zeroize::Zeroizing;

use crate::{Credentials, CredentialsError};

/// Where a [`Publisher`](crate::Publisher) puts the token, and [`Published`](crate::Published) finds it: `SsmTokenStore`,
/// `SecretsManagerTokenStore`, or your own, which keeps one text. That text is a secret: encrypt it at rest.
pub trait TokenStore: Send + Sync + 'static {
    /// Reads what was written last.
    ///
    /// # Errors
    /// When the store cannot be read. A store in which nothing was ever written gives [`Stored::nothing`].
    fn read(&self) -> impl Future<Output = Result<Stored, CredentialsError>> + Send;

    /// Writes `text` in place of what is there.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn write(&self, text: &str) -> impl Future<Output = Result<(), CredentialsError>> + Send;
}

impl<S: TokenStore> TokenStore for Arc<S> {
    fn read(&self) -> impl Future<Output = Result<Stored, CredentialsError>> + Send {
        (**self).read()
    }

    fn write(&self, text: &str) -> impl Future<Output = Result<(), CredentialsError>> + Send {
        (**self).write(text)
    }
}

/// What a [`TokenStore`] holds. It cannot be printed, and is overwritten in memory when dropped.
pub struct Stored {
    pub(super) text: Option<Zeroizing<String>>,
    pub(super) credentials: Option<Credentials>,
}

impl Stored {
    /// The text that was written.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: Some(Zeroizing::new(text.into())), credentials: None }
    }

    /// Nothing was ever written.
    pub const fn nothing() -> Self {
        Self { text: None, credentials: None }
    }

    /// The same, and the service user's credentials, which were read in the same request: the token must be that user's, and
    /// the fallback need not read them again.
    #[must_use]
    pub fn with_credentials(self, credentials: Credentials) -> Self {
        Self { credentials: Some(credentials), ..self }
    }
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stored").field("credentials", &self.credentials).finish_non_exhaustive()
    }
}
