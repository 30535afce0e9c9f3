#!/bin/sh
# Measures the cost of the vault beside that of the kernel's keyring, all in one run. Each round
# runs every case once, so that other work of the machine hits all cases alike. Ratios and counts
# are the same on other machines, milliseconds are not.
#
#   benches/vault.sh [--binary FILE] [--rounds N] [--without FILE]
#
#   --binary FILE    measure this binary instead of the one that install.sh builds
#   --rounds N       run each case so many times (300)
#   --without FILE   compare with this program without the vault, instead of building one, to see
#                    what the vault adds to the program and to gets from other keychains
#
# It fails where a case costs more than it may. Everything happens in a temporary home and, as far
# as the system allows, in a user namespace with a kernel keyring of its own.

die() {
    printf 'vault.sh: %s\n' "$*" >&4
    exit 1
}

step() { printf '\n== %s\n' "$*"; }

# --- Programs --------------------------------------------------------------------------

# Builds the program with the vault's stand-in, which is for systems that have no vault.
build_without() {
    copy_sources
    sed -i -e 's|^#\[cfg_attr(not(unix), path = \("keychain/vault/elsewhere.rs"\))\]|#[path = \1]|' \
        -e '/Some(Kind::Vault) => Box::new/d' "$scratch/source/src/keychain.rs"
    sed -i '/^        #\[cfg(unix)\]$/d' "$scratch/source/src/keychain.rs"
    grep -q '^#\[path = "keychain/vault/elsewhere.rs"\]' "$scratch/source/src/keychain.rs" ||
        die "src/keychain.rs has no place for the stand-in"
    build_copy vault
}

# --- Cases -----------------------------------------------------------------------------

host=vault-$$.example

# shellcheck source=benches/cases.sh
. "$(dirname "$0")/cases.sh"
# shellcheck source=benches/limits.sh
. "$(dirname "$0")/limits.sh"

instructions() { # INPUT COMMAND...
    counted=$1
    shift
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 >/dev/null <"$counted" |
        sed -n 's/,//g; s/.*refs: *//p'
}

millions() { awk -v n="$1" 'BEGIN { printf "%.3f", n / 1e6 }'; }

# --- The figures -----------------------------------------------------------------------

operations() { # ACCOUNTS
    step "$1 in the vault, one in the kernel's keyring: medians of $rounds rounds"
    case_of 'kernel get' "$ask" "$binary" --keychain kernel get
    case_of 'vault get' "$ask" "$binary" --keychain vault get
    case_of 'kernel miss' "$miss" "$binary" --keychain kernel get
    case_of 'vault miss' "$miss" "$binary" --keychain vault get
    case_of 'vault store equal' "$same" "$binary" --keychain vault store
    run_cases
    at_most "$(ratio 'vault get' 'kernel get')" 2 "$(of 'vault get' "ratio to the kernel's")"
    at_most "$(ratio 'vault miss' 'kernel miss')" 1.3 "$(of 'vault miss' "ratio to the kernel's")"
    at_most "$(ratio 'vault store equal' 'kernel get')" 2.5 \
        "$(of 'vault store equal' "ratio to the kernel's get")"
    at_most "$(millions "$(instructions "$ask" "$binary" --keychain vault get)")" 1.5 \
        "vault get: million instructions"
    printf "%-58s %10.2f\n" "kernel get: million instructions" \
        "$(millions "$(instructions "$ask" "$binary" --keychain kernel get)")"
}

# Prints the details of every file in a folder, in which a write would show.
everything() { find "$1" -printf '%p %i %s %T@ %C@\n' | sort; }

stores_nothing() {
    everything "$XDG_DATA_HOME" >"$scratch/before"
    "$binary" --keychain vault store <"$same"
    everything "$XDG_DATA_HOME" >"$scratch/after"
    at_most "$(diff "$scratch/before" "$scratch/after" | grep -c '^[<>]')" 0 \
        "store of an equal token: files that differ after it"
}

fill() { # FROM TO
    seq "$1" "$2" | while read -r number; do
        printf 'protocol=https\nhost=h%s.example\nusername=alice\npassword=ghp_TESTONLY%s\n\n' \
            "$number" "$number" | "$binary" --keychain vault store
    done
}

