#!/bin/sh
# Compares the cost of one get, one store and one fetch with this helper and with others, all in
# one run. Each round runs every case once, so that other work of the machine hits all cases
# alike. Ratios and counts are the same on other machines, milliseconds are not.
#
#   benches/compare.sh [--binary FILE] [--rounds N] [--many] [--chart FILE] [--only PART]
#
#   --binary FILE   measure this binary instead of the one that install.sh builds
#   --rounds N      run each case so many times (100)
#   --many          also run with 5,000 items in the keyring, which takes a quarter of an hour
#   --chart FILE    write the first table as an SVG to this file
#   --only PART     run one part: operations, growth, at_once, whole_git or load
#
# Everything happens in a temporary home with a bus and a keyring of its own, on Debian or
# Ubuntu. In the kernel's keyring it writes only keys of its own hosts, and deletes them.

packages() {
    sed 's/ *#.*//' <<'END'
gcc                     # builds the measuring core and git's libsecret helper
libc6-dev
make                    # builds git's libsecret helper, which Debian ships as source
pkg-config
libsecret-1-dev
git
dbus                    # a private session bus
gnome-keyring           # the keychain behind it
valgrind                # counts instructions
strace                  # counts threads
apache2-bin             # a git host: git http-backend, Basic auth, TLS
apache2-utils
openssl
gh                      # another helper
END
}

die() {
    printf 'compare.sh: %s\n' "$*" >&2
    exit 1
}

step() { printf '\n== %s\n' "$*"; }

install_packages() {
    missing=
    for package in $(packages); do
        dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    [ "$(id -u)" = 0 ] || die "packages are missing: sudo apt-get install$missing"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086 # a list
    { apt-get update -qq && apt-get install --yes -qq --no-install-recommends $missing; } \
        >/dev/null || die "could not be installed:$missing"
}

