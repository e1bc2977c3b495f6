#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]
//! # Why
//!
//! A sign-in to Amazon Cognito at each invocation takes 100-300 ms and counts against a low quota (about ten sign-ins per
//! second for one user). Lambda keeps the process between invocations, so a token can be kept in a module-level static and
//! reused until shortly before it expires. The hard cases are a hundred callers that find the cache empty, a provider that
//! throttles, a process that is frozen during a sign-in, and a token that the API rejects before it expires. The
//! [corner cases](corner_cases) are listed with their tests, and so is [what callers see](answers) for each response of a
//! service.
//!
//! # How
//!
//! An [`Identity`] is the static, and a [`TokenSource`] fills it:
//!
//! ```
//! use auth_cache::{Identity, SignInError, Token};
//! use std::{sync::LazyLock, time::Duration};
//!
//! # async fn ask_the_identity_provider() -> Result<String, std::io::Error> {
//! #     Ok("eyJhbGciOiJub25lIn0.eyJpYXQiOjE3MDAwMDAwMDAsImV4cCI6NDEwMjQ0NDgwMH0.c2ln".to_owned())
//! # }
//! static SERVICE: LazyLock<Identity> = LazyLock::new(|| {
//!     Identity::new(|| async {
//!         let jwt = ask_the_identity_provider().await.map_err(SignInError::unavailable)?;
//!         Ok(Token::issued(jwt)?)
//!     })
//! });
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), auth_cache::TokenError> {
//! let limit = Duration::from_secs(2); // or `token_until(Deadline::of_invocation(context.deadline()))`
//! let token = SERVICE.token(limit).await?; // signs in
//! let token = SERVICE.token(limit).await?; // reuses the token
//! let for_appsync: &http::HeaderValue = token.header(); // the raw JWT, marked sensitive
//! let for_others: &http::HeaderValue = token.bearer(); // with `Bearer` in front
//! # Ok(())
//! # }
//! ```
//!
//! [`Identity::send`] sends a request with the token, and once more with a new token if the API rejects the first. A layer
//! for tower does the same (feature `tower`). [`Identities`] holds several, such as one per tenant.
//!
//! | source | feature | |
//! | --- | --- | --- |
//! | `CognitoTokenSource` | `cognito`, on by default | a user with a password; renews with the refresh token |
//! | `ClientCredentialsTokenSource` | `client-credentials` | a machine-to-machine client, at an OAuth 2.0 token endpoint |
//! | [`Published`], from an `SsmTokenStore`, a `SecretsManagerTokenStore` or your own [`TokenStore`] | `ssm`, `secrets-manager` | the token of a [`Publisher`], so that a fleet signs in once; with another source as the fallback |
//! | a closure, or your own [`TokenSource`] | | anything else |
//!
//! Credentials come from `SsmCredentials` (feature `ssm`, on by default), `SecretsManagerCredentials` (feature
//! `secrets-manager`) or a [`Credentials`] value. Without features, the crate does not depend on AWS.
#![cfg_attr(feature = "document-features", doc = "\n# Features\n")]
#![cfg_attr(feature = "document-features", doc = document_features::document_features!())]
//!
//! # Windows and timing
//!
//! The wall clock decides, because a monotonic clock may stop while Lambda freezes the process.
//!
//! | the token's age | what [`Identity::token`] does |
//! | --- | --- |
//! | the first 60 to 75 %, random for each token | returns it, without an allocation |
//! | after that | one caller renews it and waits for at most 3 s; the others get the old token |
//! | the last minute, or the last quarter if that is shorter | all wait for the renewal, at most 3 s, and get the old token if it fails |
//! | expired or missing | all wait for one sign-in and share its result, a token or an error |
//! | rejected by the API and reported by [`Identity::invalidate`] | the same as missing |
//!
//! Each caller says how long it can wait. Dropping a caller cancels nothing: the sign-in belongs to the identity, and the
//! callers that wait drive it. There is no background task, which Lambda would freeze, and no dependency on a tokio runtime.
//! The identity notices a clock that is set back to before the latest request for the token.
//!
//! # Errors
//!
//! The variant of the [`SignInError`] decides how long no new sign-in is attempted. If the failure is transient
//! ([`SignInError::is_transient`]) and the next attempt is due within a caller's limit, the caller waits for it: all callers
//! of a process share that attempt. Every other caller without a valid token gets the last error at once, and
//! [`TokenError::retry_after`] says when the next attempt is due.
//!
//! | failure | pause | |
//! | --- | --- | --- |
//! | unavailable, or the source panicked | 200 ms, doubling up to 40 s | transient |
//! | throttled, by the provider or by a store | up to 4 s, doubling up to 40 s | transient |
//! | locked out by another process's wrong passwords | 1 s, doubling up to 40 s | transient |
//! | no usable token is published, and there is no fallback | 1 s, doubling up to 40 s | not transient |
//! | wrong credentials, and locked out after them | 2 min, doubling up to 15 min | not transient |
//! | expired on arrival, or the rejected token again | 1 s, doubling up to 1 min | not transient |
//! | everything else, such as a wrong setting | 1 min | not transient |
//!
//! Pauses grow until a success, even if the kind of failure changes. Each pause is shortened at random by up to half, so that
//! processes that failed together do not return together. The first ones after throttling are shortened by up to all of it,
//! which spreads them best. If the provider says for how long it throttles or locks a user out, no attempt is made for that
//! long, up to 15 min, and for a pause of the table in addition. No pause is longer than the life of a token that is still
//! valid.
//!
//! The first waiting callers set the pace: attempts are made within their time limits. With Cognito's quota of ten sign-ins
//! per second for one user, 200 processes that start at once need 20 s. In a long outage, 200 processes together make seven
//! attempts per second. After its end the first recover within 5 s, half of them after 20 s, and nearly all after 40 s. For
//! all to recover within 5 s, forty attempts per second would be needed, because the processes do not know of each other.
//!
//! # Observing it
//!
//! An [`Observer`] is notified of hits, misses, waits and refreshes: [`TracingObserver`] writes them to `tracing`, and
//! `EmfObserver` (feature `emf`) writes CloudWatch metrics. Add one with
//! `Identity::new(source).with_observer(TracingObserver)`. A renewal that fails while the old token is valid is always
//! logged as a warning, once per attempt.
//!
//! # SnapStart
//!
//! With the feature `snapstart`, an [`Identity`] is a `SnapStartResource` of `lambda_runtime`: it drops the token before
//! the snapshot and signs in again after the restore. [`Identities`] is one too, and signs in at the next use. Register them
//! with `Runtime::register_snapstart_resource`. With a [`LazySource`], the connections of the source are dropped too. Jitter
//! comes from the operating system, so processes that are restored from one snapshot do not share it.
//!
//! # Testing your own code
//!
//! Give the identity a [`ManualClock`] and a closure:
//!
//! ```
//! use auth_cache::{Identity, ManualClock, Token};
//! use std::time::{Duration, SystemTime};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), auth_cache::TokenError> {
//! let hour = Duration::from_secs(3600);
//! let clock = ManualClock::at(SystemTime::UNIX_EPOCH + 1000 * hour);
//! let source = {
//!     let clock = clock.clone();
//!     move || {
//!         let text = format!("token of {:?}", clock.now());
//!         async move { Ok(Token::opaque(text, hour)?) }
//!     }
//! };
//! let identity = Identity::new(source).with_clock(clock.clone());
//!
//! let first = identity.token(hour).await?;
//! clock.advance(hour / 2);
//! assert_eq!(identity.token(hour).await?, first);
//! clock.advance(hour / 2);
//! assert_ne!(identity.token(hour).await?, first);
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "tower")]
mod authorize;
mod cache;
#[cfg(feature = "client-credentials")]
mod client_credentials;
mod clock;
#[cfg(feature = "cognito")]
mod cognito;
mod credentials {
    #[cfg(feature = "secrets-manager")]
    pub(crate) mod secrets_manager;
    pub(crate) mod source;
    #[cfg(feature = "ssm")]
    pub(crate) mod ssm;
    #[cfg(any(feature = "secrets-manager", feature = "ssm"))]
    mod store_error;
}
mod deadline;
mod error;
mod identities;
mod identity;
mod observer {
    #[cfg(feature = "emf")]
    pub(crate) mod emf;
    pub(crate) mod events;
    pub(crate) mod tracing;
}
mod published;
#[cfg(any(feature = "cognito", feature = "secrets-manager", feature = "ssm"))]
mod sdk_retry;
#[cfg(feature = "snapstart")]
mod snapstart;
mod source;
mod token;

