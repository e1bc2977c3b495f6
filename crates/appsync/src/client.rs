use std::{
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    time::Duration,
};

use auth_cache::{Clock, Identity, Token};
use bytes::Bytes;
use http::{Method, StatusCode, header};
use serde::de::DeserializeOwned;
use url::Url;

use crate::{AppSyncError, Deadline, ErrorKind, Operation, envelope::Envelope};

/// A client of one AppSync API. Cheap to clone; its clones share one HTTP client and its connections.
#[derive(Clone)]
pub struct AppSyncClient {
    http: reqwest::Client,
    endpoint: Url,
    identity: Identity,
    clock: Clock,
}

impl AppSyncClient {
    /// A client that calls the GraphQL API at `endpoint` as `identity`.
    pub fn new(http: reqwest::Client, endpoint: Url, identity: Identity) -> Self {
        Self { http, endpoint, identity, clock: Clock::wall() }
    }

    /// Sends an operation: `client.execute::<GetOrder>(variables).await`, or with a deadline
    /// `client.execute::<GetOrder>(variables).until(deadline).await`.
    ///
    /// # Errors
    /// When there is no answer, or the answer has errors; see [`AppSyncError::kind`].
    pub fn execute<O: Operation>(&self, variables: O::Variables) -> Execution<'_, O> {
        Execution { client: self, variables, deadline: Deadline::longest(self.clock.now()) }
    }

    /// Does everything that can be done before the first operation: signs in and opens a connection, at the same time.
    ///
    /// # Errors
    /// When either fails. The client is usable all the same: the next operation tries again.
    pub async fn warm_up(&self, limit: Duration) -> Result<(), AppSyncError> {
        let (token, connected) = tokio::join!(self.identity.token(limit), self.connect(limit));
        token.map_err(AppSyncError::sign_in)?;
        connected
    }

    /// Opens a connection with a request that executes nothing: the CORS preflight, which the edge answers to anybody.
    async fn connect(&self, limit: Duration) -> Result<(), AppSyncError> {
        let request = self.http.request(Method::OPTIONS, self.endpoint.clone()).timeout(limit);
        let answer = request.send().await.map_err(AppSyncError::transport)?;
        // Only a connection whose answer has been read can be used again.
        answer.bytes().await.map(drop).map_err(AppSyncError::transport)
    }

    async fn send<O: Operation>(
        &self,
        variables: O::Variables,
        deadline: Deadline,
    ) -> Result<O::ResponseData, AppSyncError> {
        let body: Bytes = serde_json::to_vec(&O::build_query(variables))
            .map_err(|error| AppSyncError::malformed(format!("the variables cannot be written as JSON: {error}")))?
            .into();
        let token = self.token(deadline).await?;
        match self.post::<O>(body.clone(), &token, deadline).await {
            Err(refusal) if refusal.kind() == ErrorKind::TokenRefused => {
                self.identity.invalidate(&token);
                let fresh = self.token(deadline).await?;
                if fresh == token {
                    return Err(refusal);
                }
                tracing::warn!(
                    operation = O::NAME,
                    "AppSync refused the token; the operation is replayed with a new one"
                );
                self.post::<O>(body, &fresh, deadline).await
            }
            result => result,
        }
    }

    async fn token(&self, deadline: Deadline) -> Result<Token, AppSyncError> {
        self.identity.token(deadline.remaining(self.clock.now())).await.map_err(AppSyncError::sign_in)
    }

    async fn post<O: Operation>(
        &self,
        body: Bytes,
        token: &Token,
        deadline: Deadline,
    ) -> Result<O::ResponseData, AppSyncError> {
        let answer = self
            .http
            .post(self.endpoint.clone())
            .header(header::AUTHORIZATION, token.authorization())
            .header(header::CONTENT_TYPE, "application/json")
            .timeout(deadline.remaining(self.clock.now()))
            .body(body)
            .send()
            .await
            .map_err(AppSyncError::transport)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.map_err(AppSyncError::transport)?;
        decode(status, &body).map_err(|error| error.with_answer(status, &headers))
    }
}

/// The data of an answer, if it has no errors.
fn decode<T: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<T, AppSyncError> {
    let envelope = match serde_json::from_slice::<Envelope<'_>>(body) {
        Ok(envelope) => envelope,
        // A firewall or a proxy answers with a page.
        Err(_) if status != StatusCode::OK => return Err(AppSyncError::answered(status, Vec::new())),
        Err(_) => return Err(AppSyncError::malformed("it is not a GraphQL answer")),
    };
    let errors = envelope.errors.unwrap_or_default();
    if status != StatusCode::OK || !errors.is_empty() {
        return Err(AppSyncError::answered(status, errors));
    }
    let data = envelope.data.ok_or_else(|| AppSyncError::malformed("it has neither data nor errors"))?;
    // serde_json's own message would show a part of the data.
    serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_str(data.get()))
        .map_err(|error| AppSyncError::malformed(format!("`data.{}` does not fit the schema", error.path())))
}

impl fmt::Debug for AppSyncClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppSyncClient").field("endpoint", &self.endpoint.as_str()).finish_non_exhaustive()
    }
}

/// An operation that is about to be sent; awaiting it sends it.
#[must_use = "an operation is sent when it is awaited"]
#[derive(Debug)]
pub struct Execution<'a, O: Operation> {
    client: &'a AppSyncClient,
    variables: O::Variables,
    deadline: Deadline,
}

impl<O: Operation> Execution<'_, O> {
    /// Gives up at `deadline`, whatever it waits for then. Without it, AppSync's own limit of 30 s holds.
    pub fn until(self, deadline: Deadline) -> Self {
        Self { deadline, ..self }
    }
}

impl<'a, O: Operation> IntoFuture for Execution<'a, O> {
    type Output = Result<O::ResponseData, AppSyncError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.client.send::<O>(self.variables, self.deadline))
    }
}
