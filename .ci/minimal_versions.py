"""Compiles the crates for crates.io with the oldest versions of their dependencies that their manifests allow.

A manifest that asks for less than its crate needs works here, where Cargo.lock has newer versions, and fails elsewhere. The copy
in FOLDER has only these crates, without what their tests need. It needs the network, and compiles everything anew.

python3 .ci/minimal_versions.py FOLDER
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

CRATES = ["crates/appsync", "crates/appsync-codegen", "crates/auth-cache", "crates/startup", "dev/local-cloud"]
FOR_TESTS = re.compile(r"^\[(dev-dependencies|\[bench|\[example|\[test).*?(?=^\[|\Z)", re.MULTILINE | re.DOTALL)

copy = pathlib.Path(sys.argv[1])
for crate in CRATES:
    shutil.rmtree(copy / crate, ignore_errors=True)
    shutil.copytree(crate, copy / crate, ignore=shutil.ignore_patterns("tests", "benches", "examples"))
    manifest = copy / crate / "Cargo.toml"
    manifest.write_text(FOR_TESTS.sub("", manifest.read_text()))
(copy / "Cargo.lock").unlink(missing_ok=True)
workspace = pathlib.Path("Cargo.toml").read_text()
workspace = re.sub(r"^members = .*", f"members = {CRATES}", workspace, flags=re.MULTILINE)
workspace = re.sub(r"^default-members = .*", "", workspace, flags=re.MULTILINE)
(copy / "Cargo.toml").write_text(workspace)


def cargo(*arguments, **environment):
    subprocess.run(["cargo", *arguments], check=True, cwd=copy, env=os.environ | environment)


cargo("update", "--quiet", "-Z", "direct-minimal-versions", RUSTC_BOOTSTRAP="1")
cargo("check", "--workspace", "--all-features", "--quiet", "--locked")
