//! What was asked for on the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::prelude::*;

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

None needs an AWS account: dev/local-cloud stands in for Cognito, SSM and AppSync.";

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
}

/// The options of `cargo xtask demo`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DemoOptions {
    /// Warm calls per function, after the first one.
    pub(crate) calls: usize,
    /// Where to write the numbers as JSON.
    pub(crate) json: Option<PathBuf>,
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
    while let Some(argument) = parser.next()? {
        match (task.as_str(), argument) {
            (_, Short('h') | Long("help")) => return Ok(Task::Help),
            ("demo", Long("calls")) => demo.calls = parser.value()?.parse_with(at_least_one)?,
            ("demo", Long("json")) => demo.json = Some(parser.value()?.into()),
            ("demo" | "dev", argument) => return Err(argument.unexpected()),
            _ => break,
        }
    }
    match task.as_str() {
        "help" => Ok(Task::Help),
        "demo" => Ok(Task::Demo(demo)),
        "dev" => Ok(Task::Dev),
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
    fn what_is_not_understood_is_named() {
        assert_eq!(parsed("demos"), Err("there is no task \"demos\"".to_owned()));
        assert_eq!(parsed("dev --calls 5"), Err("invalid option '--calls'".to_owned()));
        assert!(parsed("demo --calls 0").is_err_and(|error| error.ends_with("give a whole number of at least 1")));
        assert!(parsed("--calls 5").is_err_and(|error| error.contains("--calls")));
    }
}
