//! What the tests have in common: a cloud, and functions that were started against it.

use std::{
    cell::Cell,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use appsync::{AppSyncClient, Deadline};
use auth_cache::ManualClock;
use events::Answer;
use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use local_cloud::{LocalCloud, Service};
use serde_json::{Value, json};
use startup::{Config, ExecutionContext, Grant};

/// A cloud and one function's warm execution context.
pub(crate) struct Setup {
    pub(crate) cloud: LocalCloud,
    pub(crate) appsync: AppSyncClient,
    /// Who may call `query` and `mutate` over HTTP.
    pub(crate) callers: Arc<[Grant]>,
}

impl Setup {
    /// A function that was started against a new cloud.
    pub(crate) async fn start() -> Self {
        let cloud = LocalCloud::start().await.unwrap();
        Self::start_on(cloud, &[]).await
    }

    /// A function that was started against `cloud` with some settings of its own.
    pub(crate) async fn start_on(cloud: LocalCloud, settings: &[(&str, &str)]) -> Self {
        let config = config(&cloud, settings);
        let appsync = start_context(&config).await;
        Self { cloud, appsync, callers: config.operation_callers }
    }

    /// The data of a query, which is complete.
    pub(crate) async fn query(&self, event: Value) -> Result<Value, Diagnostic> {
        query::handle(self.appsync.clone(), self.callers.clone(), invocation(event)).await.map(complete_data)
    }

    /// The data of a mutation, which is complete.
    pub(crate) async fn mutate(&self, event: Value) -> Result<Value, Diagnostic> {
        mutate::handle(self.appsync.clone(), self.callers.clone(), invocation(event)).await.map(complete_data)
    }

    /// A query that succeeds whenever the token is good.
    pub(crate) async fn get_order(&self) -> Result<Value, Diagnostic> {
        self.query(json!({"operation": "GetOrder", "variables": {"id": "order-1"}})).await
    }

    /// How often a token was asked for, be it with the password or with a refresh token.
    pub(crate) fn sign_ins(&self) -> usize {
        self.cloud.count(Service::Cognito)
    }
}

fn complete_data(answer: Answer) -> Value {
    let mut answer = json!(answer);
    assert!(answer.get("errors").is_none(), "{answer}");
    answer["data"].take()
}

/// A new process's execution context, started; it lives as long as the test, as a static would.
pub(crate) async fn start_context(config: &Config) -> AppSyncClient {
    let context: &'static ExecutionContext = Box::leak(Box::default());
    context.start(config).await.unwrap().clone()
}

thread_local! {
    /// As whom the functions of this thread's tests call AppSync.
    pub(crate) static IDENTITY: Cell<&'static str> = const { Cell::new("service-user") };
}

/// The configuration of a function that uses `cloud`.
pub(crate) fn config(cloud: &LocalCloud, settings: &[(&str, &str)]) -> Config {
    let (url, graphql_url, token_url, seed) = (cloud.url(), cloud.graphql_url(), cloud.token_url(), cloud.seed());
    let defaults = [
        ("IDENTITY", IDENTITY.get()),
        ("TOKEN_URL", &token_url),
        ("TOKEN_SCOPES", &seed.machine_scope),
        ("CLIENT_CREDENTIALS_SECRET", &seed.machine_secret_id),
        ("APPSYNC_URL", graphql_url.as_str()),
        ("SERVICE_USER_PARAMETERS", seed.parameters_prefix.as_str()),
        ("AWS_REGION", seed.region.as_str()),
        ("AWS_ACCESS_KEY_ID", seed.access_key_id.as_str()),
        ("AWS_SECRET_ACCESS_KEY", seed.secret_access_key.as_str()),
        ("AWS_ENDPOINT_URL", url.as_str()),
    ];
    Config::from_lookup(|name| {
        let found = settings.iter().chain(&defaults).find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    })
    .unwrap()
}

/// The deadline of an operation that has all the time it can have.
pub(crate) fn in_a_minute() -> Deadline {
    Deadline::longest(auth_cache::Clock::wall().now())
}

/// Yields until something has happened.
pub(crate) async fn until(mut has_happened: impl FnMut() -> bool) {
    while !has_happened() {
        tokio::task::yield_now().await;
    }
}

/// The result of a call that waits, from when `is_waiting` is over, for something that never comes: it must end when `limit` of
/// `clock` is over, and not before. Nobody waits for that long, because the time is tokio's.
pub(crate) async fn ends_after<T>(
    limit: Duration,
    clock: &ManualClock,
    is_waiting: impl Future<Output = ()>,
    call: impl IntoFuture<Output = T>,
) -> T {
    const MOMENT: Duration = Duration::from_millis(20);
    let mut call = pin!(call.into_future());
    tokio::select! {
        _ = &mut call => panic!("it did not wait"),
        () = is_waiting => {}
    }
    tokio::time::pause();
    assert!(tokio::time::timeout(limit - MOMENT, &mut call).await.is_err(), "it ended before {limit:?}");
    clock.advance(limit);
    let ended = tokio::time::timeout(2 * MOMENT, call).await;
    tokio::time::resume();
    ended.unwrap_or_else(|_| panic!("it did not end after {limit:?}"))
}

/// An invocation that has a minute to go, with an id of its own.
pub(crate) fn invocation<T>(event: T) -> LambdaEvent<T> {
    static LAST: AtomicUsize = AtomicUsize::new(1);
    invocation_with_id(&format!("request-{}", LAST.fetch_add(1, Ordering::Relaxed) + 1), event)
}

/// An invocation that has a minute to go.
pub(crate) fn invocation_with_id<T>(request_id: &str, event: T) -> LambdaEvent<T> {
    let mut context = context_that_ends_in(Duration::from_secs(60));
    context.request_id = request_id.to_owned();
    LambdaEvent::new(event, context)
}

pub(crate) fn context_that_ends_in(left: Duration) -> Context {
    let deadline = (auth_cache::Clock::wall().now() + left).duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let mut context = Context::default();
    context.request_id = "request-1".to_owned();
    context.deadline = u64::try_from(deadline.as_millis()).unwrap();
    context
}
