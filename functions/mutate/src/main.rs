//! The `mutate` function: see the library.

use lambda_runtime::{Error, LambdaEvent, run_concurrent, service_fn};
use serde_json::Value;
use startup::{Config, ExecutionContext};

/// What the process keeps between invocations.
static CONTEXT: ExecutionContext = ExecutionContext::new();

fn main() -> Result<(), Error> {
    startup::run(async {
        let config = Config::from_env()?;
        CONTEXT.log(&config);
        let appsync = CONTEXT.start(&config).await?;
        let callers = config.operation_callers;
        let handler = move |event: LambdaEvent<Value>| {
            let (ends_at, trace) = (event.context.deadline(), event.context.xray_trace_id.clone());
            CONTEXT.invocation(ends_at, trace.as_deref(), mutate::handle(appsync.clone(), callers.clone(), event))
        };
        run_concurrent(service_fn(handler)).await
    })
}
