//! `cargo xtask dev`: the functions on this machine, reloaded when their code changes.

use std::convert::Infallible;

use anyhow::Result;
use runtime_api::Stopwatch;
use tokio::sync::broadcast::error::RecvError;

use crate::cargo_lambda::{self, CargoLambda};
use crate::cloud;
use crate::functions;
use crate::watch::Watch;

/// Runs until it is interrupted.
pub(crate) async fn run(began: Stopwatch) -> Result<Infallible> {
    let (cargo_lambda, ()) = tokio::try_join!(cargo_lambda::find_or_install(began), functions::build(began))?;
    let cloud = cloud::start(began).await?;
    let mut calls = cloud.subscribe();
    let mut watch = Watch::reloading(&cargo_lambda, &cloud, USUAL_PORT)?;
    watch.ready().await?;
    if watch.port() != USUAL_PORT {
        began.say(format!("port {USUAL_PORT} is taken: this takes {} instead", watch.port()));
    }
    println!("{}", instructions(watch.port(), &cargo_lambda, &cloud.url()));
    loop {
        tokio::select! {
            call = calls.recv() => match call {
                Ok(call) => println!("local-cloud  {call}"),
                Err(RecvError::Lagged(count)) => println!("local-cloud  … {count} more calls"),
                Err(RecvError::Closed) => anyhow::bail!("local-cloud has stopped"),
            },
            error = watch.failure() => return Err(error),
        }
    }
}

/// What can be done now, ready to be pasted into another terminal at the workspace's root.
fn instructions(port: u16, cargo_lambda: &CargoLambda, cloud_url: &str) -> String {
    let invoke = format!("{} invoke --invoke-address 127.0.0.1 --invoke-port {port}", cargo_lambda.as_typed());
    let order = r#"{"operation":"CreateOrder","variables":{"input":{"customerEmail":"ada@example.com","lines":[{"sku":"A-1","quantity":1,"unitPrice":{"currency":"EUR","minorUnits":1990}}]}}}"#;
    let http_order = r#"{"customerEmail":"ada@example.com","lines":[{"sku":"A-1","quantity":1,"unitPrice":{"currency":"EUR","minorUnits":1990}}]}"#;
    format!(
        r#"
The functions start at their first call, and again after a change in crates/, functions/, graphql/ or schema.graphql.

  HTTP API         http://127.0.0.1:{port}/docs
  direct calls     http://127.0.0.1:{port}/2015-03-31/functions/query/invocations (and mutate)
  GraphQL API      {cloud_url}/graphql

  STAFF=$(curl -s -X POST {cloud_url}/_local-cloud/members/order-staff/grace)
  curl -H "Authorization: Bearer $STAFF" 'http://127.0.0.1:{port}/orders?limit=2'
  curl -H "Authorization: Bearer $STAFF" http://127.0.0.1:{port}/orders/order-1
  ADA=$(curl -s -X POST {cloud_url}/_local-cloud/customers/ada)
  curl -H "Authorization: Bearer $ADA" http://127.0.0.1:{port}/me/orders --json '{http_order}'
  {invoke} query --data-ascii '{{"operation":"GetOrder","variables":{{"id":"order-1"}}}}'
  {invoke} mutate --data-ascii '{order}'

Each call that reaches local-cloud is one line below; at the second call of a function there is no sign-in any more.
Ctrl-C stops everything.
"#
    )
}

/// The port that `cargo lambda invoke` takes by itself.
const USUAL_PORT: u16 = 9000;
