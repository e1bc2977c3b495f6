//! The system's table of processes: who started whom.

use std::collections::HashSet;
use std::fs;
use std::process::Command;

use rustix::process::Pid;

/// The process groups of everything that `ancestor` started, directly or not.
pub(super) fn groups_below(ancestor: Pid) -> HashSet<Pid> {
    let all = read();
    let mut family = HashSet::from([ancestor]);
    // Again and again, because a parent may come after its children in the table.
    while all
        .iter()
        .any(|entry| entry.parent.is_some_and(|parent| family.contains(&parent)) && family.insert(entry.pid))
    {}
    family.remove(&ancestor);
    all.iter().filter(|entry| family.contains(&entry.pid)).filter_map(|entry| entry.group).collect()
}

/// Whether a process of one of `groups` still runs. One that has ended and whose parent has not noticed does not.
pub(super) fn any_alive_in(groups: &HashSet<Pid>) -> bool {
    read().iter().any(|entry| entry.alive && entry.group.is_some_and(|group| groups.contains(&group)))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    pid: Pid,
    parent: Option<Pid>,
    group: Option<Pid>,
    alive: bool,
}

/// From `/proc` where there is one, because small Linux images have no `ps`; from `ps` elsewhere.
fn read() -> Vec<Entry> {
    if let Ok(stat) = fs::read_to_string("/proc/self/stat")
        && parse_stat(&stat).is_some()
        && let Ok(directory) = fs::read_dir("/proc")
    {
        let stats = directory.flatten().filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
        return stats.filter_map(|stat| parse_stat(&stat)).collect();
    }
    let output = Command::new("ps").args(["-A", "-o", "pid=,ppid=,pgid=,stat="]).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().filter_map(parse_ps).collect()
}

/// `/proc/<pid>/stat`: `42 (a name) S 1 42 …`: the name may hold spaces and parentheses.
fn parse_stat(stat: &str) -> Option<Entry> {
    let (pid, rest) = stat.split_once(" (")?;
    let mut fields = rest.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?;
    Entry::new(pid, fields.next()?, fields.next()?, state)
}

/// A line of `ps`: `   42     1    42 Ss`.
fn parse_ps(line: &str) -> Option<Entry> {
    let mut fields = line.split_whitespace();
    Entry::new(fields.next()?, fields.next()?, fields.next()?, fields.next()?)
}

impl Entry {
    fn new(pid: &str, parent: &str, group: &str, state: &str) -> Option<Self> {
        // A process that is just going has the group -1.
        let number = |text: &str| text.parse().ok().filter(|number| *number > 0).and_then(Pid::from_raw);
        let alive = !state.starts_with(['Z', 'X']);
        Some(Self { pid: number(pid)?, parent: number(parent), group: number(group), alive })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pid(number: i32) -> Pid {
        Pid::from_raw(number).unwrap()
    }

    #[test]
    fn a_name_with_parentheses_does_not_confuse_the_table() {
        let entry = Entry { pid: pid(42), parent: Some(pid(7)), group: Some(pid(40)), alive: true };
        assert_eq!(parse_stat("42 (a) S 9 (b) S 7 40 40 0 -1"), Some(entry));
        assert_eq!(parse_ps("   42     7    40 Ss"), Some(entry));
    }

    #[test]
    fn a_process_that_is_just_going_has_no_group() {
        let entry = Entry { pid: pid(42), parent: None, group: None, alive: false };
        assert_eq!(parse_stat("42 (a) X 0 -1 -1 0 -1"), Some(entry));
    }

    #[test]
    fn a_zombie_does_not_count_as_alive() {
        assert!(parse_stat("42 (sh) Z 1 42 42").is_some_and(|entry| !entry.alive));
        assert!(parse_ps("42 1 42 Z+").is_some_and(|entry| !entry.alive));
    }

    #[test]
    fn this_process_is_in_the_table() {
        let myself = rustix::process::getpid();
        assert!(read().iter().any(|entry| entry.pid == myself && entry.alive));
    }
}
