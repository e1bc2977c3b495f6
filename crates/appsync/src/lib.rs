#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]
//! # Identities
//!
//! A client has an [`Auth`], and each operation can have another, by [`Execution::authorized_by`].
//!
//! | | sent as | when AppSync refuses it (401) |
//! | --- | --- | --- |
//! | [`auth_cache::Identity`]: a service that signs in | `Authorization`, the raw JWT | the token is dropped, and the operation replayed once with another one, mutations too |
//! | [`Auth::token`]: a caller's JWT, of Cognito or OIDC, or for a Lambda authorizer | `Authorization`, raw | the caller is told |
//! | [`Auth::api_key`] | `x-api-key` | the caller is told |
//! | `Iam` (feature `iam`) | a Signature Version 4 | the caller is told |
//!
//! ```no_run
//! # use appsync::{AppSyncClient, Auth, Operation};
//! # async fn example<GetOrder: Operation>(client: AppSyncClient, variables: GetOrder::Variables, header: &str)
//! # -> Result<(), Box<dyn std::error::Error>> {
//! let caller = Auth::token(header)?; // the `Authorization` header of the request that is being answered
//! let data = client.execute::<GetOrder>(variables).authorized_by(caller).await?;
//! # Ok(())
//! # }
//! ```
//!
#![cfg_attr(feature = "document-features", doc = "\n# Features\n")]
#![cfg_attr(feature = "document-features", doc = document_features::document_features!())]
//!
//! # Headers
//!
//! [`AppSyncClient::with_header`] adds a header to all requests of a client, [`Execution::with_header`] to those of one operation:
//! `x-appsync-domain` for a private API, a tenant or a `traceparent` for the resolvers' `ctx.request.headers`.
//!
//! # Errors
//!
//! [`AppSyncError::kind`] says what an error means, without looking at messages. Beside it stand AppSync's own
//! `errorType`, `errorInfo` and `path`, the HTTP status, the request's id, how long to wait, and whether AppSync
//! [may have executed](AppSyncError::may_have_executed) the operation.
//!
//! | [`ErrorKind`] | when | sent again |
//! | --- | --- | --- |
//! | `SignIn` | there is no token; nothing was sent | no: the token cache has a cool-down of its own |
//! | `TokenRefused` | 401 `UnauthorizedException`; a refused signature | once, with a new token of a service |
//! | `Denied` | 200 with `Unauthorized`; 403 of a firewall | no |
//! | `NotFound` | never by itself; see [`AppSyncError::not_found`] | no |
//! | `ConditionFailed` | `DynamoDB:ConditionalCheckFailedException`, Amplify's `ConflictUnhandled` | no |
//! | `Throttled` | 429; throttling of a data source | yes |
//! | `Unavailable` | no connection, no complete answer, 5xx, a data source that fails by itself | yes |
//! | `TimedOut` | the deadline; `ExecutionTimeout` | an attempt that a policy cuts short |
//! | `Invalid` | the document does not fit the schema, or exceeds the API's limits (`QueryDepthLimitReached`, `ResolverExecutionLimitReached`); 400; a subscription; a malformed channel | no |
//! | `TooLarge` | a request above 1 MiB, an answer above the limit; 413; a list above its limit of pages; more than five events, or one above 240 KB | no |
//! | `Resolver` | any other error of a field | no |
//! | `Malformed` | no GraphQL answer, or data that does not fit the types | no |
//!
//! Whether a null node is an error is for the caller to say:
//! `data.get_order.ok_or_else(|| AppSyncError::not_found("this order"))?`.
//!
//! # Retries
//!
//! | | query, or marked [`idempotent`](Execution::idempotent) | mutation, events |
//! | --- | --- | --- |
//! | no connection, or it ended before it took the request's body | yes | yes |
//! | 401 of a service's token | once | once |
//! | 429, 408 | yes | yes: taken as a refusal before anything is executed |
//! | the connection was lost later, or the answer is not complete | yes | no |
//! | 5xx, throttling of a data source in a 200 answer | yes | no |
//! | anything else | no | no |
//!
//! [`RetryPolicy::standard`] makes three attempts at the most, with full jitter, never before a `Retry-After` (seconds or
//! a date) is over, and out of a [budget](https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html)
//! that all clones of a client share. A connection that the server closed while Lambda froze the process is not used
//! again, or, when the client cannot know yet, falls under this table.
//!
//! # Deadline
//!
//! Sign-in, connection, attempts, pauses and answer share one [`Deadline`]: 30 s, or the end of a Lambda invocation less
//! half a second ([`Deadline::of_invocation`]). No attempt starts after it, and no pause that would outlast it.
//!
//! # Partial data
//!
//! An execution gives data or an error. With [`partial`](Execution::partial) it gives both, as GraphQL does: some fields,
//! and the errors of the others. An answer in which all fields of the operation failed has no data.
//!
//! ```no_run
//! # use appsync::{AppSyncClient, AppSyncError, Operation};
//! # async fn example<GetOrder: Operation>(client: AppSyncClient, variables: GetOrder::Variables)
//! # -> Result<(), AppSyncError> {
//! let answer = client.execute::<GetOrder>(variables).partial().await?;
//! let (data, errors) = answer.require_data()?; // an error if there is no data at all
//! for error in errors {
//!     tracing::warn!(error.r#type = error.error_type, "a field is missing");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Lists
//!
//! [`AppSyncClient::paginate`] reads a list page by page, as a stream, within one deadline, and notices lists that never
//! end.
//!
//! # AppSync Events
//!
//! [`EventsClient`] publishes to the channels of an Event API, with the same identities, headers, errors and deadlines
//! ([`EventsClient::like`] makes one of an [`AppSyncClient`]):
//!
//! ```no_run
//! # use appsync::EventsClient;
//! # async fn example<Shipped: serde::Serialize>(events: EventsClient, shipped: [Shipped; 2])
//! # -> Result<(), Box<dyn std::error::Error>> {
//! let published = events.publish("/default/orders", &shipped).await?;
//! published.require_all()?; // AppSync may take some events and refuse others: `failed` has their indexes
//! # Ok(())
//! # }
//! ```
//!
//! Events are retried as a mutation is: subscribers get nothing twice, unless the call is marked
//! [`idempotent`](Publish::idempotent).
//!
//! # Observing it
//!
//! Each operation is a `tracing` span with OpenTelemetry's fields for GraphQL and HTTP (`graphql.operation.name`,
//! `http.response.status_code`, `http.request.resend_count`, `aws.request_id`, `error.type`, ...), and each further attempt a warning in it.
//! A call that publishes has the fields for messaging in place of GraphQL's, and of the channel the namespace alone. Variables, data,
//! events and tokens are in none of them.
//!
//! # Testing your own code
//!
//! Use the real client against a server of your own: only the URL differs, and any API key does. A [`ManualClock`]
//! decides what is late. Retries without pauses make failures fast. Build the HTTP client with `no_proxy()`: reqwest
//! would send requests for this machine to the proxy of `HTTP_PROXY`, too.
//!
//! ```
//! use appsync::{AppSyncClient, Auth, RetryPolicy};
//! use std::time::{Duration, SystemTime};
//!
//! # fn example(http: reqwest::Client, stand_in: url::Url) -> Result<AppSyncClient, appsync::AuthError> {
//! let clock = auth_cache::ManualClock::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
//! let client = AppSyncClient::new(http, stand_in, Auth::api_key("test")?)
//!     .with_clock(clock.clone())
//!     .with_retry(RetryPolicy::standard().with_backoff(Duration::ZERO, Duration::ZERO));
//! # Ok(client)
//! # }
//! ```
//!
//! [`ManualClock`]: auth_cache::ManualClock

