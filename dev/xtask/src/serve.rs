//! `cargo xtask serve`: every function, for as long as a command runs.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use hyper::Method;
use runtime_api::Stopwatch;

use crate::arguments::Serve;
use crate::cargo_lambda;
use crate::client::{Call, Client};
use crate::cloud;
use crate::functions;
use crate::process::ProcessTree;
use crate::project;
use crate::watch::Watch;

/// Runs it. An error also when the command fails.
pub(crate) async fn run(began: Stopwatch, Serve { program, arguments }: Serve) -> Result<()> {
    let (cargo_lambda, ()) = tokio::try_join!(cargo_lambda::find_or_install(began), functions::build(began))?;
    let cloud = cloud::start(began).await?;
    let mut watch = Watch::steady(&cargo_lambda, &cloud, true)?;
    watch.ready().await?;
    // The command should not wait for the start of the function.
    let health = Call { method: Method::GET, path: "/health".to_owned(), headers: Vec::new(), body: None };
    Client::connect(watch.port()).await?.send(&health, FIRST_CALL_LIMIT).await?;

    let mut command = Command::new(program);
    command.args(arguments).current_dir(project::root());
    command.env("HTTP_API_URL", format!("http://127.0.0.1:{}", watch.port()));
    command.env("STAFF_TOKEN", cloud.member_token("grace", "order-staff"));
    command.env("CUSTOMER_TOKEN", cloud.customer_token("ada"));
    let mut process = ProcessTree::spawn(&mut command)?;
    let status = tokio::select! {
        status = process.wait() => status?,
        error = watch.failure() => return Err(error.context(watch.log_tail())),
    };
    ensure!(status.success(), "the command ended with {status}; {}", watch.log_tail());
    Ok(())
}

const FIRST_CALL_LIMIT: Duration = Duration::from_secs(180);
