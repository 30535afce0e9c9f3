#!/bin/sh
# Checks types and lints of everything, tests included, for both kinds of Mac, on any machine.
#
# Nothing is linked and nothing runs, because only a Mac has the frameworks. So this shows that the
# code for macOS compiles, and no more. Run `cargo test` on a Mac to test what the code does.

set -eu
cd "$(dirname "$0")/.."

for target in aarch64-apple-darwin x86_64-apple-darwin; do
    # This does nothing where the target is installed.
    rustup target add "$target" >/dev/null 2>&1 || {
        printf 'tests/apple-check.sh: the standard library for %s is missing\n' "$target" >&2
        printf 'hint: install it with rustup, which downloads it: rustup target add %s\n' "$target" >&2
        exit 1
    }
    # A benchmark's crate has C code, which nothing needs where nothing is linked. `true` in the
    # compiler's place compiles nothing and succeeds.
    name=$(printf %s "$target" | tr - _)
    env "CC_$name=true" "AR_$name=true" \
        cargo clippy --quiet --locked --all-targets --target "$target" -- -D warnings
    printf '%s: types and lints are right; not linked, not run\n' "$target"
done
