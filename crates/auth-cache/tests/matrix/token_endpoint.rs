//! A token endpoint on a real socket, for callers whose time is simulated.

use std::{sync::Arc, thread, time::Duration};

use auth_cache::{
    ClientCredentials, ClientCredentialsTokenSource, Identity, SignInError, Token, TokenSource,
    reqwest::{self, redirect},
};
use local_cloud::{Fault, LocalCloud, Service};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::{
    SECOND, aws,
    script::{Answer, LATENCY, Script},
};

/// The server, and the runtime that it and its clients live in.
pub(crate) struct TokenEndpoint {
    runtime: Runtime,
    cloud: LocalCloud,
    /// The first gives up soon, if that is all that happens.
    clients: [reqwest::Client; 2],
}

struct Source {
    endpoint: Arc<TokenEndpoint>,
    script: Arc<Script>,
}

const OPERATION: &str = "oauth2/token";
/// What a request takes that nobody answers, as the source limits it.
const LONGEST_REQUEST: Duration = SECOND.saturating_mul(5);

impl TokenEndpoint {
    pub(crate) fn start() -> Arc<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let cloud = runtime.block_on(LocalCloud::start()).unwrap();
        let client = || reqwest::Client::builder().no_proxy().redirect(redirect::Policy::none());
        let hasty = client().read_timeout(Duration::from_millis(20)).build().unwrap();
        Arc::new(Self { runtime, cloud, clients: [hasty, client().build().unwrap()] })
    }

    pub(crate) fn identity(self: &Arc<Self>, script: &Arc<Script>) -> Identity {
        let source = Source { endpoint: Arc::clone(self), script: Arc::clone(script) };
        Identity::new(source).with_clock(script.clock.clone())
    }

    fn tell(&self, answer: Option<Answer>, script: &Script) {
        let cognito = Service::Cognito;
        let fault = match answer {
            None => Fault::answer(cognito, 200, json!({"access_token": aws::jwt(script.clock.now())})),
            Some(Answer::Error(status, code, _)) => Fault::answer(cognito, status, json!({"error": code})),
            Some(Answer::Other(200, _, body)) => Fault::answer(cognito, 200, Value::from(body)),
            Some(Answer::Other(status, ..)) => Fault::status(cognito, status),
            Some(Answer::RetryAfter(seconds)) => Fault::status(cognito, 429).retry_after(Duration::from_secs(seconds)),
            Some(Answer::Never) => Fault::status(cognito, 200),
            Some(Answer::Reset) => Fault::reset(cognito),
        };
        let never = matches!(answer, Some(Answer::Never));
        self.cloud.set_latency(cognito, if never { 60 * SECOND } else { Duration::ZERO });
        self.cloud.clear_faults();
        self.cloud.inject(fault.on(OPERATION).always());
    }
}

/// Simulated time stands still while the thread is blocked by the real exchange.
impl TokenSource for Source {
    async fn sign_in(&self) -> Result<Token, SignInError> {
        let TokenEndpoint { runtime, cloud, clients: [hasty, patient] } = &*self.endpoint;
        let answer = Some(self.script.answer).filter(|_| self.script.lasts());
        self.endpoint.tell(answer, &self.script);
        cloud.reset_calls();
        let (http, takes) = match answer {
            Some(Answer::Never) => (hasty, LONGEST_REQUEST),
            _ => (patient, LATENCY),
        };
        let credentials = ClientCredentials::new("client", "secret");
        let source = ClientCredentialsTokenSource::new(http.clone(), cloud.token_url().parse().unwrap(), credentials);
        let exchange = || runtime.block_on(source.sign_in());
        let result = thread::scope(|scope| scope.spawn(exchange).join().unwrap());
        self.script.note_calls(cloud.count_of(OPERATION));
        tokio::time::sleep(takes).await;
        result
    }
}
