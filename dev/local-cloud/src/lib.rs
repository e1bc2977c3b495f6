#![doc = include_str!("../README.md")]
//! # What is served
//! - `POST /` with `X-Amz-Target: AWSCognitoIdentityProviderService.*`, `AmazonSSM.*` or `secretsmanager.*`: set `AWS_ENDPOINT_URL` to
//!   [`LocalCloud::url`].
//! - `POST /oauth2/token`: the token endpoint of the pools' domains, for `grant_type=client_credentials`.
//! - `GET /<pool>/.well-known/jwks.json`: the keys that verify the tokens.
//! - `POST /graphql`: AppSync, executing the given SDL with the resolvers of [`Builder::resolver`].
//! - `POST /event`: an AppSync Event API, which takes events for any channel.
//! - `POST /v1/traces`: a collector of OpenTelemetry traces, in OTLP's JSON.
//! - `OPTIONS /graphql`, `OPTIONS /event`: 200, no authorization needed, with which clients open a connection ahead of time.
//!
//! # Control over HTTP
//! Other processes can do over HTTP, with JSON, what a test does through [`LocalCloud`]:
//!
//! | route | meaning |
//! | --- | --- |
//! | `GET /_local-cloud/health` | 200 when it is ready |
//! | `GET /_local-cloud/seed` | ids and credentials of the example's pool and user |
//! | `POST /_local-cloud/customers/<name>`, `POST /_local-cloud/members/<group>/<name>` | a new access token of this customer, or of this member of a group, as text |
//! | `GET /_local-cloud/calls` | `[{"at":…,"service":"cognito","operation":"AdminInitiateAuth","status":200,"outcome":"ok","millis":3}, …]` |
//! | `GET /_local-cloud/published` | `[{"channel":"/default/orders","event":{…}}, …]` |
//! | `DELETE /_local-cloud/calls` | forgets calls and published events |
//! | `GET`, `PUT /_local-cloud/settings` | `{"latency_ms":{"cognito":150,"ssm":20,"appsync":15,"secretsmanager":20,"traces":5},"token_lifetime_s":3600,"refresh_token_lifetime_s":null,"sign_ins_per_second":null,"parameter_reads_per_second":null,"clock_offset_s":0}`; absent members of a `PUT` stay as they are |
//! | `POST /_local-cloud/faults` | adds one [`Fault`]: `{"service":"appsync","operation":"GetOrder","kind":"status","code":503,"times":2}` |
//! | `GET`, `DELETE /_local-cloud/faults` | lists or removes the pending faults |

mod cloud;
mod command_line;
mod server;
mod state;

mod appsync;
mod cognito;
mod secrets_manager;
mod ssm;
mod traces;

mod calls;
mod faults;
mod iam;
mod seed;
mod settings;

mod answer;
mod aws_json;
mod clock;
mod ids;
mod jwt;
mod lock;
mod quota;
mod user_pool;

pub use calls::{Call, PublishedEvent, Service};
pub use cloud::{Builder, LocalCloud};
pub use command_line::run;
pub use faults::{Fault, FaultKind};
pub use iam::Allow;
pub use seed::Seed;
pub use traces::Span;
