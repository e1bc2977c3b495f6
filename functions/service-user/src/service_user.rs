use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::AtomicBool},
};

use auth_cache::ErrorChain;
use aws_sdk_cognitoidentityprovider::Client as Cognito;
use aws_sdk_secretsmanager::Client as SecretsManager;
use aws_sdk_ssm::{Client as Ssm, config::retry::RetryConfig};
use aws_types::SdkConfig;
use startup::{ServiceUserConfig, StartError, WantedServiceUser};

use crate::{ServiceUserError, parameters::Parameters};

/// What the function works with. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ServiceUser {
    /// For the answers to CloudFormation.
    pub(crate) http: reqwest::Client,
    /// Whether CloudFormation may be on this machine.
    pub(crate) is_local: bool,
    /// Why there is none, otherwise.
    administration: Result<Administration, String>,
    pub(crate) function_name: String,
    pub(crate) was_invoked: Arc<AtomicBool>,
}

/// What the service user should be, and the clients that make it so.
#[derive(Clone, Debug)]
pub(crate) struct Administration {
    pub(crate) function_name: Arc<str>,
    pub(crate) wanted: Arc<WantedServiceUser>,
    pub(crate) cognito: Cognito,
    pub(crate) ssm: Ssm,
    pub(crate) secrets_manager: SecretsManager,
}

/// A deployment waits rather than fails when Cognito is busy.
const ATTEMPTS: u32 = 5;

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
        let wanted = config.wanted.map_err(|error| error.to_string());
        Self {
            http,
            is_local: config.is_local,
            administration: wanted.map(|wanted| Administration {
                function_name: config.function_name.as_str().into(),
                wanted: Arc::new(wanted),
                cognito: Cognito::new(&sdk),
                ssm: Ssm::new(&sdk),
                secrets_manager: SecretsManager::new(&sdk),
            }),
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
