#![cfg_attr(docsrs, feature(doc_cfg))]
#![doc = include_str!("../README.md")]
//! # Identities
//!
//! A client has an [`Auth`]. [`Execution::authorized_by`] sets another for one operation.
//!
//! | | sent as | when AppSync rejects it (401) |
//! | --- | --- | --- |
//! | [`auth_cache::Identity`]: a service that signs in | `Authorization`, the raw JWT | the token is dropped, and the operation, even a mutation, is replayed once with a new one |
//! | [`Auth::token`]: a caller's JWT, of Cognito or OIDC, or for a Lambda authorizer | `Authorization`, raw | an error |
//! | [`Auth::api_key`] | `x-api-key` | an error |
//! | `Iam` (feature `iam`) | a Signature Version 4 | an error |
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
//! [`AppSyncClient::with_header`] adds a header to all requests of a client, [`Execution::with_header`] to those of one
//! operation: for example `x-appsync-domain` for a private API, or a `traceparent` for the resolvers' `ctx.request.headers`.
//!
//! # Errors
//!
//! [`AppSyncError::kind`] says what an error means: you need not parse messages. The error also has AppSync's `errorType`,
//! `errorInfo` and `path`, the HTTP status, the request id, how long to wait, and whether AppSync
//! [may have executed](AppSyncError::may_have_executed) the operation.
//!
//! | [`ErrorKind`] | when | sent again |
//! | --- | --- | --- |
//! | `SignIn` | there is no token; nothing was sent | no: the token cache has its own cool-down |
//! | `TokenRefused` | 401 `UnauthorizedException`; a rejected signature | once, with a service's new token |
//! | `Denied` | 200 with `Unauthorized`; 403 from a firewall | no |
//! | `NotFound` | only if you create it: [`AppSyncError::not_found`] | no |
//! | `ConditionFailed` | `DynamoDB:ConditionalCheckFailedException`, Amplify's `ConflictUnhandled` | no |
//! | `Throttled` | 429; throttling of a data source | yes |
//! | `Unavailable` | no connection, an incomplete response, 5xx, a failing data source | yes |
//! | `TimedOut` | the deadline; `ExecutionTimeout` | only an attempt that the policy's time limit ended |
//! | `Invalid` | the document does not fit the schema, or exceeds the API's limits (`QueryDepthLimitReached`, `ResolverExecutionLimitReached`); 400; a subscription; a malformed channel | no |
//! | `TooLarge` | a request above 1 MiB, a response above the limit; 413; a list above its limit of pages; more than five events, or one above 240 KB | no |
//! | `Resolver` | any other error of a field | no |
//! | `Malformed` | not a GraphQL response, or data that does not fit the types | no |
//!
//! You decide whether a null node is an error:
//! `data.get_order.ok_or_else(|| AppSyncError::not_found("this order"))?`.
//!
//! # Retries
//!
//! | | query, or marked [`idempotent`](Execution::idempotent) | mutation, events |
//! | --- | --- | --- |
//! | no connection, or it closed before it accepted the request's body | yes | yes |
//! | 401 for a service's token | once | once |
//! | 429, 408 | yes | yes: AppSync rejected it before executing anything |
//! | the connection was lost later, or the response is incomplete | yes | no |
//! | 5xx, throttling of a data source in a 200 response | yes | no |
//! | anything else | no | no |
//!
//! [`RetryPolicy::standard`] makes at most three attempts, with full jitter, and respects `Retry-After` (seconds or a date).
//! All clones of a client share a [retry budget](https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html).
//! The client does not reuse a connection that the server closed while Lambda froze the process. If it cannot know yet,
//! this table applies.
//!
//! # Deadline
//!
//! Sign-in, connection, attempts, pauses and response share one [`Deadline`]: 30 s, or half a second before the end of a
//! Lambda invocation ([`Deadline::of_invocation`]). No attempt starts after it, and no pause lasts beyond it.
//!
//! # Partial data
//!
//! An execution returns data or an error. With [`partial`](Execution::partial) it returns both, as GraphQL does: some
//! fields, and the errors of the others. A response in which all fields of the operation failed has no data.
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
//! [`AppSyncClient::paginate`] reads a list page by page, as a stream, within one deadline. It detects lists that never
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
//! `http.response.status_code`, `http.request.resend_count`, `aws.request_id`, `error.type`, ...). Each further attempt logs
//! a warning in it. A call that publishes has the fields for messaging instead of GraphQL's, and only the namespace of the channel.
//! Variables, data, events and tokens are never logged.
//!
//! # Testing your own code
//!
//! Use the real client with your own server: only the URL differs, and any API key works. A [`ManualClock`] controls the
//! deadline. Retries without pauses make failing tests fast. Build the HTTP client with `no_proxy()`: otherwise reqwest
//! sends requests for this machine to the proxy in `HTTP_PROXY` too.
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
