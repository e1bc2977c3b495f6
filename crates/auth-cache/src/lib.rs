#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]
//! # Why
//!
//! Signing in to Amazon Cognito at each invocation costs 100-300 ms and one unit of a tight quota. Lambda keeps the
//! process between invocations, so a token can be kept in a module-level static and reused until shortly before it
//! expires. That is easy to get nearly right. What goes wrong is what happens around it: a hundred callers that find
//! the cache empty, a provider that throttles, a process that is frozen in the middle of a sign-in, a token that the
//! API refuses before its time. The [corner cases](corner_cases) are listed, each with the tests that show it, and so is
//! [what callers see](answers) of every answer that a service can give.
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
//! [`Identity::send`] sends a request with the token, and once more with another one if the API refuses it; a layer for
//! tower does the same (feature `tower`). [`Identities`] are several, such as one per tenant.
//!
//! | source | feature | |
//! | --- | --- | --- |
//! | `CognitoTokenSource` | `cognito`, on by default | a user with a password; renews with the refresh token |
//! | `ClientCredentialsTokenSource` | `client-credentials` | a machine-to-machine client, at an OAuth 2.0 token endpoint |
//! | [`Published`], from an `SsmTokenStore`, a `SecretsManagerTokenStore` or your own [`TokenStore`] | `ssm`, `secrets-manager` | what a [`Publisher`] has signed in for, so that a fleet signs in once; with another source as the fallback |
//! | a closure, or your own [`TokenSource`] | | anything else |
//!
//! Credentials come from `SsmCredentials` (feature `ssm`, on by default), `SecretsManagerCredentials` (feature
//! `secrets-manager`), or are given as [`Credentials`]. Without any feature, the crate knows nothing of AWS.
#![cfg_attr(feature = "document-features", doc = "\n# Features\n")]
#![cfg_attr(feature = "document-features", doc = document_features::document_features!())]
//!
//! # Windows and timing
//!
//! All is judged by the wall clock, because the monotonic one may stop while Lambda freezes the process.
//!
//! | where in its life the token is | what [`Identity::token`] does |
//! | --- | --- |
//! | the first 60 to 75 %, as drawn for each token | returns it, without an allocation |
//! | after that | one caller renews it, and waits 3 s at most; the others are served |
//! | the last minute, or the last quarter if that is shorter | all wait for the renewal, 3 s at most, and are served the old one if it fails |
//! | over, or there is none | all wait for one sign-in and share its result, be it a token or an error |
//! | refused by the API, and reported by [`Identity::invalidate`] | as if there were none |
//!
//! A caller says how long it can wait. Dropping a caller cancels nothing: the sign-in belongs to the identity and is driven
//! by whoever waits for it. There is no background task, which Lambda would freeze, and nothing is tied to a tokio runtime.
//! A clock that is set back is noticed against the latest time at which the token was asked for.
//!
//! # Errors
//!
//! The variant of the [`SignInError`] decides how long no new sign-in is attempted. If the failure may pass
//! ([`SignInError::is_transient`]) and the next attempt comes within a caller's limit, the caller waits for it: all callers
//! of a process share that attempt. Every other caller without a valid token gets the last error at once, and
//! [`TokenError::retry_after`] says when the next attempt will be made.
//!
//! | failure | pause | |
//! | --- | --- | --- |
//! | unavailable, or the source panicked | 200 ms, doubling up to 40 s | may pass |
//! | throttled, by the provider or by a store | up to 4 s, doubling up to 40 s | may pass |
//! | locked out, by somebody else's wrong passwords | 1 s, doubling up to 40 s | may pass |
//! | no usable token is published, and there is no fallback | 1 s, doubling up to 40 s | lasts |
//! | wrong credentials, and locked out after them | 2 min, doubling up to 15 min | lasts |
//! | expired on arrival, or the refused token again | 1 s, doubling up to 1 min | lasts |
//! | everything else, until somebody changes something | 1 min | lasts |
//!
//! An outage that changes its kind is one series of growing pauses, which only a success ends. Every pause is shortened by
//! up to a half at random, so that processes that failed together do not return together; the first ones after throttling by
//! up to all of it, which spreads them best. A provider that says for how long it throttles, or locks a user out, is left
//! alone for that long, up to 15 min, and for a pause of the table on top. No pause is longer than the life of a token that
//! is still valid.
//!
//! The first callers that have to wait set the pace: attempts are made within the time that they have. With Cognito's quota
//! of ten sign-ins a second for one user, 200 processes that start at once need the 20 s that the quota takes. In a long
//! outage, 200 processes together ask seven times a second. The first of them are back within 5 s of its end, half of them
//! after 20 s, and nearly all after 40 s: as they do not know of each other, all of them back within 5 s would mean forty
//! attempts a second throughout.
//!
//! # Observing it
//!
//! An [`Observer`] is told of hits, misses, waits and refreshes: [`TracingObserver`] writes them to `tracing`, and
//! `EmfObserver` (feature `emf`) makes CloudWatch metrics of them. `Identity::new(source).with_observer(TracingObserver)` is
//! all it takes. A renewal that fails while the old token is served is logged as a warning in any case, once per attempt.
//!
//! # SnapStart
//!
//! With the feature `snapstart`, an [`Identity`] is a `SnapStartResource` of `lambda_runtime`: it drops the token before
//! the snapshot and signs in anew after the restore; [`Identities`] are one too, and sign in when they are used. They are
//! registered with `Runtime::register_snapstart_resource`. With a [`LazySource`], the connections of the source go too.
//! Jitter comes straight from the operating system, so processes that are restored from one snapshot do not share it.
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
