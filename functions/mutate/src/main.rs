//! The `mutate` function: see the library.

use lambda_runtime::{Error, run_concurrent, service_fn};
use startup::{Config, ExecutionContext};

/// What the process keeps between invocations.
static CONTEXT: ExecutionContext = ExecutionContext::new();

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::from_env()?;
    startup::log_as_json(config.log_level);
    let appsync = CONTEXT.start(&config).await?;
    let callers = config.operation_callers;
    run_concurrent(service_fn(move |event| CONTEXT.invocation(mutate::handle(appsync.clone(), callers.clone(), event))))
        .await
}
