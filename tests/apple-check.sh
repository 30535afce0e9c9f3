#!/bin/sh
# Types and lints of everything, tests included, for both kinds of Mac, from any machine.
#
# Nothing is linked and nothing runs: the frameworks are on a Mac only. So this shows that the
# code there is for macOS compiles, and no more; what it does is shown by `cargo test` on a Mac.

set -eu
cd "$(dirname "$0")/.."

for target in aarch64-apple-darwin x86_64-apple-darwin; do
    # Does nothing where it is there.
    rustup target add "$target" >/dev/null 2>&1 || {
        printf 'tests/apple-check.sh: the standard library for %s is missing\n' "$target" >&2
        printf 'hint: it comes with rustup, on a machine that reaches it: rustup target add %s\n' "$target" >&2
        exit 1
    }
    # What is not linked needs no compiled C either (a benchmark's crate has some): `true` says
    # that it was compiled.
    name=$(printf %s "$target" | tr - _)
    env "CC_$name=true" "AR_$name=true" \
        cargo clippy --quiet --locked --all-targets --target "$target" -- -D warnings
    printf '%s: types and lints are right; not linked, not run\n' "$target"
done
