#!/bin/sh
# Breaks the code that decides who gets a token, one change at a time, and expects the unit tests
# to notice every time. tests/mutants.toml names the files that are broken.
#
#   tests/mutants.sh [OPTION...]    options of cargo mutants, such as --re src/context.rs
#
# It takes about 20 minutes. target/mutants.out/missed.txt has the changes that went unnoticed.

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
    # rustup changes the shell's profile, which this shell may not have read yet.
    [ ! -x "${HOME:-}/.cargo/bin/cargo" ] || PATH=$PATH:$HOME/.cargo/bin
    command -v cargo-mutants >/dev/null 2>&1 ||
        cargo install --quiet --locked "cargo-mutants@$VERSION" ||
        die "cargo-mutants is missing" \
            "install it with: cargo install --locked cargo-mutants@$VERSION"
    # There are hundreds of builds, and each is quicker without debug information.
    export CARGO_PROFILE_DEV_DEBUG=none CARGO_PROFILE_TEST_DEBUG=none
    # Status 3 says that every mutant was noticed, some because the tests hung.
    cargo mutants --config tests/mutants.toml --output target --no-shuffle "$@" || [ $? = 3 ] ||
        die "the tests did not notice that something was broken" \
            "see target/mutants.out, and add a test with the requirement as its name"
}

main "$@"
