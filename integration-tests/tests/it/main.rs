//! Real handlers and real clients, over real HTTP, against `local-cloud` on a port of its own.

#![expect(clippy::unwrap_used, reason = "a test fails where something unexpected happens")]

mod auth;
mod bad_input;
mod client_credentials;
mod corner_cases;
mod credentials;
mod events;
mod faults;
mod headers;
mod http_api;
mod identities;
mod network;
mod operations;
mod pages;
mod partial;
mod peer;
mod permissions;
mod publish;
mod relay;
mod renewal;
mod reported;
mod retries;
mod schemas;
mod secrets;
mod service_user;
mod setup;
mod sign_in;
mod sizes;
mod spans;
mod token_reuse;
mod warm_up;
mod wire;
