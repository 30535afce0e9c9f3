#!/bin/sh
# Builds, checks and runs the portable binaries for Linux: one file each for x86-64, for ARM of 64
# bits and for ARM of 32 bits, which needs nothing of the system but the kernel.
#
#   where it runs                    what it does
#   an empty folder as the root      store, get, list, erase with the kernel's keyring
#   a session with GNOME Keyring     store, get, list, erase with that keyring
#
# The binaries for ARM run on emulators (qemu-user), on this machine's kernel. The emulators do
# not pass on the calls to the kernel's keyring, so only the error is tested there.

set -eu

targets='x86_64-unknown-linux-musl aarch64-unknown-linux-musl armv7-unknown-linux-gnueabihf'

die() {
    printf 'tests/portable.sh: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf 'hint: %s\n' "$2" >&2
    exit 1
}

# Stops where a run did not give the expected output.
same() { # WHAT EXPECTED GIVEN
    [ "$2" = "$3" ] || die "$1: expected \"$2\", not \"$3\""
}

# --- The files -----------------------------------------------------------------------

# musl's C library and Rust's own linker come with rustup's target, so a build needs no tool of the
# machine either. And a get costs half of what it costs with glibc linked in.
build() {
    CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER=rust-lld
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER=rust-lld
    # The binary for 32 bits has Debian's C library linked in.
    CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_LINKER=arm-linux-gnueabihf-gcc
    CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_RUSTFLAGS=-Ctarget-feature=+crt-static
    export CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER \
        CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER \
        CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_LINKER \
        CARGO_TARGET_ARMV7_UNKNOWN_LINUX_GNUEABIHF_RUSTFLAGS
    for target in $targets; do
        # This does nothing where the target is installed.
        rustup target add "$target" >/dev/null 2>&1 ||
            die "the standard library for $target is missing" \
                "install it with rustup, which downloads it: rustup target add $target"
        cargo build --quiet --release --locked --bin git-credential-pat --target "$target"
    done
}

# Stops where a file is for another processor, or names an interpreter or a library.
is_static() {
    readelf --file-header --wide "$1" | grep -q "Machine: .*$2" || die "$1 is not for $2"
    ! readelf --program-headers --wide "$1" | grep -q INTERP || die "$1 needs a dynamic linker"
    ! readelf --dynamic --wide "$1" | grep -q NEEDED || die "$1 needs a library"
    printf '%-28s static, for %s, %s bytes\n' "$(basename "$(dirname "$(dirname "$1")")")" "$2" \
        "$(wc -c <"$1")"
}

# --- The runs ------------------------------------------------------------------------

# Runs the helper with these words and this input. $run is the command that runs it, $program the
# path by which that command finds it.
helper() {
    # shellcheck disable=SC2086 # words
    env -i "PATH=$PATH" ${DBUS_SESSION_BUS_ADDRESS+"DBUS_SESSION_BUS_ADDRESS=$DBUS_SESSION_BUS_ADDRESS"} \
        $run "$program" "$@" 2>&1 || echo "exit status $?"
}

keeps_tokens() { # WHERE KEYCHAIN
    place=$(printf 'protocol=https\nhost=portable-%s.test' "$$")
    account=$(printf 'username=alice\npassword=ghp_TESTONLYportable')
    same "$1: store" '' "$(printf '%s\n%s\n' "$place" "$account" | helper --keychain "$2" store)"
    same "$1: get" "$account" "$(printf '%s\n' "$place" | helper --keychain "$2" get)"
    listed=$(helper list --keychain "$2" | grep "portable-$$.test" | tr -s ' ' | cut -d ' ' -f 1,2)
    same "$1: list" "https://portable-$$.test alice" "$listed"
    same "$1: erase" '' "$(printf '%s\n' "$place" | helper --keychain "$2" erase)"
    same "$1: get after erase" '' "$(printf '%s\n' "$place" | helper --keychain "$2" get)"
    printf '%s: store, get, list and erase\n' "$1"
}

speaks() { # WHERE
    same "$1: capability" "$(printf 'version 0\ncapability authtype\ncapability state')" \
        "$(helper capability)"
}

in_empty_root() {
    root=$(mktemp -d)
    trap 'rm -rf "$root"' EXIT
    cp "$x86_64" "$root/helper"
    program=/helper
    run="chroot $root"
    # Other users become root in a user namespace, which has a keyring of its own.
    [ "$(id -u)" = 0 ] || run="unshare --user --map-root-user chroot $root"
    same "the empty root holds" helper "$(ls -A "$root")"
    speaks "empty root"
    keeps_tokens "empty root, kernel's keyring" kernel
    rm -rf "$root"
    trap - EXIT
}

in_session() {
    printf test | gnome-keyring-daemon --unlock --components=secrets \
        --control-directory="$HOME/keyring" >/dev/null 2>&1
    until dbus-send --session --print-reply --dest=org.freedesktop.DBus / \
        org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets 2>/dev/null |
        grep -q true; do sleep 0.05; done
    run='' program=$x86_64
    keeps_tokens "x86-64, GNOME Keyring" secret-service
    emulated qemu-aarch64 "$aarch64" "ARM of 64 bits, emulated"
    emulated qemu-arm "$armv7" "ARM of 32 bits, emulated"
}

emulated() { # EMULATOR PROGRAM WHERE
    run=$1 program=$2
    speaks "$3"
    keeps_tokens "$3, GNOME Keyring" secret-service
    case $(printf 'protocol=https\nhost=portable.test\n' | helper --keychain kernel get) in
    *"the kernel keyring is not available here"*) ;;
    *) die "the emulator passes calls to the kernel's keyring on by now: test it" ;;
    esac
}

main() {
    if [ "${1:-}" = --inside ]; then
        in_session
        return
    fi
    cd "$(dirname "$0")/.."
    build
    folder=$(cargo metadata --no-deps --locked --format-version=1 |
        sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
    x86_64=$folder/x86_64-unknown-linux-musl/release/git-credential-pat
    aarch64=$folder/aarch64-unknown-linux-musl/release/git-credential-pat
    is_static "$x86_64" X86-64
    is_static "$aarch64" AArch64
    armv7=$folder/armv7-unknown-linux-gnueabihf/release/git-credential-pat
    is_static "$armv7" ARM
    unset DBUS_SESSION_BUS_ADDRESS DISPLAY WAYLAND_DISPLAY GIT_CREDENTIAL_PAT_KEYCHAIN
    in_empty_root

    HOME=$(mktemp -d)
    trap 'rm -rf "$HOME"' EXIT
    export HOME x86_64 aarch64 armv7 XDG_RUNTIME_DIR="$HOME" XDG_DATA_HOME="$HOME"
    export XDG_CONFIG_HOME="$HOME" XDG_CACHE_HOME="$HOME" GSETTINGS_BACKEND=memory
    dbus-run-session -- tests/portable.sh --inside
}

main "$@"
