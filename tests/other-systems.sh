#!/bin/sh
# Checks types and lints for systems on which nobody runs the tests, on any machine with rustup.
# Nothing runs, so this only shows that the code compiles for them without a warning.
#
#   FreeBSD, NetBSD, illumos   the program, with the Secret Service for its keychain
#   Linux, ARM64               everything: some tests watch a process, on x86-64 only
#   Windows, both processors   everything, tests included, as a release builds it (MSVC)
#   Windows, ARM64             the program, linked by zig: Microsoft's libraries cannot be had
#
#   tests/other-systems.sh [TARGET...]    default: all

set -eu
cd "$(dirname "$0")/.."

TARGETS='x86_64-unknown-freebsd x86_64-unknown-netbsd x86_64-unknown-illumos
aarch64-unknown-linux-gnu x86_64-pc-windows-msvc aarch64-pc-windows-msvc
aarch64-pc-windows-gnullvm'

# shellcheck disable=SC2086 # a list
[ $# -gt 0 ] || set -- $TARGETS
# A benchmark's crate has C code, which nothing needs where nothing is linked. This stands for the
# compiler, and succeeds. It also stands for Microsoft's librarian, and makes the file that is
# wanted.
pretend=$(mktemp)
trap 'rm -f "$pretend"' EXIT
cat >"$pretend" <<'END'
#!/bin/sh
for word; do
    case $word in -out:* | -OUT:* | /out:* | /OUT:*) : >"${word#?????}" ;; esac
done
END
chmod +x "$pretend"
for target; do
    # This does nothing where the target is installed.
    rustup target add "$target" >/dev/null 2>&1 || {
        printf 'tests/other-systems.sh: the standard library for %s is missing\n' "$target" >&2
        printf 'hint: it comes with rustup, on a machine that reaches it: rustup target add %s\n' "$target" >&2
        exit 1
    }
    if [ "${target%-gnullvm}" != "$target" ]; then
        tests/zig.sh
        PATH=$PWD/target/zig/bin:$PATH cargo zigbuild --quiet --locked --target "$target" \
            --bin git-credential-pat
        printf '%s: the program is linked; not run\n' "$target"
        continue
    fi
    name=$(printf %s "$target" | tr - _)
    what='--all-targets'
    # The tests are for Linux, Windows and macOS.
    case $target in *-windows-* | *-linux-*) ;; *) what='--lib --bins' ;; esac
    # shellcheck disable=SC2086 # a list
    env "CC_$name=$pretend" "AR_$name=$pretend" \
        cargo clippy --quiet --locked $what --target "$target" -- -D warnings
    printf '%s: types and lints are right; not linked, not run\n' "$target"
done
