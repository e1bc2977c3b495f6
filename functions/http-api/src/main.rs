//! The `http-api` function: see the library.

use http_api::Callers;
use lambda_runtime::{Error, run_concurrent, service_fn};
use startup::{Config, ExecutionContext};

/// What the process keeps between invocations.
static CONTEXT: ExecutionContext = ExecutionContext::new();

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::from_env()?;
    startup::log_as_json(config.log_level);
    let callers = if config.unverified_callers { Callers::UnverifiedToken } else { Callers::Authorizer };
    // Without a token: anybody may call `/health` and so start a process, and many routes act with the caller's own token.
    let router = http_api::router(CONTEXT.connect(&config).await?.clone(), callers);
    run_concurrent(service_fn(move |event| CONTEXT.invocation(http_api::handle(router.clone(), event)))).await
}
