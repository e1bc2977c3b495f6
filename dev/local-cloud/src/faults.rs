//! Faults on demand, each one real at the socket: what a test asks for is what the network shows.

use std::sync::Mutex;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::calls::{OPTIONS, Service};
use crate::lock::lock;

/// What goes wrong with the next calls of one service.
///
/// Built as `Fault::status(Service::AppSync, 503).on("GetOrder").times(2)`; without `times` it hits one call.
/// Faults are used up in the order in which they were injected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    service: Service,
    #[serde(default)]
    operation: Option<String>,
    #[serde(flatten)]
    kind: FaultKind,
    /// Calls still to be hit; absent in JSON means one, null means all of them.
    #[serde(default = "once")]
    times: Option<u32>,
    /// Seconds in a `Retry-After` header, for the faults that answer by themselves.
    #[serde(default)]
    retry_after: Option<u64>,
}

/// How a call goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum FaultKind {
    /// The service's own throttle error; for AppSync HTTP 429. Nothing is executed.
    Throttle,
    /// This HTTP status with an HTML body, as a load balancer answers. Nothing is executed.
    Status {
        /// The HTTP status.
        code: u16,
    },
    /// This HTTP status with this body, as the service itself would send it. Nothing is executed.
    Answer {
        /// The HTTP status.
        code: u16,
        /// The body.
        body: Value,
    },
    /// The connection is reset (RST) before anything is executed or answered.
    Reset,
    /// The call is executed, then the connection is reset: the caller cannot know that it took effect.
    LoseAnswer,
    /// The call is executed; half of its answer is sent under a `Content-Length` for all of it, then the connection closes.
    Truncate,
    /// The call is executed; status and headers come at once, the body drips over this time.
    Slow {
        /// Until the last byte, in milliseconds.
        millis: u64,
    },
    /// AppSync's own HTTP 401 `UnauthorizedException`. Nothing is executed. For the other services an HTTP 401 with an HTML body.
    Unauthorized,
}

impl Fault {
    /// The next call of `service` goes wrong as `kind` says.
    pub fn new(service: Service, kind: FaultKind) -> Self {
        Self { service, operation: None, kind, times: once(), retry_after: None }
    }

    /// [`FaultKind::Throttle`].
    pub fn throttle(service: Service) -> Self {
        Self::new(service, FaultKind::Throttle)
    }

    /// [`FaultKind::Status`].
    pub fn status(service: Service, code: u16) -> Self {
        Self::new(service, FaultKind::Status { code })
    }

    /// [`FaultKind::Answer`].
    pub fn answer(service: Service, code: u16, body: Value) -> Self {
        Self::new(service, FaultKind::Answer { code, body })
    }

    /// An error of Cognito, SSM or Secrets Manager: HTTP 400 with this `__type` and `message`.
    pub fn error(service: Service, error_type: &str, message: &str) -> Self {
        Self::answer(service, 400, json!({"__type": error_type, "message": message}))
    }

    /// [`FaultKind::Reset`].
    pub fn reset(service: Service) -> Self {
        Self::new(service, FaultKind::Reset)
    }

    /// [`FaultKind::LoseAnswer`].
    pub fn lose_answer(service: Service) -> Self {
        Self::new(service, FaultKind::LoseAnswer)
    }

    /// [`FaultKind::Truncate`].
    pub fn truncate(service: Service) -> Self {
        Self::new(service, FaultKind::Truncate)
    }

    /// [`FaultKind::Slow`].
    pub fn slow(service: Service, until_last_byte: Duration) -> Self {
        let millis = u64::try_from(until_last_byte.as_millis()).unwrap_or(u64::MAX);
        Self::new(service, FaultKind::Slow { millis })
    }

    /// [`FaultKind::Unauthorized`] of AppSync.
    pub fn unauthorized() -> Self {
        Self::new(Service::AppSync, FaultKind::Unauthorized)
    }

    /// Hits only calls of this operation, by the name under which [`crate::Call::operation`] records them.
    #[must_use]
    pub fn on(mut self, operation: impl Into<String>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// Hits this many calls.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Hits every call until [`crate::LocalCloud::clear_faults`].
    #[must_use]
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    /// Adds a `Retry-After` header to what [`FaultKind::Throttle`], [`FaultKind::Status`], [`FaultKind::Answer`] and
    /// [`FaultKind::Unauthorized`] answer.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after.as_secs());
        self
    }

    /// How the call goes wrong.
    pub fn kind(&self) -> &FaultKind {
        &self.kind
    }

    pub(crate) fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after
    }

    fn hits(&self, service: Service, operation: &str) -> bool {
        self.service == service
            && match &self.operation {
                Some(wanted) => wanted == operation,
                // A client that opens a connection ahead of time must not use up what is meant for its first request.
                None => operation != OPTIONS,
            }
    }
}

fn once() -> Option<u32> {
    Some(1)
}

/// The faults still to come.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    queue: Mutex<Vec<Fault>>,
}

impl Faults {
    pub(crate) fn inject(&self, fault: Fault) {
        if fault.times != Some(0) {
            lock(&self.queue).push(fault);
        }
    }

    pub(crate) fn clear(&self) {
        lock(&self.queue).clear();
    }

    pub(crate) fn to_come(&self) -> Vec<Fault> {
        lock(&self.queue).clone()
    }

    /// The fault for this call, which it uses up.
    pub(crate) fn take(&self, service: Service, operation: &str) -> Option<Fault> {
        let mut queue = lock(&self.queue);
        let index = queue.iter().position(|fault| fault.hits(service, operation))?;
        match &mut queue[index].times {
            Some(1) => Some(queue.remove(index)),
            Some(times) => {
                *times -= 1;
                Some(queue[index].clone())
            }
            None => Some(queue[index].clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_hits_as_often_as_it_says_and_only_its_operation() {
        let faults = Faults::default();
        faults.inject(Fault::throttle(Service::AppSync).on("GetOrder").times(2));
        assert_eq!(faults.take(Service::AppSync, "ListOrders"), None);
        assert_eq!(faults.take(Service::Ssm, "GetOrder"), None);
        assert!(faults.take(Service::AppSync, "GetOrder").is_some());
        assert!(faults.take(Service::AppSync, "GetOrder").is_some());
        assert_eq!(faults.take(Service::AppSync, "GetOrder"), None);
    }

    #[test]
    fn opening_a_connection_uses_up_no_fault() {
        let faults = Faults::default();
        faults.inject(Fault::reset(Service::AppSync));
        assert_eq!(faults.take(Service::AppSync, OPTIONS), None);
        faults.inject(Fault::reset(Service::AppSync).on(OPTIONS));
        assert!(faults.take(Service::AppSync, OPTIONS).is_some());
    }

    #[test]
    fn a_fault_is_readable_from_json() {
        let fault: Fault = serde_json::from_str(r#"{"service":"cognito","kind":"status","code":503}"#).expect("valid");
        assert_eq!(fault, Fault::status(Service::Cognito, 503));
        let always: Fault =
            serde_json::from_str(r#"{"service":"ssm","kind":"slow","millis":20,"times":null}"#).expect("valid");
        assert_eq!(always, Fault::slow(Service::Ssm, Duration::from_millis(20)).always());
    }
}
