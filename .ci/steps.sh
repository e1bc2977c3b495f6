# shellcheck shell=bash
# Sourced by run and full: steps with a table of their times at the end, and tools from PyPI.
set -euo pipefail
cd "$(dirname "$0")/.."

# Without the network, another toolchain than that of rust-toolchain.toml will do.
cargo --version >/dev/null 2>&1 || export RUSTUP_TOOLCHAIN=stable

export CARGO_INCREMENTAL=0 # nothing here is compiled again after a change

tools=$PWD/.tools/ci
times=()
began=$SECONDS
current=

step() {
    [ -z "$current" ] || times+=("$((SECONDS - began))|$current")
    current=${1-} began=$SECONDS
    [ -z "$current" ] || printf '\n=== %s\n' "$current"
}

table() {
    step
    printf '\n%7s  step\n' seconds
    local row
    for row in "${times[@]}"; do printf '%7s  %s\n' "${row%%|*}" "${row#*|}"; done
    printf '%7s  in all\n' "$SECONDS"
}

stop() {
    echo "$*" >&2
    exit 1
}

# `need PROGRAM WHAT-TO-DO`: before any long work.
need() { command -v "$1" >/dev/null || stop "$1 is missing: $2"; }

# `install PROGRAM REQUIREMENT...`: from PyPI, each in an environment of its own, because they want different versions
# of the same libraries. It is "$bin/PROGRAM" then.
bin=$tools/bin
install() {
    if [ ! -x "$tools/uv/bin/uv" ]; then
        python3 -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' ||
            stop 'python3 is older than 3.11 or lacks venv: install Python 3.11 or later (Debian: python3-venv)'
        { python3 -m venv "$tools/uv" && "$tools/uv/bin/pip" install --quiet --disable-pip-version-check uv; } ||
            stop 'uv cannot be installed from PyPI: is the network there?'
    fi
    local with=() requirement
    for requirement in "${@:3}"; do with+=(--with "$requirement"); done
    UV_TOOL_DIR=$tools/tools UV_TOOL_BIN_DIR=$bin "$tools/uv/bin/uv" tool install --quiet --force "$2" "${with[@]}" ||
        stop "$2 cannot be installed from PyPI: is the network there?"
}

# `install_crate NAME VERSION`: from crates.io, for what is no wheel. It is in "$bin" then.
install_crate() {
    cargo install --locked --quiet --root "$tools" "$1@$2" || stop "$1 cannot be installed from crates.io: is the network there?"
}
