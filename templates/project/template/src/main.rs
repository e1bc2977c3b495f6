//! The function: see the library.

use lambda_runtime::{Error, LambdaEvent, run_concurrent, service_fn};
use startup::{Config, ExecutionContext};

use {{ project_name | replace: "-", "_" }}::handle;

/// What the process keeps between invocations: the token, and the open connection to AppSync.
static CONTEXT: ExecutionContext = ExecutionContext::new();

fn main() -> Result<(), Error> {
    startup::run(async {
        let config = Config::from_env()?;
        CONTEXT.log(&config);
        let appsync = CONTEXT.start(&config).await?; // signs in and connects, before the first event
        let handler = move |event: LambdaEvent<_>| {
            let ends_at = event.context.deadline();
            let trace = event.context.xray_trace_id.clone();
            CONTEXT.invocation(ends_at, trace.as_deref(), handle(appsync.clone(), event))
        };
        run_concurrent(service_fn(handler)).await
    })
}
