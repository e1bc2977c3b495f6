//! The stand-in over real HTTP: raw requests, no SDK, so that what is compared is the wire.

mod appsync_answers;
mod appsync_edge;
mod appsync_orders;
mod appsync_owners;
mod appsync_schema;
mod binary;
mod cognito_admin;
mod cognito_refresh;
mod cognito_sign_in;
mod cognito_tokens;
mod control;
mod event_api;
mod faults;
mod iam;
mod secrets_manager;
mod ssm;
mod support;
mod token_endpoint;
