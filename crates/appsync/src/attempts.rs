use std::time::Duration;

use bytes::Bytes;
use serde::de::{DeserializeOwned, IgnoredAny};
use tracing::Instrument as _;

use crate::{
    AppSyncClient, AppSyncError, Auth, Deadline, ErrorKind, OperationKind, Partial, RetryPolicy,
    auth::Grant,
    envelope::Envelope,
    exchange::{Answer, exchange},
    retry, span,
};

/// What there is to know of an operation beyond its types.
pub(crate) struct Call<'a> {
    pub(crate) name: &'static str,
    pub(crate) kind: OperationKind,
    pub(crate) auth: &'a Auth,
    pub(crate) retry: &'a RetryPolicy,
    /// Executing it twice does no harm.
    pub(crate) is_repeatable: bool,
    pub(crate) deadline: Deadline,
}

/// What happened so far.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// How many requests were sent, or at least tried.
    pub(crate) requests: u32,
    /// AppSync's id of the last one that was answered.
    pub(crate) request_id: Option<String>,
    has_replayed: bool,
    may_have_executed: bool,
}

/// Sends `body` until `accept` takes the answer, or there is no point in sending it again.
pub(crate) async fn send<T: DeserializeOwned, R>(
    client: &AppSyncClient,
    call: &Call<'_>,
    body: &Bytes,
    accept: impl Fn(Partial<T>) -> Result<R, AppSyncError>,
) -> Result<R, AppSyncError> {
    let span = span::of(client, call);
    let mut progress = Progress::default();
    let result = repeat(client, call, body, accept, &mut progress).instrument(span.clone()).await;
    span::record(&span, &progress, result.as_ref().err());
    result
}

async fn repeat<T: DeserializeOwned, R>(
    client: &AppSyncClient,
    call: &Call<'_>,
    body: &Bytes,
    accept: impl Fn(Partial<T>) -> Result<R, AppSyncError>,
    progress: &mut Progress,
) -> Result<R, AppSyncError> {
    let mut attempts = 0;
    let mut paid = None;
    loop {
        attempts += 1;
        let error = match attempt(client, call, body, progress).await.and_then(&accept) {
            Ok(accepted) => {
                client.budget.reward(paid);
                return Ok(accepted);
            }
            Err(error) => error,
        };
        let error = error.after(progress.may_have_executed);
        progress.may_have_executed = error.may_have_executed();
        let pause = call.retry.pause(attempts, &error, call.is_repeatable, retry::jitter());
        let Some(pause) = pause.filter(|pause| *pause < remaining(client, call)) else { return Err(error) };
        paid = client.budget.pay(&error);
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
async fn attempt<T: DeserializeOwned>(
    client: &AppSyncClient,
    call: &Call<'_>,
    body: &Bytes,
    progress: &mut Progress,
) -> Result<Partial<T>, AppSyncError> {
    let grant = call.auth.grant(remaining(client, call)).await?;
    let refusal = match post(client, call, body, &grant, progress).await {
        Err(error) if error.kind() == ErrorKind::TokenRefused && !progress.has_replayed => error,
        result => return result,
    };
    let Grant::Identity { identity, token } = &grant else { return Err(refusal) };
    identity.invalidate(token);
    progress.has_replayed = true;
    let fresh = call.auth.grant(remaining(client, call)).await?;
    if matches!(&fresh, Grant::Identity { token: fresh, .. } if fresh == token) {
        return Err(refusal);
    }
    tracing::warn!(operation = call.name, "AppSync refused the token; the operation is replayed with a new one");
    post(client, call, body, &fresh, progress).await
}

async fn post<T: DeserializeOwned>(
    client: &AppSyncClient,
    call: &Call<'_>,
    body: &Bytes,
    grant: &Grant<'_>,
    progress: &mut Progress,
) -> Result<Partial<T>, AppSyncError> {
    progress.requests += 1;
    let left = remaining(client, call);
    let limit = call.retry.attempt_timeout().map_or(left, |timeout| timeout.min(left));
    let answer = exchange(client, body, grant, limit).await?;
    progress.request_id.clone_from(&answer.info.request_id);
    decode(answer)
}

fn remaining(client: &AppSyncClient, call: &Call<'_>) -> Duration {
    call.deadline.remaining(client.clock.now())
}

/// What the answer says; an error if it is none of GraphQL, or has another status than 200.
fn decode<T: DeserializeOwned>(Answer { info, body }: Answer) -> Result<Partial<T>, AppSyncError> {
    if !info.is_ok() {
        // A firewall or a proxy answers with a page.
        let (errors, has_data) = match Envelope::<IgnoredAny>::decode(&body) {
            Some(Envelope { errors, has_data, .. }) => (errors, has_data),
            None => (Vec::new(), false),
        };
        return Err(AppSyncError::answered(info, errors, has_data));
    }
    match Envelope::decode(&body) {
        None => Err(AppSyncError::malformed("it is not a GraphQL answer", info)),
        Some(Envelope { data: Some(Err(misfit)), errors, .. }) if errors.is_empty() => {
            Err(AppSyncError::malformed(misfit, info))
        }
        Some(Envelope { data, errors, has_data }) => {
            Ok(Partial { data: data.and_then(Result::ok), errors, info, has_data })
        }
    }
}
