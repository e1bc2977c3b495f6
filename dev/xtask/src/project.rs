//! Where things are in this workspace.

use std::env;
use std::path::{Path, PathBuf};

/// The workspace's root, with its symbolic links resolved, as `cargo lambda watch` compares paths.
#[expect(
    clippy::disallowed_methods,
    reason = "only cargo knows which clone it runs in: several may share a target folder"
)]
pub(crate) fn root() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    let root = package.join("../..");
    root.canonicalize().unwrap_or(root)
}

/// What the project installs for itself and writes while it runs; git ignores it.
pub(crate) fn tools() -> PathBuf {
    root().join(".tools")
}

/// A path as one would type it at the workspace's root.
pub(crate) fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