build() {
    if [ -z "$binary" ]; then
        "$source/install.sh" --prefix "$scratch/installed" --no-configure >/dev/null ||
            die "install.sh failed"
        binary=$scratch/installed/bin/git-credential-pat
    fi
    cargo build --quiet --release --locked --manifest-path "$source/Cargo.toml" --example fill ||
        die "benches/fill.rs does not build"
    fill=$(cargo metadata --no-deps --format-version=1 --manifest-path "$source/Cargo.toml" |
        sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release/examples/fill
    gcc -O2 -o "$scratch/pairs" "$source/benches/pairs.c" || die "pairs.c does not build"
    contrib=/usr/share/doc/git/contrib/credential/libsecret
    [ -f "$contrib/Makefile" ] || die "git's package has no $contrib here"
    cp -r "$contrib" "$scratch/libsecret"
    make --silent -C "$scratch/libsecret" || die "git's libsecret helper does not build"
    libsecret=$scratch/libsecret/git-credential-libsecret
    printf 'fn main() {}\n' >"$scratch/empty.rs"
    rustc -O -o "$scratch/empty" "$scratch/empty.rs" || die "an empty program does not build"
}

# --- The private session ---------------------------------------------------------------

# Runs this script again on a bus of its own, with an unlocked keyring.
enter_session() {
    for folder in run data config cache; do mkdir -m 700 "$scratch/$folder"; done
    unset DBUS_SESSION_BUS_ADDRESS DISPLAY WAYLAND_DISPLAY GIT_CREDENTIAL_PAT_KEYCHAIN
    export HOME="$scratch" GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0 GIT_CONFIG_GLOBAL="$scratch/gitconfig"
    export XDG_RUNTIME_DIR="$scratch/run" XDG_DATA_HOME="$scratch/data"
    export XDG_CONFIG_HOME="$scratch/config" XDG_CACHE_HOME="$scratch/cache"
    export GSETTINGS_BACKEND=memory NO_AT_BRIDGE=1 LC_ALL=C
    export scratch source binary rounds many parts libsecret fill
    # The bus reports on stderr which clients come and go.
    dbus-run-session -- "$source/benches/compare.sh" --inside 3>&2 2>/dev/null
}

start_keyring() {
    printf test | gnome-keyring-daemon --foreground --unlock --components=secrets \
        --control-directory="$scratch/run/keyring" >/dev/null 2>&1 &
    daemon=$!
    until dbus-send --session --print-reply --dest=org.freedesktop.DBus / \
        org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets 2>/dev/null |
        grep -q true; do sleep 0.05; done
}

# --- Cases -----------------------------------------------------------------------------

host=compare-$$.example

# shellcheck source=benches/cases.sh
. "$(dirname "$0")/cases.sh"
# shellcheck source=benches/server.sh
. "$(dirname "$0")/server.sh"

run_cases() { # ROUNDS
    "$scratch/pairs" "$1" "$daemon" <"$scratch/cases" >"$scratch/results" || die "pairs failed"
}

# Prints the results as a table: median and lower quartile of the wall time, each with its ratio
# to that of the named case. On a busy machine the quartile says more.
table() { # CASE
    awk -F '\t' -v base="$1" '
        BEGIN { printf "%-26s %7s %6s %7s %6s %7s %6s %7s %7s %5s\n", "", "wall ms", "ratio",
            "25 %", "ratio", "CPU ms", "ratio", "daemon", "peak kB", "fail" }
        { for (i = 1; i <= 9; i++) field[NR, i] = $i; if ($1 == base) row = NR }
        function ratio(i, column) { return field[i, column] / field[row, column] }
        END { for (i = 1; i <= NR; i++)
            printf "%-26s %7.2f %6.2f %7.2f %6.2f %7.2f %6.2f %7.2f %7d %5d\n", field[i, 1],
                field[i, 2], ratio(i, 2), field[i, 9], ratio(i, 9), field[i, 4], ratio(i, 4),
                field[i, 5], field[i, 6], field[i, 8] }' "$scratch/results"
}

# --- One operation ---------------------------------------------------------------------

# Writes the requests, and stores the accounts that they need.
prepare() {
    ask=$(request ask protocol=https "host=$host")
    ask_by_name=$(request name protocol=https "host=$host" username=alice)
    miss=$(request miss protocol=https "host=no-$host")
    same=$(request same protocol=https "host=$host" username=alice password=ghp_TESTONLY1)
    for new in pat lib; do
        request "$new" protocol=https "host=$new%d-$host" username=alice \
            password=ghp_TESTONLY%d >/dev/null
        request "$new-erase" protocol=https "host=$new%d-$host" username=alice >/dev/null
    done
    with_state=$(request state 'capability[]=state' protocol=https "host=$host")
    store=$(git --exec-path)/git-credential-store
    "$libsecret" store <"$same" >/dev/null
    "$store" --file "$scratch/plain" store <"$same"
    "$binary" --keychain secret-service store <"$same"
    "$binary" --keychain kernel store <"$same"
    "$binary" --keychain secret-service get <"$with_state" | grep '^state' >"$scratch/state"
    with_state=$(request state 'capability[]=state' protocol=https "host=$host" \
        username=alice password=ghp_TESTONLY1 "$(cat "$scratch/state")")
    mkdir -p "$scratch/config/gh"
    printf '%s:\n    oauth_token: ghp_TESTONLY1\n    user: alice\n    git_protocol: https\n' \
        "$host" >"$scratch/config/gh/hosts.yml"

}

operations() {
    step "One operation with one item, $rounds rounds"
    : >"$scratch/cases"
    case_of 'empty program' /dev/null "$scratch/empty"
    case_of 'libsecret get' "$ask" "$libsecret" get
    case_of 'pat get' "$ask" "$binary" --keychain secret-service get
    case_of 'pat get --cache' "$ask_by_name" "$binary" --keychain secret-service --cache 3600 get
    case_of 'pat get kernel' "$ask" "$binary" --keychain kernel get
    case_of 'git-credential-store get' "$ask" "$store" --file "$scratch/plain" get
    case_of 'gh get' "$ask" gh auth git-credential get
    case_of 'libsecret miss' "$miss" "$libsecret" get
    case_of 'pat miss' "$miss" "$binary" --keychain secret-service get
    case_of 'libsecret store equal' "$same" "$libsecret" store
    case_of 'pat store equal' "$same" "$binary" --keychain secret-service store
    case_of 'pat store after own get' "$with_state" "$binary" --keychain secret-service store
    changes
    run_cases "$rounds"
    table 'libsecret get'
    cp "$scratch/results" "$scratch/results-get"
    # The cases that change the keyring are left out: their input takes the number of a run.
    grep -Ev 'store new|erase' "$scratch/cases" >"$scratch/counted"
    counts
}

# Adds the cases that store and erase a new item, so that a round leaves as many items as before.
changes() {
    case_of 'libsecret store new' "$scratch/request-lib" "$libsecret" store
    case_of 'pat store new' "$scratch/request-pat" "$binary" --keychain secret-service store
    case_of 'libsecret erase' "$scratch/request-lib-erase" "$libsecret" erase
    case_of 'pat erase' "$scratch/request-pat-erase" "$binary" --keychain secret-service erase
}

counts() {
    step "Counts for one run"
    printf '%-34s %14s %7s %7s %9s\n' '' 'M instructions' 'calls' 'threads' 'file kB'
    while IFS="$tab" read -r name input command; do
        words=$(printf '%s' "$command" | tr '\t' ' ')
        program=$(command -v "${words%% *}")
        # shellcheck disable=SC2086 # words without blanks in them
        printf '%-34s %14s %7s %7s %9d\n' "$name" "$(instructions $words <"$input")" \
            "$(calls $words <"$input")" "$(threads $words <"$input")" \
            "$(($(wc -c <"$program") / 1000))"
    done <"$scratch/counted"
}

instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 >/dev/null |
        awk '/refs:/ { gsub(",", ""); count = sprintf("%.2f", $NF / 1e6) } END { print count ? count : "-" }'
}

