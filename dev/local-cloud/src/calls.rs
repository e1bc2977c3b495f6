//! What was called: the record that tests count and the binary prints.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::broadcast;

use crate::clock::{format_date_time, wall_clock_millis};
use crate::lock::lock;

/// One of the services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Service {
    /// Amazon Cognito user pools.
    Cognito,
    /// AWS Systems Manager Parameter Store.
    Ssm,
    /// AWS AppSync.
    AppSync,
    /// AWS Secrets Manager.
    SecretsManager,
    /// An OpenTelemetry collector, as X-Ray's OTLP endpoint is one.
    Traces,
}

impl Service {
    /// Every service.
    pub const ALL: [Self; 5] = [Self::Cognito, Self::Ssm, Self::AppSync, Self::SecretsManager, Self::Traces];

    /// The name in the control API and on the command line: `cognito`, `ssm`, `appsync`, `secretsmanager`, `traces`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cognito => "cognito",
            Self::Ssm => "ssm",
            Self::AppSync => "appsync",
            Self::SecretsManager => "secretsmanager",
            Self::Traces => "traces",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One call as the stand-in saw it. It holds nothing secret: no body, no variable, no header but one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Call {
    /// When it arrived, in milliseconds since 1970, without the clock offset.
    pub at: i64,
    /// The service that was called.
    pub service: Service,
    /// `AdminInitiateAuth`, `GetParameters`, the GraphQL operation's name, `EventPublish`, `OPTIONS`, `GetJwks`, `oauth2/token`,
    /// `v1/traces`.
    pub operation: String,
    /// The HTTP status sent; 0 when none was, because the connection was reset or the caller went away.
    pub status: u16,
    /// `ok`, an error type such as `NotAuthorizedException`, or a word about an injected fault.
    pub outcome: String,
    /// From the arrival of the whole request to the moment its answer was ready.
    pub millis: u64,
    /// The header `X-Amzn-Trace-Id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

/// An event that was published to a channel of the Event API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PublishedEvent {
    /// The channel, as the request has it.
    pub channel: String,
    /// The event.
    pub event: Value,
}

/// The operation under which `OPTIONS /graphql` and `OPTIONS /event` are recorded; [`CallLog::count`] leaves it out.
pub(crate) const OPTIONS: &str = "OPTIONS";

/// The operation under which requests to a pool's token endpoint are recorded.
pub(crate) const TOKEN: &str = "oauth2/token";

/// The operation under which `POST /event` is recorded, by the name of its IAM action.
pub(crate) const PUBLISH: &str = "EventPublish";

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = format_date_time(self.at);
        let time = at.get(11..23).unwrap_or(&at);
        let Self { service, operation, status, outcome, millis, .. } = self;
        write!(f, "{time} {service:<8}{operation:<26} {status:>3} {millis:>5} ms  {outcome}")
    }
}

#[derive(Debug)]
pub(crate) struct CallLog {
    calls: Mutex<Vec<Call>>,
    published: Mutex<Vec<PublishedEvent>>,
    under_way: Mutex<HashMap<String, usize>>,
    subscribers: broadcast::Sender<Call>,
}

impl Default for CallLog {
    fn default() -> Self {
        Self {
            calls: Mutex::default(),
            published: Mutex::default(),
            under_way: Mutex::default(),
            subscribers: broadcast::Sender::new(1024),
        }
    }
}

impl CallLog {
    pub(crate) fn all(&self) -> Vec<Call> {
        lock(&self.calls).clone()
    }

    pub(crate) fn count(&self, service: Service) -> usize {
        lock(&self.calls).iter().filter(|call| call.service == service && call.operation != OPTIONS).count()
    }

    pub(crate) fn count_of(&self, operation: &str) -> usize {
        lock(&self.calls).iter().filter(|call| call.operation == operation).count()
    }

    pub(crate) fn under_way(&self, operation: &str) -> usize {
        lock(&self.under_way).get(operation).copied().unwrap_or(0)
    }

    pub(crate) fn published(&self) -> Vec<PublishedEvent> {
        lock(&self.published).clone()
    }

    pub(crate) fn publish(&self, events: Vec<PublishedEvent>) {
        lock(&self.published).extend(events);
    }

    pub(crate) fn reset(&self) {
        lock(&self.calls).clear();
        lock(&self.published).clear();
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Call> {
        self.subscribers.subscribe()
    }

    /// Starts the record of a call that has just arrived, with this trace header.
    pub(crate) fn begin(self: &Arc<Self>, service: Service, operation: &str, trace: Option<&str>) -> CallInProgress {
        *lock(&self.under_way).entry(operation.to_owned()).or_default() += 1;
        CallInProgress {
            log: Arc::clone(self),
            at: wall_clock_millis(),
            service,
            operation: operation.to_owned(),
            trace: trace.map(str::to_owned),
            end: None,
        }
    }
}

/// Records its call when it is dropped: a caller that went away while it waited is recorded too.
pub(crate) struct CallInProgress {
    log: Arc<CallLog>,
    at: i64,
    service: Service,
    operation: String,
    trace: Option<String>,
    end: Option<(u16, String)>,
}

impl CallInProgress {
    pub(crate) fn end(mut self, status: u16, outcome: impl Into<String>) {
        self.end = Some((status, outcome.into()));
    }
}

impl Drop for CallInProgress {
    fn drop(&mut self) {
        lock(&self.log.under_way).entry(self.operation.clone()).and_modify(|calls| *calls -= 1);
        let (status, outcome) = self.end.take().unwrap_or((0, "caller went away".to_owned()));
        let call = Call {
            at: self.at,
            service: self.service,
            operation: std::mem::take(&mut self.operation),
            status,
            outcome,
            millis: u64::try_from(wall_clock_millis() - self.at).unwrap_or(0),
            trace: self.trace.take(),
        };
        lock(&self.log.calls).push(call.clone());
        // An error only says that nobody has subscribed.
        let _ = self.log.subscribers.send(call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_one_line() {
        let call = Call {
            at: 951_782_400_001,
            service: Service::Cognito,
            operation: "AdminInitiateAuth".to_owned(),
            status: 400,
            outcome: "NotAuthorizedException".to_owned(),
            millis: 152,
            trace: None,
        };
        assert_eq!(
            call.to_string(),
            "00:00:00.001 cognito AdminInitiateAuth          400   152 ms  NotAuthorizedException"
        );
    }

    #[test]
    fn a_call_whose_caller_went_away_is_recorded() {
        let log = Arc::new(CallLog::default());
        let call = log.begin(Service::Ssm, "GetParameters", None);
        assert_eq!((log.under_way("GetParameters"), log.count(Service::Ssm)), (1, 0));
        drop(call);
        assert_eq!(log.under_way("GetParameters"), 0);
        assert_eq!(log.all()[0].outcome, "caller went away");
        assert_eq!(log.count(Service::Ssm), 1);
    }
}
