//! `cargo xtask bench`: builds the functions as they are deployed, and measures them. See the crate `bench`.

use std::ffi::OsString;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::environment;
use crate::process::ProcessTree;
use crate::project;

/// Debug assertions tell a program that is not optimized from one that is.
const OPTIMIZED: bool = !cfg!(debug_assertions);

pub(crate) async fn run(arguments: Vec<OsString>) -> Result<()> {
    let measures = !arguments.iter().any(|argument| argument == "--quick" || argument == "--from");
    if measures && !OPTIMIZED {
        // The benchmark shares the machine with what it measures: it has to be fast too.
        println!("building the benchmark itself (some minutes the first time)");
        return cargo(&["run", "--release", "--quiet", "--package", "xtask", "--", "bench"], &arguments).await;
    }
    if !arguments.iter().any(|argument| argument == "--from") {
        println!("building the functions");
        let build: &[&str] = match OPTIMIZED {
            true => &["build", "--quiet", "--bins", "--release"],
            // As for the tests, which leaves nothing to compile when they have run.
            false => &["test", "--quiet", "--workspace", "--no-run"],
        };
        cargo(build, &[]).await?;
    }
    measure(arguments).await
}

#[cfg(target_os = "linux")]
async fn measure(arguments: Vec<OsString>) -> Result<()> {
    bench::run(arguments).await
}

#[cfg(not(target_os = "linux"))]
async fn measure(_: Vec<OsString>) -> Result<()> {
    anyhow::bail!("the benchmark reads /proc, so it needs Linux")
}

async fn cargo(command: &[&str], arguments: &[OsString]) -> Result<()> {
    let mut cargo = Command::new("cargo");
    environment::without_cargo_run(&mut cargo).args(command).args(arguments).current_dir(project::root());
    let mut process = ProcessTree::spawn(&mut cargo).context("cannot run cargo")?;
    ensure!(process.wait().await?.success(), "cargo {} failed: see above", command.join(" "));
    Ok(())
}
