use std::future::Future;

use crate::{SignInError, Token};

/// Where tokens come from: one asynchronous method that signs in.
///
/// A [`TokenCache`](crate::TokenCache) calls it when it holds no usable token, never twice at the same time.
pub trait TokenSource: Send + Sync + 'static {
    /// Signs in and returns a token that is valid now.
    ///
    /// # Errors
    /// The variant of the [`SignInError`] decides how long the cache waits before it asks again.
    fn sign_in(&self) -> impl Future<Output = Result<Token, SignInError>> + Send;
}
