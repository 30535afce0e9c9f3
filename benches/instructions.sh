#!/bin/sh
# Checks how many instructions git's operations take, on the program that install.sh installs.
# Unlike times, the counts are the same on a busy machine, so this fails only where something has
# become slower. tests/run.sh runs it.

set -eu

# Lists the most that each operation may take, in thousands of instructions. With glibc linked in
# it takes a hundred more than with musl, for which there is room. Most of a get on the desktop
# goes into the two modular powers of the key agreement. A miss computes the first of them, too,
# while the service searches.
limits() {
    cat <<'END'
capability                                   150
--keychain kernel get                        210
--keychain secret-service miss               1100
--keychain secret-service get                3300
--keychain secret-service --cache 60 first   3350
--keychain secret-service --cache 60 get     240
END
}

host=instructions-$$.example

ask() { printf 'protocol=https\nhost=%s\n\n' "$1"; }

# Runs the helper with these words, for a host of this run.
helper() {
    printf 'protocol=https\nhost=%s\nusername=alice\npassword=ghp_TESTONLY1\n\n' "$host" |
        "$binary" "$@"
}

inside() {
    printf test | gnome-keyring-daemon --unlock --components=secrets \
        --control-directory="$HOME/keyring" >/dev/null 2>&1
    until dbus-send --session --print-reply --dest=org.freedesktop.DBus / \
        org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets 2>/dev/null |
        grep -q true; do sleep 0.05; done
    helper --keychain secret-service store
    helper --keychain kernel store
    limits | {
        failed=0
        while read -r words; do
            limit=${words##* }
            words=${words% "$limit"}
            words=${words%"${words##*[! ]}"}
            asked=$host name=$words
            case $words in
            *miss) asked=no-$host words=${words% miss}\ get ;;
            *first) words=${words% first}\ get ;;
            esac
            # A count that is too high is taken again: in 1 of 256 sessions the two sides might
            # not arrive at the same key, and two powers are computed again.
            for _ in 1 2 3; do
                # shellcheck disable=SC2086 # words without blanks in them
                count=$(ask "$asked" | valgrind --tool=callgrind --callgrind-out-file=/dev/null \
                    "$binary" $words 2>&1 >/dev/null | sed -n 's/,//g; s/.*refs: *//p')
                [ "$count" -gt "${limit}000" ] || break
            done
            printf '%-45s %8d of %8d\n' "$name" "$count" "${limit}000"
            [ "$count" -le "${limit}000" ] || failed=1
        done
        helper --keychain kernel erase
        ask "$host" | "$binary" --keychain kernel erase
        ask "$host" | "$binary" --keychain secret-service --cache 60 erase
        [ $failed = 0 ] || {
            echo 'instructions.sh: an operation takes more than it may; benches/compare.sh may tell why' >&2
            exit 1
        }
    }
}

main() {
    if [ "${1:-}" = --inside ]; then
        inside
        return
    fi
    source=$(cd "$(dirname "$0")/.." && pwd)
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    "$source/install.sh" --prefix "$scratch/installed" --no-configure >/dev/null
    binary=$scratch/installed/bin/git-credential-pat HOME=$scratch
    unset DBUS_SESSION_BUS_ADDRESS DISPLAY WAYLAND_DISPLAY GIT_CREDENTIAL_PAT_KEYCHAIN
    export HOME binary XDG_RUNTIME_DIR="$HOME" XDG_DATA_HOME="$HOME" XDG_CONFIG_HOME="$HOME"
    export XDG_CACHE_HOME="$HOME" GSETTINGS_BACKEND=memory NO_AT_BRIDGE=1
    # Every key in the kernel's keyring costs instructions, and in a user namespace there is none.
    own=
    ! unshare --user --map-root-user true 2>/dev/null || own='unshare --user --map-root-user'
    # shellcheck disable=SC2086 # words
    $own dbus-run-session -- "$source/benches/instructions.sh" --inside
}

main "$@"
