//! Finds cargo-lambda, or installs it into the project's `.tools/`.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::environment;
use crate::process::ProcessTree;
use crate::project;

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
            environment::first_on_path(command, folder);
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
pub(crate) async fn find_or_install() -> Result<CargoLambda> {
    let on_path = Path::new(ON_PATH);
    match version(on_path) {
        Some(version) if is_suitable(&version) => {
            println!("cargo-lambda {version}, from the PATH");
            return Ok(CargoLambda { program: on_path.to_owned() });
        }
        Some(version) => println!("cargo-lambda {version} is on the PATH, but this project uses {SERIES}x"),
        None => {}
    }
    let home = project::tools().join("cargo-lambda");
    let program = home.join("bin/cargo-lambda");
    let complete = home.join(COMPLETE);
    if complete.exists()
        && let Some(version) = version(&program).filter(|version| is_suitable(version))
    {
        println!("cargo-lambda {version}, from {}", project::relative(&home));
        return Ok(CargoLambda { program });
    }
    install(&home).await?;
    let Some(version) = version(&program).filter(|version| is_suitable(version)) else {
        bail!("what was installed into {} does not run; {HINT}", home.display());
    };
    fs::write(&complete, format!("{version}\n")).with_context(|| format!("cannot write into {}", home.display()))?;
    println!("cargo-lambda {version} is installed; later runs find it there");
    Ok(CargoLambda { program })
}

/// The command's name when it is looked up on the `PATH`.
const ON_PATH: &str = "cargo-lambda";
/// The versions that are known to work begin like this.
const SERIES: &str = "1.9.";
/// The version that is installed.
const VERSION: &str = "1.9.2";
/// A file that is written last, so that an installation that was interrupted is not taken for a good one.
const COMPLETE: &str = "installed";
const HINT: &str =
    "install it by hand, for example with `pip install cargo-lambda` or `brew install cargo-lambda`, and start again";

async fn install(home: &Path) -> Result<()> {
    match fs::remove_dir_all(home) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot remove {}", home.display()));
        }
        _ => {}
    }
    println!("cargo-lambda is missing: installing version {VERSION} into {}", project::relative(home));
    if install_wheel(home).await? {
        return Ok(());
    }
    println!("… with `cargo install`, because that did not work: this compiles it, for ten minutes or more");
    let mut cargo = Command::new("cargo");
    environment::without_cargo_run(&mut cargo).args(["install", "--locked", "--version", VERSION, "--root"]);
    if succeeds(cargo.arg(home).arg("cargo-lambda")).await? {
        return Ok(());
    }
    bail!("cargo-lambda could not be installed; the lines above say why; {HINT}");
}

/// The Python package holds the same program, compiled, and the linker that `cargo lambda build` needs.
async fn install_wheel(home: &Path) -> Result<bool> {
    println!("… from PyPI, into a Python environment of its own: about half a minute and 0.5 GB of disk");
    if !succeeds(Command::new("python3").args(["-m", "venv"]).arg(home)).await? {
        return Ok(false);
    }
    let requirement = format!("cargo-lambda=={VERSION}");
    let arguments = ["-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--only-binary=:all:"];
    succeeds(Command::new(home.join("bin/python")).args(arguments).arg(requirement)).await
}

/// Runs a step to its end, its output on the terminal. False when it failed, or when there is no such program.
async fn succeeds(command: &mut Command) -> Result<bool> {
    let program = command.get_program().to_string_lossy().into_owned();
    match ProcessTree::spawn(command) {
        Ok(mut process) => Ok(process.wait().await?.success()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            println!("… there is no {program}");
            Ok(false)
        }
        Err(error) => Err(error).with_context(|| format!("cannot run {program}")),
    }
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

    #[test]
    fn a_program_that_does_not_exist_has_no_version() {
        assert_eq!(version(Path::new("/nonexistent/cargo-lambda")), None);
    }
}
