//! The handle: how a test or the binary starts the stand-in, changes it and asks what was called.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;

use crate::appsync::Answers;
use crate::calls::{Call, PublishedEvent, Service};
use crate::faults::Fault;
use crate::iam::Allow;
use crate::lock::lock;
use crate::seed::Seed;
use crate::server;
use crate::settings::{Settings, whole_seconds};
use crate::state::State;
use crate::traces::Span;
use crate::user_pool::UserPool;

/// A running stand-in. Dropping it stops it and closes every connection.
pub struct LocalCloud {
    address: SocketAddr,
    state: Arc<State>,
    server: JoinHandle<()>,
}

impl LocalCloud {
    /// What can be chosen before it starts.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Starts with the example's schema and [`Seed`] on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// `http://127.0.0.1:PORT`: what `AWS_ENDPOINT_URL` is set to.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `http://127.0.0.1:PORT/oauth2/token`: the token endpoint of every pool.
    pub fn token_url(&self) -> String {
        format!("http://{}/oauth2/token", self.address)
    }

    /// `http://127.0.0.1:PORT/graphql`: the endpoint of the GraphQL API.
    pub fn graphql_url(&self) -> String {
        format!("http://{}/graphql", self.address)
    }

    /// `http://127.0.0.1:PORT/event`: the endpoint of the Event API.
    pub fn event_url(&self) -> String {
        format!("http://{}/event", self.address)
    }

    /// `http://127.0.0.1:PORT/v1/traces`: what `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` is set to.
    pub fn traces_url(&self) -> String {
        format!("http://{}/v1/traces", self.address)
    }

    /// Ids and credentials of the example. They exist only if the builder did not say `.seed(false)`.
    pub fn seed(&self) -> &Seed {
        &self.state.seed
    }

    /// A new access token of a customer of the seeded pool, who is created at the first call: a user with this name, in no
    /// group. It does not count as a call of Cognito.
    pub fn customer_token(&self, username: &str) -> String {
        self.state.token_of(username, None)
    }

    /// The same of a user in `group`, which is created too if need be.
    pub fn member_token(&self, username: &str, group: &str) -> String {
        self.state.token_of(username, Some(group))
    }

    /// What the functions need in their environment, as `NAME=value`.
    pub fn environment(&self) -> Vec<String> {
        self.state.seed.environment(&self.url())
    }

    /// Every call of `service` is answered this much later.
    pub fn set_latency(&self, service: Service, latency: Duration) {
        lock(&self.state.settings).latency[service as usize] = latency;
    }

    /// Access and ID tokens issued from now on live this long, in whole seconds, whatever their app client says.
    pub fn set_token_lifetime(&self, lifetime: Duration) {
        lock(&self.state.settings).token_lifetime = Some(whole_seconds(lifetime));
    }

    /// Refresh tokens issued from now on live this long, in whole seconds, whatever their app client says.
    pub fn set_refresh_token_lifetime(&self, lifetime: Duration) {
        lock(&self.state.settings).refresh_token_lifetime = Some(whole_seconds(lifetime));
    }

    /// Each user may sign in with its password so often in a second, ten times at Cognito; none is without a limit. More
    /// are answered with `TooManyRequestsException`. A second is one of the stand-in's clock.
    pub fn set_sign_in_quota(&self, per_second: Option<u32>) {
        lock(&self.state.settings).sign_ins_per_second = per_second;
    }

    /// SSM parameters may be read so often in a second, 40 times at AWS; none is without a limit. More are answered with
    /// `ThrottlingException`.
    pub fn set_parameter_read_quota(&self, per_second: Option<u32>) {
        lock(&self.state.settings).parameter_reads_per_second = per_second;
    }

    /// Sets how many seconds the stand-in's clock is ahead of (or, negative, behind) the wall clock.
    pub fn set_clock_offset(&self, seconds: i64) {
        self.state.clock.set_offset(seconds);
    }

    /// Makes the next calls go wrong.
    pub fn inject(&self, fault: Fault) {
        self.state.faults.inject(fault);
    }

    /// Forgets the faults still to come.
    pub fn clear_faults(&self) {
        self.state.faults.clear();
    }

    /// From now on, whoever signs with this access key may do no more at Cognito and SSM than this.
    pub fn set_policy(&self, access_key: &str, policy: Vec<Allow>) {
        lock(&self.state.iam).set_policy(access_key, policy);
    }

    /// From now on AppSync believes the tokens of the user pool whose keys are at this address, such as
    /// `http://127.0.0.1:4566/eu-west-1_AbCdEf123/.well-known/jwks.json`, and no others. They are fetched once, now.
    ///
    /// # Errors
    /// `InvalidInput` when this is not the address of a pool's keys; otherwise when there are none.
    pub async fn trust_user_pool(&self, jwks_url: &str) -> io::Result<()> {
        self.state.appsync.trust(UserPool::fetch(jwks_url).await?);
        Ok(())
    }

