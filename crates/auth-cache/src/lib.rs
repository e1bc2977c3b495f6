//! One JWT per identity per process, for AWS Lambda.
//!
//! Signing in to Amazon Cognito at each invocation costs 100-300 ms and one unit of a tight quota. Lambda keeps the
//! process between invocations, so a token can be kept in a module-level static and reused until shortly before it
//! expires. [`TokenCache`] is that static:
//!
//! - `const`-constructed and empty in a new process: [`TokenCache::get`] signs in through a [`TokenSource`] whenever
//!   it holds no usable token, because Lambda may drop the process at any time;
//! - expiry is the token's own `exp` claim, judged by the wall clock: the monotonic clock may stop while Lambda
//!   freezes the process;
//! - concurrent callers share one sign-in and its result, be it a token or an error;
//! - a refresh starts before expiry, by one caller, while the others are served the token that is still valid;
//! - [`TokenCache::invalidate`] drops a token that the API refused, and only that one;
//! - no background task, no timer and nothing that is tied to one tokio runtime.
//!
//! ```
//! use auth_cache::{SignInError, Token, TokenCache, TokenSource};
//! use std::sync::Arc;
//!
//! static TOKENS: TokenCache = TokenCache::new();
//!
//! struct MySource;
//!
//! impl TokenSource for MySource {
//!     async fn sign_in(&self) -> Result<Token, SignInError> {
//! #       let jwt = "eyJhbGciOiJub25lIn0.eyJpYXQiOjE3MDAwMDAwMDAsImV4cCI6NDEwMjQ0NDgwMH0.c2ln".to_owned();
//!         // ... ask the identity provider for `jwt` ...
//!         Ok(Token::issued(jwt)?)
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), auth_cache::TokenError> {
//! # let source = Arc::new(MySource);
//! let token = TOKENS.get(&source).await?; // signs in
//! let token = TOKENS.get(&source).await?; // reuses the token
//! let header: &http::HeaderValue = token.authorization();
//! # Ok(())
//! # }
//! ```
//!
//! With the `cognito` and `ssm` features (both on by default), [`CognitoTokenSource`] signs in to a Cognito user pool
//! with credentials that [`SsmCredentials`] reads from SSM Parameter Store.

mod cache;
#[cfg(feature = "client-credentials")]
mod client_credentials;
mod clock;
#[cfg(feature = "cognito")]
mod cognito;
mod credentials;
mod error;
mod identity;
mod jitter;
mod keyed;
#[cfg(all(test, auth_cache_loom))]
mod model;
mod observer;
#[cfg(feature = "cognito")]
mod renewal;
#[cfg(feature = "secrets-manager")]
mod secrets_manager;
mod slot;
#[cfg(feature = "snapstart")]
mod snapstart;
mod source;
#[cfg(feature = "ssm")]
mod ssm;
mod state;
mod sync;
mod token;
mod windows;

pub use cache::TokenCache;
#[cfg(feature = "client-credentials")]
pub use client_credentials::ClientCredentialsTokenSource;
pub use clock::{Clock, ManualClock};
#[cfg(feature = "cognito")]
pub use cognito::{CognitoTokenSource, TokenUse};
pub use credentials::{ClientCredentials, Credentials, CredentialsError, CredentialsSource};
pub use error::{BoxError, ErrorChain, SignInError, TokenError};
pub use identity::{CacheHandle, Identity};
pub use keyed::TokenCaches;
pub use observer::{Observer, Refresh, RefreshOutcome, RefreshReason, TracingObserver};
#[cfg(feature = "cognito")]
pub use renewal::Renewal;
#[cfg(feature = "secrets-manager")]
pub use secrets_manager::SecretsManagerCredentials;
pub use source::{LazySource, TokenSource};
#[cfg(feature = "ssm")]
pub use ssm::{SsmCredentials, SsmValue};
pub use token::{Token, TokenFormatError};
