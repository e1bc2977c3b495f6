//! The functions' programs, and the template that names them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use runtime_api::Stopwatch;

use super::emulator;
use super::left_out;
use crate::functions;
use crate::process;
use crate::project;

/// Where each function's program is.
#[derive(Debug)]
pub(crate) enum Programs {
    /// Compiled for development.
    Development,
    /// What would be deployed, as `cargo lambda build --release --output-format zip` has left it.
    Zips,
}

impl Programs {
    /// Compiles them, or looks whether they are there.
    pub(crate) async fn prepare(began: Stopwatch, zips: bool) -> Result<Self> {
        if zips {
            for name in left_out::NAMES {
                let zip = zip(name);
                let hint = "run `cargo lambda build --release --output-format zip`";
                ensure!(zip.exists(), "there is no {}: {hint}", project::relative(&zip));
            }
            return Ok(Self::Zips);
        }
        functions::build(began).await?;
        Ok(Self::Development)
    }

    /// The template for the emulator at `port`. Programs for development are stripped, or uploads would take minutes.
    pub(crate) async fn template(&self, port: u16) -> Result<PathBuf> {
        if let Self::Development = self {
            for name in left_out::NAMES {
                let folder = folder(name);
                fs::create_dir_all(&folder)?;
                let mut strip = Command::new("strip");
                strip.arg("-o").arg(folder.join("bootstrap")).arg(functions::program(name)?);
                process::run(&mut strip).await.context("strip comes with the C compiler")?;
            }
        }
        let original = fs::read_to_string(project::root().join("template.yaml"))?;
        let template = left_out::apply(&original, port, |name| self.code_uri(name).display().to_string())?;
        let path = emulator::folder().join("template.yaml");
        fs::write(&path, template)?;
        Ok(path)
    }

    fn code_uri(&self, name: &str) -> PathBuf {
        match self {
            Self::Development => folder(name),
            Self::Zips => zip(name),
        }
    }
}

fn folder(name: &str) -> PathBuf {
    emulator::folder().join("programs").join(name)
}

fn zip(name: &str) -> PathBuf {
    project::root().join("target/lambda").join(name).join("bootstrap.zip")
}
