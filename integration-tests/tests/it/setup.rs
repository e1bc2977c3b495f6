//! What the tests have in common: a cloud, and functions that were started against it.

use std::time::{Duration, SystemTime};

use appsync::{AppSyncClient, Deadline};
use events::Answer;
use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use local_cloud::{LocalCloud, Service};
use serde_json::{Value, json};
use startup::{Config, ExecutionContext};

/// A cloud and one function's warm execution context.
pub(crate) struct Setup {
    pub(crate) cloud: LocalCloud,
    pub(crate) appsync: AppSyncClient,
}

impl Setup {
    /// A function that was started against a new cloud.
    pub(crate) async fn start() -> Self {
        let cloud = LocalCloud::start().await.unwrap();
        Self::start_on(cloud, &[]).await
    }

    /// A function that was started against `cloud` with some settings of its own.
    pub(crate) async fn start_on(cloud: LocalCloud, settings: &[(&str, &str)]) -> Self {
        let appsync = start_context(&config(&cloud, settings)).await;
        Self { cloud, appsync }
    }

    /// The data of a query, which is complete.
    pub(crate) async fn query(&self, event: Value) -> Result<Value, Diagnostic> {
        query::handle(self.appsync.clone(), invocation(event)).await.map(complete_data)
    }

    /// The data of a mutation, which is complete.
    pub(crate) async fn mutate(&self, event: Value) -> Result<Value, Diagnostic> {
        mutate::handle(self.appsync.clone(), invocation(event)).await.map(complete_data)
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

/// The configuration of a function that uses `cloud`.
pub(crate) fn config(cloud: &LocalCloud, settings: &[(&str, &str)]) -> Config {
    let (url, graphql_url, seed) = (cloud.url(), cloud.graphql_url(), cloud.seed());
    let defaults = [
        ("APPSYNC_URL", graphql_url.as_str()),
        ("SERVICE_USER_PARAMETERS", seed.parameters_prefix.as_str()),
        ("AWS_REGION", seed.region.as_str()),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
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

/// An invocation that has a minute to go.
pub(crate) fn invocation<T>(event: T) -> LambdaEvent<T> {
    LambdaEvent::new(event, context_that_ends_in(Duration::from_secs(60)))
}

pub(crate) fn context_that_ends_in(left: Duration) -> Context {
    let deadline = (auth_cache::Clock::wall().now() + left).duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let mut context = Context::default();
    context.request_id = "request-1".to_owned();
    context.deadline = u64::try_from(deadline.as_millis()).unwrap();
    context
}
