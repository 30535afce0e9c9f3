#!/bin/sh
# Fuzzes the targets of tests/fuzz, one after the other.
#
#   tests/fuzz.sh MINUTES [TARGET...]   run each target for so long, and keep the inputs in
#                                       target/fuzz/corpus, where the next run begins
#   tests/fuzz.sh --short [TARGET...]   run each for a few seconds, from the committed seeds
#                                       alone and with the same random numbers at every run
#
# An input that breaks a promise is left in target/fuzz/artifacts. The command that runs it again
# is printed. Make such an input a unit test.

VERSION=0.13.2

die() {
    printf 'tests/fuzz.sh: %s\n' "$1" >&2
    shift
    for line; do printf 'hint: %s\n' "$line" >&2; done
    exit 1
}

need_cargo_fuzz() {
    # rustup changes the shell's profile, which this shell may not have read yet.
    [ ! -x "${HOME:-}/.cargo/bin/cargo" ] || PATH=$PATH:$HOME/.cargo/bin
    command -v cargo-fuzz >/dev/null 2>&1 && return
    cargo install --quiet --locked "cargo-fuzz@$VERSION" ||
        die "cargo-fuzz is missing" "install it with: cargo install --locked cargo-fuzz@$VERSION"
}

# Builds without a sanitizer, which would need a nightly compiler. The code is safe Rust, and the
# targets look for broken promises.
build() {
    # No other check keeps the fuzz crate's lock file in step with the first.
    cargo metadata --manifest-path tests/fuzz/Cargo.toml --locked --format-version 1 >/dev/null ||
        die "tests/fuzz/Cargo.lock is behind" "cargo update --workspace --manifest-path tests/fuzz/Cargo.toml"
    cargo fuzz build --fuzz-dir tests/fuzz --target-dir target/fuzz --sanitizer none ||
        die "the fuzz targets do not build"
    binaries=target/fuzz/$(rustc -vV | sed -n 's/^host: //p')/release
}

# An input may take a second on a slow machine, but never ten, and never this much memory.
run() { # TARGET CORPUS OPTION...
    target=$1 corpus=$2
    shift 2
    artifacts=target/fuzz/artifacts/$target/
    words=tests/fuzz/words/$target
    [ ! -f "$words" ] || set -- "$@" "-dict=$words"
    mkdir -p "$corpus" "$artifacts"
    set -- "$@" -timeout=10 -rss_limit_mb=512 -max_len=4096 "-artifact_prefix=$artifacts"
    log=target/fuzz/$target.log
    "$binaries/$target" "$@" "$corpus" "tests/fuzz/seeds/$target" >"$log" 2>&1 || {
        tail -n 60 "$log" >&2
        die "$target: a promise is broken" "run it again: $binaries/$target $artifacts…" \
            "if it is not built: tests/fuzz.sh --short $target"
    }
    printf '%s: ' "$target"
    sed -n 's/^Done \([0-9]*\) runs in \([0-9]*\) .*/\1 inputs in \2 s/p' "$log"
}

main() {
    set -eu
    time=${1:-}
    cd "$(dirname "$0")/.."
    case $time in
    --short) ;;
    *[!0-9]* | '' | 0) die "the number of minutes is missing" "tests/fuzz.sh MINUTES [TARGET...], or --short" ;;
    esac
    shift
    [ $# -gt 0 ] || set -- request matching operation wire bus age vault lend answers
    for target; do
        [ -d "tests/fuzz/seeds/$target" ] || die "there is no such target"
    done
    need_cargo_fuzz
    build
    for target; do
        if [ "$time" = --short ]; then
            corpus=target/fuzz/short/$target
            rm -rf "$corpus"
            run "$target" "$corpus" -seed=1 -max_total_time=15
        else
            run "$target" "target/fuzz/corpus/$target" -max_total_time=$((time * 60))
        fi
    done
}

main "$@"
