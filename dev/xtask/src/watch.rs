//! `cargo lambda watch`: the emulator of the Lambda service that runs the functions.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Error, Result, anyhow, bail};
use local_cloud::LocalCloud;
use tokio::net::TcpStream;

use crate::cargo_lambda::CargoLambda;
use crate::environment;
use crate::process::ProcessTree;
use crate::project;

/// A running `cargo lambda watch`. Dropping it stops it and the functions it has started.
#[derive(Debug)]
pub(crate) struct Watch {
    process: ProcessTree,
    port: u16,
    /// Where its output and that of the functions goes, unless it is the terminal.
    log: Option<PathBuf>,
}

impl Watch {
    /// Starts it so that it never restarts a function by itself, with its output in a file.
    pub(crate) fn steady(cargo_lambda: &CargoLambda, cloud: &LocalCloud, token_reuse: bool) -> Result<Self> {
        let log = if token_reuse { "watch-with-reuse.log" } else { "watch-without-reuse.log" };
        Self::logging(command(cargo_lambda, cloud, token_reuse), "--ignore-changes", log)
    }

    /// Starts only the emulated Lambda service, without any function: those connect to it by themselves.
    pub(crate) fn without_functions(cargo_lambda: &CargoLambda, cloud: &LocalCloud) -> Result<Self> {
        Self::logging(command(cargo_lambda, cloud, true), "--only-lambda-apis", "watch-without-functions.log")
    }

    fn logging(mut command: Command, option: &str, log: &str) -> Result<Self> {
        let log = project::tools().join(log);
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        command.arg(option).stdout(file.try_clone()?).stderr(file);
        Self::start(command, free_port(0)?, Some(log))
    }

    /// Starts it so that an edit of the functions' code restarts them, with its output on the terminal. It takes
    /// `preferred_port` if that is free.
    pub(crate) fn reloading(cargo_lambda: &CargoLambda, cloud: &LocalCloud, preferred_port: u16) -> Result<Self> {
        let ignore = project::tools().join("watch-ignore");
        fs::write(&ignore, IGNORE).with_context(|| format!("cannot write {}", ignore.display()))?;
        let mut command = command(cargo_lambda, cloud, true);
        command.env("CARGO_LAMBDA_IGNORE_FILE", ignore);
        Self::start(command, free_port(preferred_port).or_else(|_| free_port(0))?, None)
    }

    fn start(mut command: Command, port: u16, log: Option<PathBuf>) -> Result<Self> {
        command.args(["--invoke-port", &port.to_string()]);
        Ok(Self { process: ProcessTree::spawn(&mut command)?, port, log })
    }

    /// The port of 127.0.0.1 at which functions are called.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Waits until it accepts calls.
    pub(crate) async fn ready(&mut self) -> Result<()> {
        for _ in 0..READY_ATTEMPTS {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.is_ok() {
                return Ok(());
            }
            if let Some(status) = self.process.ended()? {
                bail!("cargo lambda watch ended before it was ready ({status})");
            }
            tokio::time::sleep(POLL).await;
        }
        bail!("cargo lambda watch does not listen on port {} after {} s", self.port, (POLL * READY_ATTEMPTS).as_secs())
    }

    /// Resolves when it has ended, or when a function has: nothing would ever answer that function's caller.
    pub(crate) async fn failure(&mut self) -> Error {
        loop {
            tokio::time::sleep(POLL).await;
            match self.process.ended() {
                Ok(None) => {}
                Ok(Some(status)) => return anyhow!("cargo lambda watch ended ({status})"),
                Err(error) => return Error::new(error).context("cargo lambda watch cannot be waited for"),
            }
            if self.read_log().lines().any(says_that_a_function_ended) {
                return anyhow!("the function ended instead of answering");
            }
        }
    }

    /// The end of the log, for a person who looks for the cause of a failure.
    pub(crate) fn log_tail(&self) -> String {
        let Some(path) = &self.log else { return String::new() };
        let text = self.read_log();
        let lines: Vec<_> = text.lines().collect();
        let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
        format!("the end of {}:\n{tail}", project::relative(path))
    }

    fn read_log(&self) -> String {
        let bytes = self.log.as_ref().and_then(|path| fs::read(path).ok()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// `--invoke-address` because its default, `::`, is every network of this machine. Never `--timeout`: it ends idle functions.
fn command(cargo_lambda: &CargoLambda, cloud: &LocalCloud, token_reuse: bool) -> Command {
    let mut command = cargo_lambda.command();
    environment::without_cargo_run(&mut command);
    environment::for_functions(&mut command, cloud, token_reuse);
    command.args(["watch", "--invoke-address", "127.0.0.1"]).current_dir(project::root());
    command
}

/// The port itself if it is free, or any free one for 0.
pub(crate) fn free_port(port: u16) -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).context("cannot listen on a port of 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

fn says_that_a_function_ended(line: &str) -> bool {
    ["ERROR command exited", "ERROR command killed", "ERROR command ended"].iter().any(|words| line.contains(words))
}

/// What must not restart the functions when it changes: everything that is not part of them. The
/// last lines are what editors leave behind. In the syntax of `.gitignore`.
const IGNORE: &str = "\
/*
!/Cargo.toml
!/crates/
!/functions/
!/graphql/
!/schema.graphql
*.md
.*
*~
4913
";
const POLL: Duration = Duration::from_millis(100);
const READY_ATTEMPTS: u32 = 300;
const TAIL: usize = 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_is_free() {
        let port = free_port(0).unwrap();
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        assert!(free_port(port).is_err());
        drop(taken);
    }

    #[test]
    fn a_function_that_ended_is_noticed_in_the_log() {
        assert!(says_that_a_function_ended("ERROR command exited code=ExitStatus(unix_wait_status(256))"));
        assert!(!says_that_a_function_ended(" INFO starting lambda function instance function=\"query\""));
    }
}
