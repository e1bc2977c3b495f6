//! Executes the mutations of this workspace. The event names one, such as `CreateOrder`, and carries its variables.
//!
//! ```json
//! {"operation": "CancelOrder", "variables": {"id": "order-1", "expectedVersion": 1}}
//! ```
//!
//! [`events`] lists the senders and the response that each expects. A failed invocation has one of the stable `errorType`s of
//! [`events::DispatchError::error_type`].

use std::sync::Arc;

use appsync::AppSyncClient;
use events::{Answer, Operations};
use lambda_runtime::{Diagnostic, LambdaEvent};
use serde_json::Value;
use startup::Grant;

/// Answers one event; over HTTP, for those who have one of `callers`.
///
/// # Errors
/// When the event is not what it should be or the operation fails. It has been logged.
pub async fn handle(
    appsync: AppSyncClient,
    callers: Arc<[Grant]>,
    event: LambdaEvent<Value>,
) -> Result<Answer, Diagnostic> {
    events::handle(Operations::mutations(operations::each_operation), appsync, callers, event).await
}
