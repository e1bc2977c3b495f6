//! From the environment to a warm execution context, once per cold start.
//!
//! A function's `main` reads its [`Config`], starts its [`ExecutionContext`], the one module-level static it has, and
//! serves invocations with the client that the context gives:
//!
//! ```no_run
//! use startup::{Config, ExecutionContext};
//!
//! static CONTEXT: ExecutionContext = ExecutionContext::new();
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::from_env()?;
//! startup::log_as_json(config.log_level);
//! let appsync = CONTEXT.start(&config).await?;
//! // run_concurrent(service_fn(move |event| CONTEXT.invocation(handle(appsync.clone(), event)))).await
//! # Ok(())
//! # }
//! ```

mod clients;
mod config;
mod context;
mod logging;
mod metrics;
mod sdk_http;

pub use clients::{http_client, sdk_config};
pub use config::{AwsConfig, Config, ConfigError, ServiceUserConfig};
pub use context::{ExecutionContext, StartError};
pub use logging::{invocation_span, log_as_json};
