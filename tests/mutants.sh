#!/bin/sh
# Breaks the code that decides who gets a token, one place at a time, and expects the unit
# tests to notice every time. What is broken stands in tests/mutants.toml.
#
#   tests/mutants.sh [OPTION...]    options of cargo mutants, such as --re src/context.rs
#
# It takes about 20 minutes. What went unnoticed is in target/mutants.out/missed.txt.

VERSION=27.1.0

die() {
    printf 'tests/mutants.sh: %s\n' "$1" >&2
    shift
    for line; do printf 'hint: %s\n' "$line" >&2; done
    exit 1
}

main() {
    set -eu
    cd "$(dirname "$0")/.."
    # rustup changes the profile, which this shell may not have read yet.
    [ ! -x "${HOME:-}/.cargo/bin/cargo" ] || PATH=$PATH:$HOME/.cargo/bin
    command -v cargo-mutants >/dev/null 2>&1 ||
        cargo install --quiet --locked "cargo-mutants@$VERSION" ||
        die "cargo-mutants is missing" \
            "install it with: cargo install --locked cargo-mutants@$VERSION"
    # Without debug information each of hundreds of builds is quicker.
    export CARGO_PROFILE_DEV_DEBUG=none CARGO_PROFILE_TEST_DEBUG=none
    # 3: every mutant was noticed, some because the tests hung.
    cargo mutants --config tests/mutants.toml --output target --no-shuffle "$@" || [ $? = 3 ] ||
        die "the tests did not notice that something was broken" \
            "see target/mutants.out; kill it by a test that is named like the requirement"
}

main "$@"
