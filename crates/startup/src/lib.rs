#![doc = include_str!("../README.md")]
#![cfg_attr(feature = "document-features", doc = "\n# Features\n")]
#![cfg_attr(feature = "document-features", doc = document_features::document_features!())]

mod answer_size;
mod aws_config;
mod clients;
mod config;
mod context;
mod grant;
mod logging;
mod metrics;
mod proxies;
mod runtime;
mod sdk_http;
mod settings;
mod span_fields;
#[cfg(feature = "traces")]
mod traces;

pub use answer_size::{count_if_too_large, is_too_large};
pub use aws_config::AwsConfig;
pub use clients::{http_client, plain_http_client, sdk_config, service_user};
pub use config::{
    ClientCredentialsConfig, Config, IdentityConfig, ServiceUserConfig, SignInConfig, SignInMode, WantedServiceUser,
};
pub use context::{ExecutionContext, StartError};
pub use grant::Grant;
pub use logging::{invocation_span, log_as_json};
pub use proxies::Proxies;
pub use runtime::run;
pub use settings::ConfigError;
