#!/bin/sh
# Runs the unit tests and the keychains' contract for processors with the reverse byte order or with
# 32 bits, on an emulator (qemu-user) and this machine's kernel:
#
#   s390x-unknown-linux-gnu         the reverse byte order: the big end comes first
#   armv7-unknown-linux-gnueabihf   32 bits, as released for the Raspberry Pi
#
#   tests/other-processors.sh [TARGET...]    default: both
#
# The keychains are this machine's own: the desktop's three and files. The kernel's keyring is left
# out, and so is a vault that leaves its key there: the emulator does not pass on the calls to it.
# Nor does it report that a program could not be started.
#
# It needs Debian or Ubuntu. The tests are linked statically. In a namespace of its own, which ends
# with the tests, the kernel starts their programs with the emulator.

set -eu

TARGETS='s390x-unknown-linux-gnu armv7-unknown-linux-gnueabihf'

die() {
    printf 'tests/other-processors.sh: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf 'hint: %s\n' "$2" >&2
    exit 1
}

# Print the emulator's and Debian's compiler's name for a target.
emulator() { case $1 in armv7-*) echo arm ;; *) echo "${1%%-*}" ;; esac }
compiler() { case $1 in armv7-*) echo arm-linux-gnueabihf ;; *) echo "${1%%-*}-linux-gnu" ;; esac }

# Print the first bytes of a program for the processor, and the mask of the bits that count.
magic() {
    zeros='\x00\x00\x00\x00\x00\x00\x00\x00\x00'
    case $1 in
    s390x) printf '%s' "\\x7fELF\\x02\\x02\\x01$zeros\\x00\\x02\\x00\\x16" ;;
    arm) printf '%s' "\\x7fELF\\x01\\x01\\x01$zeros\\x02\\x00\\x28\\x00" ;;
    esac
}
mask() {
    ones='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff'
    case $1 in
    s390x) printf '%s' "$ones\\xff\\xfe\\xff\\xff" ;;
    arm) printf '%s' "$ones\\xfe\\xff\\xff\\xff" ;;
    esac
}

# Runs in the namespace: makes the kernel start programs of this processor with the emulator.
inside() { # EMULATOR COMMAND...
    # This changes nothing outside of the namespace.
    mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc ||
        die "this kernel knows no emulators in a namespace" "it takes Linux 6.7 or newer"
    printf '%s' ":$1:M::$(magic "$1"):$(mask "$1"):$(command -v "qemu-$1"):FOC" \
        >/proc/sys/fs/binfmt_misc/register
    shift
    exec "$@"
}

# Runs a command of cargo's for the target.
for_target() { # TARGET COMMAND...
    small=$(echo "$1" | tr - _)
    great=$(echo "$small" | tr '[:lower:]' '[:upper:]')
    gcc=$(compiler "$1")-gcc
    shift
    env "CARGO_TARGET_${great}_LINKER=$gcc" "CC_$small=$gcc" \
        "CARGO_TARGET_${great}_RUSTFLAGS=-Ctarget-feature=+crt-static" \
        CARGO_PROFILE_DEV_DEBUG=0 "$@"
}

tests_of() { # TARGET
    # This does nothing where the target is installed.
    rustup target add "$1" >/dev/null 2>&1 ||
        die "the standard library for $1 is missing" \
            "it comes with rustup, on a machine that reaches it: rustup target add $1"
    command -v "$(compiler "$1")-gcc" >/dev/null ||
        die "$(compiler "$1")-gcc is missing" "apt-get install gcc-$(compiler "$1")"
    set -- "$1" cargo test --quiet --locked --target "$1" --lib --test keychain_contract
    # The compiler runs outside of the namespace, without the emulator.
    for_target "$@" --no-run
    for_target "$1" unshare --user --map-root-user --mount -- tests/other-processors.sh --inside "$(emulator "$1")" \
        "$2" test --locked --target "$1" --lib -- --skip a_program_that_does_not_end_as_it_should
    for_target "$1" unshare --user --map-root-user --mount -- tests/other-processors.sh --inside "$(emulator "$1")" \
        "$2" test --locked --target "$1" --test keychain_contract -- \
        --skip the_kernel_keyring --skip the_vault_keeps
    printf '%s: unit tests and contract pass\n' "$1"
}

main() {
    if [ "${1:-}" = --inside ]; then
        shift
        inside "$@"
    fi
    cd "$(dirname "$0")/.."
    # shellcheck disable=SC2086 # a list
    [ $# -gt 0 ] || set -- $TARGETS
    for target; do tests_of "$target"; done
}

main "$@"
