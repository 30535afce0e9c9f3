#!/bin/sh
# Installs zig below target/zig, in a pinned version with its hash: it links programs for Windows on
# ARM, and has the list of what is in macOS's system library. Nothing that is released comes from it.
# It is 100 MB; where it is there, nothing is done.
set -eu
cd "$(dirname "$0")/.."

folder=$PWD/target/zig
version=$(sha256sum <tests/zig/requirements.txt)
[ "$(cat "$folder/version" 2>/dev/null)" != "$version" ] || exit 0

die() {
    printf 'tests/zig.sh: %s\n' "$1" >&2
    printf 'hint: %s\n' "$2" >&2
    exit 1
}

rm -rf "$folder"
python3 -m venv "$folder" ||
    die "python3 cannot make an environment of its own" "apt-get install python3-venv"
"$folder/bin/pip" install --quiet --disable-pip-version-check --require-hashes --no-deps \
    --only-binary :all: --requirement tests/zig/requirements.txt ||
    die "pip could not install what tests/zig/requirements.txt names" \
        "it takes a machine that reaches Python's packages"
printf '%s\n' "$version" >"$folder/version"
