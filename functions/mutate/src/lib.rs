//! Executes the mutations of this workspace: the event names one, such as `CreateOrder`, and carries its variables.
//!
//! ```json
//! {"operation": "CancelOrder", "variables": {"id": "order-1", "expectedVersion": 1}}
//! ```
//!
//! [`events`] says which senders of events there are and how each is answered. A failed invocation has one of the
//! stable `errorType`s of [`appsync::DispatchError::error_type`].

use std::sync::Arc;

use appsync::{AppSyncClient, Deadline};
use auth_cache::ErrorChain;
use events::{Answer, Operations};
use lambda_runtime::{Diagnostic, LambdaEvent};
use serde_json::Value;
use startup::Grant;

const OPERATIONS: Operations = Operations::mutations(operations::OPERATIONS);

/// Answers one event; over HTTP, for those who have one of `callers`.
///
/// # Errors
/// When the event is not what it should be or the operation fails. It has been logged.
pub async fn handle(
    appsync: AppSyncClient,
    callers: Arc<[Grant]>,
    event: LambdaEvent<Value>,
) -> Result<Answer, Diagnostic> {
    let LambdaEvent { payload, context } = event;
    let appsync = appsync.traced_by(context.xray_trace_id.as_deref());
    let deadline = Deadline::of_invocation(context.deadline());
    let answer = match events::answer(OPERATIONS, &appsync, &callers, payload, deadline).await {
        Ok(answer) if startup::is_too_large(&answer) => answer.too_large(true),
        answer => answer,
    };
    answer.map_err(|error| Diagnostic {
        error_type: error.error_type().to_owned(),
        error_message: ErrorChain(&error).to_string(),
    })
}
