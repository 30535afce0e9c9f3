#!/bin/sh
# Checks everything that must hold. tests/run.sh --help lists what else one can do here.

usage() {
    cat <<'END'
What you can do with this checkout, the quick things first:

  cargo test --lib            the unit tests, seconds
  cargo test --test it NAME   the tests with NAME in their names, on real parts, e.g. docker::
  tests/run.sh --quick        format, lints, unit tests, the keychains' contract, the protocol:
                              two minutes once built, with nothing but cargo, git and keyutils
  tests/run.sh                what every change must pass; it installs what is missing for root
  tests/run.sh --tests        its tests alone
  tests/run.sh --windows      the Windows program too, under Wine
  tests/run.sh --all          the slow tests too, releases built twice, the code broken on purpose
  tests/run.sh --packages     nothing but the installing, for root

  tests/fuzz.sh MINUTES [TARGET]   fuzz for longer, or one target
  tests/mutants.sh                 break the code on purpose: the unit tests must notice
  tests/apple-check.sh             compile, lint and link for macOS
  tests/other-systems.sh           compile and lint for the BSDs, illumos, ARM and Windows
  tests/other-processors.sh        the unit tests and the contract on emulated processors
  benches/instructions.sh          how many instructions an operation takes
  cargo bench                      how long parsing and matching take
  benches/compare.sh               whole operations, beside other helpers
  benches/vault.sh                 what the vault costs, beside the kernel's keyring
  benches/lend.sh                  what lending costs, beside git with this helper

Every step prints its time. A check or a test that lacks a part is skipped, and counted at the
end. Where CI is set, as on a build machine, it is a failure.
END
}

# Lists the Debian packages, each with its purpose. apt installs only the missing ones.
packages() {
    sed 's/ *#.*//' <<'END'
gcc                     # cargo links with it
g++                     # builds the fuzzer
libc6-dev               # gcc links with it
git                     # drives the helper in most tests
curl                    # a client that takes the token; downloads releases for the installer
wget                    # downloads releases where there is no curl
git-lfs                 # asks git for credentials in its own way
openssl                 # the test servers' certificates
apache2-bin             # a real git server: git http-backend, Basic auth, TLS
apache2-utils           # makes that server's password file
docker-registry         # a container registry
skopeo                  # a client of the registry
buildah                 # another client of the registry
dbus                    # a private session bus for each test
dbus-broker             # another bus, for some of them
xdg-dbus-proxy          # stands before the bus in a Flatpak
gnome-keyring           # Secret Service 1
keepassxc               # Secret Service 2
libkf5wallet-bin        # Secret Service 3: KWallet
libqca-qt5-2-plugins    # KWallet's session encryption
xvfb                    # a display for their dialogs
xdotool                 # answers these dialogs
python3-venv            # environments for the tools of tests/tools.sh and the workflows' linters
python3-dbus            # unlocks and locks the Secret Services from outside
python3                 # the server for git-lfs; packs releases; runs python3-dbus
libsecret-tools         # secret-tool: another program's view of our items
man-db                  # shows the manual that was installed
zsh                     # loads the completions for zsh
fish                    # loads the completions for fish
faketime                # clocks that are wrong by decades
time                    # how much memory a process took at most
keyutils                # keyctl: the kernel keyring seen from outside
age                     # opens a vault's files, and makes keys for vaults
bubblewrap              # a sandbox to which access is lent
openssh-client          # a key that guards a vault, and the way to an SSH host
openssh-server          # an SSH host to which access is lent
gnupg                   # another key that guards a vault
systemd                 # systemd-creds: a third key that guards a vault
cron                    # its crontab gets a line of ours, and gives it back
swtpm                   # a TPM for systemd-creds
libtss2-tcti-swtpm0     # connects systemd-creds to that TPM
tpm2-tools              # closes what systemd leaves open in that TPM
strace                  # answers system calls with errors
shellcheck              # lints the scripts
groff-base              # lints the manual
valgrind                # counts instructions
qemu-user               # runs the portable binaries for ARM, and tests for other processors
gcc-s390x-linux-gnu     # links those tests
libc6-dev-s390x-cross   # is their C library
gcc-arm-linux-gnueabihf # links the portable binary for ARM of 32 bits, and its tests
libc6-dev-armhf-cross   # is their C library
END
}

