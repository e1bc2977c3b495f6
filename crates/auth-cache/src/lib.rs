//! One token per identity per process, for AWS Lambda.
//!
//! # Why
//!
//! Signing in to Amazon Cognito at each invocation costs 100-300 ms and one unit of a tight quota. Lambda keeps the
//! process between invocations, so a token can be kept in a module-level static and reused until shortly before it
//! expires. That is easy to get nearly right. What goes wrong is what happens around it: a hundred callers that find
//! the cache empty, a provider that throttles, a process that is frozen in the middle of a sign-in, a token that the
//! API refuses before its time. The [corner cases](corner_cases) are listed, each with the tests that show it.
//!
//! # How
//!
//! [`TokenCache`] is the static, and a [`TokenSource`] fills it:
//!
//! ```
//! use auth_cache::{SignInError, Token, TokenCache};
//! use std::sync::Arc;
//!
//! static TOKENS: TokenCache = TokenCache::new();
//!
//! # async fn ask_the_identity_provider() -> Result<String, std::io::Error> {
//! #     Ok("eyJhbGciOiJub25lIn0.eyJpYXQiOjE3MDAwMDAwMDAsImV4cCI6NDEwMjQ0NDgwMH0.c2ln".to_owned())
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), auth_cache::TokenError> {
//! let source = Arc::new(|| async {
//!     let jwt = ask_the_identity_provider().await.map_err(SignInError::unavailable)?;
//!     Ok(Token::issued(jwt)?)
//! });
//! let token = TOKENS.get(&source).await?; // signs in
//! let token = TOKENS.get(&source).await?; // reuses the token
//! let header: &http::HeaderValue = token.authorization(); // the raw JWT, marked sensitive
//! # Ok(())
//! # }
//! ```
//!
//! An [`Identity`] is both in one, for clients that need not know where tokens come from, and [`Identities`] are
//! several, such as one per tenant.
//!
//! | source | feature | |
//! | --- | --- | --- |
//! | `CognitoTokenSource` | `cognito`, on by default | a user with a password; renews with the refresh token |
//! | `ClientCredentialsTokenSource` | `client-credentials` | a client that acts for itself, at an OAuth 2.0 token endpoint |
//! | a closure, or your own [`TokenSource`] | | anything else |
//!
//! Credentials come from `SsmCredentials` (feature `ssm`, on by default), `SecretsManagerCredentials` (feature
//! `secrets-manager`), or are given as [`Credentials`]. Without any feature, the crate knows nothing of AWS.
//!
//! # Windows and timing
//!
//! All is judged by the wall clock, because the monotonic one may stop while Lambda freezes the process.
//!
//! | where in its life the token is | what [`TokenCache::get`] does |
//! | --- | --- |
//! | the first 60 to 75 %, as drawn for each token | returns it: no lock, no allocation |
//! | after that | one caller renews it, and waits 3 s at most; the others are served |
//! | the last minute, or the last quarter if that is shorter | all wait for the renewal, 3 s at most, and are served the old one if it fails |
//! | over, or there is none | all wait for one sign-in and share its result, be it a token or an error |
//! | refused by the API, and reported by [`TokenCache::invalidate`] | as if there were none |
//!
//! A caller with a deadline of its own calls [`TokenCache::get_within`]. Dropping a caller cancels nothing: the sign-in
//! belongs to the cache and is driven by whoever waits for it. There is no background task, which Lambda would freeze,
//! and nothing is tied to a tokio runtime.
//!
//! # Errors
//!
//! The variant of the [`SignInError`] decides how long the source is left alone. Until then, callers without a valid
//! token get the last error at once, and [`TokenError::retry_after`] says when the next attempt will be made.
//!
//! | failure | pause |
//! | --- | --- |
//! | unavailable | 200 ms, twice as long each time, up to 30 s |
//! | throttled | 1 s, doubling up to 30 s |
//! | wrong credentials, locked out | 2 min, doubling up to 15 min |
//! | expired on arrival, or the refused token again | 1 s, doubling up to 1 min |
//! | everything else, which lasts until somebody changes something | 1 min |
//!
//! The pauses that double are shortened by up to a half at random. A provider that says for how long it throttles, or
//! locks a user out, is left alone for that long, up to 15 min. None is longer than the life of a token that is still
//! valid.
//!
//! # Observing it
//!
//! An [`Observer`] is told of hits, misses, waits and refreshes: [`TracingObserver`] writes them to `tracing`, and
//! `EmfObserver` (feature `emf`) makes CloudWatch metrics of them. `static TOKENS: TokenCache =
//! TokenCache::observed_by(&TracingObserver);` is all it takes. A renewal that fails while the old token is served is
//! logged as a warning in any case, once per attempt.
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
//! Give the cache a [`ManualClock`] and a closure:
//!
//! ```
//! use auth_cache::{ManualClock, Token, TokenCache};
//! use std::{sync::Arc, time::{Duration, SystemTime}};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), auth_cache::TokenError> {
//! let hour = Duration::from_secs(3600);
//! let clock = ManualClock::at(SystemTime::UNIX_EPOCH + 1000 * hour);
//! let cache = TokenCache::new().with_clock(clock.clone());
//! let source = Arc::new({
//!     let clock = clock.clone();
//!     move || {
//!         let text = format!("token of {:?}", clock.now());
//!         async move { Ok(Token::opaque(text, hour)?) }
//!     }
//! });
//!
//! let first = cache.get(&source).await?;
//! clock.advance(hour / 2);
//! assert_eq!(cache.get(&source).await?, first);
//! clock.advance(hour / 2);
//! assert_ne!(cache.get(&source).await?, first);
//! # Ok(())
//! # }
//! ```

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
}
mod error;
mod identities;
mod identity;
mod observer {
    #[cfg(feature = "emf")]
    pub(crate) mod emf;
    pub(crate) mod events;
    pub(crate) mod tracing;
}
#[cfg(feature = "snapstart")]
mod snapstart;
mod source;
mod sync;
mod token;

pub use cache::TokenCache;
#[cfg(feature = "client-credentials")]
pub use client_credentials::ClientCredentialsTokenSource;
pub use clock::{Clock, ManualClock};
#[cfg(feature = "cognito")]
pub use cognito::{CognitoTokenSource, Renewal, TokenUse};
#[cfg(feature = "secrets-manager")]
pub use credentials::secrets_manager::SecretsManagerCredentials;
pub use credentials::source::{ClientCredentials, Credentials, CredentialsSource};
#[cfg(feature = "ssm")]
pub use credentials::ssm::{SsmCredentials, SsmValue};
pub use error::{BoxError, CredentialsError, ErrorChain, SignInError, TokenError};
pub use identities::Identities;
pub use identity::{CacheHandle, Identity};
/// The crate that writes the metrics, in the version whose types are taken here.
#[cfg(feature = "emf")]
pub use metrics_cloudwatch_embedded;
#[cfg(feature = "emf")]
pub use observer::emf::EmfObserver;
pub use observer::events::{Observer, Refresh, RefreshOutcome, RefreshReason};
pub use observer::tracing::TracingObserver;
/// The crate that sends the requests, in the version whose types are taken here.
#[cfg(feature = "client-credentials")]
pub use reqwest;
pub use source::{LazySource, TokenSource};
pub use token::{Token, TokenFormatError};

/// What can go wrong, what happens then, and the tests that show it.
///
#[doc = include_str!("../CORNER-CASES.md")]
pub mod corner_cases {}
