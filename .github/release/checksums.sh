#!/bin/sh
# Writes SHA256SUMS for the released files in a folder, and the two installers, which then know the
# release's address and the digest of its SHA256SUMS. So an installer that was fetched before
# notices when an archive and its checksum are changed together.
#
#   .github/release/checksums.sh FOLDER URL    e.g. dist https://host.example/download/v1.0.0

die() {
    printf 'checksums.sh: %s\n' "$1" >&2
    exit 1
}

sum() { sha256sum "$@" 2>/dev/null || shasum -a 256 "$@"; }

# Fills in the two lines of an installer that the sources leave empty, in sh or PowerShell.
fill_in() { # NAME
    sed -e "s|^\([\$]\{0,1\}release *= *\)''\$|\1'$url'|" \
        -e "s|^\([\$]\{0,1\}release_sums *= *\)''\$|\1'$digest'|" "$here/../../$1" >"$1"
    [ "$(grep -cF -e "'$url'" -e "'$digest'" "$1")" = 2 ] ||
        die "$1 has no lines for the release's address and digest"
}

main() {
    set -eu
    [ $# = 2 ] || die "it takes a folder and the address of the release"
    url=$2
    here=$(cd "$(dirname "$0")" && pwd)
    cd "$1"
    case $url in
    *[!A-Za-z0-9._~:/%+-]*) die "the address has a character that is unsafe in a script" ;;
    https://?*) ;;
    *) die "the address must begin with https://" ;;
    esac
    export LC_ALL=C
    rm -f SHA256SUMS install.sh install.ps1
    sums=$(sum ./*.*)
    printf '%s\n' "$sums" | sed 's|  \./|  |' >SHA256SUMS
    digest=$(sum SHA256SUMS | cut -d ' ' -f 1)
    fill_in install.sh
    fill_in install.ps1
    chmod 755 install.sh
}

main "$@"
