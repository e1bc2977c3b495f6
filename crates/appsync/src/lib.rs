//! A typed data-plane client for AWS AppSync.
//!
//! [`AppSyncClient`] sends GraphQL operations whose types `appsync-codegen` generates, over one shared HTTP client,
//! as the identity of an [`auth_cache::Identity`]:
//!
//! - `Authorization` is the raw JWT, as AppSync expects it;
//! - a token that AppSync refuses (HTTP 401, `UnauthorizedException`) is dropped, and the operation replayed once with
//!   a new one: the refusal happens at the edge, nothing was executed, so mutations are replayed too;
//! - an operation that AppSync refuses (`Unauthorized` in a 200 answer) is an error and nothing else;
//! - errors keep AppSync's own `errorType`, `errorInfo` and `path`;
//! - everything happens inside one [`Deadline`].
//!
//! ```no_run
//! # use appsync::{AppSyncClient, AppSyncError, Deadline, Operation};
//! # async fn example<GetOrder: Operation>(client: AppSyncClient, variables: GetOrder::Variables, deadline: Deadline)
//! # -> Result<(), AppSyncError> {
//! let data = client.execute::<GetOrder>(variables).until(deadline).await?;
//! # Ok(())
//! # }
//! ```

mod answer;
mod attempts;
mod auth;
mod client;
mod deadline;
mod dispatch;
mod envelope;
mod error;
mod exchange;
mod execution;
#[cfg(feature = "iam")]
mod iam;
mod kind;
mod operation;
mod pages;
mod partial;
mod patch;
mod request;
mod retry;
pub mod scalars;
mod span;

pub use auth::{Auth, AuthError};
pub use client::AppSyncClient;
pub use deadline::Deadline;
pub use dispatch::{DispatchError, DynamicAnswer, DynamicRequest, dispatch};
pub use envelope::GraphqlError;
pub use error::AppSyncError;
pub use execution::{Execution, PartialExecution};
#[cfg(feature = "iam")]
pub use iam::Iam;
pub use kind::ErrorKind;
pub use operation::{DynamicError, DynamicOperation, Operation, OperationKind};
pub use pages::Pages;
pub use partial::Partial;
pub use patch::Patch;
pub use retry::RetryPolicy;

/// What generated code refers to, so that a crate with generated code depends on `appsync` alone.
#[doc(hidden)]
pub mod codegen_support {
    pub use graphql_client;
    pub use serde;
    pub use serde_json;
}
