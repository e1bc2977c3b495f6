//! A function with little memory has a share of a core only; with 128 MB it is about a fourteenth.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::Result;
use rustix::process::{Pid, Signal, kill_process};

/// A process held to a share of one core, until this is dropped or the process ends.
#[derive(Debug)]
pub(crate) enum Share {
    /// By the kernel: a control group with a quota, as on Lambda. It needs root.
    Quota(PathBuf),
    /// By stopping the process for the rest of each period, also while it only waits.
    Stops { over: Arc<AtomicBool>, thread: Option<JoinHandle<()>> },
}

/// The period in which Lambda gives a function its share.
const PERIOD: Duration = Duration::from_millis(20);

impl Share {
    pub(crate) fn hold(pid: Pid, share: f64) -> Result<Self> {
        match quota(pid, share) {
            Ok(group) => Ok(Self::Quota(group)),
            Err(_) => Ok(stops(pid, share)),
        }
    }

    /// How it is held, for a reader of the report.
    pub(crate) fn how(&self) -> &'static str {
        match self {
            Self::Quota(_) => "a quota of the kernel's (cgroup)",
            Self::Stops { .. } => "stopping the process for the rest of every 20 ms",
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        match self {
            // It can only go once the process has, which whoever held it ends: then at the next start.
            Self::Quota(group) => drop(fs::remove_dir(group)),
            Self::Stops { over, thread } => {
                over.store(true, Ordering::Relaxed);
                if let Some(thread) = thread.take() {
                    let _ = thread.join();
                }
            }
        }
    }
}

fn quota(pid: Pid, share: f64) -> io::Result<PathBuf> {
    static LAST: AtomicU32 = AtomicU32::new(0);
    let name = format!("bench-{}-{}", process::id(), LAST.fetch_add(1, Ordering::Relaxed));
    let (period, quota) = (PERIOD.as_micros(), PERIOD.mul_f64(share).as_micros());
    let first_version = Path::new("/sys/fs/cgroup/cpu").join(&name);
    let second_version = Path::new("/sys/fs/cgroup").join(&name);
    let group = if first_version.parent().is_some_and(Path::exists) {
        fs::create_dir(&first_version)?;
        fs::write(first_version.join("cpu.cfs_period_us"), period.to_string())
            .and_then(|()| fs::write(first_version.join("cpu.cfs_quota_us"), quota.to_string()))
            .map(|()| first_version)?
    } else {
        fs::write("/sys/fs/cgroup/cgroup.subtree_control", "+cpu")?;
        fs::create_dir(&second_version)?;
        fs::write(second_version.join("cpu.max"), format!("{quota} {period}")).map(|()| second_version)?
    };
    fs::write(group.join("cgroup.procs"), pid.as_raw_nonzero().to_string())?;
    Ok(group)
}

fn stops(pid: Pid, share: f64) -> Share {
    let over = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&over);
    let running = PERIOD.mul_f64(share);
    let thread = thread::spawn(move || {
        while !told.load(Ordering::Relaxed) && kill_process(pid, Signal::CONT).is_ok() {
            pause(running);
            if kill_process(pid, Signal::STOP).is_err() {
                return;
            }
            pause(PERIOD - running);
        }
        let _ = kill_process(pid, Signal::CONT);
    });
    Share::Stops { over, thread: Some(thread) }
}

#[expect(clippy::disallowed_methods, reason = "a share of time is given by time")]
fn pause(time: Duration) {
    thread::sleep(time);
}
