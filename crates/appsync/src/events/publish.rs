use std::{
    fmt,
    future::{IntoFuture, ready},
    pin::Pin,
};

use bytes::Bytes;
use http::HeaderMap;
use serde::Serialize;

use super::{Published, channel};
use crate::{
    AppSyncClient, AppSyncError, Auth, Deadline, ErrorKind,
    attempts::{self, Call},
    span,
};

/// Events that are about to be published; awaiting it sends them.
///
/// Publishing twice is seen by subscribers: a request that AppSync may have executed is not sent again, unless it is marked
/// [`idempotent`](Self::idempotent). That is the column "mutation, events" of [the table of retries](crate#retries).
#[must_use = "events are published when it is awaited"]
pub struct Publish<'a> {
    client: &'a AppSyncClient,
    namespace: String,
    events: usize,
    /// What there is to send, unless AppSync would not take it.
    body: Result<Bytes, AppSyncError>,
    deadline: Deadline,
    auth: Option<Auth>,
    is_idempotent: bool,
}

impl<'a> Publish<'a> {
    pub(super) fn new(client: &'a AppSyncClient, channel: &str, events: &[impl Serialize]) -> Self {
        let namespace = channel::namespace(channel).to_owned();
        let (body, deadline) = (body(channel, events), client.deadline());
        Self { client, namespace, events: events.len(), body, deadline, auth: None, is_idempotent: false }
    }

    /// Gives up at `deadline`, whatever it waits for then. Without it, the client's own holds, or 30 s.
    pub fn until(self, deadline: Deadline) -> Self {
        Self { deadline, ..self }
    }

    /// Publishes as somebody else than the client's own identity, such as the caller of a function.
    pub fn authorized_by(self, auth: impl Into<Auth>) -> Self {
        Self { auth: Some(auth.into()), ..self }
    }

    /// Says that it does no harm if subscribers get the events twice, because each has an id or a version of its own. It is
    /// then retried as a query is.
    pub fn idempotent(self) -> Self {
        Self { is_idempotent: true, ..self }
    }
}

impl<'a> IntoFuture for Publish<'a> {
    type Output = Result<Published, AppSyncError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { client, namespace, events, body, deadline, auth, is_idempotent } = self;
        let body = match body {
            Ok(body) => body,
            Err(error) => return Box::pin(ready(Err(error))),
        };
        let (name, headers, retry, is_repeatable) = ("publish", HeaderMap::new(), None, is_idempotent);
        let call = Call { client, name, body, headers, auth, retry, is_repeatable, deadline };
        Box::pin(async move {
            let span = span::of_publish(&namespace, events, &client.endpoint);
            attempts::send(call, span, |answer| Published::decode(answer, events)).await
        })
    }
}

/// Without the events and the channel.
impl fmt::Debug for Publish<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publish")
            .field("namespace", &self.namespace)
            .field("events", &self.events)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// <https://docs.aws.amazon.com/appsync/latest/eventapi/publish-http.html>
pub(super) const MOST_EVENTS: usize = 5;

/// 240 KB: <https://docs.aws.amazon.com/appsync/latest/eventapi/event-api-concepts.html>
const LARGEST_EVENT: usize = 240 << 10;

#[derive(Serialize)]
struct Body<'a> {
    channel: &'a str,
    /// Each is JSON in a string.
    events: Vec<String>,
}

/// The body of the request, unless AppSync would not take it.
fn body(channel: &str, events: &[impl Serialize]) -> Result<Bytes, AppSyncError> {
    let refused = |kind, context: String| Err(AppSyncError::new(kind, false).because(context));
    if let Err(problem) = channel::check(channel) {
        return refused(ErrorKind::Invalid, problem);
    }
    if events.is_empty() {
        return refused(ErrorKind::Invalid, "there are no events to publish".to_owned());
    }
    if events.len() > MOST_EVENTS {
        let context =
            format!("{} events, and AppSync takes {MOST_EVENTS}: publish them in several calls", events.len());
        return refused(ErrorKind::TooLarge, context);
    }
    let mut written = Vec::with_capacity(events.len());
    for (index, event) in events.iter().enumerate() {
        match serde_json::to_string(event) {
            Ok(event) if event.len() <= LARGEST_EVENT => written.push(event),
            Ok(event) => {
                let context = format!("events[{index}] has {} bytes, and AppSync takes {LARGEST_EVENT}", event.len());
                return refused(ErrorKind::TooLarge, context);
            }
            Err(error) => {
                return refused(ErrorKind::Invalid, format!("events[{index}] cannot be written as JSON: {error}"));
            }
        }
    }
    // Strings can always be written.
    let body = serde_json::to_vec(&Body { channel, events: written }).map_err(AppSyncError::unwritable)?;
    Ok(body.into())
}
