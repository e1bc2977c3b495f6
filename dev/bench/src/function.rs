use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use hyper::body::Bytes;
use runtime_api::{Outcome, RuntimeApi, Stopwatch};
use rustix::process::{Pid, Signal, kill_process};

use crate::{share::Share, variants::Variant};

/// A function's process, with a Runtime API of its own. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Function {
    child: Child,
    pid: Pid,
    api: RuntimeApi,
    log: PathBuf,
    started: Stopwatch,
    share: Option<Share>,
}

impl Function {
    /// Starts it as Lambda does: with what Lambda sets, `environment`, and nothing else.
    pub(crate) async fn start(variant: &Variant, environment: &[(String, String)], logs: &Path) -> Result<Self> {
        Self::start_under(&[], variant, environment, logs).await
    }

    /// The same, started by another program, which takes the function's command line at the end of its own.
    pub(crate) async fn start_under(
        wrapper: &[String],
        variant: &Variant,
        environment: &[(String, String)],
        logs: &Path,
    ) -> Result<Self> {
        let api = RuntimeApi::start_with_timeout(TIMEOUT).await?;
        let log = logs.join(format!("{}.log", variant.name));
        fs::create_dir_all(logs)?;
        let output = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let line: Vec<String> = wrapper.iter().chain(&variant.command).cloned().collect();
        let Some((program, arguments)) = line.split_first() else { bail!("{} has no program", variant.name) };
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&variant.folder).env_clear().envs(set_by_lambda(&api, variant));
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        command.envs(variant.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let started = Stopwatch::start();
        let child = command.spawn().with_context(|| format!("cannot start {program}"))?;
        let pid = Pid::from_child(&child);
        Ok(Self { child, pid, api, log, started, share: None })
    }

    /// Waits until it asks for an event.
    pub(crate) async fn idle(&mut self) -> Result<()> {
        tokio::select! {
            idle = self.api.idle() => idle,
            ended = end_of(&mut self.child) => bail!("the function ended ({}); see {}", ended?, self.log.display()),
        }
    }

    /// Invokes it once; an error if it answers with one.
    pub(crate) async fn invoke(&mut self, event: &Bytes) -> Result<(Duration, Bytes)> {
        let outcome = self.try_invoke(event).await?;
        match outcome.answer {
            Ok(answer) => Ok((outcome.wall, answer)),
            Err(error) => bail!("the function failed, see {}: {}", self.log.display(), String::from_utf8_lossy(&error)),
        }
    }

    /// Invokes it once.
    pub(crate) async fn try_invoke(&mut self, event: &Bytes) -> Result<Outcome> {
        tokio::select! {
            outcome = self.api.invoke(event.clone()) => outcome,
            ended = end_of(&mut self.child) => bail!("the function ended ({}); see {}", ended?, self.log.display()),
        }
    }

    /// Where it asks for events.
    pub(crate) fn api(&self) -> &RuntimeApi {
        &self.api
    }

    /// Invokes it once in the trace of this header.
    pub(crate) async fn invoke_in_trace(&mut self, trace: &str, event: &Bytes) -> Result<Outcome> {
        tokio::select! {
            outcome = self.api.invoke_in_trace(trace, event.clone()) => outcome,
            ended = end_of(&mut self.child) => bail!("the function ended ({}); see {}", ended?, self.log.display()),
        }
    }

    /// How long ago it was started.
    pub(crate) fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// What its threads have used so far.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        Ok(self.account()?.used)
    }

    /// The scheduler's account of all its threads.
    pub(crate) fn account(&self) -> Result<Account> {
        let threads = self.threads()?;
        let sum = |part: fn(&Account) -> Duration| threads.values().map(part).sum();
        Ok(Account { used: sum(|thread| thread.used), waited: sum(|thread| thread.waited) })
    }

    /// The scheduler's account of each of its threads, which is in nanoseconds:
    /// <https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat>
    pub(crate) fn threads(&self) -> Result<BTreeMap<PathBuf, Account>> {
        let mut accounts = BTreeMap::new();
        for task in fs::read_dir(self.proc("task"))? {
            let task = task?.path();
            // A thread that has just ended has nothing to read; ours have none that end.
            let Ok(times) = fs::read_to_string(task.join("schedstat")) else { continue };
            let mut times = times.split_whitespace();
            let mut next = || anyhow::Ok(Duration::from_nanos(times.next().context("no schedstat in /proc")?.parse()?));
            accounts.insert(task, Account { used: next()?, waited: next()? });
        }
        Ok(accounts)
    }

    /// The most memory that it has had, in bytes.
    pub(crate) fn peak_memory(&self) -> Result<u64> {
        self.bytes("status", "VmHWM:")
    }

    /// The memory that it has, in bytes, counted page by page.
    pub(crate) fn memory(&self) -> Result<u64> {
        self.bytes("smaps_rollup", "Rss:")
    }

    /// How many file descriptors it has.
    pub(crate) fn descriptors(&self) -> Result<usize> {
        Ok(fs::read_dir(self.proc("fd"))?.count())
    }

    fn bytes(&self, file: &str, field: &str) -> Result<u64> {
        let text = fs::read_to_string(self.proc(file))?;
        let line = text.lines().find_map(|line| line.strip_prefix(field));
        let kib = line.with_context(|| format!("no {field} in /proc"))?.trim().trim_end_matches(" kB");
        Ok(kib.parse::<u64>()? * 1024)
    }

    /// Holds it to a share of one core from now on.
    pub(crate) fn hold_to(&mut self, share: f64) -> Result<()> {
        Ok(self.share.insert(Share::new(share)?).hold(self.pid)?)
    }

    /// Stops it, as Lambda does between two invocations.
    pub(crate) fn freeze(&self) -> Result<()> {
        Ok(kill_process(self.pid, Signal::STOP)?)
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) -> Result<()> {
        Ok(kill_process(self.pid, Signal::CONT)?)
    }

    fn proc(&self, name: &str) -> PathBuf {
        format!("/proc/{}/{name}", self.pid.as_raw_nonzero()).into()
    }

    /// Asks it to end, and waits for it.
    pub(crate) async fn end(mut self) -> Result<()> {
        kill_process(self.pid, Signal::TERM)?;
        end_of(&mut self.child).await?;
        Ok(())
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn end_of(child: &mut Child) -> io::Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Of a core, so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Account {
    pub(crate) used: Duration,
    /// Ready to run while others had the cores.
    pub(crate) waited: Duration,
}

/// The functions' timeout in `template.yaml`.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

/// Processes that should not end are looked at this often.
const LOOK: Duration = Duration::from_millis(50);

/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>
fn set_by_lambda(api: &RuntimeApi, variant: &Variant) -> Vec<(&'static str, String)> {
    let folder = variant.folder.display().to_string();
    vec![
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128".to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", variant.name.to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", variant.name)),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/11/25/[$LATEST]bench".to_owned()),
        ("AWS_LAMBDA_RUNTIME_API", api.address().to_string()),
        ("LAMBDA_RUNTIME_DIR", folder.clone()),
        ("LAMBDA_TASK_ROOT", folder),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
        ("TZ", ":UTC".to_owned()),
    ]
}
