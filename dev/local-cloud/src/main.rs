//! `local-cloud`: the stand-in on a port of its own, one line per call, until Ctrl-C.

mod arguments;

use std::io::{self, Write as _};
use std::process::ExitCode;

use local_cloud::LocalCloud;
use tokio::sync::broadcast::error::RecvError;

use crate::arguments::{Arguments, USAGE};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            let _ = writeln!(io::stderr(), "local-cloud: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = io::stdout();
    let Some(arguments) = Arguments::parse(lexopt::Parser::from_env())? else {
        write!(out, "{USAGE}")?;
        return Ok(());
    };
    let cloud = arguments.into_builder()?.start().await?;
    announce(&mut out, &cloud)?;
    tokio::select! {
        printed = print_calls(&mut out, &cloud) => printed?,
        stopped = tokio::signal::ctrl_c() => stopped?,
    }
    Ok(())
}

fn announce(out: &mut impl io::Write, cloud: &LocalCloud) -> io::Result<()> {
    writeln!(out, "local-cloud serves Cognito, SSM and AppSync on {}\n", cloud.url())?;
    writeln!(out, "The environment for the functions:")?;
    for line in cloud.environment() {
        writeln!(out, "  {line}")?;
    }
    writeln!(out, "\nCalls, as they are answered (Ctrl-C stops):")?;
    out.flush()
}

async fn print_calls(out: &mut impl io::Write, cloud: &LocalCloud) -> io::Result<()> {
    let mut calls = cloud.subscribe();
    loop {
        match calls.recv().await {
            Ok(call) => writeln!(out, "{call}")?,
            Err(RecvError::Lagged(missed)) => writeln!(out, "… {missed} calls more")?,
            Err(RecvError::Closed) => return Ok(()),
        }
        out.flush()?;
    }
}
