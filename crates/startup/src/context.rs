use std::{
    path::PathBuf,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

#[cfg(feature = "iam")]
use appsync::Iam;
use appsync::{AppSyncClient, AppSyncError, Auth};
use auth_cache::{ErrorChain, Identity};
use tracing::Instrument as _;

#[cfg(feature = "traces")]
use crate::traces::{self, Traces};
use crate::{Config, ConfigError, IdentityConfig, clients, invocation_span, logging, metrics::Metrics};

/// What a process keeps between invocations: its token, and the client with its open connections.
///
/// Each function has one, as its only module-level static. It holds data only: a new process starts with an empty one
/// and fills it in [`ExecutionContext::start`].
#[derive(Debug)]
pub struct ExecutionContext {
    appsync: OnceLock<AppSyncClient>,
    metrics: Metrics,
    #[cfg(feature = "traces")]
    traces: Traces,
    function_name: OnceLock<String>,
    was_invoked: AtomicBool,
}

impl ExecutionContext {
    /// An empty context.
    pub const fn new() -> Self {
        Self {
            appsync: OnceLock::new(),
            metrics: Metrics::new(),
            #[cfg(feature = "traces")]
            traces: Traces::new(),
            function_name: OnceLock::new(),
            was_invoked: AtomicBool::new(false),
        }
    }

    /// Logs as [`log_as_json`](crate::log_as_json) does. With an endpoint for traces in the configuration, and the
    /// feature `traces`, spans are recorded as well.
    pub fn log(&'static self, config: &Config) {
        #[cfg(feature = "traces")]
        if config.traces_endpoint.is_some() {
            return logging::log_as_json_and_record(config.log_level, self.traces.recorder());
        }
        logging::log_as_json(config.log_level);
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

    /// Runs one invocation, which ends at `ends_at` and has the X-Ray trace header `trace`: `lambda_runtime`'s context has both.
    /// What is logged meanwhile has the function's name, whether this is the process's first invocation, and the operation as soon
    /// as that is known (`Span::current().record("operation", ...)`). Afterwards, the metrics that are due are written.
    ///
    /// If there is an endpoint for traces and the trace is sampled, its spans are sent afterwards. That takes half a second at the
    /// most; what could not be sent is kept for the next invocation.
    pub fn invocation<T, F: Future<Output = T>>(
        &'static self,
        ends_at: SystemTime,
        trace: Option<&str>,
        work: F,
    ) -> impl Future<Output = T> + use<T, F> {
        let is_first = !self.was_invoked.swap(true, Ordering::Relaxed);
        #[cfg(feature = "traces")]
        let parent = self.traces.parent(trace);
        #[cfg(not(feature = "traces"))]
        let _ = (ends_at, trace);
        async move {
            let span = invocation_span(self.function_name.get(), is_first);
            #[cfg(feature = "traces")]
            if let Some(parent) = parent {
                self.traces.begin(&span, parent, self.function_name.get(), is_first);
            }
            let outcome = work.instrument(span.clone()).await;
            #[cfg(feature = "traces")]
            {
                self.traces.end(&span);
                self.traces.flush(ends_at).await;
            }
            self.metrics.flush_if_due();
            outcome
        }
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
        #[cfg(feature = "traces")]
        self.traces.export(&http, config);
        let appsync = AppSyncClient::new(http, config.appsync_url.clone(), auth);
        #[cfg(feature = "traces")]
        let appsync = appsync.with_trace_header(traces::trace_header);
        Ok(self.appsync.get_or_init(|| appsync))
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