mod answer;
mod attempts;
mod auth;
mod client;
mod coercion;
mod envelope;
mod error;
mod events;
mod exchange;
mod execution;
mod finite;
mod generated;
#[cfg(feature = "iam")]
mod iam;
mod kind;
mod object;
mod operation;
mod pages;
mod partial;
mod patch;
mod request;
mod retry;
pub mod scalars;
mod span;

pub use auth::{Auth, AuthError};
pub use auth_cache::Deadline;
pub use client::AppSyncClient;
pub use envelope::GraphqlError;
pub use error::AppSyncError;
pub use events::{EventsClient, FailedEvent, NotPublished, Publish, Published, SuccessfulEvent};
pub use execution::{Execution, PartialExecution};
#[cfg(feature = "iam")]
pub use iam::Iam;
pub use kind::ErrorKind;
pub use operation::{Operation, OperationKind, OperationVisitor};
pub use pages::Pages;
pub use partial::Partial;
pub use patch::Patch;
pub use retry::RetryPolicy;

/// The crates whose types are in this one's API, in the versions that fit.
pub use {http, jiff, reqwest, url};

/// What generated code refers to, so that a crate with generated code depends on `appsync` alone.
#[doc(hidden)]
pub mod codegen_support {
    pub use crate::coercion::{AsItIs, Checked, Coerced, CoercedId, CoercedInt, CoercedList, Given, coerced};
    pub use crate::finite::finite;
    pub use crate::object::Object;
    pub use crate::{__enumeration as enumeration, __one_of as one_of, __operation as operation};
    pub use graphql_client;
    pub use serde;
    pub use serde_json;
}
