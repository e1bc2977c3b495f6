//! Event APIs: AppSync's channels, to which events are published over HTTP.

mod channel;
mod publish;
mod published;

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use auth_cache::Clock;
use http::{HeaderName, HeaderValue};
use serde::Serialize;
use url::Url;

pub use self::{
    publish::Publish,
    published::{FailedEvent, NotPublished, Published, SuccessfulEvent},
};
use crate::{AppSyncClient, AppSyncError, Auth, RetryPolicy};

/// A client of one Event API, which publishes events to its channels. Cheap to clone, as [`AppSyncClient`] is; what is
/// said there of `http`, tokens, headers and deadlines holds here too.
///
/// <https://docs.aws.amazon.com/appsync/latest/eventapi/publish-http.html>
#[derive(Clone)]
pub struct EventsClient(AppSyncClient);

impl EventsClient {
    /// How many events AppSync takes in one call.
    pub const MOST_EVENTS: usize = publish::MOST_EVENTS;

    /// A client that publishes to the Event API at `endpoint`, such as
    /// `https://abc.appsync-api.eu-west-1.amazonaws.com/event`, with `auth`, which can be an
    /// [`Identity`](auth_cache::Identity). [`AppSyncClient::http_client`] makes the HTTP client.
    pub fn new(http: reqwest::Client, endpoint: Url, auth: impl Into<Auth>) -> Self {
        Self(AppSyncClient::new(http, endpoint, auth).with_response_limit(LARGEST_ANSWER))
    }

    /// A client that publishes to the Event API at `endpoint` with the HTTP client, the token, the headers, the retries and the
    /// deadline of `appsync`, such as the client of a function's execution context: both sign in once.
    pub fn like(appsync: &AppSyncClient, endpoint: Url) -> Self {
        Self(appsync.clone().with_endpoint(endpoint).with_response_limit(LARGEST_ANSWER))
    }

    /// The same client with another policy of retries.
    #[must_use]
    pub fn with_retry(self, retry: RetryPolicy) -> Self {
        Self(self.0.with_retry(retry))
    }

    /// The same client, which adds a header to all its requests; see [`AppSyncClient::with_header`].
    #[must_use]
    pub fn with_header(self, name: HeaderName, value: HeaderValue) -> Self {
        Self(self.0.with_header(name, value))
    }

    /// The same client for one Lambda invocation; see [`AppSyncClient::for_invocation`].
    #[must_use]
    pub fn for_invocation(self, ends_at: SystemTime, trace: Option<&str>) -> Self {
        Self(self.0.for_invocation(ends_at, trace))
    }

    /// The same client, which judges deadlines by `clock` and signs with its time: for tests.
    #[must_use]
    pub fn with_clock(self, clock: impl Into<Clock>) -> Self {
        Self(self.0.with_clock(clock))
    }

    /// Publishes one to five events to `channel`, such as `/default/orders`, in one request. Each of them is written as
    /// JSON and has at most 240 KB. Awaiting it sends it.
    ///
    /// AppSync takes some events of a request and refuses others: [`Published`] says which. More than five events are an
    /// error rather than several requests, of which the first may succeed and the second fail. To publish more, take them
    /// in turns:
    ///
    /// ```
    /// # use appsync::EventsClient;
    /// # async fn example(events: EventsClient, orders: Vec<u32>) -> Result<(), Box<dyn std::error::Error>> {
    /// for batch in orders.chunks(EventsClient::MOST_EVENTS) {
    ///     events.publish("/default/orders", batch).await?.require_all()?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A channel has one to five segments, each of up to 50 letters, digits and dashes (of ASCII), with slashes between them
    /// and perhaps one in front. The first segment is the channel's namespace.
    ///
    /// # Errors
    /// Before anything is sent: [`Invalid`](crate::ErrorKind::Invalid) when the channel is malformed, when there are no events, or
    /// when one of them cannot be written as JSON; [`TooLarge`](crate::ErrorKind::TooLarge) when there are too many or one is
    /// too large. Otherwise when AppSync refuses the request as a whole, or there is no answer; see [`AppSyncError::kind`].
    pub fn publish(&self, channel: &str, events: &[impl Serialize]) -> Publish<'_> {
        Publish::new(&self.0, channel, events)
    }

    /// Signs in and opens a connection, at the same time; see [`AppSyncClient::warm_up`].
    ///
    /// # Errors
    /// When either fails. The client is usable all the same.
    pub async fn warm_up(&self, limit: Duration) -> Result<(), AppSyncError> {
        self.0.warm_up(limit).await
    }
}

/// It is about five events at the most.
const LARGEST_ANSWER: usize = 256 << 10;

impl fmt::Debug for EventsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EventsClient").field(&self.0).finish()
    }
}
