//! Where things are in this workspace.

use std::path::{Path, PathBuf};

/// The workspace's root, with its symbolic links resolved, as `cargo lambda watch` compares paths.
pub(crate) fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
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
