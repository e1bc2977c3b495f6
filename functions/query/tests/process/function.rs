use std::{
    fs,
    io::Read as _,
    process::{Child, Command, Output, Stdio},
};

use local_cloud::LocalCloud;
use runtime_api::RuntimeApi;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use serde_json::Value;

/// The function's process; dropping it ends it.
pub(crate) struct Function(Child);

impl Function {
    /// Starts it with what Lambda sets, and the settings for `cloud`.
    pub(crate) fn start(cloud: &LocalCloud, lambda: &RuntimeApi) -> Self {
        Self::start_with(&[], cloud, lambda)
    }

    /// Starts it as Lambda Managed Instances do, which give a process so many invocations at once.
    pub(crate) fn start_concurrent(invocations: &str, cloud: &LocalCloud, lambda: &RuntimeApi) -> Self {
        Self::start_with(&[("AWS_LAMBDA_MAX_CONCURRENCY", invocations)], cloud, lambda)
    }

    /// Starts it with traces.
    pub(crate) fn start_traced(cloud: &LocalCloud, lambda: &RuntimeApi) -> Self {
        let endpoint = cloud.traces_url();
        Self::start_with(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", endpoint.as_str())], cloud, lambda)
    }

    fn start_with(more: &[(&str, &str)], cloud: &LocalCloud, lambda: &RuntimeApi) -> Self {
        let settings = cloud.environment();
        let mut command = command();
        command.envs(settings.iter().filter_map(|line| line.split_once('=')));
        command.env("AWS_LAMBDA_RUNTIME_API", lambda.address().to_string());
        command.env("METRICS_NAMESPACE", "Orders");
        command.envs(more.iter().copied());
        command.stdout(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    /// Ends it, and gives what it logged, each line as JSON.
    pub(crate) fn end(mut self) -> Vec<Value> {
        self.0.kill().unwrap();
        let mut log = String::new();
        self.0.stdout.take().unwrap().read_to_string(&mut log).unwrap();
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Starts it with what Lambda sets and nothing else, and waits for its end.
    pub(crate) fn start_without_settings() -> Output {
        command().env("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1").output().unwrap()
    }

    /// Stops it, as Lambda does between two invocations.
    pub(crate) fn freeze(&self) {
        kill_process(self.pid(), Signal::STOP).unwrap();
        let (_, status) = waitpid(Some(self.pid()), WaitOptions::UNTRACED).unwrap().unwrap();
        assert!(status.stopped());
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) {
        kill_process(self.pid(), Signal::CONT).unwrap();
    }

    /// How many threads it has.
    pub(crate) fn threads(&self) -> usize {
        fs::read_dir(format!("/proc/{}/task", self.pid().as_raw_nonzero())).unwrap().count()
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.0)
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_query"));
    command.env_clear();
    command.env("AWS_LAMBDA_FUNCTION_NAME", "query");
    command.env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128");
    command.env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST");
    command
}
