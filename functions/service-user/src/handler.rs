use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use auth_cache::ErrorChain;
use aws_sdk_cognitoidentityprovider::Client as Cognito;
use aws_sdk_ssm::{Client as Ssm, config::retry::RetryConfig};
use aws_types::SdkConfig;
use lambda_runtime::{Diagnostic, LambdaEvent};
use serde::Deserialize as _;
use serde_json::{Value, json};
use startup::{ServiceUserConfig, StartError, WantedServiceUser};
use tracing::{Instrument as _, Span};

use crate::{
    ServiceUserError, age, cloud_formation::Request, custom_resource, parameters::Parameters, resource, rotation,
};

/// What the function works with. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ServiceUser {
    /// For the answers to CloudFormation.
    pub(crate) http: reqwest::Client,
    /// Whether CloudFormation may be on this machine.
    pub(crate) is_local: bool,
    /// Why there is none, otherwise.
    administration: Result<Administration, String>,
    function_name: String,
    was_invoked: Arc<AtomicBool>,
}

/// What the service user should be, and the clients that make it so.
#[derive(Clone, Debug)]
pub(crate) struct Administration {
    pub(crate) wanted: Arc<WantedServiceUser>,
    pub(crate) cognito: Cognito,
    ssm: Ssm,
}

/// A deployment waits rather than fails when Cognito is busy.
const ATTEMPTS: u32 = 5;

const OPERATIONS: [&str; 6] = ["Create", "Update", "Delete", "Rotate", "Age", "Repair"];

impl ServiceUser {
    /// As the environment says. What is wrong with it is no error here: CloudFormation waits for an answer, which tells it.
    ///
    /// # Errors
    /// When no HTTP client can be built at all.
    pub fn start(config: ServiceUserConfig) -> Result<Self, StartError> {
        let clients = catch_unwind(AssertUnwindSafe(|| {
            let wanted = config.wanted.as_ref().map_err(|error| ErrorChain(error).to_string())?;
            let http = startup::http_client(&wanted.aws).map_err(|error| ErrorChain(&error).to_string())?;
            Ok((startup::sdk_config(&wanted.aws, http.clone()), http))
        }));
        match clients.unwrap_or_else(|_| Err(ServiceUserError::Panicked.to_string())) {
            Ok((sdk, http)) => Ok(Self::new(&sdk, http, config)),
            Err(problem) => Ok(Self {
                http: startup::plain_http_client()?,
                is_local: config.is_local,
                administration: Err(problem),
                function_name: config.function_name,
                was_invoked: Arc::default(),
            }),
        }
    }

    /// Calls Cognito and SSM as `sdk` says, and CloudFormation with `http`, which must not follow redirects.
    pub fn new(sdk: &SdkConfig, http: reqwest::Client, config: ServiceUserConfig) -> Self {
        let retries = sdk.retry_config().cloned().unwrap_or_else(RetryConfig::standard).with_max_attempts(ATTEMPTS);
        let sdk = sdk.to_builder().retry_config(retries).build();
        let (cognito, ssm) = (Cognito::new(&sdk), Ssm::new(&sdk));
        let wanted = config.wanted.map_err(|error| error.to_string());
        Self {
            http,
            is_local: config.is_local,
            administration: wanted.map(|wanted| Administration { wanted: Arc::new(wanted), cognito, ssm }),
            function_name: config.function_name,
            was_invoked: Arc::default(),
        }
    }

    pub(crate) fn administration(&self) -> Result<&Administration, ServiceUserError> {
        self.administration.as_ref().map_err(|reason| ServiceUserError::NotConfigured { reason: reason.clone() })
    }
}

impl Administration {
    pub(crate) fn parameters(&self) -> Parameters {
        Parameters::new(self.ssm.clone(), &self.wanted.parameters, self.wanted.parameters_key.clone())
    }
}

/// Answers one event.
///
/// # Errors
/// When a rotation or a repair fails, or when CloudFormation did not take its answer: Lambda then delivers the event
/// again. An event of CloudFormation that was answered is a success, even if the answer was that the resource has failed.
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
        Some("Rotate") => rotate(service_user).await,
        Some("Age") => report_age(service_user).await,
        Some("Repair") => repair(service_user).await,
        _ => match Request::deserialize(payload) {
            Ok(request) => custom_resource::answer(service_user, request, context.deadline()).await,
            // Not serde's error, which may show a part of the event.
            Err(_) => Err(ServiceUserError::InvalidEvent {
                reason:
                    r#"it is neither {"RequestType": "Rotate"} nor "Age" nor "Repair" nor a request of CloudFormation"#
                        .to_owned(),
            }),
        },
    };
    result.map_err(|error| {
        let (error_type, error_message) = (error.error_type(), ErrorChain(&error).to_string());
        tracing::error!(error_type, error = error_message, "the event has failed");
        Diagnostic { error_type: error_type.to_owned(), error_message }
    })
}

async fn rotate(service_user: &ServiceUser) -> Result<Value, ServiceUserError> {
    rotation::rotate(service_user.administration()?).await
}

async fn report_age(service_user: &ServiceUser) -> Result<Value, ServiceUserError> {
    age::report(service_user.administration()?, &service_user.function_name).await
}

async fn repair(service_user: &ServiceUser) -> Result<Value, ServiceUserError> {
    let active = resource::converge(service_user.administration()?).await?;
    tracing::info!(active, "repaired the service user");
    Ok(json!({"active": active}))
}
