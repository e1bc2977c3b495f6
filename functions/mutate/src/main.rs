//! The `mutate` function: see the library.

use lambda_runtime::{Error, run_concurrent, service_fn};
use startup::{Config, ExecutionContext};

/// What the process keeps between invocations.
static CONTEXT: ExecutionContext = ExecutionContext::new();

fn main() -> Result<(), Error> {
    startup::run(async {
        let config = Config::from_env()?;
        startup::log_as_json(config.log_level);
        let appsync = CONTEXT.start(&config).await?;
        let callers = config.operation_callers;
        let handler = move |event| CONTEXT.invocation(mutate::handle(appsync.clone(), callers.clone(), event));
        run_concurrent(service_fn(handler)).await
    })
}
