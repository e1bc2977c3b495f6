use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::future::BoxFuture;

use crate::{Credentials, RefreshReason, SignInError, Token};

/// Where tokens come from: one asynchronous method that signs in.
///
/// An [`Identity`](crate::Identity) calls it when it holds no usable token, never twice at the same time unless a freeze of
/// the process interrupted the first call. A closure that returns a future is a source too:
///
/// ```
/// use auth_cache::{Identity, SignInError, Token};
/// use std::{sync::LazyLock, time::Duration};
///
/// # async fn ask_my_identity_provider() -> Result<String, std::io::Error> {
/// #     Ok("eyJhbGciOiJub25lIn0.eyJpYXQiOjE3MDAwMDAwMDAsImV4cCI6NDEwMjQ0NDgwMH0.c2ln".to_owned())
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), auth_cache::TokenError> {
/// static IDENTITY: LazyLock<Identity> = LazyLock::new(|| {
///     Identity::new(|| async {
///         let jwt = ask_my_identity_provider().await.map_err(SignInError::unavailable)?;
///         Ok(Token::issued(jwt)?)
///     })
/// });
///
/// let token = IDENTITY.token(Duration::from_secs(2)).await?;
/// # Ok(())
/// # }
/// ```
pub trait TokenSource: Send + Sync + 'static {
    /// Signs in and returns a token that is valid now.
    ///
    /// It must not ask its own identity for a token: it would wait for itself.
    ///
    /// # Errors
    /// The variant of the [`SignInError`] decides how long the cache waits before it asks again.
    fn sign_in(&self) -> impl Future<Output = Result<Token, SignInError>> + Send;

    /// The same, for a source that acts by why it is asked: this is what an [`Identity`](crate::Identity) calls. The default
    /// is [`TokenSource::sign_in`].
    ///
    /// # Errors
    /// As [`TokenSource::sign_in`].
    fn sign_in_for(&self, request: &SignInRequest) -> impl Future<Output = Result<Token, SignInError>> + Send {
        let _ = request;
        self.sign_in()
    }

    /// Drops what the source keeps from earlier sign-ins, such as a refresh token; the next sign-in starts from
    /// nothing. Called before each sign-in that takes the place of a token that the API refused, and before a snapshot of
    /// the process is taken. The default does nothing.
    fn forget(&self) {}
}

/// Why a source is asked for a token, and which tokens are of no use.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignInRequest {
    /// Why.
    pub reason: RefreshReason,
    /// The token that the identity has, which may have expired.
    pub held: Option<Token>,
    /// The token that the API refused last.
    pub refused: Option<Token>,
    /// What to sign in with, if that has just been read.
    #[cfg_attr(not(feature = "cognito"), expect(dead_code, reason = "of a store, for the fallback to Cognito"))]
    pub(crate) credentials: Option<Credentials>,
}

impl SignInRequest {
    /// A request of an identity that holds no token.
    pub const fn new(reason: RefreshReason) -> Self {
        Self { reason, held: None, refused: None, credentials: None }
    }
}

impl<F, Fut> TokenSource for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Token, SignInError>> + Send,
{
    fn sign_in(&self) -> impl Future<Output = Result<Token, SignInError>> + Send {
        self()
    }
}

impl<S: TokenSource> TokenSource for Arc<S> {
    fn sign_in(&self) -> impl Future<Output = Result<Token, SignInError>> + Send {
        (**self).sign_in()
    }

    fn sign_in_for(&self, request: &SignInRequest) -> impl Future<Output = Result<Token, SignInError>> + Send {
        (**self).sign_in_for(request)
    }

    fn forget(&self) {
        (**self).forget();
    }
}

/// [`TokenSource`] as a trait object can have it.
pub(crate) trait ErasedSource: Send + Sync {
    fn sign_in_boxed<'a>(&'a self, request: &'a SignInRequest) -> BoxFuture<'a, Result<Token, SignInError>>;
    fn forget_erased(&self);
}

impl<S: TokenSource> ErasedSource for S {
    fn sign_in_boxed<'a>(&'a self, request: &'a SignInRequest) -> BoxFuture<'a, Result<Token, SignInError>> {
        Box::pin(self.sign_in_for(request))
    }

    fn forget_erased(&self) {
        self.forget();
    }
}

/// A source that is built when it is first needed, and anew after [`forget`](TokenSource::forget): so its clients and
/// their connections are dropped too.
///
/// ```no_run
/// # #[cfg(all(feature = "cognito", feature = "ssm"))]
/// # fn example(sdk_config: fn() -> aws_sdk_ssm::Config, cognito_config: fn() -> aws_sdk_cognitoidentityprovider::Config) {
/// use auth_cache::{CognitoTokenSource, LazySource, SsmCredentials, TokenUse};
///
/// let source = LazySource::new(move || {
///     let ssm = aws_sdk_ssm::Client::from_conf(sdk_config());
///     let cognito = aws_sdk_cognitoidentityprovider::Client::from_conf(cognito_config());
///     CognitoTokenSource::new(cognito, SsmCredentials::new(ssm, "/orders/service-user"), TokenUse::Access)
/// });
/// # }
/// ```
#[derive(Debug)]
pub struct LazySource<S, F> {
    build: F,
    built: Mutex<Option<Arc<S>>>,
}

impl<S: TokenSource, F: Fn() -> S + Send + Sync + 'static> LazySource<S, F> {
    /// The source that `build` returns.
    pub const fn new(build: F) -> Self {
        Self { build, built: Mutex::new(None) }
    }

    fn source(&self) -> Arc<S> {
        Arc::clone(self.built().get_or_insert_with(|| Arc::new((self.build)())))
    }

    fn built(&self) -> MutexGuard<'_, Option<Arc<S>>> {
        self.built.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: TokenSource, F: Fn() -> S + Send + Sync + 'static> TokenSource for LazySource<S, F> {
    async fn sign_in(&self) -> Result<Token, SignInError> {
        self.source().sign_in().await
    }

    async fn sign_in_for(&self, request: &SignInRequest) -> Result<Token, SignInError> {
        self.source().sign_in_for(request).await
    }

    fn forget(&self) {
        let dropped = self.built().take();
        drop(dropped);
    }
}
