//! The environment of the processes that are started here.

use std::env;
use std::path::Path;
use std::process::Command;

use local_cloud::LocalCloud;

/// Hides from `command` what `cargo run` set for xtask itself: some build scripts watch these variables, and would run
/// again at every change between `cargo build` and `cargo xtask`.
pub(crate) fn without_cargo_run(command: &mut Command) -> &mut Command {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(set_by_cargo_run) {
            command.env_remove(name);
        }
    }
    command
}

/// Lets `command` find the programs in `folders` before all others of the same names.
pub(crate) fn first_on_path(command: &mut Command, folders: &[impl AsRef<Path>]) {
    #[expect(clippy::disallowed_methods, reason = "the search path is the developer's")]
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = folders.iter().map(|folder| folder.as_ref().to_owned()).chain(env::split_paths(&path));
    if let Ok(path) = env::join_paths(folders) {
        command.env("PATH", path);
    }
}

/// Points the functions that `command` starts at `cloud`, and at nothing else: no variable of the developer's own AWS
/// account reaches them. `AWS_LAMBDA_LOG_LEVEL` does.
pub(crate) fn for_functions<'a>(command: &'a mut Command, cloud: &LocalCloud, token_reuse: bool) -> &'a mut Command {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("AWS_") && name != "AWS_LAMBDA_LOG_LEVEL") {
            command.env_remove(name);
        }
    }
    for line in cloud.environment() {
        if let Some((name, value)) = line.split_once('=') {
            command.env(name, value);
        }
    }
    // A proxy cannot reach this machine's loopback.
    command.env("NO_PROXY", "127.0.0.1,localhost").env("no_proxy", "127.0.0.1,localhost");
    command.env_remove("TOKEN_USE").env("TOKEN_REUSE", if token_reuse { "on" } else { "off" })
}

fn set_by_cargo_run(name: &str) -> bool {
    matches!(name, "CARGO" | "CARGO_MANIFEST_DIR" | "CARGO_MANIFEST_PATH") || name.starts_with("CARGO_PKG_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_developer_set_for_cargo_stays() {
        assert!(["CARGO", "CARGO_MANIFEST_DIR", "CARGO_PKG_VERSION"].into_iter().all(set_by_cargo_run));
        assert!(!["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_BUILD_JOBS", "RUSTFLAGS"].into_iter().any(set_by_cargo_run));
    }
}
