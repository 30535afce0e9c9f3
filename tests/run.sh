#!/bin/sh
# Everything that must hold, in one command: what is missing is installed, then format,
# lints, documentation, scripts, manual, and all tests on real parts.
#
#   tests/run.sh              what every change must pass
#   tests/run.sh --windows    the Windows program too, under Wine
#   tests/run.sh --all        the slow tests too, releases built twice, the code broken on purpose
#   tests/run.sh --tests      the tests alone
#   tests/run.sh --packages   nothing but the installing, for root
#
# What is printed last are cargo's own counts.

# A Debian package a line, and what it is for. apt installs only what is missing.
packages() {
    sed 's/ *#.*//' <<'END'
gcc                     # cargo links with it
g++                     # so does the fuzzer
libc6-dev               # so does gcc
git                     # drives the helper in most tests
curl                    # takes the token, and downloads releases for the installer
wget                    # so does it, where there is no curl
git-lfs                 # asks git for credentials in its own way
openssl                 # the test servers' certificates
apache2-bin             # a real git server: git http-backend, Basic auth, TLS
apache2-utils           # its password file
docker-registry         # a container registry
skopeo                  # one of its clients
buildah                 # another
dbus                    # a private session bus for each test
gnome-keyring           # Secret Service 1
keepassxc               # Secret Service 2
libkf5wallet-bin        # Secret Service 3: KWallet
libqca-qt5-2-plugins    # KWallet's session encryption
xvfb                    # a display for their dialogs
xdotool                 # and the hand that answers them
python3-venv            # environments for the tools of tests/tools.sh and the workflows' linters
python3-dbus            # unlocks and locks them from outside
python3                 # git-lfs's server side, releases are packed with it, and python3-dbus
libsecret-tools         # secret-tool: another program's view of our items
man-db                  # shows the manual that was installed
zsh                     # loads the completions for it
fish                    # and for it
faketime                # clocks that are wrong by decades
time                    # how much memory a process took at most
keyutils                # keyctl: the kernel keyring seen from outside
shellcheck              # lints the scripts
groff-base              # lints the manual
valgrind                # counts instructions
qemu-user               # runs the binary for ARM
END
}

die() {
    printf 'tests/run.sh: %s\n' "$1" >&2
    shift
    for line; do printf 'hint: %s\n' "$line" >&2; done
    exit 1
}

step() { printf '\n== %s\n' "$*"; }

install_packages() {
    command -v dpkg-query >/dev/null 2>&1 ||
        die "only Debian and Ubuntu are known here" "install what provides: $(packages | tr '\n' ' ')" \
            "then run the commands at the end of this script"
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
    step "Installing$missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq || die "apt-get update failed"
    # shellcheck disable=SC2086 # a list
    apt-get install --yes -qq --no-install-recommends $missing >/dev/null ||
        die "apt-get could not install:$missing"
}

need_rust() {
    # rustup changes the profile, which this shell may not have read yet.
    [ ! -x "${HOME:-}/.cargo/bin/cargo" ] || PATH=$PATH:$HOME/.cargo/bin
    command -v cargo >/dev/null 2>&1 || die "cargo is missing" "see https://rustup.rs"
    for component in fmt clippy; do
        cargo "$component" --version >/dev/null 2>&1 && continue
        [ "$component" = clippy ] || component=rustfmt
        rustup component add "$component" ||
            die "$component is missing" "install it with: rustup component add $component"
    done
}

main() {
    set -eu
    include_slow='' include_windows=no
    case ${1:-} in
    '' | --tests | --packages) ;;
    --windows) include_windows=yes ;;
    --all) include_slow=--include-ignored include_windows=yes ;;
    *) die "the options are --windows, --all, --tests and --packages" ;;
    esac
    cd "$(dirname "$0")/.."
    install_packages
    [ "${1:-}" != --packages ] || exit 0
    need_rust
    if [ "${1:-}" != --tests ]; then check; fi
    run_tests
}

check() {
    step "Scripts"
    shellcheck .ci/run
    find install.sh tests benches examples .github -name '*.sh' -exec shellcheck {} +
    shellcheck examples/fleet/git-token

    step "Workflows"
    tests/workflows.sh

    step "Dependencies"
    if [ -n "$include_slow" ] || command -v cargo-deny >/dev/null 2>&1; then
        tests/dependencies.sh
    else
        echo "NOT CHECKED: tests/run.sh --all installs cargo-deny, which takes minutes"
    fi

    step "Manual"
    warnings=$({ cargo run --quiet --locked -- man | groff -k -t -man -ww -z -Tutf8 2>&1; } || echo failed)
    [ -z "$warnings" ] || die "the manual is not clean: $warnings"

    step "Format"
    cargo fmt --check
    cargo fmt --manifest-path tests/fuzz/Cargo.toml --check

    step "Lints"
    cargo clippy --quiet --locked --all-targets -- -D warnings

    step "Types and lints for macOS"
    tests/apple-check.sh

    if [ "$include_windows" = yes ]; then
        step "Windows, under Wine"
        tests/windows-under-wine.sh
    fi

    step "Documentation"
    RUSTDOCFLAGS='-D warnings' cargo doc --quiet --locked --no-deps --document-private-items

    step "Instructions"
    benches/instructions.sh

    step "Fuzzing"
    tests/fuzz.sh --short

    if [ -n "$include_slow" ]; then
        step "Releases, built twice"
        tests/reproducible.sh

        step "Mutants"
        tests/mutants.sh

        step "Portable binaries"
        tests/portable.sh
    fi
}

# Last, so that the runners' own counts are what is printed last.
run_tests() {
    step "Tools"
    tests/tools.sh

    step "Tests"
    cargo test --locked --doc
    # shellcheck disable=SC2086 # empty, or one word
    exec cargo test --locked --lib --bins --tests -- $include_slow
}

main "$@"