# Prints how many method calls the command makes: it is the first that comes to the bus meanwhile.
calls() {
    dbus-monitor --session --profile >"$scratch/bus" 2>/dev/null &
    monitor=$!
    until grep -q NameLost "$scratch/bus"; do sleep 0.02; done
    "$@" >/dev/null 2>&1
    for _ in $(seq 50); do
        dbus-send --session --type=method_call --dest=org.freedesktop.DBus / end.of.Test
        sleep 0.1
        ! grep -q end.of "$scratch/bus" || break
    done
    kill "$monitor"
    wait "$monitor" 2>/dev/null
    awk -F '\t' '$1 == "mc" && $8 == "Hello" && !who { who = $4 } $1 == "mc" && $4 == who { n++ }
        $8 == "Test" && $4 == who { n = 0 } END { print n + 0 }' "$scratch/bus"
}

threads() {
    strace -f -qq -e trace=clone,clone3 -o "$scratch/trace" "$@" >/dev/null 2>&1
    echo $(($(grep -c 'CLONE_THREAD.*= [0-9]' "$scratch/trace") + 1))
}

# --- Growth ----------------------------------------------------------------------------

growth() {
    step "Growth with the items in the keyring (the daemon's CPU beside the wall time)"
    sizes='1 100 1000'
    [ "$many" = no ] || sizes="$sizes 5000"
    for size in $sizes; do
        "$fill" "$size" || die "the keyring could not be filled"
        : >"$scratch/cases"
        case_of 'libsecret get' "$ask" "$libsecret" get
        case_of 'pat get' "$ask" "$binary" --keychain secret-service get
        case_of 'libsecret store equal' "$same" "$libsecret" store
        case_of 'pat store equal' "$same" "$binary" --keychain secret-service store
        changes
        run_cases $((size > 500 ? rounds / 10 + 5 : rounds / 3 + 5))
        printf '\n%d items\n' "$size"
        table 'libsecret get'
    done
}

# --- At once ---------------------------------------------------------------------------

at_once() {
    step "200 gets and 50 stores at once "
    : >"$scratch/cases"
    case_of 'libsecret get' "$ask" "$libsecret" get
    case_of 'pat get' "$ask" "$binary" --keychain secret-service get
    "$scratch/pairs" --at-once 200 <"$scratch/cases" | awk -F '\t' '{ print $1 ": failed " $8 }'
    : >"$scratch/cases"
    for new in lib pat; do
        program=$libsecret options=
        [ "$new" = lib ] || program=$binary options="$tab--keychain${tab}secret-service"
        printf '%s store new\t%s\t%s%s\tstore\n' "$new" "$scratch/request-$new" "$program" \
            "$options" >>"$scratch/cases"
    done
    "$scratch/pairs" --at-once 50 <"$scratch/cases" | awk -F '\t' '{ print $1 ": failed " $8 }'
}

# --- git itself ------------------------------------------------------------------------

