//! Programs from PyPI, each in an environment of its own: they want different versions of the same libraries.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use runtime_api::Stopwatch;

use crate::process;
use crate::project;

/// The folder of programs of `.tools/NAME`, which are installed there if these requirements are not there yet.
pub(crate) async fn find_or_install(began: Stopwatch, name: &str, requirements: &[&str]) -> Result<PathBuf> {
    let home = project::tools().join(name);
    // Written last, so that an installation that was interrupted is not taken for a good one.
    let complete = home.join("installed");
    if fs::read_to_string(&complete).ok() != Some(requirements.join(" ")) {
        began.say(format!("installing {} into {}", requirements.join(" "), project::relative(&home)));
        let hint = "install Python 3.11 or later with `venv`, and check the network";
        let cannot = || format!("{} cannot be installed: {hint}", requirements.join(" "));
        install(&home, requirements).await.with_context(cannot)?;
        fs::write(&complete, requirements.join(" ")).with_context(cannot)?;
    }
    Ok(home.join("bin"))
}

/// Makes the environment `home` anew, with these packages in it and no compiler asked for.
pub(crate) async fn install(home: &Path, requirements: &[&str]) -> Result<()> {
    process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(home)).await?;
    let arguments = ["-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--only-binary=:all:"];
    process::run(Command::new(home.join("bin/python")).args(arguments).args(requirements)).await
}