lists_a_thousand() {
    case_of list /dev/null "$binary" list --keychain vault
    kept=$rounds rounds=9
    run_cases
    rounds=$kept
    # On a busy machine the wall time includes that of other programs.
    at_most "$(column list 4)" 300 "list of 1,000: ms of CPU (by the clock $(column list 2))"
}

what_it_adds() {
    step "The program without the vault"
    at_most "$(awk -v a="$(wc -c <"$binary")" -v b="$(wc -c <"$without")" \
        'BEGIN { print (a - b) / 1e6 }')" 0.2 "the vault adds to the program, in MB"
    printf test | gnome-keyring-daemon --unlock --components=secrets \
        --control-directory="$HOME/keyring" >/dev/null 2>&1
    until dbus-send --session --print-reply --dest=org.freedesktop.DBus / \
        org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets 2>/dev/null |
        grep -q true; do sleep 0.05; done
    "$binary" --keychain secret-service store <"$same"
    for keychain in kernel secret-service; do
        case_of "$keychain without" "$ask" "$without" --keychain "$keychain" get
        case_of "$keychain" "$ask" "$binary" --keychain "$keychain" get
    done
    run_cases
    for keychain in kernel secret-service; do
        printf "%-58s %10.3f\n" "$(of "$keychain" 'get, ratio to the one without')" \
            "$(ratio "$keychain" "$keychain without")"
        # In 1 of 256 sessions keys are drawn anew, so the least of several counts is taken.
        at_most "$(awk -v a="$(least "$binary")" -v b="$(least "$without")" \
            'BEGIN { print 100 * (a - b) / b }')" 2 "$keychain get: per cent more instructions"
    done
}

least() { # BINARY
    for _ in 1 2 3 4 5; do instructions "$ask" "$1" --keychain "$keychain" get; done |
        sort -n | head -n 1
}

inside() {
    ask=$(request ask protocol=https "host=$host")
    miss=$(request miss protocol=https "host=no-$host")
    same=$(request same protocol=https "host=$host" username=alice password=ghp_TESTONLY1)
    : >"$scratch/cases"
    failed=0
    printf 'TESTONLY passphrase\n' |
        "$binary" configure --yes --keychain vault --low-memory --passphrase-from - >/dev/null 2>&1 ||
        die "no vault could be made"
    "$binary" --keychain vault store <"$same"
    "$binary" --keychain kernel store <"$same"
    operations 'One account'
    stores_nothing
    fill 2 1000
    operations '1,000 accounts'
    lists_a_thousand
    what_it_adds
    "$binary" lock 2>/dev/null
    "$binary" --keychain kernel erase <"$same"
    [ "$failed" = 0 ] || die "something costs more than it may"
}

main() {
    set -eu
    source=$(cd "$(dirname "$0")/.." && pwd)
    if [ "${1:-}" = --inside ]; then
        inside
        return
    fi
    # The bus reports on stderr which clients come and go. Descriptor 4 is for people.
    exec 4>&2
    binary='' without='' rounds=300
    read_options "$@"
    for program in gcc valgrind gnome-keyring-daemon dbus-run-session git; do
        command -v "$program" >/dev/null || die "$program is missing"
    done
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    make_programs
    unset DBUS_SESSION_BUS_ADDRESS DISPLAY WAYLAND_DISPLAY GIT_CREDENTIAL_PAT_KEYCHAIN
    mkdir -m 700 "$scratch/home"
    export HOME="$scratch/home" GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0 LC_ALL=C
    export XDG_RUNTIME_DIR="$HOME" XDG_DATA_HOME="$HOME/data" XDG_CONFIG_HOME="$HOME"
    export XDG_CACHE_HOME="$HOME" XDG_STATE_HOME="$HOME/state" GSETTINGS_BACKEND=memory
    export NO_AT_BRIDGE=1 scratch source binary without rounds
    own=
    ! unshare --user --map-root-user true 2>/dev/null || own='unshare --user --map-root-user'
    # shellcheck disable=SC2086 # words
    $own dbus-run-session -- "$source/benches/vault.sh" --inside 2>/dev/null
}

main "$@"