die() {
    printf 'tests/run.sh: %s\n' "$1" >&2
    shift
    for line; do printf 'hint: %s\n' "$line" >&2; done
    exit 1
}

# Begins a step, and prints how long the last one took.
step() {
    end_step
    step=$* step_began=$(date +%s)
    printf '\n== %s\n' "$step"
}

end_step() {
    [ -z "$step" ] || printf -- '-- %s: %d s\n' "$step" $(($(date +%s) - step_began))
    step=''
}

# Runs at the end, whatever has ended this script.
leave() {
    end_step
    [ -z "${folder:-}" ] || rm -rf "$folder"
}

# Prints and counts what is left out. Fails on a build machine, where nobody would read that.
left_out() {
    [ -z "${CI:-}" ] || die "$1" "a build machine leaves nothing out"
    echo "SKIPPED: $1"
    skipped=$((skipped + 1))
}

# Succeeds where all these programs are installed.
there() {
    for program; do
        command -v "$program" >/dev/null 2>&1 && continue
        left_out "$program is missing"
        return 1
    done
}

install_packages() {
    missing=
    for package in $(packages); do
        # shellcheck disable=SC2016 # dpkg's format, not the shell's
        case $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) in
        installed) ;;
        *) missing="$missing $package" ;;
        esac
    done
    [ -n "$missing" ] || return 0
    if ! command -v dpkg-query >/dev/null 2>&1; then
        explanation="only Debian and Ubuntu are known here: install what provides$missing"
    elif [ "$(id -u)" != 0 ]; then
        explanation="packages are missing: sudo apt-get install --yes --no-install-recommends$missing"
    else
        step "Installing$missing"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq || die "apt-get update failed"
        # dbus-broker's package makes it the machine's bus from the next boot on. That is too much
        # for a test, so the new links are removed.
        links=
        for link in /etc/systemd/system/dbus.service /etc/systemd/user/dbus.service; do
            [ -L "$link" ] || links="$links $link"
        done
        # shellcheck disable=SC2086 # a list
        apt-get install --yes -qq --no-install-recommends $missing >/dev/null ||
            die "apt-get could not install:$missing"
        # shellcheck disable=SC2086 # a list
        rm -f $links
        return 0
    fi
    [ "${1:-}" != --packages ] || die "$explanation"
    [ -z "${CI:-}" ] || die "$explanation"
    printf 'tests/run.sh: %s\n' "$explanation" >&2
}

need_rust() {
    # rustup changes the shell's profile, which this shell may not have read yet.
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
    include_slow='' include_windows=no step='' skipped=0
    case ${1:-} in
    '' | --quick | --tests | --packages) ;;
    --windows) include_windows=yes ;;
    --all) include_slow=--include-ignored include_windows=yes ;;
    --help | -h) usage && exit 0 ;;
    *) die "there is no such option" "tests/run.sh --help lists what there is" ;;
    esac
    cd "$(dirname "$0")/.."
    trap leave EXIT
    [ "${1:-}" = --quick ] || install_packages "$@"
    [ "${1:-}" != --packages ] || exit 0
    need_rust
    if [ "${1:-}" = --quick ]; then
        quick
    else
        if [ "${1:-}" != --tests ]; then check; fi
        run_tests
    fi
}

check_format() {
    step "Format"
    cargo fmt --check
    cargo fmt --manifest-path tests/fuzz/Cargo.toml --check
}

check_lints() {
    step "Lints"
    cargo clippy --quiet --locked --all-targets -- -D warnings
}

quick() {
    for program in git keyctl; do
        command -v "$program" >/dev/null 2>&1 ||
            die "$program is missing" "on Debian: apt-get install git keyutils"
    done
    check_format
    check_lints

    step "Unit tests"
    cargo test --quiet --locked --lib --bins

    step "The contract, on memory and the kernel's keyring"
    cargo test --quiet --locked --test keychain_contract -- memory kernel

    step "The protocol"
    cargo test --quiet --locked --test it -- protocol:: hostile::without_desktop::
}

