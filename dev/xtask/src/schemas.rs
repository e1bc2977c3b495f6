//! `cargo xtask schemas`: what is generated for schemas and operations that nobody here wrote.

use std::process::Command;

use anyhow::{Context, Result};
use runtime_api::Stopwatch;

use crate::arguments;
use crate::environment;
use crate::process;
use crate::project;

pub(crate) async fn run(began: Stopwatch, options: arguments::Schemas) -> Result<()> {
    let schemas = match (options.random, options.folder) {
        (Some(count), _) => Some(count.to_string()),
        (None, None) => None,
        (None, Some(folder)) => {
            let found = folder.canonicalize().with_context(|| format!("no folder {}", folder.display()))?;
            Some(found.display().to_string())
        }
    };
    began.say("generating and compiling the operations");
    let mut cargo = Command::new("cargo");
    cargo.args(["run", "--quiet", "--package", "schemas"]).current_dir(project::root());
    cargo.envs(schemas.map(|schemas| ("SCHEMAS", schemas)));
    environment::without_cargo_run(&mut cargo);
    process::run(&mut cargo).await.context("a schema failed: see above")
}
