//! The emulator of AWS: how it is started, and how it is called.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use hyper::Method;
use runtime_api::Stopwatch;
use serde_json::Value;

use crate::client::{Call, Client, Reply};
use crate::environment;
use crate::process::ProcessTree;
use crate::project;
use crate::watch::free_port;
use crate::wheels;

/// A running emulator. Dropping it stops it, and the functions that it runs.
#[derive(Debug)]
pub(crate) struct Emulator {
    process: ProcessTree,
    port: u16,
    region: String,
    /// Where programs find nothing of the developer's, and leave what they write.
    home: PathBuf,
    /// The folders of `sam` and `aws`.
    programs: [PathBuf; 2],
    /// Held for as long as it runs: two rehearsals would write into the same folder.
    _only_one: File,
}

impl Emulator {
    /// Starts it on a free port of this machine's loopback, once it and the programs that deploy to it are installed.
    pub(crate) async fn start(began: Stopwatch, region: &str) -> Result<Self> {
        fs::create_dir_all(project::tools())?;
        let only_one = File::create(project::tools().join("rehearsal.lock"))?;
        only_one.try_lock().context("another rehearsal runs in this clone: wait until it ends")?;
        let home = folder();
        let _ = fs::remove_dir_all(&home);
        fs::create_dir_all(home.join("tmp")).with_context(|| format!("cannot create {}", home.display()))?;
        let emulator = wheels::find_or_install(began, "ministack", &EMULATOR).await?;
        let sam = wheels::find_or_install(began, "sam", &["aws-sam-cli==1.170.*"]).await?;
        let aws = wheels::find_or_install(began, "aws", &["awscli==1.*"]).await?;

        let port = free_port(0)?;
        let mut command = Command::new(emulator.join("ministack"));
        // Its functions inherit what it has: nothing of the developer's.
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", &home).env("TMPDIR", home.join("tmp"));
        command.env("STATE_DIR", home.join("state")).env("S3_DATA_DIR", home.join("s3"));
        command.env("GATEWAY_PORT", port.to_string()).env("BIND_HOST", "127.0.0.1").env("MINISTACK_HOST", "localhost");
        command.env("MINISTACK_REGION", region).env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"));
        command.env("AUTH", "true").env("IOT_MTLS_ENABLED", "0").current_dir(&home);
        let log = File::create(home.join(LOG))?;
        command.stdout(log.try_clone()?).stderr(log);
        let process = ProcessTree::spawn(&mut command)?;
        let mut emulator =
            Self { process, port, region: region.to_owned(), home, programs: [sam, aws], _only_one: only_one };
        emulator.ready().await.with_context(|| format!("see {}", project::relative(&folder().join(LOG))))?;
        Ok(emulator)
    }

    async fn ready(&mut self) -> Result<()> {
        for _ in 0..READY_ATTEMPTS {
            if let Ok(reply) = self.reply("sts", Method::GET, "/_ministack/health", Vec::new(), None).await
                && reply.status.is_success()
            {
                return Ok(());
            }
            if let Some(status) = self.process.ended()? {
                bail!("the emulator ended before it was ready ({status})");
            }
            tokio::time::sleep(POLL).await;
        }
        bail!("the emulator does not answer on port {}", self.port)
    }

    /// The port of 127.0.0.1 at which everything is served.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The only region there is.
    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// What `sam` and `aws` need, and nothing of the developer's.
    pub(crate) fn prepare(&self, command: &mut Command) {
        command.env_clear().env("HOME", &self.home).env("TMPDIR", self.home.join("tmp"));
        environment::first_on_path(command, &self.programs);
        command.env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", KEY);
        command.env("AWS_REGION", &self.region).env("AWS_DEFAULT_REGION", &self.region);
        command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port)).env("SAM_CLI_TELEMETRY", "0");
        command.env("NO_PROXY", "127.0.0.1,localhost").env("SAM_CLI_POLL_DELAY", "1");
    }

    /// What the AWS CLI answers.
    pub(crate) async fn cli(&self, words: &[&str]) -> Result<Value> {
        let mut command = Command::new("aws");
        self.prepare(&mut command);
        command.args(words).args(["--output", "json"]).stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output()).await?.context("cannot run aws")?;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "aws {} failed: {}", words.join(" "), error.trim());
        if output.stdout.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_slice(&output.stdout)?) }
    }

    /// An operation of a service that speaks JSON, such as `AmazonSSM.GetParameters` of `ssm`.
    pub(crate) async fn call(&self, service: &str, operation: &str, input: Value) -> Result<Value> {
        let headers = vec![("x-amz-target", operation.to_owned())];
        let reply = self.reply(service, Method::POST, "/", headers, Some(input)).await?;
        answer(reply).with_context(|| format!("{operation} failed"))
    }

    /// The same of a service with paths.
    pub(crate) async fn rest(&self, service: &str, method: Method, path: &str, input: Option<Value>) -> Result<Value> {
        let what = format!("{method} {path} of {service} failed");
        answer(self.reply(service, method, path, Vec::new(), input).await?).context(what)
    }

    /// Invokes a function with `event`; what it answered, whether it failed or not.
    pub(crate) async fn invoke(&self, function: &str, event: Value) -> Result<Value> {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        self.reply("lambda", Method::POST, &path, Vec::new(), Some(event)).await?.json()
    }

    /// The emulator believes who calls without checking the signature.
    async fn reply(
        &self,
        service: &str,
        method: Method,
        path: &str,
        mut headers: Vec<(&'static str, String)>,
        body: Option<Value>,
    ) -> Result<Reply> {
        let scope = format!("{KEY}/20260101/{}/{service}/aws4_request", self.region);
        headers
            .push(("authorization", format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00")));
        let call = Call { method, path: path.to_owned(), headers, body };
        Client::connect(self.port).await?.reply(&call, LIMIT).await
    }
}

fn answer(reply: Reply) -> Result<Value> {
    ensure!(reply.status.is_success(), "HTTP {}: {}", reply.status, reply.excerpt());
    if reply.is_empty() { Ok(Value::Null) } else { reply.json() }
}

/// Where everything is that a rehearsal writes.
pub(crate) fn folder() -> PathBuf {
    project::tools().join("rehearsal")
}

/// Where the output of `sam` goes.
pub(crate) fn deployments_log() -> PathBuf {
    folder().join("deployments.log")
}

/// As one types it.
pub(crate) fn shown(path: &Path) -> String {
    project::relative(path)
}

/// With what it needs to understand `AWS::Serverless`, and to sign and verify tokens.
const EMULATOR: [&str; 3] = ["ministack==1.5.33", "aws-sam-translator==1.*", "cryptography"];
/// With this access key one may do everything.
const KEY: &str = "test";
const LOG: &str = "emulator.log";
const POLL: Duration = Duration::from_millis(200);
const READY_ATTEMPTS: u32 = 150;
/// A function's own limit is two minutes.
const LIMIT: Duration = Duration::from_secs(150);
