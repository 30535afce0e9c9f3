#!/bin/sh
# Builds the program for one target and packs it for a release, with its manual, completions and
# licences. The binary holds the list of its dependencies (cargo-auditable). The same sources and
# compiler give the same bytes, in any folder and at any time.
#
#   .github/release/archive.sh TARGET FOLDER    e.g. x86_64-unknown-linux-musl dist
#
# Every file in the archive has the time SOURCE_DATE_EPOCH, by default that of the last commit.

AUDITABLE=0.7.7

die() {
    printf 'archive.sh: %s\n' "$1" >&2
    shift
    for line; do printf 'hint: %s\n' "$line" >&2; done
    exit 1
}

need_tools() {
    # rustup changes the shell's profile, which this shell may not have read yet.
    PATH=$PATH:${CARGO_HOME:-${HOME:-}/.cargo}/bin
    command -v cargo >/dev/null 2>&1 || die "cargo is missing" "see https://rustup.rs"
    command -v cargo-auditable >/dev/null 2>&1 ||
        cargo install --quiet --locked "cargo-auditable@$AUDITABLE" ||
        die "cargo-auditable is missing" \
            "install it with: cargo install --locked cargo-auditable@$AUDITABLE"
    [ -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ] || rustup target add "$target" ||
        die "Rust has no $target here" "install it with: rustup target add $target"
    python=python3
    python3 -c '' 2>/dev/null || python=python
}

# Prints a path as programs of this system know it. The shell on Windows has paths of its own.
native() { cygpath -m "$1" 2>/dev/null || printf '%s\n' "$1"; }

# Adds a flag for rustc. The flags are separated by a byte that no path has.
flag() {
    CARGO_ENCODED_RUSTFLAGS=${CARGO_ENCODED_RUSTFLAGS:+$CARGO_ENCODED_RUSTFLAGS$(printf '\037')}$1
}

# Replaces the folders of this machine by names that every machine has. The last flag that fits
# a path counts.
hide_paths() {
    flag "--remap-path-prefix=$(native "${CARGO_HOME:-$HOME/.cargo}")=/cargo"
    flag "--remap-path-prefix=$(native "$PWD")=/source"
    flag "--remap-path-prefix=$built=/target"
    # Rust's own sources, where they are installed, would have their path on this machine.
    commit=$(rustc -vV | sed -n 's/^commit-hash: //p')
    flag "--remap-path-prefix=$(rustc --print sysroot)/lib/rustlib/src/rust=/rustc/$commit"
}

build() {
    built=$(native "${CARGO_TARGET_DIR:-$PWD/target}")
    CARGO_ENCODED_RUSTFLAGS=
    hide_paths
    case $target in
    # With Rust's own linker, no tool of the machine has a part in the program.
    *-linux-musl)
        linker=CARGO_TARGET_$(echo "$target" | tr a-z- A-Z_)_LINKER
        export "$linker=rust-lld"
        ;;
    # This binary has Debian's C library linked in.
    armv7-unknown-linux-gnueabihf)
        command -v arm-linux-gnueabihf-gcc >/dev/null 2>&1 ||
            die "the linker for $target is missing" \
                "apt-get install gcc-arm-linux-gnueabihf libc6-dev-armhf-cross"
        export CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_LINKER=arm-linux-gnueabihf-gcc
        flag -Ctarget-feature=+crt-static
        ;;
    *-windows-msvc) flag -Ctarget-feature=+crt-static ;; # needs no runtime to be installed
    *-windows-gnu) flag -Clink-arg=-Wl,--no-insert-timestamp ;;
    *-apple-darwin) export MACOSX_DEPLOYMENT_TARGET=11.0 ;;
    esac
    export CARGO_ENCODED_RUSTFLAGS CARGO_INCREMENTAL=0
    unset RUSTFLAGS
    cargo auditable build --quiet --locked --release --bin "$name" \
        --target "$target" --target-dir "$built" || die "the build failed"
    unset CARGO_ENCODED_RUSTFLAGS
    program=$built/$target/release/$name$suffix
}

# Runs the program, or where this machine cannot do that, one that is built for it.
run() {
    "$program" "$@" 2>/dev/null ||
        cargo run --quiet --locked --target-dir "$built" --bin "$name" -- "$@"
}

stage() {
    rm -rf "$staged"
    mkdir -p "$staged/completions"
    cp "$program" LICENSE-MIT LICENSE-APACHE README.md CHANGELOG.md SECURITY.md "$staged/"
    cp -R docs "$staged/docs"
    run man >"$staged/$name.1"
    run completions bash >"$staged/completions/$name.bash"
    run completions zsh >"$staged/completions/_$name"
    run completions fish >"$staged/completions/$name.fish"
    run completions powershell >"$staged/completions/_$name.ps1"
}

main() {
    set -eu
    [ $# = 2 ] || die "it takes a target and a folder"
    target=$1
    mkdir -p "$2"
    folder=$(native "$(cd "$2" && pwd)")
    cd "$(dirname "$0")/../.."
    # No argument that looks like a path of the shell on Windows is to be converted.
    export MSYS2_ARG_CONV_EXCL='*' MSYS2_ENV_CONV_EXCL='*'
    export LC_ALL=C TZ=UTC
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
    export SOURCE_DATE_EPOCH
    name=git-credential-pat
    version=$(sed -n 's/^version *= *"\(.*\)"/\1/p' Cargo.toml)
    suffix='' format=tar.gz
    case $target in
    *-linux-*) system=linux ;;
    *-darwin) system=macos ;;
    *-windows-*) system=windows suffix=.exe format=zip ;;
    *) die "no release is made for $target" ;;
    esac
    archive=$name-$version-$system-${target%%-*}
    need_tools
    build
    staged=$built/release/$archive
    stage
    "$python" .github/release/pack.py "$staged" "$folder/$archive.$format" "$SOURCE_DATE_EPOCH"
    printf '%s\n' "$folder/$archive.$format"
}

main "$@"
