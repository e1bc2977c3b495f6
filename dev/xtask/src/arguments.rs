//! What was asked for on the command line. The comments are what `--help` prints.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use argh::FromArgs;

use crate::stack;

/// The project's own commands. All but `deploy`, `repair` and `destroy` need no AWS account: dev/local-cloud stands in for Cognito,
/// SSM and AppSync. `cargo xtask TASK --help` lists the options of a task.
#[derive(Debug, FromArgs)]
#[argh(help_triggers("-h", "--help", "help"))]
pub(crate) struct Arguments {
    #[argh(subcommand)]
    pub(crate) task: Task,
}

/// What to do.
#[derive(Debug, FromArgs)]
#[argh(subcommand)]
pub(crate) enum Task {
    Demo(Demo),
    Bench(Bench),
    Dev(Dev),
    Load(Load),
    Storm(Storm),
    Schemas(Schemas),
    Serve(Serve),
    Soak(Soak),
    Trace(Trace),
    Deploy(Deploy),
    Rehearse(Rehearse),
    Repair(Repair),
    Destroy(Destroy),
}

/// Call every function, with and without token reuse, and compare
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "demo")]
pub(crate) struct Demo {
    /// warm calls per function (default 50)
    #[argh(option, default = "at_least_one(50)")]
    pub(crate) calls: NonZeroUsize,
    /// a file to also write the figures to
    #[argh(option)]
    pub(crate) json: Option<PathBuf>,
}

/// Measure cold and warm invocations, compared with other ways to write them; see docs/performance.md
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "bench")]
pub(crate) struct Bench {
    /// the obvious way in Rust too, which takes minutes to compile; and write the figures into docs/
    #[argh(switch)]
    pub(crate) all: bool,
    /// run everything once, to check that it works
    #[argh(switch)]
    pub(crate) quick: bool,
    /// starts of each variant in each comparison (default 7)
    #[argh(option)]
    pub(crate) rounds: Option<NonZeroUsize>,
    /// these variants only, separated by commas: ours, floor, hello, naive, node-cached, node-each-time, python
    #[argh(option)]
    pub(crate) only: Option<String>,
    /// write an earlier run's figures into docs/ again
    #[argh(option)]
    pub(crate) from: Option<String>,
}

/// Run every function locally and reload it when its code changes
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "dev")]
pub(crate) struct Dev {}

/// Send many concurrent requests to one http-api process, with tokens that live for seconds
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "load")]
pub(crate) struct Load {
    /// how many requests (default 2000)
    #[argh(option, default = "at_least_one(2000)")]
    pub(crate) requests: NonZeroUsize,
    /// how many requests are sent at the same time (default 16)
    #[argh(option, default = "at_least_one(16)")]
    pub(crate) in_flight: NonZeroUsize,
}

/// Start many processes of a function at once, with and without a published token, and count sign-ins and failures
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "storm")]
pub(crate) struct Storm {
    /// how many processes (default 200)
    #[argh(option, default = "at_least_one(200)")]
    pub(crate) processes: NonZeroUsize,
    /// unoptimized, from what the tests have compiled
    #[argh(switch)]
    pub(crate) quick: bool,
    /// write the figures into docs/
    #[argh(switch)]
    pub(crate) write: bool,
}

/// Generate and compile the operations of other projects, and send random answers and variables through their types
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "schemas")]
pub(crate) struct Schemas {
    /// a folder of projects, each with schema.graphql and graphql/ (default integration-tests/schemas)
    #[argh(positional)]
    pub(crate) folder: Option<PathBuf>,
    /// this number of random projects instead; twenty are compiled, the code of the others is only parsed
    #[argh(option)]
    pub(crate) random: Option<NonZeroUsize>,
}

/// Draw a trace from the invocation to AppSync, and measure what traces cost; docs/traces.md says more
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "trace")]
pub(crate) struct Trace {
    /// draw it with unoptimized programs, to see that it works; nothing is written into docs/
    #[argh(switch)]
    pub(crate) quick: bool,
}

