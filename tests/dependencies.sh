#!/bin/sh
# Checks the dependencies against deny.toml: their licences, their sources and the banned crates.
#
#   tests/dependencies.sh [advisories]    `advisories` looks for known flaws, too, in a database
#                                         from the web

VERSION=0.20.2

die() {
    printf 'tests/dependencies.sh: %s\n' "$1" >&2
    shift
    for line; do printf 'hint: %s\n' "$line" >&2; done
    exit 1
}

main() {
    set -eu
    cd "$(dirname "$0")/.."
    # rustup changes the shell's profile, which this shell may not have read yet.
    [ ! -x "${HOME:-}/.cargo/bin/cargo" ] || PATH=$PATH:$HOME/.cargo/bin
    command -v cargo-deny >/dev/null 2>&1 ||
        cargo install --quiet --locked "cargo-deny@$VERSION" ||
        die "cargo-deny is missing" "install it with: cargo install --locked cargo-deny@$VERSION"
    # Two versions of one crate are allowed, because they are not worth a warning.
    cargo deny --locked check --hide-inclusion-graph --allow duplicate "$@" licenses bans sources
}

main "$@"
