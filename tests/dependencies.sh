#!/bin/sh
# Checks the dependencies against deny.toml: their licences, sources, and what is banned.
#
#   tests/dependencies.sh [advisories]    with `advisories`, for known flaws as well: their
#                                         database comes from the web

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
    # rustup changes the profile, which this shell may not have read yet.
    [ ! -x "${HOME:-}/.cargo/bin/cargo" ] || PATH=$PATH:$HOME/.cargo/bin
    command -v cargo-deny >/dev/null 2>&1 ||
        cargo install --quiet --locked "cargo-deny@$VERSION" ||
        die "cargo-deny is missing" "install it with: cargo install --locked cargo-deny@$VERSION"
    # Two versions of one crate are not worth a line each time.
    cargo deny --locked check --hide-inclusion-graph --allow duplicate "$@" licenses bans sources
}

main "$@"
