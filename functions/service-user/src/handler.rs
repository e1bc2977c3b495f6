use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use auth_cache::ErrorChain;
use aws_sdk_cognitoidentityprovider::Client as Cognito;
use aws_sdk_ssm::{Client as Ssm, config::retry::RetryConfig};
use aws_types::SdkConfig;
use lambda_runtime::{Diagnostic, LambdaEvent};
use serde::Deserialize as _;
use serde_json::Value;
use startup::ServiceUserConfig;
use tracing::{Instrument as _, Span};

use crate::{ServiceUserError, custom_resource, event::Request, rotation};

/// What the function works with. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ServiceUser {
    pub(crate) cognito: Cognito,
    pub(crate) ssm: Ssm,
    pub(crate) http: reqwest::Client,
    /// The prefix of what is rotated, and the key that it is encrypted with.
    pub(crate) parameters: String,
    pub(crate) parameters_key: Option<String>,
    function_name: String,
    was_invoked: Arc<AtomicBool>,
}

/// A deployment waits rather than fails when Cognito is busy.
const ATTEMPTS: u32 = 5;

const OPERATIONS: [&str; 4] = ["Create", "Update", "Delete", "Rotate"];

impl ServiceUser {
    /// Calls Cognito and SSM as `sdk` says, and CloudFormation with `http`.
    pub fn new(sdk: &SdkConfig, http: reqwest::Client, config: &ServiceUserConfig) -> Self {
        let retries = sdk.retry_config().cloned().unwrap_or_else(RetryConfig::standard).with_max_attempts(ATTEMPTS);
        let sdk = sdk.to_builder().retry_config(retries).build();
        Self {
            cognito: Cognito::new(&sdk),
            ssm: Ssm::new(&sdk),
            http,
            parameters: config.service_user_parameters.clone(),
            parameters_key: config.service_user_parameters_key.clone(),
            function_name: config.function_name.clone(),
            was_invoked: Arc::default(),
        }
    }
}

/// Answers one event.
///
/// # Errors
/// When a rotation fails, or when CloudFormation did not take its answer: Lambda then delivers the event again. An event
/// of CloudFormation that was answered is a success, even if the answer was that the resource has failed.
pub async fn handle(service_user: ServiceUser, event: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
    let is_first = !service_user.was_invoked.swap(true, Ordering::Relaxed);
    let span = startup::invocation_span(Some(&service_user.function_name), is_first);
    run(&service_user, event).instrument(span).await
}

async fn run(service_user: &ServiceUser, event: LambdaEvent<Value>) -> Result<Value, Diagnostic> {
    let LambdaEvent { payload, context } = event;
    if let Some(operation) = OPERATIONS.iter().find(|operation| payload["RequestType"] == **operation) {
        Span::current().record("operation", operation);
    }
    let result = match payload["RequestType"].as_str() {
        Some("Rotate") => rotation::rotate(service_user).await,
        _ => match Request::deserialize(payload) {
            Ok(request) => custom_resource::answer(service_user, request, context.deadline()).await,
            // Not serde's error, which may show a part of the event.
            Err(_) => Err(ServiceUserError::InvalidEvent {
                reason: r#"it is neither {"RequestType": "Rotate"} nor a request of CloudFormation"#.to_owned(),
            }),
        },
    };
    result.map_err(|error| {
        let (error_type, error_message) = (error.error_type(), ErrorChain(&error).to_string());
        tracing::error!(error_type, error = error_message, "the event has failed");
        Diagnostic { error_type: error_type.to_owned(), error_message }
    })
}
