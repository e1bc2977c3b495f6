//! `cargo xtask storm`: what a fleet of new processes does to Cognito and SSM.

use std::process::Command;

use anyhow::{Result, ensure};
use runtime_api::Stopwatch;

use crate::arguments::Storm;
use crate::bench;
use crate::environment;
use crate::functions::program;
use crate::process;

/// Runs it. An error when a token is published, and a process signs in or an invocation fails.
pub(crate) async fn run(began: Stopwatch, options: Storm) -> Result<()> {
    ensure!(cfg!(target_os = "linux"), "a process's use of the cores is read from /proc, so it needs Linux");
    ensure!(!(options.quick && options.write), "--quick measures nothing that is worth --write: leave one out");
    began.say("building the program that measures, and the functions (minutes the first time)");
    bench::build_fleet(options.quick).await?;
    bench::build(bench::measuring(options.quick)).await?;
    began.say(format!("starting {} processes, in four ways, one after the other", options.processes));
    let mut bench = Command::new(program("bench")?);
    bench.args(["--fleet", &options.processes.to_string()]).args(options.write.then_some("--write"));
    process::run(environment::without_cargo_run(&mut bench)).await
}
