#!/bin/sh
# Makes recording.svg, the README's picture of the first minute, from a real run on a terminal
# with a real git, a real host with TLS and a real keychain. Only the host's port is left out.
set -eu
cd "$(dirname "$0")/.."
RECORDING=$PWD/recording.svg
export RECORDING
cargo test --quiet --locked --test it -- recording::the_first_minute
printf '%s\n' "$RECORDING"
