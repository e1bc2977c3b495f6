use std::{
    fmt,
    future::{IntoFuture, ready},
    marker::PhantomData,
    pin::Pin,
};

use bytes::Bytes;
use graphql_client::QueryBody;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;

use crate::{
    AppSyncClient, AppSyncError, Auth, Deadline, Operation, OperationKind, Partial, RetryPolicy,
    attempts::{self, Call},
    request, span,
};

/// An operation that is about to be sent; awaiting it sends it.
#[must_use = "an operation is sent when it is awaited"]
pub struct Execution<'a, O: Operation> {
    client: &'a AppSyncClient,
    operation: PhantomData<fn() -> O>,
    /// What there is to send, unless AppSync would not take it.
    body: Result<Bytes, AppSyncError>,
    deadline: Deadline,
    headers: HeaderMap,
    auth: Option<Auth>,
    retry: Option<RetryPolicy>,
    is_idempotent: bool,
}

impl<'a, O: Operation> Execution<'a, O> {
    pub(crate) fn new(client: &'a AppSyncClient, request: &QueryBody<impl Serialize>, deadline: Deadline) -> Self {
        let (body, headers) = (request::body::<O>(request), HeaderMap::new());
        Self { client, operation: PhantomData, body, deadline, headers, auth: None, retry: None, is_idempotent: false }
    }

    /// Gives up at `deadline`, whatever it waits for then. Without it, AppSync's own limit of 30 s holds.
    pub fn until(self, deadline: Deadline) -> Self {
        Self { deadline, ..self }
    }

    /// Adds a header, in place of one of the same name that the client adds to all operations; see
    /// [`AppSyncClient::with_header`].
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Executes it as somebody else than the client's own identity, such as the caller of a function.
    pub fn authorized_by(self, auth: impl Into<Auth>) -> Self {
        Self { auth: Some(auth.into()), ..self }
    }

    /// Retries it by another policy than the client's own.
    pub fn retried_by(self, retry: RetryPolicy) -> Self {
        Self { retry: Some(retry), ..self }
    }

    /// Says that executing it twice does no more than executing it once, as with an idempotency key or an expected
    /// version in its variables. A mutation is then retried as a query is.
    pub fn idempotent(self) -> Self {
        Self { is_idempotent: true, ..self }
    }

    /// Asks for the answer as AppSync gives it, data and errors side by side, instead of data or an error.
    pub fn partial(self) -> PartialExecution<'a, O> {
        PartialExecution(self)
    }

    fn call(self) -> Result<Call<'a>, AppSyncError> {
        let Self { client, body, deadline, headers, auth, retry, is_idempotent, .. } = self;
        Ok(Call {
            client,
            name: O::NAME,
            body: body?,
            headers,
            auth,
            retry,
            is_repeatable: is_idempotent || O::KIND == OperationKind::Query,
            deadline,
        })
    }
}

impl<'a, O: Operation> IntoFuture for Execution<'a, O> {
    type Output = Result<O::ResponseData, AppSyncError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        match self.call() {
            Ok(call) => Box::pin(async move { send::<O, _>(call, Partial::require_complete).await }),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }
}

/// Without the variables.
impl<O: Operation> fmt::Debug for Execution<'_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Execution")
            .field("operation", &O::NAME)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// An [`Execution`] that gives data and errors side by side; awaiting it sends it.
///
/// It fails only if there is no GraphQL answer: nothing came, or something with another status than 200.
#[must_use = "an operation is sent when it is awaited"]
pub struct PartialExecution<'a, O: Operation>(Execution<'a, O>);

impl<O: Operation> fmt::Debug for PartialExecution<'_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PartialExecution").field(&self.0).finish()
    }
}

impl<'a, O: Operation> IntoFuture for PartialExecution<'a, O> {
    type Output = Result<Partial<O::ResponseData>, AppSyncError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        match self.0.call() {
            // An answer without any data is an error as long as another attempt may fare better.
            Ok(call) => {
                Box::pin(
                    async move { send::<O, _>(call, Partial::require_some).await.or_else(AppSyncError::into_partial) },
                )
            }
            Err(error) => Box::pin(ready(Err(error))),
        }
    }
}

async fn send<O: Operation, R>(
    call: Call<'_>,
    accept: impl Fn(Partial<O::ResponseData>) -> Result<R, AppSyncError>,
) -> Result<R, AppSyncError> {
    let span = span::of(O::NAME, O::KIND, &call.client.endpoint);
    attempts::send(call, span, |answer| Partial::decode(answer).and_then(&accept)).await
}
