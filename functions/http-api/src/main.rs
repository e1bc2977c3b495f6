//! The `http-api` function: see the library.

use http_api::Callers;
use lambda_runtime::{Error, LambdaEvent, run_concurrent, service_fn};
use serde_json::Value;
use startup::{Config, ExecutionContext};

/// What the process keeps between invocations.
static CONTEXT: ExecutionContext = ExecutionContext::new();

fn main() -> Result<(), Error> {
    startup::run(async {
        let config = Config::from_env()?;
        CONTEXT.log(&config);
        let callers = if config.unverified_callers { Callers::UnverifiedToken } else { Callers::Authorizer };
        // Without a token: anybody may start a process by `/health`, and many routes act with the caller's own token.
        let router = http_api::router(CONTEXT.connect(&config).await?.clone(), callers);
        let handler = move |event: LambdaEvent<Value>| {
            let (ends_at, trace) = (event.context.deadline(), event.context.xray_trace_id.clone());
            CONTEXT.invocation(ends_at, trace.as_deref(), http_api::handle(router.clone(), event))
        };
        run_concurrent(service_fn(handler)).await
    })
}
