//! `cargo xtask bench`: builds the program that measures, and runs it.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use futures_util::future::try_join_all;
use runtime_api::Stopwatch;

use crate::arguments::Bench;
use crate::environment;
use crate::functions::program;
use crate::process;
use crate::project;

pub(crate) async fn run(began: Stopwatch, mut options: Bench) -> Result<()> {
    if !options.all && options.from.is_none() {
        options.only.get_or_insert_with(|| WITHOUT_THE_OBVIOUS_WAY.to_owned());
    }
    ensure!(cfg!(target_os = "linux"), "the benchmark reads /proc, so it needs Linux");
    if let Some(file) = &options.from {
        ensure!(Path::new(file).exists(), "{file} does not exist: give the results.json of an earlier run");
    }
    let is_complete = !process::is_there("node") || process::is_there("npm");
    ensure!(is_complete, "node is here, but npm is not: install it, or leave Node out with --only");
    for (program, without) in MAY_BE_MISSING {
        if !process::is_there(program) {
            println!("there is no {program} here: {without}");
        }
    }
    began.say("building the program that measures, and the variants in Rust (minutes the first time)");
    let wants = |variant| options.only.as_ref().is_none_or(|only| only.split(',').any(|name| name == variant));
    let mut builds = vec![measuring(options.quick)];
    if options.from.is_none() {
        if wants("ours") {
            build_fleet(options.quick).await?;
        }
        builds.push(ours(options.quick, &["query", "floor", "hello"])?);
        builds.extend(wants("naive").then(|| as_others_write_it(&options)));
    }
    // At the same time: while one program is linked, which takes one core, the others compile.
    try_join_all(builds.into_iter().map(build)).await?;
    began.say("built");

    let mut bench = Command::new(program("bench")?);
    environment::without_cargo_run(&mut bench).args(options.quick.then_some("--quick"));
    let rounds = options.rounds.map(|rounds| rounds.to_string());
    for (name, value) in [("--rounds", rounds), ("--only", options.only), ("--from", options.from)] {
        if let Some(value) = value {
            bench.args([name, &value]);
        }
    }
    process::run(&mut bench).await
}

/// Runs a command of cargo, such as [`measuring`] or [`ours`].
pub(crate) async fn build(mut cargo: Command) -> Result<()> {
    cargo.current_dir(project::root());
    process::run(environment::without_cargo_run(&mut cargo)).await.context("a part of the benchmark does not compile")
}

/// The program that measures.
pub(crate) fn measuring(quick: bool) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--package", "bench"]);
    if !quick {
        for package in ON_THE_WAY {
            for option in ["opt-level=2", "debug-assertions=false"] {
                cargo.arg("--config").arg(format!("profile.dev.package.{package}.{option}"));
            }
        }
    }
    cargo
}

/// The function `query` as it is deployed and the floors, which share what they are made of; of them, these programs.
pub(crate) fn ours(quick: bool, programs: &[&str]) -> Result<Command> {
    let mut cargo = functions(quick)?;
    cargo.args(programs.iter().flat_map(|program| ["--bin", program]));
    Ok(cargo)
}

/// Compiles what is made of the same: all functions are selected, as when they are deployed, because their features are those
/// that all of them ask for.
fn functions(quick: bool) -> Result<Command> {
    let mut cargo = Command::new("cargo");
    // Unoptimized is only to see that it works: what the tests have compiled will do.
    cargo.args(if quick { ["build", "--features=dev"] } else { ["build", "--release"] });
    for function in fs::read_dir(project::root().join("functions"))? {
        cargo.arg("--package").arg(function?.file_name());
    }
    cargo.arg("--package=floor");
    Ok(cargo)
}

/// Compiles the functions that the fleet is made of, and puts them where `dev/bench` looks for them. They have all ways to a
/// token, which those that the benchmark compares with others have not.
pub(crate) async fn build_fleet(quick: bool) -> Result<()> {
    let mut cargo = functions(quick)?;
    cargo.args(["--features=query/secrets-manager", "--bin=query", "--bin=service-user"]);
    build(cargo).await?;
    let folder = project::tools().join("bench/fleet");
    fs::create_dir_all(&folder)?;
    for name in ["query", "service-user"] {
        let built = program("..")?.join(if quick { "debug" } else { "release" }).join(name);
        fs::copy(&built, folder.join(name)).with_context(|| format!("cannot copy {}", built.display()))?;
    }
    Ok(())
}

/// What other people write, with features of its own.
fn as_others_write_it(options: &Bench) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--locked", "--config=term.progress.when='never'", "--target-dir=target/bench-peers"]);
    cargo.args(["--manifest-path=dev/bench/peers/rust/Cargo.toml"]).args((!options.quick).then_some("--release"));
    cargo
}

/// What each request passes through: as the program shares the machine with what it measures, these have to be fast. The
/// rest is here already, as xtask's own.
const ON_THE_WAY: [&str; 14] = [
    "apollo-compiler",
    "apollo-parser",
    "bench",
    "bytes",
    "h2",
    "http",
    "hyper",
    "hyper-util",
    "local-cloud",
    "rowan",
    "rustls",
    "serde_json",
    "serde_json_bytes",
    "tokio",
];

/// The obvious way in Rust has an AWS SDK of its own, with features of its own: half of all that is compiled.
const WITHOUT_THE_OBVIOUS_WAY: &str = "ours,floor,hello,node-cached,node-each-time,python";

const MAY_BE_MISSING: [(&str, &str); 3] = [
    ("node", "its variants are left out"),
    ("python3", "its variant is left out"),
    ("valgrind", "instructions are not counted"),
];
