//! The project's own commands, run as `cargo xtask`. `cargo xtask --help` lists them.

#![expect(clippy::print_stdout, reason = "a command-line tool answers on stdout")]

#[cfg(not(unix))]
compile_error!("cargo xtask starts and stops groups of processes the Unix way: on Windows, run it inside WSL");

mod arguments;
mod bench;
mod demo;
mod deploy;
mod destroy;
mod dev;
mod load;
mod serve;

mod account;
mod plan;
mod stack;

mod cargo_lambda;
mod cloud;
mod functions;
mod project;
mod watch;

mod client;
mod environment;
mod interrupt;
mod process;
mod stats;
mod story;
mod table;

use std::process::ExitCode;

use arguments::Task;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let task = match arguments::parse(lexopt::Parser::from_env()) {
        Ok(task) => task,
        Err(error) => {
            eprintln!("error: {error}\n\n{}", arguments::USAGE);
            return ExitCode::from(2);
        }
    };
    // Whatever a task has started is stopped when it returns, fails, panics or, here, is dropped.
    let outcome = tokio::select! {
        biased; // listens to signals before anything is started
        stop = interrupt::received() => return stop.exit_code(),
        outcome = run(task) => outcome,
    };
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    eprintln!("\nerror: {error:#}");
    ExitCode::FAILURE
}

async fn run(task: Task) -> anyhow::Result<()> {
    match task {
        Task::Help => println!("{}", arguments::USAGE),
        Task::Bench(arguments) => bench::run(arguments).await?,
        Task::Demo(options) => demo::run(options).await?,
        Task::Dev => match dev::run().await? {},
        Task::Deploy(options) => deploy::run(options).await?,
        Task::Destroy(options) => destroy::run(options).await?,
        Task::Load(options) => load::run(options).await?,
        Task::Serve(command) => serve::run(&command).await?,
    }
    Ok(())
}
