use aws_smithy_runtime_api::client::{
    interceptors::context::InterceptorContext,
    result::ConnectorError,
    retries::classifiers::{ClassifyRetry, RetryAction},
};
use aws_smithy_types::retry::RetryConfig;

/// Lets the SDK repeat a request only if its connection failed, as one does that died while Lambda froze the process.
///
/// What a service answers is not repeated, nor what takes too long: the cache decides when the next attempt comes, and
/// the SDK's own attempts in each of its would multiply the load on a service that throttles or is down.
#[derive(Debug)]
pub(crate) struct OnlyLostConnections;

impl ClassifyRetry for OnlyLostConnections {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.output_or_error() {
            Some(Err(error)) if !error.as_connector_error().is_some_and(ConnectorError::is_io) => {
                RetryAction::RetryForbidden
            }
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "OnlyLostConnections"
    }
}

/// At most one repetition, with the pause that `configured` says.
pub(crate) fn at_most_once(configured: Option<&RetryConfig>) -> RetryConfig {
    let configured = configured.cloned().unwrap_or_else(RetryConfig::standard);
    let attempts = configured.max_attempts().min(2);
    configured.with_max_attempts(attempts)
}
