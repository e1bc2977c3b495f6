//! Cold and warm invocations, measured over the Lambda Runtime API: our functions, next to what other people write.
//!
//! `cargo xtask bench` builds and runs it; `docs/performance.md` says what is measured and why. It needs Linux: what a
//! process has used is read from `/proc`.

#![expect(clippy::print_stdout, reason = "figures are for whoever runs it")]

mod arguments;
mod run;

mod build;
mod variants;

mod backend;
mod certificates;
mod front;
mod function;
mod share;

mod fleet;
mod instructions;
mod invocations;
mod scenarios;
mod soak;

mod results;
mod statistics;

mod charts;
mod document;
mod svg;
mod tables;
mod targets;
mod traces;

use arguments::Arguments;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Arguments = argh::from_env();
    match arguments.soak {
        Some(invocations) => soak::run(invocations, !arguments.quick).await,
        None if arguments.traces => traces::run(arguments.quick).await,
        None => run::run(arguments).await,
    }
}
