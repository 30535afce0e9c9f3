#!/bin/sh
# Builds a release twice and expects the same bytes. The builds differ in their folder, home, folder
# of cargo's files, time zone, umask and number of jobs. No path of this machine may be in a
# program.
#
#   tests/reproducible.sh [TARGET...]    default: this machine's static Linux
#
# It takes some minutes for each target. The builds are removed, unless they differ.

die() {
    printf 'tests/reproducible.sh: %s\n' "$1" >&2
    shift
    for line; do printf 'hint: %s\n' "$line" >&2; done
    exit 1
}

# Builds a release as somebody else would do it.
build() { # PLACE TARGET NAME=VALUE...
    place=$scratch/$1 built_for=$2
    shift 2
    mkdir -p "$place/source" "$place/home" "$place/cargo" "$place/dist"
    tar -xf "$sources" -C "$place/source"
    # Only the way to the crates' registry is taken from this machine.
    [ ! -f "$cargo_home/config.toml" ] || cp "$cargo_home/config.toml" "$place/cargo/"
    env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS -u CARGO_TARGET_DIR HOME="$place/home" \
        CARGO_HOME="$place/cargo" SOURCE_DATE_EPOCH="$time" "$@" \
        "$place/source/.github/release/archive.sh" "$built_for" "$place/dist"
}

# Prints the files of an archive that hold a path of this machine.
traces() { # ARCHIVE
    mkdir -p "$scratch/unpacked"
    case $1 in
    *.zip) python3 -m zipfile -e "$1" "$scratch/unpacked" ;;
    *) tar -xzf "$1" -C "$scratch/unpacked" ;;
    esac
    grep -rlaF -e "$scratch" -e "$HOME/" -e "$rustup_home" "$scratch/unpacked" || true
    rm -rf "$scratch/unpacked"
}

main() {
    set -eu
    cd "$(dirname "$0")/.."
    cargo_home=${CARGO_HOME:-$HOME/.cargo}
    rustup_home=${RUSTUP_HOME:-$HOME/.rustup}
    PATH=$PATH:$cargo_home/bin
    export RUSTUP_HOME="$rustup_home"
    # The tool of the release scripts comes first, so that neither build installs one for itself.
    version=$(sed -n 's/^AUDITABLE=//p' .github/release/archive.sh)
    command -v cargo-auditable >/dev/null 2>&1 ||
        cargo install --quiet --locked "cargo-auditable@$version" ||
        die "cargo-auditable is missing" "cargo install --locked cargo-auditable@$version"
    time=$(git log -1 --format=%ct)
    scratch=$(mktemp -d)
    # The builds get the tracked files as they are now, even if somebody goes on working.
    sources=$scratch.tar
    git ls-files -z | tar -cf "$sources" --null --files-from=-
    [ $# -gt 0 ] || set -- "$(uname -m)-unknown-linux-musl"
    for target; do
        rm -rf "${scratch:?}"/*
        (umask 022 && build one "$target" TZ=UTC)
        (umask 077 && build another/place/deeper "$target" TZ=Asia/Kathmandu CARGO_BUILD_JOBS=1 \
            CARGO_TARGET_DIR="$scratch/another/target")
        cd "$scratch"
        for archive in one/dist/*; do
            cmp "$archive" "another/place/deeper/dist/${archive##*/}" ||
                die "two builds differ" "they are in $scratch"
            found=$(traces "$archive")
            [ -z "$found" ] || die "a folder of this machine is named in: $found"
            sha256sum "$archive" | sed 's|one/dist/||; s/^/twice: /'
        done
        cd - >/dev/null
    done
    rm -rf "$scratch" "$sources"
}

main "$@"
