//! A function with little memory has a share of a core only; with 128 MB it is about a fourteenth.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use rustix::process::Pid;

/// A process held to a share of one core by a quota of the kernel's, as on Lambda, until this is dropped. It needs root.
#[derive(Debug)]
pub(crate) struct Share(PathBuf);

/// The period in which Lambda gives a function its share.
const PERIOD: Duration = Duration::from_millis(20);

impl Share {
    /// An error where the kernel does not let this program set one.
    pub(crate) fn new(share: f64) -> io::Result<Self> {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let name = format!("bench-{}-{}", process::id(), LAST.fetch_add(1, Ordering::Relaxed));
        let (period, quota) = (PERIOD.as_micros(), PERIOD.mul_f64(share).as_micros());
        let (first_version, second_version) = (Path::new("/sys/fs/cgroup/cpu"), Path::new("/sys/fs/cgroup"));
        let group = if first_version.exists() { first_version } else { second_version }.join(name);
        let held = Self(group);
        if first_version.exists() {
            fs::create_dir(&held.0)?;
            held.write("cpu.cfs_period_us", &period.to_string())?;
            held.write("cpu.cfs_quota_us", &quota.to_string())?;
        } else {
            fs::write(second_version.join("cgroup.subtree_control"), "+cpu")?;
            fs::create_dir(&held.0)?;
            held.write("cpu.max", &format!("{quota} {period}"))?;
        }
        Ok(held)
    }

    /// Holds the process from now on.
    pub(crate) fn hold(&self, pid: Pid) -> io::Result<()> {
        self.write("cgroup.procs", &pid.as_raw_nonzero().to_string())
    }

    fn write(&self, file: &str, text: &str) -> io::Result<()> {
        fs::write(self.0.join(file), text)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        // It can only go once the process has, which whoever held it ends: then at the next start.
        let _ = fs::remove_dir(&self.0);
    }
}
