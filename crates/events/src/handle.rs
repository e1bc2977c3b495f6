use appsync::{
    AppSyncClient, AppSyncError, Deadline, DispatchError, DynamicAnswer, DynamicOperation, DynamicRequest,
    OperationKind, dispatch,
};
use auth_cache::ErrorChain;
use serde::Serialize;
use serde_json::Value;
use startup::Grant;
use tracing::Span;

use crate::{event::Event, http, queue};

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

    /// Executes the operation that `request` names; the current span then names it too.
    pub(crate) async fn execute(
        &self,
        appsync: &AppSyncClient,
        request: DynamicRequest,
        deadline: Deadline,
    ) -> Result<DynamicAnswer, DispatchError> {
        if let Some(known) = self.all.iter().find(|operation| operation.name() == request.operation()) {
            Span::current().record("operation", known.name());
        }
        dispatch(self.all, self.kind, appsync, request, deadline).await
    }
}

/// What the sender of an event reads, as JSON.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Answer {
    /// GraphQL's own answer: the event was an operation and nothing else.
    Operation(DynamicAnswer),
    /// The response to an HTTP request, or which messages of a batch failed.
    Other(Value),
}

/// Answers one event, of whatever sender; over HTTP, for those who have one of `callers`. A failure is logged here, once.
///
/// # Errors
/// When the invocation has to fail, because its sender would not understand any other answer.
pub async fn answer(
    operations: Operations,
    appsync: &AppSyncClient,
    callers: &[Grant],
    event: Value,
    deadline: Deadline,
) -> Result<Answer, DispatchError> {
    let answer = answer_sender(operations, appsync, callers, event, deadline).await;
    if let Err(error) = &answer {
        let request_id = error.appsync().and_then(AppSyncError::request_id);
        tracing::error!(
            error_type = error.error_type(),
            appsync_request_id = request_id,
            error = %ErrorChain(error),
            "invocation failed",
        );
    }
    answer
}

async fn answer_sender(
    operations: Operations,
    appsync: &AppSyncClient,
    callers: &[Grant],
    event: Value,
    deadline: Deadline,
) -> Result<Answer, DispatchError> {
    match Event::of(event)? {
        Event::Direct(request, id) => {
            let request = DynamicRequest::parse(request)?;
            let request = match id {
                Some(id) => request.with_client_token(id),
                None => request,
            };
            Ok(Answer::Operation(operations.execute(appsync, request, deadline).await?))
        }
        Event::Http(request) => Ok(Answer::Other(http::answer(operations, appsync, callers, *request, deadline).await)),
        Event::Queue(_) if operations.kind != OperationKind::Mutation => {
            Err(DispatchError::invalid_event("nobody would get the data that a message asks for"))
        }
        Event::Queue(batch) => Ok(Answer::Other(queue::answer(operations, appsync, batch, deadline).await)),
    }
}
