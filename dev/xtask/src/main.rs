//! The project's own commands, run as `cargo xtask`. `cargo xtask --help` lists them.

#![expect(clippy::print_stdout, reason = "a command-line tool answers on stdout")]

#[cfg(not(unix))]
compile_error!("cargo xtask starts and stops groups of processes the Unix way: on Windows, run it inside WSL");

mod arguments;
mod bench;
mod demo;
mod deploy;
#[cfg(test)]
mod deployer;
mod destroy;
mod dev;
mod load;
mod rehearse;
mod repair;
mod schemas;
mod serve;
mod soak;
mod storm;
mod trace;

mod account;
mod plan;
mod stack;

mod cargo_lambda;
mod cloud;
mod functions;
mod project;
mod watch;
mod wheels;

mod client;
mod environment;
mod interrupt;
mod process;
mod story;
mod table;

use std::process::ExitCode;

use runtime_api::Stopwatch;

use arguments::{Arguments, Task};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Arguments { task } = argh::from_env();
    // Whatever a task has started is stopped when it returns, fails, panics or, here, is dropped.
    let outcome = tokio::select! {
        biased; // listens to signals before anything is started
        code = interrupt::received() => return code,
        outcome = run(task) => outcome,
    };
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    eprintln!("\nerror: {error:#}");
    ExitCode::FAILURE
}

async fn run(task: Task) -> anyhow::Result<()> {
    let began = Stopwatch::start();
    match task {
        Task::Bench(options) => bench::run(began, options).await,
        Task::Demo(options) => demo::run(began, options).await,
        Task::Dev(_) => match dev::run(began).await? {},
        Task::Deploy(options) => deploy::run(began, options).await,
        Task::Destroy(options) => destroy::run(options).await,
        Task::Rehearse(options) => rehearse::run(began, options).await,
        Task::Repair(options) => repair::run(options).await,
        Task::Load(options) => load::run(began, options).await,
        Task::Storm(options) => storm::run(began, options).await,
        Task::Schemas(options) => schemas::run(began, options).await,
        Task::Trace(options) => trace::run(began, options).await,
        Task::Serve(command) => serve::run(began, command).await,
        Task::Soak(options) => soak::run(began, options).await,
    }
}
