#!/bin/sh
# Writes a CycloneDX bill of materials of the program, for all systems.
#
#   .github/release/sbom.sh FOLDER

CYCLONEDX=0.5.9

die() {
    printf 'sbom.sh: %s\n' "$1" >&2
    shift
    for line; do printf 'hint: %s\n' "$line" >&2; done
    exit 1
}

main() {
    set -eu
    [ $# = 1 ] || die "it takes a folder"
    folder=$(cd "$1" && pwd)
    cd "$(dirname "$0")/../.."
    PATH=$PATH:${CARGO_HOME:-${HOME:-}/.cargo}/bin
    command -v cargo-cyclonedx >/dev/null 2>&1 ||
        cargo install --quiet --locked "cargo-cyclonedx@$CYCLONEDX" ||
        die "cargo-cyclonedx is missing" \
            "install it with: cargo install --locked cargo-cyclonedx@$CYCLONEDX"
    version=$(sed -n 's/^version *= *"\(.*\)"/\1/p' Cargo.toml)
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
    export SOURCE_DATE_EPOCH
    # cargo cyclonedx writes its file beside Cargo.toml.
    cargo cyclonedx --quiet --format json --spec-version 1.5 --target all --no-build-deps \
        --override-filename sbom
    sed "s|$PWD|/source|g" sbom.json >"$folder/git-credential-pat-$version.cdx.json"
    rm sbom.json
}

main "$@"
