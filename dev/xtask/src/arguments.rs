//! What was asked for on the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;

use crate::stack;

/// What `cargo xtask --help` prints.
pub(crate) const USAGE: &str = "\
Usage: cargo xtask <TASK>

Tasks:
  demo    Call every function, with and without token reuse, and compare
            --calls N      warm calls per function (default 50)
            --json FILE    write the numbers there too
  bench   Measure cold and warm invocations, next to what other people write; docs/performance.md says more
            --quick        everything once, to see that it works
            --rounds N     starts of each variant in each comparison (default 11)
            --only A,B     these variants only: ours, floor, hello, naive, node-cached, node-each-time, python
            --from FILE    write an earlier run's figures into docs/ again
  dev     Run every function locally and reload it when its code changes
  load    Call http-api with many requests at once, in one process, while tokens live for seconds
            --requests N   how many (default 2000)
            --in-flight N  how many at once (default 16)
  serve   Run every function locally for as long as a command runs: cargo xtask serve -- COMMAND...
            It gets HTTP_API_URL, STAFF_TOKEN and CUSTOMER_TOKEN.
  deploy  Deploy the functions, as template.yaml and samconfig.toml say, and call each once
            --env NAME     dev (default) or prod
            --backend      the sample backend first, and the functions for it
            --parameter NAME=VALUE
                           a parameter of template.yaml, instead of samconfig.toml's
            --backend-parameter NAME=VALUE
                           with --backend: a parameter of backend/template.yaml, instead of backend/samconfig.toml's
            --dry-run      print the commands and do nothing
            --yes          do not ask before production is changed
  destroy Delete the functions; with --backend the sample backend, its users and orders too
            --env, --backend, --dry-run, --yes

All but `deploy` and `destroy` need no AWS account: dev/local-cloud stands in for Cognito, SSM and AppSync.";

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Print [`USAGE`].
    Help,
    /// `cargo xtask bench`, with arguments that the benchmark reads itself.
    Bench(Vec<OsString>),
    /// `cargo xtask demo`.
    Demo(DemoOptions),
    /// `cargo xtask dev`.
    Dev,
    /// `cargo xtask deploy`.
    Deploy(DeployOptions),
    /// `cargo xtask destroy`.
    Destroy(DeployOptions),
    /// `cargo xtask load`.
    Load(LoadOptions),
    /// `cargo xtask serve -- COMMAND...`: the command.
    Serve(Vec<OsString>),
}

/// The options of `cargo xtask demo`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DemoOptions {
    /// Warm calls per function, after the first one.
    pub(crate) calls: usize,
    /// Where to write the numbers as JSON.
    pub(crate) json: Option<PathBuf>,
}

/// The options of `cargo xtask deploy` and `cargo xtask destroy`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DeployOptions {
    /// Which settings of `samconfig.toml` are used.
    pub(crate) env: String,
    /// Whether the sample backend is meant too.
    pub(crate) backend: bool,
    /// Parameters of the functions' template.
    pub(crate) parameters: Vec<(String, String)>,
    /// Parameters of the backend's template.
    pub(crate) backend_parameters: Vec<(String, String)>,
    /// Whether to stop after the plan is printed.
    pub(crate) dry_run: bool,
    /// Whether to go on without asking.
    pub(crate) yes: bool,
}

impl DeployOptions {
    pub(crate) fn new(env: &str) -> Self {
        let (parameters, backend_parameters) = (Vec::new(), Vec::new());
        Self { env: env.to_owned(), backend: false, parameters, backend_parameters, dry_run: false, yes: false }
    }
}

/// The options of `cargo xtask load`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LoadOptions {
    pub(crate) requests: usize,
    /// How many of them wait for their answer at the same time.
    pub(crate) in_flight: usize,
}