# Starts the git host, and puts its token where each helper looks for it. Clones the repository of
# each folder.
git_host() {
    [ -z "${server:-}" ] || return 0
    prepare_server
    for folder in open team; do
        create "$folder"
        cp -r "$scratch/$folder.made" "$server_folder/repositories/$folder"
    done
    start_server team/super.git
    for folder in open team; do
        git -c credential.helper= -c "credential.helper=$binary --keychain kernel" \
            -c "url.https://alice:ghp_TESTONLY1@$place/.insteadOf=https://$place/" \
            clone --quiet --recurse-submodules "https://$place/$folder/super.git" \
            "$scratch/$folder" 2>"$scratch/clone.log" || die "clone: $(cat "$scratch/clone.log")"
    done
    given=$(request server protocol=https "host=$place" username=alice password=ghp_TESTONLY1)
    "$libsecret" store <"$given" >/dev/null
    "$binary" --keychain secret-service store <"$given"
    "$binary" --keychain kernel store <"$given"
    "$store" --file "$scratch/plain" store <"$given"
    printf '%s:\n    oauth_token: ghp_TESTONLY1\n    user: alice\n    git_protocol: https\n' \
        "$place" >"$scratch/config/gh/hosts.yml"
    PATH=$PATH:${binary%/*}
}

whole_git() {
    step "git itself over HTTPS on the loopback, $((rounds / 2)) rounds"
    git_host
    for work in ls-remote fetch; do
        : >"$scratch/cases"
        git_case "$work" 'without authentication' open ''
        git_case "$work" libsecret team "$libsecret"
        git_case "$work" pat team "$binary --keychain secret-service"
        git_case "$work" 'pat --cache' team "$binary --keychain secret-service --cache 3600"
        git_case "$work" 'pat kernel' team "$binary --keychain kernel"
        git_case "$work" 'git-credential-store' team "store --file $scratch/plain"
        git_case "$work" gh team '!gh auth git-credential'
        git_case "$work" 'pat by bare name' team 'pat --keychain secret-service'
        if [ "$work" = fetch ]; then
            run_cases $((rounds / 10 + 3))
        else
            run_cases $((rounds / 2))
        fi
        what='git ls-remote'
        [ "$work" = ls-remote ] || what='git fetch with 20 submodules'
        printf '\n%s: median of wall ms, over the first, ratio to libsecret, failures\n' \
            "$what"
        awk -F '\t' '{ name[NR] = $1; wall[NR] = $2; over[NR] = $2 - wall[1]; failed[NR] = $8
                if ($1 == "libsecret") base = over[NR] }
            END { for (i = 1; i <= NR; i++) printf "%-26s %9.1f %+9.1f %7.2f %5d\n",
                name[i], wall[i], over[i], over[i] / base, failed[i] }' "$scratch/results"
    done
}

# Measures git on a busy build machine.
load() {
    step "200 times git ls-remote at once"
    git_host
    export TOKEN=ghp_TESTONLY1
    : >"$scratch/cases"
    git_case ls-remote 'without authentication' open ''
    # shellcheck disable=SC2016 # for git's shell
    git_case ls-remote 'a one-liner with a variable' team \
        '!f() { echo username=alice; echo "password=$TOKEN"; }; f'
    git_case ls-remote 'pat --env' team "$binary --for https://$place --username alice --env TOKEN"
    git_case ls-remote 'git-credential-store' team "store --file $scratch/plain"
    git_case ls-remote 'pat kernel' team "$binary --keychain kernel"
    git_case ls-remote pat team "$binary --keychain secret-service"
    git_case ls-remote libsecret team "$libsecret"
    "$scratch/pairs" --at-once 200 <"$scratch/cases" | awk -F '\t' '{ print $1 ": failed " $8 }'
}

git_case() { # WORK NAME FOLDER HELPER
    if [ "$1" = ls-remote ]; then
        case_of "$2" /dev/null git -c credential.helper= -c "credential.helper=$4" \
            ls-remote --quiet "https://$place/$3/super.git"
    else
        case_of "$2" /dev/null git -C "$scratch/$3" -c credential.helper= \
            -c "credential.helper=$4" fetch --quiet --recurse-submodules=yes
    fi
}

# Makes a repository with twenty submodules for this folder of the server.
create() { # FOLDER
    made=$scratch/$1.made
    mkdir -p "$made"
    for number in $(seq 20); do
        git init --quiet --bare --initial-branch=main "$made/sub$number.git"
        tree=$(git -C "$made/sub$number.git" hash-object -w -t tree /dev/null)
        commit=$(git -C "$made/sub$number.git" commit-tree "$tree" -m Begin)
        git -C "$made/sub$number.git" update-ref refs/heads/main "$commit"
    done
    git init --quiet --initial-branch=main "$made/work"
    for number in $(seq 20); do
        git -C "$made/work" -c protocol.file.allow=always submodule --quiet add \
            "$made/sub$number.git" "sub$number" >/dev/null 2>&1
        git -C "$made/work" config -f .gitmodules "submodule.sub$number.url" \
            "https://$place/$1/sub$number.git"
    done
    git -C "$made/work" add .gitmodules
    git -C "$made/work" commit --quiet -m Begin
    git clone --quiet --bare "$made/work" "$made/super.git" 2>/dev/null
    rm -rf "$made/work"
}

# --- The chart -------------------------------------------------------------------------

chart() {
    awk -F '\t' '
        function bar(name, value, ours) {
            width = value / most * 420
            printf "<text x=\"230\" y=\"%d\" text-anchor=\"end\">%s</text>\n", y + 15, name
            printf "<rect x=\"240\" y=\"%d\" width=\"%.1f\" height=\"20\" fill=\"%s\"/>\n", y, width,
                ours ? "#2a7de1" : "#9aa4af"
            printf "<text x=\"%.1f\" y=\"%d\">%.1f ms</text>\n", 248 + width, y + 15, value
            y += 28
        }
        { wall[$1] = $9; if ($1 ~ / get( |$)/ && $9 > most) most = $9 }
        END {
            print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"760\" height=\"236\" font-family=\"sans-serif\" font-size=\"14\">"
            print "<rect width=\"760\" height=\"236\" fill=\"white\"/>"
            print "<text x=\"12\" y=\"22\" font-weight=\"bold\">One get, wall time (lower quartile)</text>"
            y = 38
            bar("pat, kernel keyring", wall["pat get kernel"], 1)
            bar("pat, desktop, --cache", wall["pat get --cache"], 1)
            bar("pat, desktop", wall["pat get"], 1)
            bar("store (plain-text file)", wall["git-credential-store get"], 0)
            bar("libsecret (C), desktop", wall["libsecret get"], 0)
            bar("gh", wall["gh get"], 0)
            print "<text x=\"12\" y=\"226\" font-size=\"12\" fill=\"#555\">made by benches/compare.sh, all in one run</text>"
            print "</svg>"
        }' "$scratch/results-get" >"$1"
}

# --- In order --------------------------------------------------------------------------

clean_up() {
    status=$?
    trap - EXIT
    for process in ${server:-} ${daemon:-}; do kill "$process" 2>/dev/null; done
    [ "${inside:-no}" = yes ] || rm -rf "$scratch"
    exit "$status"
}

main() {
    set -u
    tab=$(printf '\t')
    trap clean_up EXIT
    trap 'exit 130' INT TERM
    if [ "${1:-}" = --inside ]; then
        inside=yes
        exec 2>&3 3>&-
        start_keyring
        prepare
        for part in $parts; do "$part"; done
        if [ -n "${server:-}" ]; then
            "$binary" --keychain kernel erase <"$(request server-end protocol=https "host=$place")"
        fi
        "$binary" --keychain kernel erase <"$ask"
        "$binary" --keychain secret-service --cache 1 erase <"$ask"
        return
    fi
    binary='' rounds=100 many=no chart='' parts='operations growth at_once whole_git load'
    while [ $# -gt 0 ]; do
        case $1 in
        --many) many=yes ;;
        --binary | --rounds | --chart | --only)
            [ $# -ge 2 ] || die "$1 needs a value"
            case $1 in
            --binary) binary=$(realpath "$2") ;;
            --rounds) rounds=$2 ;;
            --only) parts=$2 ;;
            --chart) chart=$(realpath "$2") ;;
            esac
            shift
            ;;
        *) die "there is no such option: see the top of this script" ;;
        esac
        shift
    done
    source=$(cd "$(dirname "$0")/.." && pwd)
    scratch=$(mktemp -d) || exit 1
    install_packages
    build
    enter_session || die "the comparison was not finished"
    [ -z "$chart" ] || chart "$chart"
    printf '\nload of the machine: %s; %s processors; %s\n' "$(cut -d' ' -f1-3 /proc/loadavg)" \
        "$(nproc)" "$(git --version)"
}

main "$@"
