#!/bin/sh
# Shows what this helper, and two that come with git, leave of a token in their memory when they
# end. Each stores, gets and erases the same throw-away token, in a temporary home with a bus and
# a keyring of its own. Just before a process ends, its memory is read from outside. The tests use
# the same instrument.
#
#   tests/residue.sh [NAME=COMMAND...]    other helpers, too, e.g. 'mine=/opt/helper --option'
#
# `pieces` are runs of at least eight bytes of the token, as they are, or as UTF-16, base64 or
# hex. `bytes` is the number of bytes in all these runs.

# Lists the Debian packages, each with its purpose. apt installs only the missing ones.
packages() {
    sed 's/ *#.*//' <<'END'
gcc                     # builds git's libsecret helper
libc6-dev               # the headers for it
make                    # runs its Makefile
pkg-config              # finds the library for it
libsecret-1-dev         # the library for it
git                     # brings the source of its helper, and git-credential-store
dbus                    # a private session bus
dbus-bin                # dbus-send asks whether the keyring is there
gnome-keyring           # the keychain behind it
END
}

die() {
    printf 'tests/residue.sh: %s\n' "$1" >&2
    shift
    for line; do printf 'hint: %s\n' "$line" >&2; done
    exit 1
}

install_packages() {
    command -v dpkg-query >/dev/null 2>&1 ||
        die "only Debian and Ubuntu are known here" "install what provides: $(packages | tr '\n' ' ')"
    missing=
    for package in $(packages); do
        # shellcheck disable=SC2016 # dpkg's format, not the shell's
        case $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) in
        installed) ;;
        *) missing="$missing $package" ;;
        esac
    done
    [ -n "$missing" ] || return 0
    [ "$(id -u)" = 0 ] ||
        die "packages are missing:$missing" "sudo apt-get install --yes --no-install-recommends$missing"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086 # a list
    { apt-get update -qq && apt-get install --yes -qq --no-install-recommends $missing; } \
        >/dev/null || die "apt-get could not install:$missing"
}

build() {
    # rustup changes the shell's profile, which this shell may not have read yet.
    [ ! -x "${HOME:-}/.cargo/bin/cargo" ] || PATH=$PATH:$HOME/.cargo/bin
    command -v cargo >/dev/null 2>&1 || die "cargo is missing" "see https://rustup.rs"
    cargo build --quiet --locked --release || die "the helper does not build"
    cargo build --quiet --locked --example residue || die "the instrument does not build"
    target=$(cargo metadata --no-deps --format-version=1 --locked |
        sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
    contrib=/usr/share/doc/git/contrib/credential/libsecret
    [ -f "$contrib/Makefile" ] || die "git's package has no $contrib here"
    cp -r "$contrib" "$scratch/libsecret"
    make --silent -C "$scratch/libsecret" || die "git's libsecret helper does not build"
}

# --- The private session ---------------------------------------------------------------

# Runs this script again on a bus of its own.
enter_session() {
    for folder in run data config cache; do mkdir -m 700 "$scratch/$folder"; done
    unset DBUS_SESSION_BUS_ADDRESS DISPLAY WAYLAND_DISPLAY GIT_CREDENTIAL_PAT_KEYCHAIN
    export HOME="$scratch" GSETTINGS_BACKEND=memory NO_AT_BRIDGE=1 LC_ALL=C
    export XDG_RUNTIME_DIR="$scratch/run" XDG_DATA_HOME="$scratch/data"
    export XDG_CONFIG_HOME="$scratch/config" XDG_CACHE_HOME="$scratch/cache"
    export scratch target
    # The bus reports on stderr which clients come and go.
    dbus-run-session -- tests/residue.sh --inside "$@" 3>&2 2>"$scratch/bus.log"
}

has_keyring() {
    dbus-send --session --print-reply --dest=org.freedesktop.DBus / \
        org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets 2>/dev/null |
        grep -q true
}

start_keyring() {
    # A newline would be part of the password.
    printf test | gnome-keyring-daemon --foreground --unlock --components=secrets \
        --control-directory="$scratch/run/keyring" >/dev/null 2>&1 &
    tries=0
    until has_keyring; do
        tries=$((tries + 1))
        [ "$tries" -lt 200 ] || die "gnome-keyring does not start"
        sleep 0.05
    done
}

# Prints a line for each helper: a name, then the words of its command.
helpers() {
    ours=$target/release/git-credential-pat
    printf '%s\t%s\t--keychain\tsecret-service\n' "git-credential-pat, Secret Service" "$ours"
    printf '%s\t%s\t--keychain\tkernel\n' "git-credential-pat, kernel" "$ours"
    printf '%s\t%s\n' "git-credential-libsecret" "$scratch/libsecret/git-credential-libsecret"
    printf '%s\t%s\t--file\t%s\n' "git-credential-store" \
        "$(git --exec-path)/git-credential-store" "$scratch/store"
    for helper; do
        printf '%s\t%s\n' "${helper%%=*}" "$(printf '%s' "${helper#*=}" | tr ' ' '\t')"
    done
}

inside() {
    exec 2>&3
    start_keyring
    letters=$(LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom | head -c 28)
    description="protocol=https\nhost=residue-$$.example\nusername=alice\n"
    # shellcheck disable=SC2059 # the description is a format
    printf "${description}password=ghp_TESTONLY$letters\n" >"$scratch/request"
    status=0
    helpers "$@" | "$target/debug/examples/residue" "$scratch/request" || status=$?
    # The token was only marked as rejected. An erase without a password deletes it.
    # shellcheck disable=SC2059
    printf "$description" | "$target/release/git-credential-pat" --keychain kernel erase
    return "$status"
}

main() {
    set -eu
    cd "$(dirname "$0")/.."
    if [ "${1:-}" = --inside ]; then
        shift
        inside "$@"
        return
    fi
    for helper; do
        case $helper in
        ?*=?*) ;;
        *) die "another helper is given as NAME=COMMAND" ;;
        esac
    done
    install_packages
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    trap 'exit 1' HUP INT TERM
    build
    enter_session "$@"
}

main "$@"