pub(crate) fn parse(mut parser: lexopt::Parser) -> Result<Task, lexopt::Error> {
    let task = match parser.next()? {
        None | Some(Short('h') | Long("help")) => return Ok(Task::Help),
        Some(Value(task)) => task.string()?,
        Some(option) => return Err(option.unexpected()),
    };
    if task == "bench" {
        return Ok(Task::Bench(parser.raw_args()?.collect()));
    }
    let mut demo = DemoOptions { calls: 50, json: None };
    let mut deploy = DeployOptions::new("dev");
    let mut load = LoadOptions { requests: 2000, in_flight: 16 };
    let mut command = Vec::new();
    while let Some(argument) = parser.next()? {
        match (task.as_str(), argument) {
            (_, Short('h') | Long("help")) => return Ok(Task::Help),
            ("demo", Long("calls")) => demo.calls = parser.value()?.parse_with(at_least_one)?,
            ("demo", Long("json")) => demo.json = Some(parser.value()?.into()),
            ("deploy" | "destroy", Long("env")) => deploy.env = parser.value()?.string()?,
            ("deploy" | "destroy", Long("backend")) => deploy.backend = true,
            ("deploy" | "destroy", Long("dry-run")) => deploy.dry_run = true,
            ("deploy" | "destroy", Long("yes")) => deploy.yes = true,
            ("deploy", Long("parameter")) => deploy.parameters.push(parser.value()?.parse_with(stack::parameter)?),
            ("deploy", Long("backend-parameter")) => {
                deploy.backend_parameters.push(parser.value()?.parse_with(stack::parameter)?);
            }
            ("load", Long("requests")) => load.requests = parser.value()?.parse_with(at_least_one)?,
            ("load", Long("in-flight")) => load.in_flight = parser.value()?.parse_with(at_least_one)?,
            ("serve", Value(program)) => {
                command.push(program);
                command.extend(parser.raw_args()?);
            }
            ("demo" | "dev" | "load" | "serve" | "deploy" | "destroy", argument) => return Err(argument.unexpected()),
            _ => break,
        }
    }
    match task.as_str() {
        "help" => Ok(Task::Help),
        "demo" => Ok(Task::Demo(demo)),
        "dev" => Ok(Task::Dev),
        "deploy" if !deploy.backend && !deploy.backend_parameters.is_empty() => {
            Err("--backend-parameter needs --backend".into())
        }
        "deploy" => Ok(Task::Deploy(deploy)),
        "destroy" => Ok(Task::Destroy(deploy)),
        "load" => Ok(Task::Load(load)),
        "serve" if command.is_empty() => Err("say which command: cargo xtask serve -- COMMAND...".into()),
        "serve" => Ok(Task::Serve(command)),
        _ => Err(format!("there is no task {task:?}").into()),
    }
}

fn at_least_one(text: &str) -> Result<usize, &'static str> {
    text.parse().ok().filter(|count| *count > 0).ok_or("give a whole number of at least 1")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Task, String> {
        parse(lexopt::Parser::from_args(line.split_whitespace())).map_err(|error| error.to_string())
    }

    #[test]
    fn without_a_task_the_usage_is_printed() {
        for line in ["", "help", "--help", "-h", "demo --help", "dev -h"] {
            assert_eq!(parsed(line), Ok(Task::Help), "{line:?}");
        }
    }

    #[test]
    fn the_demo_makes_fifty_warm_calls_unless_told_otherwise() {
        assert_eq!(parsed("demo"), Ok(Task::Demo(DemoOptions { calls: 50, json: None })));
        let told = DemoOptions { calls: 5, json: Some("out.json".into()) };
        assert_eq!(parsed("demo --calls 5 --json=out.json"), Ok(Task::Demo(told)));
    }

    #[test]
    fn the_benchmark_reads_its_arguments_itself() {
        assert_eq!(parsed("bench --quick"), Ok(Task::Bench(vec!["--quick".into()])));
        assert_eq!(parsed("bench"), Ok(Task::Bench(Vec::new())));
    }

    #[test]
    fn a_deployment_is_one_of_dev_without_the_backend_unless_told_otherwise() {
        let plain = DeployOptions::new("dev");
        assert_eq!(parsed("deploy"), Ok(Task::Deploy(plain)));
        let told = DeployOptions {
            env: "prod".to_owned(),
            backend: true,
            parameters: vec![("LogLevel".to_owned(), "WARN".to_owned())],
            backend_parameters: vec![("DeletionProtection".to_owned(), "off".to_owned())],
            dry_run: true,
            yes: true,
        };
        let line = "deploy --env prod --backend --parameter LogLevel=WARN \
                    --backend-parameter DeletionProtection=off --dry-run --yes";
        assert_eq!(parsed(line), Ok(Task::Deploy(told)));
        assert!(parsed("deploy --parameter LogLevel").is_err_and(|error| error.contains("is not Name=value")));
        assert_eq!(parsed("deploy --backend-parameter A=b"), Err("--backend-parameter needs --backend".to_owned()));
        assert!(parsed("destroy --parameter A=b").is_err());
        assert!(matches!(parsed("destroy --backend"), Ok(Task::Destroy(options)) if options.backend));
    }

    #[test]
    fn a_command_keeps_its_own_options() {
        let command = ["sh", "-c", "--requests"].map(OsString::from).to_vec();
        assert_eq!(parsed("serve -- sh -c --requests"), Ok(Task::Serve(command)));
        assert!(parsed("serve").is_err());
        let options = LoadOptions { requests: 10, in_flight: 2 };
        assert_eq!(parsed("load --requests 10 --in-flight 2"), Ok(Task::Load(options)));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        assert_eq!(parsed("demos"), Err("there is no task \"demos\"".to_owned()));
        assert_eq!(parsed("dev --calls 5"), Err("invalid option '--calls'".to_owned()));
        assert!(parsed("demo --calls 0").is_err_and(|error| error.ends_with("give a whole number of at least 1")));
        assert!(parsed("--calls 5").is_err_and(|error| error.contains("--calls")));
    }
}
