#[cfg(feature = "sign-in")]
use std::sync::LazyLock;
use std::{sync::Arc, time::Duration};

use appsync::AppSyncClient;
#[cfg(feature = "secrets-manager")]
use auth_cache::SecretsManagerTokenStore;
#[cfg(feature = "client-credentials")]
use auth_cache::{ClientCredentialsTokenSource, SecretsManagerCredentials};
#[cfg(feature = "sign-in")]
use auth_cache::{CognitoTokenSource, SignInError, SignInRequest, SsmCredentials, Token, TokenSource};
use auth_cache::{ErrorChain, Identity, Published, SsmTokenStore, TokenStore};
use aws_sdk_ssm::config::{
    BehaviorVersion, SharedCredentialsProvider,
    retry::{ReconnectMode, RetryConfig},
    timeout::TimeoutConfig,
};
use aws_types::{
    SdkConfig,
    service_config::{LoadServiceConfig, ServiceConfigKey},
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem, pem::PemObject as _},
};
use url::Url;

#[cfg(feature = "client-credentials")]
use crate::ClientCredentialsConfig;
#[cfg(feature = "sign-in")]
use crate::SignInMode;
use crate::{AwsConfig, SignInConfig, StartError, config::sign_in_from, sdk_http::SdkHttp, settings::environment};

/// Lambda gives the init phase 10 s in all.
pub(crate) const LONGEST_WARM_UP: Duration = Duration::from_secs(8);
const CONNECT: Duration = Duration::from_secs(2);

/// The service user of the environment: the variables of [`SignInConfig`] and the `AWS_...` of [`Config`](crate::Config).
/// Gets a token: call it in the init phase. When that fails, it is logged and no error: the first invocation tries again.
///
/// # Errors
/// When the environment is not complete, or the HTTP client cannot be built.
pub async fn service_user() -> Result<Identity, StartError> {
    let (sign_in, aws) = sign_in_from(environment)?;
    let identity = service_user_of(&sdk_config(&aws, http_client(&aws)?), &sign_in, true);
    if let Err(error) = identity.token(LONGEST_WARM_UP).await {
        tracing::warn!(
            error = %ErrorChain(&error),
            "could not get a token during the init phase; the first invocation tries again",
        );
    }
    Ok(identity)
}

/// The service user, with the way to its token that the configuration says. Without reuse, it signs in each time, if it may.
pub(crate) fn service_user_of(sdk: &SdkConfig, sign_in: &SignInConfig, reuse: bool) -> Identity {
    match (sign_in.mode, reuse) {
        #[cfg(feature = "sign-in")]
        (SignInMode::SignIn | SignInMode::PublishedOrSignIn, false) => {
            Identity::new(password_sign_in(sdk, sign_in).with_renewal(auth_cache::Renewal::Never)).without_reuse()
        }
        #[cfg(feature = "sign-in")]
        (SignInMode::SignIn, true) => Identity::new(password_sign_in(sdk, sign_in)),
        #[cfg(feature = "secrets-manager")]
        _ if sign_in.token_secret.is_some() => {
            let secret = sign_in.token_secret.clone().unwrap_or_default();
            let store = SecretsManagerTokenStore::new(aws_sdk_secretsmanager::Client::new(sdk), secret);
            published(store, sdk, sign_in)
        }
        #[cfg(feature = "sign-in")]
        (SignInMode::PublishedOrSignIn, true) => published(credentials(sdk, sign_in).token_store(), sdk, sign_in),
        _ => published(SsmTokenStore::new(aws_sdk_ssm::Client::new(sdk), &sign_in.parameters), sdk, sign_in),
    }
}

/// A machine-to-machine client.
#[cfg(feature = "client-credentials")]
pub(crate) fn machine(sdk: &SdkConfig, http: reqwest::Client, config: &ClientCredentialsConfig) -> Identity {
    let credentials = SecretsManagerCredentials::new(aws_sdk_secretsmanager::Client::new(sdk), &config.secret);
    let source = ClientCredentialsTokenSource::new(http, config.token_url.clone(), credentials);
    match config.scopes.is_empty() {
        true => Identity::new(source),
        false => Identity::new(source.with_scopes(&config.scopes)),
    }
}

fn published(store: impl TokenStore, sdk: &SdkConfig, sign_in: &SignInConfig) -> Identity {
    let published = Published::new(store, sign_in.token_use);
    let published = match &sign_in.user_pool_id {
        Some(id) => published.of_user_pool(id),
        None => published,
    };
    let published = match &sign_in.client_id {
        Some(id) => published.of_client(id),
        None => published,
    };
    #[cfg(feature = "sign-in")]
    if sign_in.mode == SignInMode::PublishedOrSignIn {
        return Identity::new(published.or_else(OnDemand::new(sdk, sign_in)));
    }
    #[cfg(not(feature = "sign-in"))]
    let _ = sdk;
    Identity::new(published)
}

