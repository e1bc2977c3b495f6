//! `cargo xtask storm`: what a fleet of new processes does to Cognito and SSM.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use runtime_api::Stopwatch;

use crate::arguments::Storm;
use crate::bench;
use crate::environment;
use crate::functions::program;
use crate::process;
use crate::project;

/// Runs it. An error when a token is published, and a process signs in or an invocation fails.
pub(crate) async fn run(began: Stopwatch, options: Storm) -> Result<()> {
    ensure!(cfg!(target_os = "linux"), "a process's use of the cores is read from /proc, so it needs Linux");
    ensure!(!(options.quick && options.write), "--quick measures nothing that is worth --write: leave one out");
    began.say("building the program that measures, and the functions (minutes the first time)");
    build_functions(options.quick).await?;
    bench::build(bench::measuring(options.quick)).await?;
    began.say(format!("starting {} processes, in four ways, one after the other", options.processes));
    let mut bench = Command::new(program("bench")?);
    bench.args(["--fleet", &options.processes.to_string()]).args(options.write.then_some("--write"));
    process::run(environment::without_cargo_run(&mut bench)).await
}

/// Compiles the functions that the fleet is made of, and puts them where `dev/bench` looks for them. They have all ways to a
/// token, which those that the benchmark compares with others have not.
pub(crate) async fn build_functions(quick: bool) -> Result<()> {
    let mut cargo = bench::functions(quick)?;
    cargo.args(["--features=query/secrets-manager", "--bin=query", "--bin=service-user"]);
    bench::build(cargo).await?;
    let folder = project::tools().join("bench/fleet");
    fs::create_dir_all(&folder)?;
    for name in ["query", "service-user"] {
        let built = program("..")?.join(if quick { "debug" } else { "release" }).join(name);
        fs::copy(&built, folder.join(name)).with_context(|| format!("cannot copy {}", built.display()))?;
    }
    Ok(())
}