check() {
    step "Scripts"
    if there shellcheck; then
        shellcheck .ci/run
        find install.sh tests benches examples .github -name '*.sh' -exec shellcheck {} +
        shellcheck examples/fleet/git-token
    fi

    step "Workflows"
    if there python3; then tests/workflows.sh; fi

    step "Dependencies"
    if [ -n "$include_slow" ] || command -v cargo-deny >/dev/null 2>&1; then
        tests/dependencies.sh
    else
        echo "NOT CHECKED: tests/run.sh --all installs cargo-deny, which takes minutes"
    fi

    step "Manual"
    if there groff; then
        warnings=$({ cargo run --quiet --locked -- man | groff -k -t -man -ww -z -Tutf8 2>&1; } || echo failed)
        [ -z "$warnings" ] || die "the manual is not clean: $warnings"
    fi

    check_format
    check_lints

    step "Types and lints for macOS"
    linked=--lint
    [ -z "$include_slow" ] || linked=
    # shellcheck disable=SC2086 # empty, or one word
    if there rustup; then tests/apple-check.sh $linked; fi

    step "Types and lints for other systems"
    systems='x86_64-unknown-freebsd x86_64-unknown-netbsd x86_64-unknown-illumos
        aarch64-unknown-linux-gnu'
    [ -z "$include_slow" ] || systems=
    # shellcheck disable=SC2086 # a list
    if there rustup; then tests/other-systems.sh $systems; fi

    if [ "$include_windows" = yes ]; then
        step "Windows, under Wine"
        tests/windows-under-wine.sh
    fi

    step "Documentation"
    RUSTDOCFLAGS='-D warnings' cargo doc --quiet --locked --no-deps --document-private-items

    step "Instructions"
    if there valgrind; then benches/instructions.sh; fi

    step "Fuzzing"
    if there c++; then tests/fuzz.sh --short; fi

    if [ -n "$include_slow" ]; then
        step "Releases, built twice"
        tests/reproducible.sh

        step "Mutants"
        tests/mutants.sh

        step "Portable binaries"
        tests/portable.sh

        step "Other processors"
        if there rustup s390x-linux-gnu-gcc arm-linux-gnueabihf-gcc; then
            tests/other-processors.sh
        fi

        step "What the vault costs"
        if there valgrind; then benches/vault.sh; fi

        step "What lending costs"
        benches/lend.sh
    fi
}

# Runs last, so that cargo's own counts are among the last lines.
run_tests() {
    step "Tools"
    tests/tools.sh || left_out "the tools of tests/tools.sh cannot be installed"

    if [ -n "$include_slow" ]; then
        step "Another Secret Service"
        tests/oo7-daemon.sh || left_out "oo7-daemon cannot be built"
    fi

    step "Documentation's tests"
    cargo test --locked --doc

    step "Tests"
    folder=$(mktemp -d)
    # A test that lacks a part fails, and notes in this file what it lacks.
    export GIT_CREDENTIAL_PAT_MISSING="$folder/missing"
    : >"$folder/missing"
    {
        # shellcheck disable=SC2086 # empty, or one word
        cargo test --locked --no-fail-fast --lib --bins --tests -- $include_slow 2>&1 ||
            touch "$folder/failed"
    } | tee "$folder/output"
    [ ! -e "$folder/failed" ] || explain_failures
    [ "$skipped" = 0 ] || printf 'SKIPPED: %d in all, which lack the parts named above\n' "$skipped"
}

# Counts the failed tests as skipped where a person runs them and each of them lacked a part.
explain_failures() {
    failed=$(sed -n 's/^test result: .* \([0-9]*\) failed;.*/\1/p' "$folder/output" |
        awk '{ sum += $1 } END { print sum + 0 }')
    lacking=$(cut -f 1 "$folder/missing" | sort -u | wc -l)
    [ "$lacking" = 0 ] || cut -f 2 "$folder/missing" | sort | uniq -c |
        while read -r count what; do echo "SKIPPED: $count tests: $what"; done
    if [ -n "${CI:-}" ] || [ "$failed" = 0 ] || [ "$failed" != "$lacking" ]; then
        die "$failed tests have failed, $lacking of them for want of a part"
    fi
    skipped=$((skipped + lacking))
}

main "$@"
