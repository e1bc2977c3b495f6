#!/usr/bin/env bash
# Compares the public API of the crates for crates.io with .ci/public-api/, or writes it there: .ci/public_api.sh --write
# It needs cargo-public-api (CARGO_PUBLIC_API, or on the PATH) of a version that reads the JSON of this toolchain's rustdoc.
set -euo pipefail
cd "$(dirname "$0")/.."

crates=(auth-cache appsync appsync-codegen startup local-cloud)
# With dev-features beside them, what they have in common with the workspace is compiled once.
selection=(--package dev-features)
for crate in "${crates[@]}"; do selection+=(--package "$crate"); done
RUSTDOC=$PWD/.ci/rustdoc RUSTDOCFLAGS='-Z unstable-options --output-format json' \
    cargo doc --lib --no-deps --all-features --quiet "${selection[@]}"

changed=
for crate in "${crates[@]}"; do
    file=.ci/public-api/$crate.txt
    # Without what the compiler derives: blanket, auto trait and derived implementations.
    api=$("${CARGO_PUBLIC_API:-cargo-public-api}" --rustdoc-json "target/doc/${crate//-/_}.json" --omit blanket-impls,auto-trait-impls,auto-derived-impls)
    if [ "${1-}" = --write ]; then
        printf '%s\n' "$api" >"$file"
    else
        diff --unified=0 "$file" <(printf '%s\n' "$api") || changed=1
    fi
done
[ -z "$changed" ] || {
    echo 'The public API has changed. If that is meant: .ci/public_api.sh --write, and say it in CHANGELOG.md' >&2
    exit 1
}
