#!/bin/sh
# Measures git through lent access beside git with this helper, all in one run. Each round runs
# every case once, so that other work of the machine hits all cases alike. Ratios and sizes are the
# same on other machines, milliseconds are not.
#
#   benches/lend.sh [--binary FILE] [--rounds N] [--without FILE]
#
#   --binary FILE    measure this binary instead of the one that install.sh builds
#   --rounds N       run each small case so many times, and each large one a fifth as often (40)
#   --without FILE   compare with this program without lending, instead of building one, to see
#                    what lending adds to the program
#
# It fails where something costs more than it may. Everything happens in a temporary home, on
# Debian or Ubuntu, with the packages of compare.sh. In the kernel's keyring it writes only the key
# of its own host, and deletes it.

die() {
    printf 'lend.sh: %s\n' "$*" >&2
    exit 1
}

step() { printf '\n== %s\n' "$*"; }

# shellcheck source=benches/cases.sh
. "$(dirname "$0")/cases.sh"
# shellcheck source=benches/limits.sh
. "$(dirname "$0")/limits.sh"
# shellcheck source=benches/server.sh
. "$(dirname "$0")/server.sh"

# --- Programs --------------------------------------------------------------------------

# Builds the program with the answer of systems on which nothing is lent.
build_without() {
    copy_sources
    sed -i 's/^pub mod lend;$/mod without_lend {}/' "$scratch/source/src/lib.rs"
    sed -i -e 's/^#\[cfg(target_os = "linux")\]$/#[cfg(any())]/' \
        -e '/^#\[cfg(not(target_os = "linux"))\]$/d' "$scratch/source/src/cli/lend.rs"
    grep -q '^mod without_lend' "$scratch/source/src/lib.rs" || die "src/lib.rs has no lend to take out"
    build_copy lend
}

# --- The repository and the ways to it --------------------------------------------------

# Makes a repository of 240 MB that nothing makes smaller, and an empty one to push to.
make_repositories() {
    git init --quiet --initial-branch=main "$scratch/work"
    for number in $(seq 24); do
        head -c 10000000 /dev/urandom >"$scratch/work/$number"
        git -C "$scratch/work" -c core.compression=0 add "$number"
    done
    git -C "$scratch/work" commit --quiet -m Begin
    git -C "$scratch/work" -c pack.compression=0 repack -q -a -d
    mkdir "$server_folder/repositories/team"
    large=$server_folder/repositories/team/large.git
    git clone --quiet --bare --no-local "$scratch/work" "$large"
    target=$server_folder/repositories/team/target.git
    git init --quiet --bare "$target"
    # Few objects would be unpacked, which takes longer than all the rest.
    git -C "$target" config receive.unpackLimit 1
    cp -r "$target" "$target.empty"
    # One more than rounds: each case is also run once before.
    for number in $(seq 0 "$((rounds + 1))"); do
        git clone --quiet --bare --depth 1 "file://$target" "$server_folder/repositories/team/$number" 2>/dev/null
    done
}

# Starts a lending whose way in is given. Sets $lend to its process, after it has said in the
# file of this name what git needs inside.
start_lending() { # FILE OPTION...
    lines=$1
    shift
    "$binary" lend --keychain kernel --read "https://$place/team" \
        --push "https://$place/team/target" --branches 'agent/*' "$@" >"$lines" 2>"$lines.log" &
    lend=$!
    lendings="${lendings:-} $lend"
    until grep -qs 'helper = ' "$lines"; do
        kill -0 "$lend" || die "lend does not begin: $(cat "$lines.log")"
        sleep 0.05
    done
}

# Adds a case of git with these lines of configuration.
git_case() { # NAME LINES WORD...
    name=$1 lines=$2
    shift 2
    case_of "$name" /dev/null env "GIT_CONFIG_GLOBAL=$lines" git "$@"
}

# Prints the most memory that a process has had in its own name, in MiB.
peak_of() { awk '/^VmHWM:/ { printf "%.2f", $2 / 1024 }' "/proc/$1/status"; }

# --- The figures -----------------------------------------------------------------------

lists_refs() {
    step "git ls-remote: medians of $rounds rounds"
    for way in direct port socket; do
        # As between two commands that a person types: the curls that lend starts for the next
        # requests must not take the processor from the case that follows.
        case_of rest /dev/null sleep 0.2
        git_case "ls-remote $way" "$scratch/$way" ls-remote --quiet "https://$place/team/large.git"
    done
    run_cases
    for way in port socket; do
        at_most "$(ratio "ls-remote $way" 'ls-remote direct')" 1 \
            "$(of "ls-remote $way" "ratio to direct")"
    done
    printf '%s\n' "$(of 'ls-remote direct' 'with this helper')"
}

