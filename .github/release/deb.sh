#!/bin/sh
# Makes the Debian package from the archive that archive.sh made for Linux, with the same binary.
#
#   .github/release/deb.sh ARCHIVE FOLDER
#
# Every file in it has the time SOURCE_DATE_EPOCH, by default that of the last commit. Cargo.toml
# says which file goes where: [package.metadata.deb].

CARGO_DEB=3.8.0

die() {
    printf 'deb.sh: %s\n' "$1" >&2
    shift
    for line; do printf 'hint: %s\n' "$line" >&2; done
    exit 1
}

main() {
    set -eu
    [ $# = 2 ] || die "it takes an archive and a folder"
    archive=$(cd "$(dirname "$1")" && pwd)/${1##*/}
    folder=$(cd "$2" && pwd)
    cd "$(dirname "$0")/../.."
    PATH=$PATH:${CARGO_HOME:-${HOME:-}/.cargo}/bin
    command -v cargo-deb >/dev/null 2>&1 ||
        cargo install --quiet --locked "cargo-deb@$CARGO_DEB" ||
        die "cargo-deb is missing" "install it with: cargo install --locked cargo-deb@$CARGO_DEB"
    case $archive in
    *-linux-x86_64.tar.gz) target=x86_64-unknown-linux-musl ;;
    *-linux-aarch64.tar.gz) target=aarch64-unknown-linux-musl ;;
    *-linux-armv7.tar.gz) target=armv7-unknown-linux-gnueabihf ;;
    *) die "this is no archive for Linux" ;;
    esac
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
    export SOURCE_DATE_EPOCH
    # Cargo.toml expects the files in this folder.
    rm -rf target/deb
    mkdir -p target/deb
    tar -xzf "$archive" -C target/deb --strip-components 1
    ln -s git-credential-pat target/deb/docker-credential-pat
    cargo deb --quiet --no-build --no-strip --target "$target" --output "$folder/"
}

main "$@"
