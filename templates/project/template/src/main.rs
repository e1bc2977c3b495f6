//! The function: see the library.

use lambda_runtime::{Error, run_concurrent, service_fn};
use startup::{Config, ExecutionContext};

use {{ project_name | replace: "-", "_" }}::handle;

/// What the process keeps between invocations: the token, and the open connection to AppSync.
static CONTEXT: ExecutionContext = ExecutionContext::new();

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let config = Config::from_env()?;
    startup::log_as_json(config.log_level);
    let appsync = CONTEXT.start(&config).await?; // signs in and connects, before the first event
    let handle = move |event| CONTEXT.invocation(handle(appsync.clone(), event));
    run_concurrent(service_fn(handle)).await
}
