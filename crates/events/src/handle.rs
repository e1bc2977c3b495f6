use std::sync::Arc;

use appsync::{AppSyncClient, AppSyncError, OperationKind};
use auth_cache::ErrorChain;
use lambda_runtime::{Diagnostic, LambdaEvent};
use serde_json::Value;
use startup::Grant;

use crate::{
    answer::Answer,
    batch,
    dispatch::DispatchError,
    envelope::{self, Content},
    http,
    invocation::{Invocation, told},
    operation::Operations,
};

/// Answers one event, of whatever sender; over HTTP, for those who have one of `callers`. A failure is logged here, once.
///
/// # Errors
/// When the invocation has to fail, because its sender would not understand any other answer. Its `errorType` is one of
/// the stable ones of [`DispatchError::error_type`].
pub async fn handle(
    operations: Operations,
    appsync: AppSyncClient,
    callers: Arc<[Grant]>,
    event: LambdaEvent<Value>,
) -> Result<Answer, Diagnostic> {
    let LambdaEvent { payload, context } = event;
    let appsync = appsync.for_invocation(context.deadline(), context.xray_trace_id.as_deref());
    let invocation =
        Invocation { operations: &operations, appsync: &appsync, callers: &callers, request_id: &context.request_id };
    let answer = match answer(invocation, payload).await {
        Ok(answer) if startup::is_too_large(&answer) => answer.too_large(operations.kind == OperationKind::Mutation),
        answer => answer,
    };
    answer.map_err(|error| Diagnostic {
        error_type: error.error_type().to_owned(),
        error_message: told(ErrorChain(&error)),
    })
}

async fn answer(invocation: Invocation<'_>, event: Value) -> Result<Answer, DispatchError> {
    let answer = match envelope::unwrap(event) {
        Ok(Content::Operation(request, key)) => {
            invocation.execute(request, key.or_else(|| invocation.last_key(""))).await.map(Answer::Operation)
        }
        Ok(Content::Request(request)) => return Ok(Answer::Other(http::answer(invocation, request).await)),
        Ok(Content::Records(_)) if invocation.operations.kind != OperationKind::Mutation => Err(
            DispatchError::invalid_event("it is a list of messages, and nobody would get the data that one asks for"),
        ),
        Ok(Content::Records(records)) => return batch::answer(invocation, records).await.map(Answer::Other),
        Err(error) => Err(error),
    };
    answer.inspect_err(|error| {
        let request_id = error.appsync().and_then(AppSyncError::request_id);
        tracing::error!(
            error_type = error.error_type(),
            appsync_request_id = request_id,
            error = told(ErrorChain(error)),
            "invocation failed",
        );
    })
}