    /// The calls answered so far, in the order of their answers.
    pub fn calls(&self) -> Vec<Call> {
        self.state.calls.all()
    }

    /// The events published so far, in their order.
    pub fn published(&self) -> Vec<PublishedEvent> {
        self.state.calls.published()
    }

    /// The spans that were sent, in the order of their arrival.
    pub fn spans(&self) -> Vec<Span> {
        self.state.traces.all()
    }

    /// How many calls `service` got. Opening a connection with `OPTIONS` is not counted.
    pub fn count(&self, service: Service) -> usize {
        self.state.calls.count(service)
    }

    /// How often an operation was called, by its name: `AdminInitiateAuth`, `GetParameters`, `GetOrder`,
    /// `EventPublish`, `OPTIONS`, `oauth2/token`.
    pub fn count_of(&self, operation: &str) -> usize {
        self.state.calls.count_of(operation)
    }

    /// How many calls of an operation have arrived and wait for their answer. Latency set from now on does not change theirs.
    pub fn under_way(&self, operation: &str) -> usize {
        self.state.calls.under_way(operation)
    }

    /// Forgets the calls and the published events so far.
    pub fn reset_calls(&self) {
        self.state.calls.reset();
    }

    /// Every call from now on, as it is answered.
    pub fn subscribe(&self) -> broadcast::Receiver<Call> {
        self.state.calls.subscribe()
    }
}

impl fmt::Debug for LocalCloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalCloud").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for LocalCloud {
    fn drop(&mut self) {
        // The server's task owns the connections' tasks: they end with it.
        self.server.abort();
    }
}

/// What can be chosen before a [`LocalCloud`] starts.
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder {
    port: u16,
    schema: String,
    answers: Answers,
    settings: Settings,
    seed: bool,
    user_pool: Option<String>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            port: 0,
            schema: include_str!("../schema.graphql").to_owned(),
            answers: Answers::default(),
            settings: Settings::default(),
            seed: true,
            user_pool: None,
        }
    }
}

impl Builder {
    /// The port on 127.0.0.1; 0, the default, takes a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The SDL to serve instead of the workspace's `schema.graphql`. AWS scalars and directives need no declaration.
    pub fn schema(mut self, sdl: impl Into<String>) -> Self {
        self.schema = sdl.into();
        self
    }

    /// What answers a field: from its arguments, a JSON object, to its value. Objects are JSON objects, with
    /// `__typename` where the schema has an interface or a union. A field of another type than `Query` and `Mutation`
    /// needs none: it is read from the object that was given for its parent. A field that the schema does not have is
    /// never asked for.
    pub fn resolver(
        mut self,
        type_name: &str,
        field: &str,
        resolver: impl Fn(&Value) -> Value + Send + Sync + 'static,
    ) -> Self {
        self.answers.add(type_name, field, resolver);
        self
    }

    /// See [`LocalCloud::set_latency`].
    pub fn latency(mut self, service: Service, latency: Duration) -> Self {
        self.settings.latency[service as usize] = latency;
        self
    }

    /// See [`LocalCloud::set_token_lifetime`].
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.token_lifetime = Some(whole_seconds(lifetime));
        self
    }

    /// See [`LocalCloud::set_sign_in_quota`].
    pub fn sign_in_quota(mut self, per_second: u32) -> Self {
        self.settings.sign_ins_per_second = Some(per_second);
        self
    }

    /// See [`LocalCloud::set_parameter_read_quota`].
    pub fn parameter_read_quota(mut self, per_second: u32) -> Self {
        self.settings.parameter_reads_per_second = Some(per_second);
        self
    }

    /// Whether the example's pool, user, parameters and orders exist from the start; true by default.
    pub fn seed(mut self, seed: bool) -> Self {
        self.seed = seed;
        self
    }

    /// See [`LocalCloud::trust_user_pool`].
    pub fn user_pool(mut self, jwks_url: impl Into<String>) -> Self {
        self.user_pool = Some(jwks_url.into());
        self
    }

    /// Starts it on the current tokio runtime.
    ///
    /// # Errors
    /// `InvalidInput` when the schema is invalid; otherwise when the port cannot be bound, or a user pool's keys are not
    /// where they should be.
    pub async fn start(self) -> io::Result<LocalCloud> {
        let state = State::new(&self.schema, self.answers, self.settings);
        let state = Arc::new(state.map_err(|problem| io::Error::new(io::ErrorKind::InvalidInput, problem))?);
        if self.seed {
            state.plant_seed();
        }
        if let Some(jwks_url) = &self.user_pool {
            state.appsync.trust(UserPool::fetch(jwks_url).await?);
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await.map_err(|error| {
            io::Error::new(error.kind(), format!("cannot listen on 127.0.0.1:{}: {error}", self.port))
        })?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(server::run(listener, Arc::clone(&state)));
        Ok(LocalCloud { address, state, server })
    }
}