/// Run every function locally for as long as a command runs: cargo xtask serve -- COMMAND...
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "serve")]
pub(crate) struct Serve {
    /// the command, which gets HTTP_API_URL, STAFF_TOKEN and CUSTOMER_TOKEN
    #[argh(positional)]
    pub(crate) program: String,
    /// its arguments
    #[argh(positional)]
    pub(crate) arguments: Vec<String>,
}

/// Invoke one process of query, many times at once and for long, as on Lambda Managed Instances;
/// docs/managed-instances.md says more
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "soak")]
pub(crate) struct Soak {
    /// how many invocations while tokens live for seconds (default 1000000)
    #[argh(option, default = "at_least_one(1_000_000)")]
    pub(crate) requests: NonZeroUsize,
    /// programs as they are compiled for development, in less time, and without the comparison of one thread and two
    #[argh(switch)]
    pub(crate) quick: bool,
}

/// Deploy the functions, as template.yaml and samconfig.toml say, and call each once
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "deploy")]
pub(crate) struct Deploy {
    /// an environment of samconfig.toml: dev (default), prod or your own; dev/NAME for separate stacks with that suffix
    #[argh(option, default = "DEV.to_owned()")]
    pub(crate) env: String,
    /// deploy the sample backend first, then the functions for it
    #[argh(switch)]
    pub(crate) backend: bool,
    /// NAME=VALUE: a parameter of template.yaml, instead of samconfig.toml's
    #[argh(option, long = "parameter", from_str_fn(parameter))]
    pub(crate) parameters: Vec<(String, String)>,
    /// NAME=VALUE, with --backend: a parameter of backend/template.yaml, instead of backend/samconfig.toml's
    #[argh(option, long = "backend-parameter", from_str_fn(parameter))]
    pub(crate) backend_parameters: Vec<(String, String)>,
    /// print the commands and do nothing
    #[argh(switch)]
    pub(crate) dry_run: bool,
    /// do not ask before changing protected stacks, such as prod
    #[argh(switch)]
    pub(crate) yes: bool,
}

/// Deploy to an emulator of AWS on this machine, play orders, rotation, updates and failures, and delete everything
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "rehearse")]
pub(crate) struct Rehearse {
    /// the zips of `cargo lambda build --release --output-format zip`, instead of programs compiled for development
    #[argh(switch)]
    pub(crate) zips: bool,
}

/// Restore what was lost or damaged of the service user: its parameters, users, password and group
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "repair")]
pub(crate) struct Repair {
    /// an environment of samconfig.toml: dev (default), prod or your own; dev/NAME for separate stacks with that suffix
    #[argh(option, default = "DEV.to_owned()")]
    pub(crate) env: String,
    /// print the commands and do nothing
    #[argh(switch)]
    pub(crate) dry_run: bool,
}

/// Delete the functions; with --backend the sample backend, its users and orders too
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "destroy")]
pub(crate) struct Destroy {
    /// an environment of samconfig.toml: dev (default), prod or your own; dev/NAME for separate stacks with that suffix
    #[argh(option, default = "DEV.to_owned()")]
    pub(crate) env: String,
    /// the sample backend too
    #[argh(switch)]
    pub(crate) backend: bool,
    /// print the commands and do nothing
    #[argh(switch)]
    pub(crate) dry_run: bool,
    /// do not ask
    #[argh(switch)]
    pub(crate) yes: bool,
}

pub(crate) const DEV: &str = "dev";
pub(crate) const PROD: &str = "prod";

fn parameter(text: &str) -> Result<(String, String), String> {
    stack::parameter(text).map_err(|error| error.to_string())
}

fn at_least_one(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_keeps_its_own_options() {
        let line = ["serve", "--", "sh", "-c", "--requests"];
        let Ok(Arguments { task: Task::Serve(Serve { program, arguments }) }) = Arguments::from_args(&["xtask"], &line)
        else {
            panic!("{line:?} is not understood");
        };
        assert_eq!((program.as_str(), arguments), ("sh", vec!["-c".to_owned(), "--requests".to_owned()]));
        assert!(Arguments::from_args(&["xtask"], &["serve"]).is_err());
    }
}
