//! `cargo xtask trace`: a picture of a trace, and what traces cost.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use runtime_api::Stopwatch;

use crate::arguments;
use crate::environment;
use crate::functions;
use crate::process;
use crate::project;

pub(crate) async fn run(began: Stopwatch, options: arguments::Trace) -> Result<()> {
    ensure!(cfg!(target_os = "linux"), "the functions are driven as by Lambda, which needs Linux");
    began.say("building the program that measures, and the functions (minutes the first time)");
    build(&["--package=bench"]).await?;
    if options.quick {
        build(&["--bins", "--features=dev"]).await?;
    } else {
        build(&["--release", "--bin=query"]).await?;
        let program = project::root().join("target/release/query");
        fs::copy(&program, program.with_file_name("query-without-traces"))?;
        build(&["--release", "--bin=query", "--bin=http-api", "--features=query/traces,http-api/traces,mutate/traces"])
            .await?;
    }
    began.say("built");
    let mut bench = Command::new(functions::program("bench")?);
    environment::without_cargo_run(&mut bench).arg("--traces").args(options.quick.then_some("--quick"));
    process::run(&mut bench).await
}

/// Without a package, the default members: what is built of all functions together is built as it is deployed.
async fn build(arguments: &[&str]) -> Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.arg("build").args(arguments).current_dir(project::root());
    process::run(environment::without_cargo_run(&mut cargo)).await.context("it does not compile: see above")
}
