#!/bin/sh
# Builds oo7-daemon, the Secret Service that GNOME is to have next, in a pinned version with the
# dependencies that its authors have tried, below target/oo7-daemon. It takes minutes; where it is
# there, nothing is done. tests/run.sh --all tests with it.

set -eu
cd "$(dirname "$0")/.."

VERSION=0.7.0-beta

cargo install --quiet --locked --root target/oo7-daemon "oo7-daemon@$VERSION" || {
    printf 'tests/oo7-daemon.sh: oo7-daemon %s could not be built\n' "$VERSION" >&2
    printf 'hint: it takes Rust 1.95: rustup update stable\n' >&2
    exit 1
}
