//! Sends random answers and variables through the types of operations of other projects: nothing may change on the way.

#![expect(clippy::print_stdout, reason = "a command-line tool answers on stdout")]

mod random;
mod text;

use std::{fs, process::ExitCode};

use anyhow::{Context, Result, bail, ensure};
use apollo_compiler::{ExecutableDocument, Schema, ast::Document, validation::Valid};
use appsync::Operation;
use fastrand::Rng;
use serde::{Serialize, de::DeserializeOwned};

use random::Random;

/// How many answers, and as many variables, each operation is given.
const ROUNDS: usize = 20;
const PRELUDE: &str = include_str!("../../../crates/appsync-codegen/src/prelude.graphql");

type Check = fn(&Valid<Schema>, &mut Rng) -> Result<()>;

struct Project {
    name: &'static str,
    schema: &'static str,
    /// The lines of the generated code, and its operations; or why there are none.
    generated: Result<(usize, &'static [Check]), &'static str>,
}

include!(concat!(env!("OUT_DIR"), "/projects.rs"));

fn main() -> ExitCode {
    let mut failed = 0;
    for project in PROJECTS {
        match check_project(project) {
            Ok(report) => println!("{:<24} {report}", project.name),
            Err(error) => {
                failed += 1;
                println!("{:<24} FAILED: {error:#}", project.name);
            }
        }
    }
    println!("{} schemas, {failed} failed", PROJECTS.len());
    if PROJECTS.is_empty() || failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn check_project(project: &Project) -> Result<String> {
    let (lines, checks) = project.generated.map_err(anyhow::Error::msg)?;
    let sdl = fs::read_to_string(project.schema)?;
    let sdl = if Document::parse(&sdl, project.schema).is_ok() { sdl } else { with_ampersands(&sdl) };
    // What AppSync brings may be declared twice now, which changes nothing.
    let schema = Schema::parse(format!("{sdl}\n{PRELUDE}"), project.schema).unwrap_or_else(|failed| failed.partial);
    let schema = Valid::assume_valid(schema);
    let mut rng = Rng::with_seed(1);
    for check in checks {
        check(&schema, &mut rng)?;
    }
    let operations = checks.len();
    Ok(format!("{operations:>4} operations, {lines:>6} lines, {:>6} answers and variables", operations * ROUNDS * 2))
}

/// `implements A, B`, as it was written before 2018, in today's form.
fn with_ampersands(sdl: &str) -> String {
    let mut parts = sdl.split(" implements");
    let mut today = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (interfaces, rest) = part.split_at(part.find(['{', '@', '#', '"']).unwrap_or(part.len()));
        if !part.starts_with([',', '&', ' ', '\r', '\n']) {
            today += &format!(" implements{part}");
            continue;
        }
        let interfaces: Vec<&str> = interfaces.split([',', '&', ' ', '\r', '\n']).filter(|it| !it.is_empty()).collect();
        today += &format!(" implements {} {rest}", interfaces.join(" & "));
    }
    today
}

fn check<O: Operation>(schema: &Valid<Schema>, rng: &mut Rng) -> Result<()> {
    let document = ExecutableDocument::parse(schema, O::DOCUMENT, "document.graphql");
    let document = document.unwrap_or_else(|failed| failed.partial);
    let operation = document.operations.get(None).ok().context("there is an operation")?;
    for _ in 0..ROUNDS {
        let (answer, expected) = Random { schema, document: &document, rng }.answer(operation);
        round_trip::<O::ResponseData>(&answer, &expected).with_context(|| format!("an answer to {}", O::NAME))?;
        let (variables, expected) = Random { schema, document: &document, rng }.variables(operation);
        round_trip::<O::Variables>(&variables, &expected).with_context(|| format!("variables of {}", O::NAME))?;
    }
    Ok(())
}

/// Decodes `json`, encodes it, and compares that with what is `expected`; then again, from what was encoded.
fn round_trip<T: DeserializeOwned + Serialize>(json: &str, expected: &str) -> Result<()> {
    let encoded = serde_json::to_string(&serde_json::from_str::<T>(json)?)?;
    if let Some(difference) = text::difference(&text::parse(expected)?, &text::parse(&encoded)?) {
        bail!("{difference}");
    }
    let again = serde_json::to_string(&serde_json::from_str::<T>(&encoded)?)?;
    ensure!(again == encoded, "became {encoded}, and then {again}");
    Ok(())
}
