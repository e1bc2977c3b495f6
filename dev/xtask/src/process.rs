//! A process and everything it starts, which end together with the handle.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process_group};

/// A running process, in a process group of its own so that the terminal's Ctrl-C reaches only xtask, which then stops
/// it in order. Dropping it asks it to end, and waits for that.
#[derive(Debug)]
pub(crate) struct ProcessTree {
    child: Child,
}

impl ProcessTree {
    /// Starts `command` without an input.
    pub(crate) fn spawn(command: &mut Command) -> Result<Self> {
        let child = command.stdin(Stdio::null()).process_group(0).spawn();
        let child = child.with_context(|| format!("cannot run {}", command.get_program().display()))?;
        Ok(Self { child })
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Waits for its end.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

impl Drop for ProcessTree {
    fn drop(&mut self) {
        let group = Pid::from_child(&self.child);
        for signal in [Signal::TERM, Signal::KILL] {
            for _ in 0..ATTEMPTS {
                if !matches!(self.ended(), Ok(None)) {
                    return;
                }
                // `cargo lambda watch` ends its functions, which lead groups of their own.
                let _ = kill_process_group(group, signal);
                pause();
            }
        }
    }
}

/// Runs a command to its end, with its output on the terminal. An error when it fails.
pub(crate) async fn run(command: &mut Command) -> Result<()> {
    let status = ProcessTree::spawn(command)?.wait().await?;
    ensure!(status.success(), "{} ended with {status}", command.get_program().display());
    Ok(())
}

/// Whether there is such a program.
pub(crate) fn is_there(program: &str) -> bool {
    let mut command = Command::new(program);
    let command = command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Processes are looked at this often.
const POLL: Duration = Duration::from_millis(20);
/// A process that does not end within this many looks is killed.
const ATTEMPTS: usize = 250;

#[expect(clippy::disallowed_methods, reason = "a destructor cannot await")]
fn pause() {
    std::thread::sleep(POLL);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_command_that_fails_or_is_not_there_is_named() {
        let error = |error: anyhow::Error| format!("{error:#}");
        let failed = run(Command::new("sh").args(["-c", "exit 3"])).await.map_err(error);
        assert_eq!(failed, Err("sh ended with exit status: 3".to_owned()));
        let missing = run(&mut Command::new("/nonexistent/sh")).await.map_err(error);
        assert!(missing.is_err_and(|error| error.starts_with("cannot run /nonexistent/sh: ")));
    }

    #[test]
    fn dropping_the_handle_ends_the_process_and_what_is_in_its_group() {
        let mut command = Command::new("sh");
        let mut tree = ProcessTree::spawn(command.args(["-c", "sleep 600 & wait"]).stdout(Stdio::piped())).unwrap();
        let mut output = tree.child.stdout.take().unwrap();
        drop(tree);
        // The pipe ends when nobody holds its other end any more.
        assert_eq!(io::Read::read_to_end(&mut output, &mut Vec::new()).unwrap(), 0);
    }
}