#[cfg(feature = "tower")]
pub use authorize::{Authorize, AuthorizeLayer};
#[cfg(feature = "client-credentials")]
pub use client_credentials::ClientCredentialsTokenSource;
pub use clock::{Clock, ManualClock};
#[cfg(feature = "cognito")]
pub use cognito::{CognitoTokenSource, Renewal};
#[cfg(feature = "secrets-manager")]
pub use credentials::secrets_manager::{SecretsManagerCredentials, SecretsManagerTokenStore};
pub use credentials::source::{ClientCredentials, Credentials, CredentialsSource};
#[cfg(feature = "ssm")]
pub use credentials::ssm::{SsmCredentials, SsmTokenStore, SsmValue};
pub use deadline::Deadline;
pub use error::{BoxError, CredentialsError, ErrorChain, SignInError, TokenError};
pub use identities::Identities;
pub use identity::Identity;
/// The crate that writes the metrics, in the version whose types are taken here.
#[cfg(feature = "emf")]
pub use metrics_cloudwatch_embedded;
#[cfg(feature = "emf")]
pub use observer::emf::EmfObserver;
pub use observer::events::{Observer, Refresh, RefreshOutcome, RefreshReason};
pub use observer::tracing::TracingObserver;
pub use published::{PublishError, Published, Publisher, Stored, TokenStore};
/// The crate that sends the requests, in the version whose types are taken here.
#[cfg(feature = "client-credentials")]
pub use reqwest;
pub use source::{LazySource, SignInRequest, TokenSource};
pub use token::{Token, TokenFormatError, TokenUse};

/// What can go wrong, what happens then, and the tests that show it.
///
#[doc = include_str!("../CORNER-CASES.md")]
pub mod corner_cases {}

/// What callers see of every answer that a service can give, and how often it is called meanwhile.
///
#[doc = include_str!("../ANSWERS.md")]
pub mod answers {}