/// Each process signs in by itself, with the password.
#[cfg(feature = "sign-in")]
fn password_sign_in(sdk: &SdkConfig, sign_in: &SignInConfig) -> CognitoTokenSource<SsmCredentials> {
    let cognito = aws_sdk_cognitoidentityprovider::Client::new(sdk);
    CognitoTokenSource::new(cognito, credentials(sdk, sign_in), sign_in.token_use)
}

/// The same, with a client that is built for the first sign-in: a process that finds a published token needs none.
#[cfg(feature = "sign-in")]
struct OnDemand(
    LazyLock<CognitoTokenSource<SsmCredentials>, Box<dyn FnOnce() -> CognitoTokenSource<SsmCredentials> + Send>>,
);

#[cfg(feature = "sign-in")]
impl OnDemand {
    fn new(sdk: &SdkConfig, sign_in: &SignInConfig) -> Self {
        let (sdk, sign_in) = (sdk.clone(), sign_in.clone());
        Self(LazyLock::new(Box::new(move || password_sign_in(&sdk, &sign_in))))
    }
}

#[cfg(feature = "sign-in")]
impl TokenSource for OnDemand {
    async fn sign_in(&self) -> Result<Token, SignInError> {
        self.0.sign_in().await
    }

    async fn sign_in_for(&self, request: &SignInRequest) -> Result<Token, SignInError> {
        self.0.sign_in_for(request).await
    }

    fn forget(&self) {
        self.0.forget();
    }
}

#[cfg(feature = "sign-in")]
fn credentials(sdk: &SdkConfig, sign_in: &SignInConfig) -> SsmCredentials {
    SsmCredentials::new(aws_sdk_ssm::Client::new(sdk), &sign_in.parameters)
}

/// The configuration of the SDK, built by hand: all that a function needs is in its environment, and looking for
/// profiles and credential providers costs start-up time.
pub fn sdk_config(aws: &AwsConfig, http: reqwest::Client) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(aws.region.clone())
        .credentials_provider(SharedCredentialsProvider::new(aws.credentials.clone()))
        .http_client(SdkHttp(http))
        .use_fips(aws.use_fips)
        .use_dual_stack(aws.use_dual_stack)
        .service_config(Endpoints(aws.clone()))
        .retry_config(
            RetryConfig::standard()
                .with_initial_backoff(Duration::from_millis(100))
                // The HTTP client drops broken connections itself, and knows no other way to give one up.
                .with_reconnect_mode(ReconnectMode::ReuseAllConnections),
        )
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT)
                .operation_attempt_timeout(Duration::from_secs(3))
                .operation_timeout(Duration::from_secs(8))
                .build(),
        )
        .build()
}

/// What each client asks for when it is made from the configuration.
#[derive(Debug)]
struct Endpoints(AwsConfig);

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        (key.env() == "AWS_ENDPOINT_URL").then(|| self.0.endpoint_url(key.service_id()))?.map(Url::to_string)
    }
}

/// The HTTP client of the process, for the SDK too.
///
/// Its roots are compiled in: reading the system's takes milliseconds at each start. Timeouts are the callers' matter,
/// but for that of connecting.
///
/// # Errors
/// When it cannot be built.
pub fn http_client(aws: &AwsConfig) -> Result<reqwest::Client, StartError> {
    let mut roots = own_roots();
    if let Some(path) = &aws.ca_bundle {
        let unreadable = |source| StartError::CaBundle { path: path.clone(), source };
        let bundle: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
        // A system's bundle may hold certificates that rustls does not take.
        if let (0, _) = roots.add_parsable_certificates(bundle.map_err(unreadable)?) {
            return Err(unreadable(pem::Error::NoItemsFound));
        }
    }
    with_roots(aws.proxies.add_to(AppSyncClient::http_client()), roots)
}

/// The same without any setting, for what must be said when the environment is not complete.
///
/// # Errors
/// When it cannot be built.
pub fn plain_http_client() -> Result<reqwest::Client, StartError> {
    with_roots(AppSyncClient::http_client().no_proxy(), own_roots())
}

fn own_roots() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

fn with_roots(http: reqwest::ClientBuilder, roots: RootCertStore) -> Result<reqwest::Client, StartError> {
    let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(http.tls_backend_preconfigured(tls).http1_only().build()?)
}
