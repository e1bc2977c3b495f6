//! `cargo xtask bench`: builds the program that measures, and runs it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use runtime_api::Stopwatch;

use crate::arguments::Bench;
use crate::environment;
use crate::functions;
use crate::process;
use crate::project;

pub(crate) async fn run(began: Stopwatch, options: Bench) -> Result<()> {
    ensure!(cfg!(target_os = "linux"), "the benchmark reads /proc, so it needs Linux");
    if let Some(file) = &options.from {
        ensure!(Path::new(file).exists(), "{file} does not exist: give the results.json of an earlier run");
    }
    let is_complete = !process::is_there("node") || process::is_there("npm");
    ensure!(is_complete, "node is here, but npm is not: install it, or leave Node out with --only");
    for (program, without) in MAY_BE_MISSING {
        if !process::is_there(program) {
            println!("there is no {program} here: {without}");
        }
    }
    began.say("building the program that measures (minutes the first time)");
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--package", "bench"]).current_dir(project::root());
    if !options.quick {
        // It shares the machine with what it measures, so it has to be fast. The release profile would link it as a whole
        // for minutes, and compile macros and build scripts once more, which are here already.
        cargo.args(["--config", "profile.dev.opt-level=3"]);
    }
    process::run(environment::without_cargo_run(&mut cargo)).await.context("the benchmark does not compile")?;

    let mut bench = Command::new(functions::program("bench")?);
    environment::without_cargo_run(&mut bench).args(options.quick.then_some("--quick"));
    let rounds = options.rounds.map(|rounds| rounds.to_string());
    for (name, value) in [("--rounds", rounds), ("--only", options.only), ("--from", options.from)] {
        if let Some(value) = value {
            bench.args([name, &value]);
        }
    }
    process::run(&mut bench).await
}

const MAY_BE_MISSING: [(&str, &str); 3] = [
    ("node", "its variants are left out"),
    ("python3", "its variant is left out"),
    ("valgrind", "instructions are not counted"),
];
