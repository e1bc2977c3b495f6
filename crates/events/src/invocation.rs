use std::fmt;

use appsync::AppSyncClient;
use startup::Grant;
use tracing::Span;

use crate::{
    dispatch::{DispatchError, DynamicAnswer, DynamicRequest},
    operation::{DynamicOperation, Operations},
};

/// What all operations of one invocation have in common.
#[derive(Clone, Copy)]
pub(crate) struct Invocation<'a> {
    pub(crate) operations: &'a Operations,
    pub(crate) appsync: &'a AppSyncClient,
    pub(crate) callers: &'a [Grant],
    pub(crate) request_id: &'a str,
}

impl Invocation<'_> {
    /// Executes the operation that `request` names; the current span then names it too. The API knows a repetition by `key`.
    pub(crate) async fn execute(
        self,
        request: DynamicRequest,
        key: Option<String>,
    ) -> Result<DynamicAnswer, DispatchError> {
        if let Some(known) = self.known(&request) {
            Span::current().record("operation", known.name);
        }
        let request = match key {
            Some(key) => request.with_client_token(key),
            None => request,
        };
        let answer = self.operations.execute(self.appsync, request).await;
        answer.inspect_err(|error| _ = error.appsync().map(startup::count_if_too_large))
    }

    /// The operation that `request` names, of whatever kind.
    pub(crate) fn known(&self, request: &DynamicRequest) -> Option<&DynamicOperation> {
        self.operations.named(request.operation())
    }

    /// The key of last resort: Lambda's id of the invocation, which stays the same when it repeats an asynchronous one.
    pub(crate) fn last_key(&self, suffix: impl fmt::Display) -> Option<String> {
        (!self.request_id.is_empty()).then(|| format!("{}{suffix}", self.request_id))
    }
}

/// What is told of an error: as much as fits into a line of the log, and into any answer.
pub(crate) fn told(error: impl fmt::Display) -> String {
    let mut text = error.to_string();
    text.truncate(text.floor_char_boundary(32 << 10));
    text
}
