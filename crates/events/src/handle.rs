use std::{fmt, sync::Arc};

use appsync::{
    AppSyncClient, AppSyncError, Deadline, DispatchError, DynamicAnswer, DynamicOperation, DynamicRequest,
    OperationKind, dispatch,
};
use auth_cache::ErrorChain;
use lambda_runtime::{Diagnostic, LambdaEvent};
use serde::Serialize;
use serde_json::Value;
use startup::Grant;
use tracing::Span;

use crate::{
    answer_size, batch,
    envelope::{self, Content},
    http,
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
    let appsync = appsync.traced_by(context.xray_trace_id.as_deref());
    let invocation = Invocation {
        operations,
        appsync: &appsync,
        callers: &callers,
        deadline: Deadline::of_invocation(context.deadline()),
        request_id: &context.request_id,
    };
    let answer = match invocation.answer(payload).await {
        Ok(answer) if startup::is_too_large(&answer) => answer.too_large(operations.kind == OperationKind::Mutation),
        answer => answer,
    };
    answer.map_err(|error| Diagnostic {
        error_type: error.error_type().to_owned(),
        error_message: ErrorChain(&error).to_string(),
    })
}

/// What the sender of an event reads, as JSON.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Answer {
    /// GraphQL's own answer: the event was one operation.
    Operation(DynamicAnswer),
    /// The response to an HTTP request, or which messages of a batch failed.
    Other(Value),
}

/// The operations that a function serves: those of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Operations {
    all: &'static [DynamicOperation],
    kind: OperationKind,
}

impl Operations {
    /// The queries among `all`.
    pub const fn queries(all: &'static [DynamicOperation]) -> Self {
        Self { all, kind: OperationKind::Query }
    }

    /// The mutations among `all`.
    pub const fn mutations(all: &'static [DynamicOperation]) -> Self {
        Self { all, kind: OperationKind::Mutation }
    }
}

/// What all operations of one invocation have in common.
#[derive(Clone, Copy)]
pub(crate) struct Invocation<'a> {
    operations: Operations,
    appsync: &'a AppSyncClient,
    pub(crate) callers: &'a [Grant],
    deadline: Deadline,
    request_id: &'a str,
}

impl Invocation<'_> {
    async fn answer(self, event: Value) -> Result<Answer, DispatchError> {
        let answer = match envelope::unwrap(event) {
            Ok(Content::Operation(request, key)) => {
                self.execute(request, key.or_else(|| self.last_key(""))).await.map(Answer::Operation)
            }
            Ok(Content::Request(request)) => return Ok(Answer::Other(http::answer(self, request).await)),
            Ok(Content::Records(_)) if self.operations.kind != OperationKind::Mutation => {
                Err(DispatchError::invalid_event(
                    "it is a list of messages, and nobody would get the data that one asks for",
                ))
            }
            Ok(Content::Records(records)) => return batch::answer(self, records).await.map(Answer::Other),
            Err(error) => Err(error),
        };
        answer.inspect_err(|error| {
            let request_id = error.appsync().and_then(AppSyncError::request_id);
            tracing::error!(
                error_type = error.error_type(),
                appsync_request_id = request_id,
                error = %ErrorChain(error),
                "invocation failed",
            );
        })
    }

    /// Executes the operation that `request` names; the current span then names it too. The API knows a repetition by `key`.
    pub(crate) async fn execute(
        self,
        request: DynamicRequest,
        key: Option<String>,
    ) -> Result<DynamicAnswer, DispatchError> {
        if let Some(known) = self.known(&request) {
            Span::current().record("operation", known.name());
        }
        let request = match key {
            Some(key) => request.with_client_token(key),
            None => request,
        };
        let answer = dispatch(self.operations.all, self.operations.kind, self.appsync, request, self.deadline).await;
        answer.inspect_err(answer_size::count_if_too_large)
    }

    /// The operation that `request` names, of whatever kind.
    pub(crate) fn known(self, request: &DynamicRequest) -> Option<&'static DynamicOperation> {
        self.operations.all.iter().find(|operation| operation.name() == request.operation())
    }

    /// The key of last resort: Lambda's id of the invocation, which stays the same when it repeats an asynchronous one.
    pub(crate) fn last_key(&self, suffix: impl fmt::Display) -> Option<String> {
        (!self.request_id.is_empty()).then(|| format!("{}{suffix}", self.request_id))
    }
}