# What a server can do is kept for some minutes. So the first time has no limit, and is printed.
lists_refs_for_the_first_time() {
    step "git ls-remote, each of another repository: medians of $rounds rounds"
    for way in direct port socket; do
        case_of rest /dev/null sleep 0.2
        echo 0 >"$scratch/asked-$way"
        next="read -r n <'$scratch/asked-$way'; echo \$((n + 1)) >'$scratch/asked-$way'"
        case_of "first ls-remote $way" /dev/null env "GIT_CONFIG_GLOBAL=$scratch/$way" sh -c \
            "$next; exec git ls-remote --quiet 'https://$place/team/'\$n"
    done
    run_cases
    for way in port socket; do
        printf '%-64s %s\n' "$(of "first ls-remote $way" 'ratio to direct')" \
            "$(ratio "first ls-remote $way" 'first ls-remote direct')"
    done
}

moves_much() {
    few=$((rounds / 5))
    step "240 MB there and back: medians of $few rounds"
    for way in direct port; do
        case_of reset /dev/null sh -c "rm -rf '$scratch/clone' '$target'; cp -a '$target.empty' '$target'"
        git_case "clone $way" "$scratch/$way" clone --quiet --bare "https://$place/team/large.git" \
            "$scratch/clone"
        git_case "push $way" "$scratch/$way" -C "$scratch/work" push --quiet \
            "https://$place/team/target.git" main:refs/heads/agent/x
    done
    kept=$rounds rounds=$few
    run_cases
    rounds=$kept
    for work in clone push; do
        at_most "$(ratio "$work port" "$work direct")" 1.15 "$(of "$work port" 'ratio to direct')"
        printf '%s\n' "$(of "$work direct" 'with this helper')"
    done
}

serves_many() {
    step "50 git ls-remote at once"
    for way in port socket; do
        : >"$scratch/cases"
        git_case "at once $way" "$scratch/$way" ls-remote --quiet "https://$place/team/large.git"
        "$scratch/pairs" --at-once 50 <"$scratch/cases" >"$scratch/results"
        at_most "$(column "at once $way" 8)" 0 "by the $way: how many of 50 have failed"
    done
    : >"$scratch/cases"
}

stays_small() {
    step "The process that lends, after all this"
    at_most "$(peak_of "$by_port")" 4 "its most memory, by the port, in MiB"
    at_most "$(peak_of "$by_socket")" 4 "its most memory, by the socket, in MiB"
    at_most "$(awk -v a="$(wc -c <"$binary")" -v b="$(wc -c <"$without")" \
        'BEGIN { print (a - b) / 1e6 }')" 0.2 "lending adds to the program, in MB"
}

# --- In order --------------------------------------------------------------------------

clean_up() {
    status=$?
    trap - EXIT
    for process in ${lendings:-} ${server:-}; do kill "$process" 2>/dev/null || :; done
    wait
    [ ! -f "$scratch/request-account" ] || "$binary" --keychain kernel erase <"$scratch/request-account"
    rm -rf "$scratch"
    exit "$status"
}

main() {
    set -eu
    source=$(cd "$(dirname "$0")/.." && pwd)
    binary='' without='' rounds=40 failed=0
    read_options "$@"
    for program in gcc git curl apache2 htpasswd openssl; do
        command -v "$program" >/dev/null || die "$program is missing"
    done
    scratch=$(mktemp -d)
    trap clean_up EXIT
    trap 'exit 130' INT TERM
    make_programs
    unset DBUS_SESSION_BUS_ADDRESS DISPLAY WAYLAND_DISPLAY GIT_CREDENTIAL_PAT_KEYCHAIN
    export HOME="$scratch" GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0 LC_ALL=C
    export GIT_CONFIG_GLOBAL="$scratch/gitconfig" XDG_RUNTIME_DIR="$scratch" XDG_CONFIG_HOME="$scratch"
    export XDG_DATA_HOME="$scratch" XDG_CACHE_HOME="$scratch" XDG_STATE_HOME="$scratch"
    prepare_server
    make_repositories
    start_server team/large.git
    "$binary" --keychain kernel store <"$(request account protocol=https "host=$place" \
        username=alice password=ghp_TESTONLY1)"
    printf '[credential]\n\thelper = %s --keychain kernel\n' "$binary" >"$scratch/direct"
    start_lending "$scratch/port" --port 0
    by_port=$lend
    start_lending "$scratch/socket" --socket "$scratch/lent"
    by_socket=$lend
    : >"$scratch/cases"
    lists_refs
    lists_refs_for_the_first_time
    moves_much
    serves_many
    stays_small
    [ "$failed" = 0 ] || die "something costs more than it may"
}

main "$@"
