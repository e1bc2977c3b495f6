//! The functions of the workspace: how they are built, called and checked.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use hyper::Method;
use runtime_api::Stopwatch;
use serde_json::{Value, json};

use crate::client::{Call, excerpt};
use crate::environment;
use crate::process;
use crate::project;

/// Compiles the functions as `cargo lambda watch` will: with `cargo run --features dev --bin <name>` among the default
/// members, in the `dev` profile. The same packages chosen the same way have the same features, so that nothing is
/// compiled twice, and the first call of a function does not wait for a compiler.
pub(crate) async fn build(began: Stopwatch) -> Result<()> {
    began.say("building the functions (a few minutes the first time, seconds later)");
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--bins", "--features", "dev"]).current_dir(project::root());
    environment::without_cargo_run(&mut cargo);
    process::run(&mut cargo).await.context("the functions do not compile: correct what cargo says above")
}

/// Where [`build`] has put a function's program: where this one is, too.
pub(crate) fn program(name: &str) -> Result<PathBuf> {
    Ok(env::current_exe().context("cannot find the path of this program")?.with_file_name(name))
}

/// One of the functions that the demo calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    /// Invoked directly; reads.
    Query,
    /// Invoked directly; writes.
    Mutate,
    /// Behind the HTTP API.
    HttpApi,
}

impl Function {
    /// In the order in which they are called.
    pub(crate) const ALL: [Self; 3] = [Self::Query, Self::Mutate, Self::HttpApi];

    /// The name of its package, of its program and of the deployed function.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutate => "mutate",
            Self::HttpApi => "http-api",
        }
    }

    /// A call that needs AppSync once. `tag` tells it from every other call; `token` is of a member of the staff.
    pub(crate) fn call(self, tag: &str, token: &str) -> Call {
        match self {
            Self::Query => self.invocation(json!({"operation": "GetOrder", "variables": {"id": "order-1"}})),
            Self::Mutate => self.invocation(json!({
                "operation": "CreateOrder",
                "variables": {"input": {
                    "clientToken": tag,
                    "customerEmail": "ada@example.com",
                    "lines": [{"sku": "DEMO-1", "quantity": 2, "unitPrice": {"currency": "EUR", "minorUnits": 995}}],
                    "note": tag,
                }},
            })),
            Self::HttpApi => Call {
                method: Method::GET,
                path: "/orders/order-1".to_owned(),
                headers: vec![("authorization", format!("Bearer {token}"))],
                body: None,
            },
        }
    }

    /// Whether `answer` is the one to the call with this `tag`.
    pub(crate) fn check(self, tag: &str, answer: &Value) -> Result<()> {
        let expected: &[(&str, Value)] = match self {
            Self::Query => &[("/data/getOrder/id", json!("order-1"))],
            Self::Mutate => {
                &[("/data/createOrder/note", json!(tag)), ("/data/createOrder/total/minorUnits", json!(1990))]
            }
            Self::HttpApi => &[("/id", json!("order-1"))],
        };
        for (pointer, value) in expected {
            if answer.pointer(pointer) != Some(value) {
                bail!("expected {value} at {pointer} in the response {}", excerpt(&answer.to_string()));
            }
        }
        Ok(())
    }

    fn invocation(self, event: Value) -> Call {
        let path = format!("/2015-03-31/functions/{}/invocations", self.name());
        Call { method: Method::POST, path, headers: Vec::new(), body: Some(event) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_answer_is_accepted_and_another_is_shown() {
        let order = json!({"id": "1", "note": "a", "total": {"minorUnits": 1990}});
        let right = json!({"data": {"createOrder": order}});
        assert!(Function::Mutate.check("a", &right).is_ok());
        let error = Function::Mutate.check("b", &right).unwrap_err().to_string();
        assert!(error.starts_with("expected \"b\" at /data/createOrder/note in the response {"), "{error}");
        assert!(Function::Query.check("a", &json!({"data": {"getOrder": null}})).is_err());
        assert!(Function::HttpApi.check("a", &json!({"id": "order-1"})).is_ok());
    }

    #[test]
    fn two_orders_are_never_created_with_one_client_token() {
        assert_ne!(Function::Mutate.call("a", "token"), Function::Mutate.call("b", "token"));
    }
}
