//! The binary: what it prints, what it takes, how it stops.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// Ends the process also when the test fails.
struct Running {
    process: Child,
    out: BufReader<ChildStdout>,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let binary = env!("CARGO_BIN_EXE_local-cloud");
        let mut process = Command::new(binary).args(arguments).stdout(Stdio::piped()).spawn().expect("it starts");
        let out = BufReader::new(process.stdout.take().expect("piped"));
        Self { process, out }
    }

    /// The next line that contains `part`.
    fn line_with(&mut self, part: &str) -> String {
        let mut line = String::new();
        while !line.contains(part) {
            line.clear();
            assert_ne!(self.out.read_line(&mut line).expect("readable"), 0, "it ended without saying {part:?}");
        }
        line.trim().to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn it_prints_the_environment_and_one_line_per_call_until_ctrl_c() {
    let mut running = Running::start(&["--port", "0", "--token-lifetime", "60s"]);
    let url = running.line_with("AWS_ENDPOINT_URL=").replace("AWS_ENDPOINT_URL=", "");
    assert_eq!(running.line_with("AWS_REGION="), "AWS_REGION=eu-west-1");
    running.line_with("Ctrl-C");

    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let settings = client.get(format!("{url}/_local-cloud/settings")).send().await.expect("an answer");
    assert!(settings.text().await.expect("a body").contains("\"token_lifetime_s\":60"));
    let request = client.post(&url).header("x-amz-target", "AmazonSSM.GetParameter").body(r#"{"Name":"/nope"}"#);
    assert_eq!(request.send().await.expect("an answer").status(), 400);
    let line = running.line_with("GetParameter");
    assert!(line.contains("ssm") && line.contains("400") && line.ends_with("ParameterNotFound"), "{line}");

    let pid = running.process.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill runs").success());
    assert!(running.process.wait().expect("it ends").success());
}

#[test]
fn the_environment_is_in_the_file_before_it_is_printed() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("environment-{}", std::process::id()));
    let mut running = Running::start(&["--port", "0", "--env-file", file.to_str().expect("UTF-8")]);
    let printed = running.line_with("AWS_ENDPOINT_URL=");
    let written = std::fs::read_to_string(&file).expect("it is written");
    assert!(written.lines().any(|line| line == printed), "{printed} is missing in {written}");
    assert!(written.lines().all(|line| line.contains('=')), "{written}");
    std::fs::remove_file(file).expect("it can be removed");
}

#[test]
fn it_says_what_it_does_not_understand() {
    for (arguments, named) in [
        (["--latency", "s3=1ms"], "s3"),
        (["--schema", "no/such/file.graphql"], "cannot read the schema no/such/file.graphql"),
        (["--port", "99999"], "99999"),
        (["--port=0", "--env-file=no/such/folder/env"], "cannot write no/such/folder/env"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_local-cloud")).args(arguments).output().expect("it runs");
        let problem = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && problem.contains(named), "{problem}");
    }
}
