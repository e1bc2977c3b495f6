use std::{
    path::PathBuf,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

#[cfg(feature = "iam")]
use appsync::Iam;
use appsync::{AppSyncClient, AppSyncError, Auth};
use auth_cache::{ErrorChain, Identity};
use tracing::Instrument as _;

use crate::{Config, ConfigError, IdentityConfig, clients, invocation_span, metrics::Metrics};

/// What a process keeps between invocations: its token, and the client with its open connections.
///
/// Each function has one, as its only module-level static. It holds data only: a new process starts with an empty one
/// and fills it in [`ExecutionContext::start`].
#[derive(Debug)]
pub struct ExecutionContext {
    appsync: OnceLock<AppSyncClient>,
    metrics: Metrics,
    function_name: OnceLock<String>,
    was_invoked: AtomicBool,
}

impl ExecutionContext {
    /// An empty context.
    pub const fn new() -> Self {
        Self {
            appsync: OnceLock::new(),
            metrics: Metrics::new(),
            function_name: OnceLock::new(),
            was_invoked: AtomicBool::new(false),
        }
    }

    /// Builds the client, gets a token and opens the connection to AppSync, so that the first invocation is already warm.
    ///
    /// Call it in the init phase, which has more CPU than the function pays for. When signing in or connecting fails,
    /// that is logged and no error: the first invocation tries again.
    ///
    /// # Errors
    /// When the client cannot be built.
    pub async fn start(&'static self, config: &Config) -> Result<&'static AppSyncClient, StartError> {
        let appsync = self.client(config)?;
        warn_of_failure(appsync.warm_up(clients::LONGEST_WARM_UP).await);
        Ok(appsync)
    }

    /// The same without a token, for a function that anybody may start: the first invocation that needs one gets it.
    ///
    /// # Errors
    /// As [`ExecutionContext::start`].
    pub async fn connect(&'static self, config: &Config) -> Result<&'static AppSyncClient, StartError> {
        let appsync = self.client(config)?;
        warn_of_failure(appsync.connect(clients::LONGEST_WARM_UP).await);
        Ok(appsync)
    }

    /// Runs one invocation. What is logged meanwhile has the function's name, whether this is the process's first
    /// invocation, and the operation as soon as that is known (`Span::current().record("operation", ...)`). Afterwards, the
    /// metrics that are due are written.
    pub async fn invocation<T>(&'static self, work: impl Future<Output = T>) -> T {
        let is_first = !self.was_invoked.swap(true, Ordering::Relaxed);
        let outcome = work.instrument(invocation_span(self.function_name.get(), is_first)).await;
        self.metrics.flush_if_due();
        outcome
    }

    fn client(&'static self, config: &Config) -> Result<&'static AppSyncClient, StartError> {
        if let Some(appsync) = self.appsync.get() {
            return Ok(appsync);
        }
        let http = clients::http_client(&config.aws)?;
        let sdk = clients::sdk_config(&config.aws, http.clone());
        self.function_name.get_or_init(|| config.function_name.clone());
        let observer = self.metrics.observer(config);
        let observed = |identity: Identity| match observer {
            Some(observer) => identity.with_observer(observer),
            None => identity,
        };
        let auth: Auth = match &config.identity {
            #[cfg(feature = "iam")]
            IdentityConfig::Iam => Iam::in_region(config.aws.credentials.clone(), config.aws.region.to_string()).into(),
            IdentityConfig::ServiceUser(sign_in) => {
                observed(clients::service_user_of(&sdk, sign_in, config.token_reuse)).into()
            }
            #[cfg(feature = "client-credentials")]
            IdentityConfig::ClientCredentials(machine) => {
                let identity = clients::machine(&sdk, http.clone(), machine);
                observed(if config.token_reuse { identity } else { identity.without_reuse() }).into()
            }
            #[cfg(not(all(feature = "iam", feature = "client-credentials")))]
            other => unreachable!("the configuration refuses {other:?} without its feature"),
        };
        Ok(self.appsync.get_or_init(|| AppSyncClient::new(http, config.appsync_url.clone(), auth)))
    }
}

fn warn_of_failure(result: Result<(), AppSyncError>) {
    if let Err(error) = result {
        tracing::warn!(
            error = %ErrorChain(&error),
            "could not sign in and connect during the init phase; the first invocation tries again",
        );
    }
}

impl Default for ExecutionContext {
    fn default() -> Self {
        Self::new()
    }
}

/// Why a function could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The environment is not complete.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The file that `AWS_CA_BUNDLE` names holds no certificates.
    #[error("could not read certificates from {}", path.display())]
    CaBundle {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: rustls::pki_types::pem::Error,
    },
    /// The TLS configuration is not usable.
    #[error("could not set up TLS")]
    Tls(#[from] rustls::Error),
    /// The HTTP client could not be built.
    #[error("could not build the HTTP client")]
    Http(#[from] reqwest::Error),
}
