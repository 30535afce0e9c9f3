#!/bin/sh
# Makes the pages' pictures from real runs on a terminal: recording.svg, the first minute, and
# docs/status.svg, in which `status` finds what is wrong. git, the host with TLS and the keychain
# are real. Only the host's port is left out.
set -eu
cd "$(dirname "$0")/.."
RECORDING=$PWD
export RECORDING
cargo test --quiet --locked --test it -- recording::
printf '%s\n' recording.svg docs/status.svg
