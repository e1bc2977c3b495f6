//! The stand-in as a program: its options, what it prints, how it stops.

mod arguments;

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use tokio::sync::broadcast::error::RecvError;

use self::arguments::{Arguments, USAGE};
use crate::{Builder, LocalCloud};

/// Runs what the command line of this process asks for, until Ctrl-C: the `main` of `local-cloud`, and of a project that has
/// resolvers of its own. `--help` lists the options. What they say comes before what `builder` says, and the port is 8900
/// unless they name one.
///
/// ```no_run
/// use local_cloud::LocalCloud;
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> std::process::ExitCode {
///     let rooms = LocalCloud::builder().schema("type Query { room: String }");
///     local_cloud::run(rooms.resolver("Query", "room", |_| "blue".into())).await
/// }
/// ```
pub async fn run(builder: Builder) -> ExitCode {
    match serve(builder).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            let _ = writeln!(io::stderr(), "local-cloud: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(builder: Builder) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = io::stdout();
    let Some(arguments) = Arguments::parse(lexopt::Parser::from_env())? else {
        write!(out, "{USAGE}")?;
        return Ok(());
    };
    let env_file = arguments.env_file.clone();
    let cloud = arguments.apply_to(builder)?.start().await?;
    if let Some(file) = env_file {
        write_environment(&file, &cloud)?;
    }
    announce(&mut out, &cloud)?;
    tokio::select! {
        printed = print_calls(&mut out, &cloud) => printed?,
        stopped = tokio::signal::ctrl_c() => stopped?,
    }
    Ok(())
}

fn write_environment(file: &Path, cloud: &LocalCloud) -> io::Result<()> {
    let lines: String = cloud.environment().into_iter().map(|line| line + "\n").collect();
    fs::write(file, lines)
        .map_err(|error| io::Error::new(error.kind(), format!("cannot write {}: {error}", file.display())))
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
