"""Reads `cargo metadata` and names the packages that need a newer Rust than the workspace declares."""

import json
import sys


def version(text):
    return tuple(int(part) for part in text.split("."))


metadata = json.load(sys.stdin)
members = set(metadata["workspace_members"])
declared = {package["rust_version"] for package in metadata["packages"] if package["id"] in members}
if len(declared) != 1:
    sys.exit(f"the packages of the workspace declare different versions: {declared}")
(minimum,) = declared
newer = [
    f"{package['name']} {package['version']} needs {package['rust_version']}"
    for package in metadata["packages"]
    if package["rust_version"] and version(package["rust_version"]) > version(minimum)
]
if newer:
    sys.exit(f"declared is {minimum}, but:\n" + "\n".join(newer))
