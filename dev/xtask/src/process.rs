//! A process and everything it starts, which end together with the handle.

use std::collections::HashSet;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, getpgrp, kill_process_group};

mod table;

/// A running process, in a process group of its own so that the terminal's Ctrl-C reaches only xtask, which then stops
/// it in order. Dropping it kills it and all that it started, and waits until they are gone.
#[derive(Debug)]
pub(crate) struct ProcessTree {
    child: Child,
}

impl ProcessTree {
    /// Starts `command` without an input.
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        let child = command.stdin(Stdio::null()).process_group(0).spawn()?;
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
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let leader = Pid::from_child(&self.child);
        // A stopped parent starts nothing more while its descendants, each of which may lead a group, are looked up.
        let _ = kill_process_group(leader, Signal::STOP);
        let mut groups: HashSet<Pid> = table::groups_below(leader);
        groups.insert(leader);
        groups.remove(&getpgrp());
        for group in &groups {
            let _ = kill_process_group(*group, Signal::KILL);
        }
        let _ = self.child.wait();
        // Those further down are not our children: they can only be watched going.
        for _ in 0..ATTEMPTS {
            if !table::any_alive_in(&groups) {
                return;
            }
            pause();
        }
        eprintln!("warning: some processes of the groups {groups:?} did not end");
    }
}

/// Processes are looked at this often.
const POLL: Duration = Duration::from_millis(20);
/// A killed process is gone within milliseconds; after this many looks something is badly stuck.
const ATTEMPTS: usize = 100;

#[expect(clippy::disallowed_methods, reason = "a destructor cannot await, and no event tells that a grandchild ended")]
fn pause() {
    std::thread::sleep(POLL);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_process_that_ends_says_how() {
        let mut tree = ProcessTree::spawn(Command::new("sh").args(["-c", "exit 3"])).unwrap();
        assert_eq!(tree.wait().await.unwrap().code(), Some(3));
    }

    #[test]
    fn dropping_the_handle_ends_grandchildren_that_lead_groups_of_their_own() {
        // `set -m` gives every background job a process group, as `cargo lambda watch` does with functions.
        let script = "set -m; sleep 600 & echo started; wait";
        let mut command = Command::new("bash");
        let mut tree = ProcessTree::spawn(command.args(["-c", script]).stdout(Stdio::piped())).unwrap();
        let mut line = [0; 8];
        io::Read::read_exact(tree.child.stdout.as_mut().unwrap(), &mut line).unwrap();
        let mut groups = table::groups_below(Pid::from_child(&tree.child));
        groups.remove(&Pid::from_child(&tree.child));
        assert_eq!(groups.len(), 1, "the job leads a group of its own: {groups:?}");
        assert!(table::any_alive_in(&groups));
        drop(tree);
        assert!(!table::any_alive_in(&groups));
    }
}
