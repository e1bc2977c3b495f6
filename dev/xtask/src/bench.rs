//! `cargo xtask bench`: builds the program that measures, and runs it.

use std::ffi::OsString;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::environment;
use crate::functions;
use crate::process::ProcessTree;
use crate::project;

pub(crate) async fn run(arguments: Vec<OsString>) -> Result<()> {
    ensure!(cfg!(target_os = "linux"), "the benchmark reads /proc, so it needs Linux");
    println!("building the program that measures (minutes the first time)");
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--package", "bench"]).current_dir(project::root());
    if !arguments.iter().any(|argument| argument == "--quick") {
        // It shares the machine with what it measures, so it has to be fast. The release profile would link it as a whole
        // for minutes, and compile macros and build scripts once more, which are here already.
        cargo.args(["--config", "profile.dev.opt-level=3"]);
    }
    let mut build = ProcessTree::spawn(environment::without_cargo_run(&mut cargo)).context("cannot run cargo")?;
    ensure!(build.wait().await?.success(), "the benchmark does not compile: see above");

    let mut bench = Command::new(functions::program("bench")?);
    environment::without_cargo_run(&mut bench).args(arguments);
    let mut bench = ProcessTree::spawn(&mut bench).context("cannot run the benchmark")?;
    ensure!(bench.wait().await?.success(), "the benchmark failed: see above");
    Ok(())
}
