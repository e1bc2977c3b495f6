//! Finds cargo-lambda, or installs it into the project's `.tools/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use runtime_api::Stopwatch;

use crate::environment;
use crate::project;
use crate::wheels;

/// A cargo-lambda of the right version.
#[derive(Debug, Clone)]
pub(crate) struct CargoLambda {
    program: PathBuf,
}

impl CargoLambda {
    /// A command of `cargo lambda`.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("lambda");
        command
    }

    /// Lets other programs, such as `sam`, find it.
    pub(crate) fn put_on_path_of(&self, command: &mut Command) {
        if let Some(folder) = self.program.parent().filter(|folder| folder.is_absolute()) {
            environment::first_on_path(command, &[folder]);
        }
    }

    /// How one types `cargo lambda` at the workspace's root.
    pub(crate) fn as_typed(&self) -> String {
        if self.program == Path::new(ON_PATH) {
            return "cargo lambda".to_owned();
        }
        format!("{} lambda", project::relative(&self.program))
    }
}

/// Takes the cargo-lambda on the `PATH` or in `.tools/`; installs it there when neither will do.
pub(crate) async fn find_or_install(began: Stopwatch) -> Result<CargoLambda> {
    fs::create_dir_all(project::tools()).context("cannot create .tools/")?;
    let on_path = version(Path::new(ON_PATH));
    if let Some(version) = on_path.as_ref().filter(|version| is_suitable(version)) {
        began.say(format!("cargo-lambda {version}, from the PATH"));
        return Ok(CargoLambda { program: ON_PATH.into() });
    }
    let home = project::tools().join("cargo-lambda");
    let program = home.join("bin/cargo-lambda");
    // Written last, so that an installation that was interrupted is not taken for a good one.
    let complete = home.join("installed");
    if !complete.exists() || !version(&program).is_some_and(|version| is_suitable(&version)) {
        let what =
            on_path.map_or("missing".to_owned(), |version| format!("{version}, but this project uses {SERIES}x"));
        began.say(format!("cargo-lambda is {what}: installing {VERSION} into {} (0.5 GB)", project::relative(&home)));
        install(&home).await.context(HINT)?;
        fs::write(&complete, VERSION).with_context(|| format!("cannot write into {}", home.display()))?;
        began.say("cargo-lambda is installed; later runs find it there");
    }
    Ok(CargoLambda { program })
}

/// The command's name when it is looked up on the `PATH`.
const ON_PATH: &str = "cargo-lambda";
/// The versions that are known to work begin like this.
const SERIES: &str = "1.9.";
/// The version that is installed.
const VERSION: &str = "1.9.2";
const HINT: &str = "cargo-lambda could not be installed, which takes Python 3 with `venv` and the network; install it by hand, \
                    as with `brew install cargo-lambda` or `cargo install --locked cargo-lambda`, and start again";

/// The Python package holds the program, compiled, and the linker that `cargo lambda build` needs.
async fn install(home: &Path) -> Result<()> {
    wheels::install(home, &[&format!("cargo-lambda=={VERSION}")]).await?;
    let installed = version(&home.join("bin/cargo-lambda"));
    ensure!(installed.is_some(), "the program in {} does not run: delete the folder and try again", home.display());
    Ok(())
}

fn version(program: &Path) -> Option<String> {
    let output = Command::new(program).args(["lambda", "--version"]).output().ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout)).map(str::to_owned)
}

/// From `cargo-lambda 1.9.2 (67129fc 2026-08-21Z)`.
fn parse_version(line: &str) -> Option<&str> {
    line.strip_prefix("cargo-lambda ")?.split_whitespace().next()
}

fn is_suitable(version: &str) -> bool {
    version.starts_with(SERIES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_second_word() {
        assert_eq!(parse_version("cargo-lambda 1.9.2 (67129fc 2026-08-21Z)\n"), Some("1.9.2"));
        assert_eq!(parse_version("cargo-lambda 1.9.0\n"), Some("1.9.0"));
        assert_eq!(parse_version("error: no such command\n"), None);
    }

    #[test]
    fn only_the_series_that_is_known_to_work_is_taken() {
        assert!(is_suitable("1.9.0") && is_suitable("1.9.2") && is_suitable("1.9.12"));
        assert!(!is_suitable("1.8.6") && !is_suitable("1.10.0") && !is_suitable("2.0.0") && !is_suitable("1.90.0"));
    }
}
