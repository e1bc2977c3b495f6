use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use serde::de::IgnoredAny;
use tracing::{Instrument as _, Span};

use crate::{
    AppSyncClient, AppSyncError, Auth, Deadline, ErrorKind, GraphqlError, RetryPolicy,
    auth::Grant,
    client::TRACE,
    envelope::Envelope,
    exchange::{Answer, exchange},
    retry, span,
};

/// What there is to know of an operation beyond its types.
pub(crate) struct Call<'a> {
    pub(crate) client: &'a AppSyncClient,
    pub(crate) name: &'static str,
    pub(crate) body: Bytes,
    pub(crate) headers: HeaderMap,
    /// The client's own, if there is none.
    pub(crate) auth: Option<Auth>,
    /// The client's own, if there is none.
    pub(crate) retry: Option<RetryPolicy>,
    /// Executing it twice does no harm.
    pub(crate) is_repeatable: bool,
    pub(crate) deadline: Deadline,
}

impl Call<'_> {
    fn auth(&self) -> &Auth {
        self.auth.as_ref().unwrap_or(&self.client.auth)
    }

    fn retry(&self) -> &RetryPolicy {
        self.retry.as_ref().unwrap_or(&self.client.retry)
    }

    fn remaining(&self) -> Duration {
        self.deadline.remaining(self.client.clock.now())
    }
}

/// What happened so far.
#[derive(Debug, Default)]
struct Progress {
    /// How many requests were sent, or at least tried.
    requests: u32,
    /// AppSync's id of the last one that was answered.
    request_id: Option<String>,
    has_replayed: bool,
    may_have_executed: bool,
}

/// Sends it until `accept` takes an answer, which has status 200, or there is no point in sending it again.
pub(crate) async fn send<R>(
    mut call: Call<'_>,
    span: Span,
    accept: impl Fn(Answer) -> Result<R, AppSyncError>,
) -> Result<R, AppSyncError> {
    if let Some(trace) = call.client.trace_header.and_then(|header| header(&span)) {
        call.headers.entry(TRACE).or_insert(trace);
    }
    let mut progress = Progress::default();
    let result = repeat(&call, accept, &mut progress).instrument(span.clone()).await;
    span::record(&span, progress.requests, progress.request_id.as_deref(), result.as_ref().err());
    result
}

async fn repeat<R>(
    call: &Call<'_>,
    accept: impl Fn(Answer) -> Result<R, AppSyncError>,
    progress: &mut Progress,
) -> Result<R, AppSyncError> {
    let mut attempts = 0;
    let mut paid = None;
    loop {
        attempts += 1;
        let error = match attempt(call, progress).await.and_then(&accept) {
            Ok(accepted) => {
                call.client.budget.reward(paid);
                return Ok(accepted);
            }
            Err(error) => error,
        };
        let error = error.after(progress.may_have_executed);
        progress.may_have_executed = error.may_have_executed();
        let pause = call.retry().pause(attempts, &error, call.is_repeatable, retry::jitter());
        let Some(pause) = pause.filter(|pause| *pause < call.remaining()) else { return Err(error) };
        paid = call.client.budget.pay(&error);
        if paid.is_none() {
            return Err(error);
        }
        tracing::warn!(
            operation = call.name,
            error.kind = error.kind().as_str(),
            error.r#type = error.error_type(),
            status = error.status().map(|status| status.as_u16()),
            pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
            "the operation is sent again",
        );
        tokio::time::sleep(pause).await;
    }
}

/// One attempt. When AppSync refuses the token of an identity, it includes the replay with another one: nothing was
/// executed, so mutations are replayed too.
async fn attempt(call: &Call<'_>, progress: &mut Progress) -> Result<Answer, AppSyncError> {
    let grant = call.auth().grant(call.remaining()).await?;
    let refusal = match post(call, &grant, progress).await {
        Err(error) if error.kind() == ErrorKind::TokenRefused && !progress.has_replayed => error,
        result => return result,
    };
    let Grant::Identity { identity, token } = &grant else { return Err(refusal) };
    identity.invalidate(token);
    progress.has_replayed = true;
    let fresh = call.auth().grant(call.remaining()).await?;
    if matches!(&fresh, Grant::Identity { token: fresh, .. } if fresh == token) {
        return Err(refusal);
    }
    tracing::warn!(operation = call.name, "AppSync refused the token; the operation is replayed with a new one");
    post(call, &fresh, progress).await
}

async fn post(call: &Call<'_>, grant: &Grant<'_>, progress: &mut Progress) -> Result<Answer, AppSyncError> {
    progress.requests += 1;
    let left = call.remaining();
    let limit = call.retry().attempt_timeout().map_or(left, |timeout| timeout.min(left));
    let answer = exchange(call.client, &call.body, &call.headers, grant, limit).await?;
    progress.request_id.clone_from(&answer.info.request_id);
    if answer.info.is_ok() { Ok(answer) } else { Err(refusal(answer)) }
}

/// What an answer with another status than 200 says.
fn refusal(Answer { info, body }: Answer) -> AppSyncError {
    // A firewall or a proxy answers with a page.
    let (mut errors, has_data) = match Envelope::<IgnoredAny>::decode(&body) {
        Some(Envelope { errors, has_data, .. }) => (errors, has_data),
        None => (Vec::new(), false),
    };
    if let Some(error_type) = info.error_type.clone() {
        match errors.first_mut() {
            Some(first) => drop(first.error_type.get_or_insert(error_type)),
            None => errors.push(GraphqlError { error_type: Some(error_type), ..GraphqlError::default() }),
        }
    }
    AppSyncError::answered(info, errors, has_data)
}
