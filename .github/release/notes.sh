#!/bin/sh
# Prints the notes of a release: its part of CHANGELOG.md, and the compiler of its binaries. Fails
# where the tag, Cargo.toml and CHANGELOG.md do not name the same version.
#
#   .github/release/notes.sh TAG    e.g. v1.0.0

die() {
    printf 'notes.sh: %s\n' "$1" >&2
    shift
    for line; do printf 'hint: %s\n' "$line" >&2; done
    exit 1
}

main() {
    set -eu
    [ $# = 1 ] || die "it takes a tag"
    cd "$(dirname "$0")/../.."
    version=$(sed -n 's/^version *= *"\(.*\)"/\1/p' Cargo.toml)
    [ "$1" = "v$version" ] || die "the tag is not the version of Cargo.toml, v$version"
    # The notes go from the version's heading to the next heading.
    notes=$(awk -v version="$version" '
        /^## / { ours = ($2 == version || $2 == "[" version "]"); next }
        ours' CHANGELOG.md)
    [ -n "$notes" ] || die "CHANGELOG.md has no part '## $version'" \
        "name the part 'Unreleased' so, and begin a new one"
    printf '%s\n\nBuilt with %s.\n' "$notes" "$(rustc --version)"
}

main "$@"
