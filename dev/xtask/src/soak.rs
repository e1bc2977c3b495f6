//! `cargo xtask soak`: builds the function and the program that invokes it, and runs that.

use std::process::Command;

use anyhow::{Result, ensure};
use runtime_api::Stopwatch;

use crate::arguments::Soak;
use crate::bench::{build, measuring, ours};
use crate::environment;
use crate::functions;
use crate::process;

pub(crate) async fn run(began: Stopwatch, options: Soak) -> Result<()> {
    ensure!(cfg!(target_os = "linux"), "it reads /proc and pins processes to processors, so it needs Linux");
    ensure!(process::is_there("taskset"), "taskset is missing: install util-linux");
    began.say("building the function, and the program that invokes it (minutes the first time)");
    tokio::try_join!(build(measuring(options.quick)), build(ours(options.quick, &["query"])?))?;
    began.say("built");
    let mut bench = Command::new(functions::program("bench")?);
    bench.args(["--soak", &options.requests.to_string()]).args(options.quick.then_some("--quick"));
    process::run(environment::without_cargo_run(&mut bench)).await
}
