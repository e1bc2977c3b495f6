//! The `http-api` function: see the library.

use http_api::Callers;
use lambda_runtime::{Error, run_concurrent, service_fn};
use startup::{Config, ExecutionContext};

/// What the process keeps between invocations.
static CONTEXT: ExecutionContext = ExecutionContext::new();

fn main() -> Result<(), Error> {
    startup::run(async {
        let config = Config::from_env()?;
        startup::log_as_json(config.log_level);
        let callers = if config.unverified_callers { Callers::UnverifiedToken } else { Callers::Authorizer };
        // Without a token: anybody may start a process by `/health`, and many routes act with the caller's own token.
        let router = http_api::router(CONTEXT.connect(&config).await?.clone(), callers);
        let handler = move |event| CONTEXT.invocation(http_api::handle(router.clone(), event));
        run_concurrent(service_fn(handler)).await
    })
}
