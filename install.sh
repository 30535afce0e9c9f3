#!/bin/sh
# Installs git-credential-pat for one user. Everything stands in functions and the last line
# calls main: a script that was cut off on its way does nothing at all.

usage() {
    cat <<'END'
Usage: ./install.sh [options]

Builds git-credential-pat from its checkout, or outside of one downloads a release; installs it
with its man page and shell completions, proves that the keychain works, and makes it git's
credential helper.

  --prefix DIR      where to install: DIR/bin, DIR/share (default: $PREFIX, else ~/.local)
  --keychain NAME   secret-service, kernel or login-keychain (default: what the session has)
  --binary FILE     install this binary instead
  --no-configure    install the files only: no keychain is asked, git is not configured
  --reset-helpers   write an empty helper line before ours: git forgets those before it
  --uninstall       remove the files and our line in git's configuration, and no token
  --dry-run         say what would be done, change nothing
  --help            this text
END
}

# What is said goes to stdout; what is wrong goes to stderr, as the program itself says it.
say() { printf '%s\n' "$*"; }
warn() { printf 'install.sh: %s\n' "$*" >&2; }
hint() { printf 'hint: %s\n' "$*" >&2; }
die() {
    warn "$1"
    shift
    for line; do hint "$line"; done
    exit 1
}

# The words as they would be typed.
typed() {
    typed_line=
    for word; do
        case $word in
        '' | *[!A-Za-z0-9_./+,:@%=-]*)
            word=\'$(printf '%s' "$word" | sed "s/'/'\\\\''/g")\' ;;
        esac
        typed_line="$typed_line${typed_line:+ }$word"
    done
    printf '%s' "$typed_line"
}

# Runs a command that changes something, or says that it would.
change() {
    if [ "$dry_run" = yes ]; then
        say "would run: $(typed "$@")"
    else
        "$@"
    fi
}

# --- What was asked for --------------------------------------------------------------
parse() {
    # How to run this again in the same way.
    again=$(typed "$0" "$@")
    [ -f "$0" ] || again="... | sh -s -- $(typed "$@")"
    [ -z "${PREFIX:-}" ] || again="PREFIX=$(typed "$PREFIX") $again"
    prefix=${PREFIX:-}
    keychain=${GIT_CREDENTIAL_PAT_KEYCHAIN:-}
    binary='' action=install configure=yes reset_helpers=no dry_run=no
    while [ $# -gt 0 ]; do
        case $1 in
        --prefix=* | --keychain=* | --binary=*)
            option=${1%%=*} value=${1#*=}
            shift
            set -- "$option" "$value" "$@"
            continue
            ;;
        --prefix | --keychain | --binary)
            [ $# -ge 2 ] || misused "$1 needs a value"
            case $1 in
            --prefix) prefix=$2 ;;
            --keychain) keychain=$2 ;;
            --binary) binary=$(dirname "$2")/${2##*/} ;;
            esac
            shift
            ;;
        --no-configure) configure=no ;;
        --reset-helpers) reset_helpers=yes ;;
        --uninstall) action=uninstall ;;
        --dry-run) dry_run=yes ;;
        --help | -h) usage && exit 0 ;;
        *) misused "there is no such option" ;;
        esac
        shift
    done
    case $keychain in
    '' | secret-service | kernel | login-keychain) ;;
    *) misused "--keychain takes secret-service, kernel or login-keychain" ;;
    esac
    [ -n "$prefix" ] || prefix=${HOME:?is not set: use --prefix DIR}/.local
    # The path as given: a symlink on the way may be what keeps it valid after an upgrade.
    [ "${prefix#/}" != "$prefix" ] || prefix=$PWD/$prefix
    while [ "${prefix%/}" != "$prefix" ]; do prefix=${prefix%/}; done
    case $prefix in
    *[[:cntrl:]]*) die "the prefix holds a control character" ;;
    esac
    bin=$prefix/bin
    program=$bin/$name
    docker_link=$bin/docker-credential-pat
    man_page=$prefix/share/man/man1/$name.1
    bash_completion=$prefix/share/bash-completion/completions/$name
    zsh_completion=$prefix/share/zsh/site-functions/_$name
    fish_completion=$prefix/share/fish/vendor_completions.d/$name.fish
}

misused() { warn "$1" && hint "see ./install.sh --help" && exit 2; }

# --- What is needed ------------------------------------------------------------------
# Stops where a tool is missing, with the command that installs it; root on Debian or
# Ubuntu has it installed.
need() {
    command -v "$1" >/dev/null 2>&1 && return
    for command in 'apt-get install --yes' 'dnf install' 'zypper install' 'pacman -S --needed' \
        'apk add' "this system's package manager:"; do
        command -v "${command%% *}" >/dev/null 2>&1 && break
    done
    case $1:$command in
    cc:apt-get*) command="$command gcc libc6-dev" ;;
    cc:apk*) command="$command gcc musl-dev" ;;
    cc:*) command="$command gcc" ;;
    *) command="$command $1" ;;
    esac
    case $command:$(id -u) in
    apt-get*:0) ;;
    this*) die "$1 is missing" "install it with $command" ;;
    *:0) die "$1 is missing" "install it with: $command" ;;
    *) die "$1 is missing" "install it with: sudo $command" ;;
    esac
    say "$1 is missing: $command"
    [ "$dry_run" != yes ] || return 0
    export DEBIAN_FRONTEND=noninteractive
    # The lists of a fresh container are empty, hence the second try.
    $command >/dev/null 2>&1 || { apt-get update && $command; } ||
        die "$1 could not be installed"
}

need_rust() {
    # rustup changes the profile, which this shell may not have read yet.
    PATH=$PATH:${HOME:-}/.cargo/bin
    get_rust="curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
    if command -v rustup >/dev/null 2>&1; then get_rust='rustup update stable'; fi
    wanted=$(sed -n 's/^rust-version *= *"\(.*\)".*/\1/p' "$source/Cargo.toml")
    { command -v cargo && command -v rustc; } >/dev/null 2>&1 ||
        die "cargo is missing" "install Rust $wanted or newer with: $get_rust"
    found=$(cd "$source" && rustc --version) || die "rustc does not run"
    found=${found#rustc } && found=${found%%[ -]*}
    [ "$(minor "$found")" -ge "$(minor "$wanted")" ] ||
        die "Rust $found is too old: $wanted or newer is needed" "update it with: $get_rust"
}

# A version as one number, without its last part.
minor() {
    # shellcheck disable=SC2086 # its parts
    (IFS=. && set -- $1 && echo $(($1 * 1000 + $2)))
}

# --- A release -----------------------------------------------------------------------
# Where it lies, and the SHA-256 of its SHA256SUMS. Both are written here when a release is made.
release=''
release_sums=''

# Fetches a file of the release by TLS alone, also where the server sends us elsewhere.
fetch() { # NAME
    if command -v curl >/dev/null 2>&1; then
        curl --proto '=https' --tlsv1.2 --fail --silent --show-error --location \
            --output "$scratch/$1" "$release/$1" && return
    else
        # wget would follow to http as well, so it is led by hand.
        from=$release/$1
        for _ in 1 2 3 4 5; do
            wget --secure-protocol=TLSv1_2 --server-response --max-redirect=0 \
                --output-document="$scratch/$1" "$from" 2>"$scratch/answer" && return
            from=$(sed -n 's/^ *[Ll]ocation: *\(https:[^ ]*\).*/\1/p' "$scratch/answer" | tail -n 1)
            [ -n "$from" ] || break
        done
        tail -n 2 "$scratch/answer" >&2
    fi
    die "the download failed: $release/$1" "nothing is installed"
}
sha256() { { sha256sum || shasum -a 256; } <"$1" 2>/dev/null | cut -d ' ' -f 1; }

# The program of the release, from an archive that is what the checksums say.
download() {
    release=${GIT_CREDENTIAL_PAT_RELEASE:-$release}
    case $release in
    https://?*) ;;
    '') die "this is no checkout, and this script belongs to no release" \
        "run the install.sh of a release, or the one in a checkout" ;;
    *) die "a release is taken from an https address only" ;;
    esac
    machine=$(echo "$system-$(uname -m)" | sed 's/Linux/linux/; s/Darwin/macos/; s/arm64/aarch64/')
    say "Downloading $name for $machine from $release"
    [ "$dry_run" != yes ] || return 0
    command -v wget >/dev/null 2>&1 || need curl
    fetch SHA256SUMS
    sums=$(sha256 "$scratch/SHA256SUMS")
    [ -n "$sums" ] || die "sha256sum is missing" "it comes with coreutils, shasum with perl"
    [ "${release_sums:-$sums}" = "$sums" ] ||
        die "SHA256SUMS is not that of this script's release" "nothing is installed"
    line=$(grep -E "^[0-9a-f]{64}  $name-[0-9A-Za-z.+-]+-$machine\.tar\.gz\$" \
        "$scratch/SHA256SUMS" | head -n 1)
    [ -n "$line" ] || die "this release has nothing for $machine" "build it in a checkout"
    archive=${line#*  }
    fetch "$archive"
    [ "$(sha256 "$scratch/$archive")" = "${line%%  *}" ] ||
        die "$archive is not what SHA256SUMS says" "nothing is installed"
    binary=$scratch/${archive%.tar.gz}/$name
    { tar -xzof "$scratch/$archive" -C "$scratch" && [ -f "$binary" ]; } ||
        die "$archive cannot be unpacked"
}

# --- The files -----------------------------------------------------------------------
build() {
    need_rust
    need cc
    target=${CARGO_TARGET_DIR:-$source/target}
    [ "${target#/}" != "$target" ] || target=$PWD/$target
    [ "$dry_run" = yes ] || say "Building $name (this takes a minute or two)"
    quiet=--quiet
    [ ! -t 2 ] || quiet=
    # With a C library in it the program starts sooner, with musl's by far. Procedural macros can
    # have none: only the program is linked so.
    musl=$(uname -m)-unknown-linux-musl static=
    if links_musl; then
        static='-C linker=rust-lld' && export CARGO_BUILD_TARGET="$musl"
    elif echo 'int main(void) { return 0; }' |
        cc -static-pie -x c -o "$scratch/static" - 2>/dev/null && "$scratch/static"; then
        static='-C target-feature=+crt-static'
    fi
    # shellcheck disable=SC2086 # a list
    change cargo rustc --release --locked $quiet --bin "$name" \
        --manifest-path "$source/Cargo.toml" --target-dir "$target" -- $static ||
        die "the build failed"
    binary=$target/${CARGO_BUILD_TARGET:+$CARGO_BUILD_TARGET/}release/$name
}

# Whether Rust, which brings all that it takes, links programs with musl here.
links_musl() {
    case ${CARGO_BUILD_TARGET:-}${RUSTFLAGS:-}:$(rustc -vV) in
    :*"host: ${musl%musl}gnu"*) ;;
    *) return 1 ;;
    esac
    # Does nothing where it is there.
    [ "$dry_run" = yes ] || timeout 120 rustup target add "$musl" >/dev/null 2>&1
    echo 'fn main() {}' | rustc --target "$musl" -C linker=rust-lld -o "$scratch/static" - \
        2>/dev/null && "$scratch/static"
}

# Installs a file in one step: whoever runs or reads the old one is not disturbed.
put() { # FILE PLACE MODE [CHECK]
    [ "$dry_run" != yes ] || { say "would install: $2" && return; }
    mkdir -p "${2%/*}" || die "the folder cannot be made: ${2%/*}"
    half_written=$2.new.$$
    { cp "$1" "$half_written" && chmod "$3" "$half_written" && ${4:-:} "$half_written" &&
        mv -f "$half_written" "$2"; } || die "the file cannot be written: $2"
    half_written=
    say "  $2"
}

# Has a program write its manual and completions. It runs where it is to stand: nothing may
# run in the folder for temporary files.
write_pages() { # PROGRAM
    for page in man 'completions bash' 'completions zsh' 'completions fish'; do
        # shellcheck disable=SC2086 # one word or two
        "$1" $page >"$scratch/${page#* }" || die "this is no program, or it does not run: $binary"
    done
}

put_files() {
    say "Installing"
    put "$binary" "$program" 755 write_pages
    change ln -sf "$name" "$docker_link"
    put "$scratch/man" "$man_page" 644
    put "$scratch/bash" "$bash_completion" 644
    put "$scratch/zsh" "$zsh_completion" 644
    put "$scratch/fish" "$fish_completion" 644
}

# --- The helper string ---------------------------------------------------------------
# git runs the string as it is, by a shell, if its first byte is `/`; a leading quote would
# make it run `git credential-'…'`. So what a shell could misread is escaped byte by byte.
escaped() {
    printf '%s' "$1" | sed 's/[][ !"#$&'\''()*;<>?\\^`{|}~=%]/\\&/g'
}

# The same for the regular expressions of `git config`.
matching() {
    printf '%s' "$1" | sed 's/[][\\.*^$+?(){}|]/\\&/g'
}

# --- The proof -----------------------------------------------------------------------
random() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

# Runs `git credential` for the throw-away account with the very helper string that is to be
# configured and with no other, outside of any repository; nobody is asked for a token. The
# request is a here-document: no argument list of any process shows the token. Without a
# password, reject deletes the account; with one it would only be marked.
ask() { # OPERATION [ATTRIBUTE]
    GIT_TERMINAL_PROMPT=0 GIT_ASKPASS=true SSH_ASKPASS=true git -C / -c credential.helper= \
        -c "credential.helper=$helper" credential "$1" 2>>"$scratch/errors" <<END
protocol=https
host=$proof_host
username=install-test
${2:-}
END
}
proof_fill() { ask fill | sed -n 's/^password=//p'; }

# Whether a token survives the way into the keychain and out again. What the helper said
# meanwhile is in $scratch/errors.
prove() { # KEYCHAIN
    helper="$(escaped "$program") --keychain $1"
    token=$(random 20)
    proof_host=install-$(random 8).invalid
    : >"$scratch/errors"
    say "Proving the keychain $1 with a throw-away token"
    [ "$1" = kernel ] || say "  (it may ask to be unlocked)"
    ask approve "password=$token"
    proof=ok
    if grep -q "^$name: " "$scratch/errors"; then
        # Nothing was stored, unless the answer was late. Asking on raises a refused dialog again.
        proof="it does not take a token"
        if grep -q 'did not answer in time' "$scratch/errors"; then ask reject; fi
    elif [ "$(proof_fill)" != "$token" ]; then
        proof="a token was stored there, but does not come back"
        ask reject
    else
        ask reject
        [ -z "$(proof_fill)" ] || proof="a token was stored there and cannot be deleted"
    fi
    proof_host='' token=''
    [ "$proof" = ok ]
}

choose_keychain() {
    asked_for=$keychain
    if [ "$system" = Darwin ]; then
        default=login-keychain
    elif [ -n "${DBUS_SESSION_BUS_ADDRESS:-}" ] || [ -S "${XDG_RUNTIME_DIR:-/nowhere}/bus" ]; then
        default=secret-service
    else
        default=kernel
    fi
    keychain=${keychain:-$default}
    if [ "$dry_run" = yes ]; then
        helper="$(escaped "$program") --keychain $keychain"
        say "would prove the keychain: $keychain"
        return
    fi
    if ! prove "$keychain"; then
        # Only where there is nobody to ask. A locked or mute keychain is the one that the
        # desktop will use tomorrow: putting tokens elsewhere would hide them.
        if [ -n "$asked_for" ] || ! grep -q 'no Secret Service is running' "$scratch/errors"; then
            proof_failed
        fi
        say "No Secret Service on this session's bus: the kernel's keyring then"
        keychain=kernel
        prove kernel || proof_failed
    fi
    say "Keychain: $keychain. A token was stored there by git, read back and deleted"
    if [ "$keychain" = kernel ]; then
        say "  Tokens stay in the kernel's memory, never on disk, and are gone at reboot"
    fi
}

proof_failed() {
    warn "the keychain $keychain is not usable: $proof"
    awk '!seen[$0]++' "$scratch/errors" >&2
    hint "the files are installed, git is not configured: mend the cause and run this again"
    if [ "$keychain" = secret-service ]; then
        hint "or keep tokens until reboot only: $again --keychain kernel"
    fi
    exit 1
}

# --- git's configuration -------------------------------------------------------------
configure_git() {
    if [ "$reset_helpers" = yes ] && ! follows_reset; then
        # The reset must come right before ours, so ours is written anew at the end.
        unset_helper "$ours"
        [ "$(last_helper)" = reset ] ||
            change git config --global --add credential.helper ''
    fi
    # Replaces the line where there is one, and appends it where there is none.
    change git config --global --replace-all credential.helper "$helper" "$ours" ||
        die "git's configuration cannot be written"
    [ "$dry_run" = yes ] || say "git uses it: credential.helper = $helper"
}

# Removes the helper lines that match; that there are none is fine.
unset_helper() {
    if git config --global --get-all credential.helper "$1" >/dev/null; then
        change git config --global --unset-all credential.helper "$1"
    fi
}

# The user's helper lines in their order, each as one word: reset, ours or other.
helper_kinds() {
    git config --global --get-all credential.helper | ours=$ours awk '
        { print $0 == "" ? "reset" : $0 ~ ENVIRON["ours"] ? "ours" : "other" }'
}
last_helper() { helper_kinds | tail -n 1; }

# Whether every line of ours comes right after a reset.
follows_reset() {
    helper_kinds | awk '$0 == "ours" { if (before == "reset") good++; else bad++ }
        { before = $0 } END { exit !(good && !bad) }'
}

# Says which other helpers git will call. They are the user's, so they stay; but git calls
# store on every one, so a plain-text helper gets a copy of each token.
report_others() {
    : >"$scratch/others"
    git config --null --show-origin --get-regexp '^credential\.(.*\.)?helper$' |
        tr '\n\000' '\t\n' >"$scratch/helpers" # lines ORIGIN and KEY<tab>VALUE in turn
    ours_active=no
    while IFS= read -r origin && IFS= read -r entry; do
        key=${entry%%"$tab"*} value=${entry#*"$tab"}
        [ "$key" != "$entry" ] || value=
        if [ -z "$value" ]; then
            # For one place only, the list of the others goes on.
            [ "$key" != credential.helper ] || { ours_active=no && : >"$scratch/others"; }
        elif [ "$key" = credential.helper ] && [ "$value" = "$helper" ]; then
            ours_active=yes
        else
            # Only the first word: a snippet may well hold a token.
            printf '%s\t%s\t%s\n' "$origin" "$key" "${value%%[ "$tab"]*}" >>"$scratch/others"
        fi
    done <"$scratch/helpers"
    [ "$dry_run" = yes ] || [ "$ours_active" = yes ] ||
        warn "an empty helper line after ours switches it off: see git config --show-origin --get-all credential.helper"
    [ -s "$scratch/others" ] || return 0
    say "Other helpers are configured too, and stay so:"
    while IFS=$tab read -r origin key word; do
        say "  $key = $word ($origin)"
        [ "$key" = credential.helper ] ||
            say "    git asks it for that place, perhaps instead of this one"
        case $word in
        store | */git-credential-store) ;;
        *) continue ;;
        esac
        warn "git's plain-text helper 'store' will get a copy of every token"
        case $key in
        credential.helper) hint "switch it off with: $again --reset-helpers" ;;
        *) hint "switch it off with: $(typed git config --file "${origin#file:}" --unset-all "$key")" ;;
        esac
    done <"$scratch/others"
}

# --- After it ------------------------------------------------------------------------
# Where people's shells would not find what was installed.
report_paths() {
    case :$PATH: in
    *:"$bin":*) ;;
    *)
        say "$bin is not in PATH. Add this line to your shell's profile:"
        say "  export PATH=$(typed "$bin"):\"\$PATH\""
        ;;
    esac
    command -v man >/dev/null 2>&1 || return 0
    # Most look beside the folders of PATH.
    if [ -z "$(PATH=$bin:$PATH man -w "$name" 2>/dev/null)" ]; then
        say "man does not find the manual. Add this line to your shell's profile:"
        say "  export MANPATH=$(typed "$prefix/share/man"):\"\${MANPATH-}\""
    fi
}

install() {
    need git
    system=$(uname -s)
    [ "$system" = Linux ] || [ "$system" = Darwin ] ||
        die "there is no keychain for $system here" "on Windows, run install.ps1 in PowerShell"
    source=$(cd "$(dirname "$0")" && pwd) || die "the folder of this script is gone"
    if [ -z "$binary" ]; then
        # A shell that reads this script from a pipe may stand anywhere.
        if [ -f "$0" ] && [ -f "$source/src/cli/$name.1" ]; then build; else download; fi
    fi
    put_files
    if [ "$configure" = no ]; then
        say "git is not configured. To do so: git config --global --add credential.helper $(
            typed "$(escaped "$program") --keychain ${keychain:-NAME}")"
        return
    fi
    choose_keychain
    configure_git
    report_others
    report_paths
    if [ -n "${SUDO_USER:-}" ]; then
        warn "this configured root's git, not $SUDO_USER's: run it without sudo for yourself"
    fi
    say
    say "Next: git credential-pat login https://github.com"
}

uninstall() {
    if command -v git >/dev/null 2>&1; then
        unset_helper "^$(matching "$(escaped "$program")")( .*)?\$"
        [ "$(command -v "$name")" != "$program" ] || unset_helper '^pat( .*)?$' # its bare name
        if [ "$(last_helper)" = reset ]; then
            say "An empty helper line is left in git's configuration. To remove it:"
            say "  git config --global --unset-all credential.helper '^\$'"
        fi
    fi
    for file in "$docker_link" "$program" "$man_page" "$bash_completion" "$zsh_completion" "$fish_completion"; do
        [ ! -f "$file" ] || change rm -f "$file"
    done
    lock_folder=${XDG_STATE_HOME:-${HOME:-}/.local/state}/$name
    [ ! -d "$lock_folder" ] ||
        { change rm -f "$lock_folder/$name.lock" && change rmdir "$lock_folder"; }
    [ "$dry_run" = yes ] || say "Removed. Tokens stay in the keychain"
}

# Whatever ends this script, the throw-away token is deleted with it.
clean_up() {
    status=$?
    trap - EXIT
    trap '' HUP INT TERM
    if [ -n "${proof_host:-}" ]; then ask reject; fi
    if [ -n "${half_written:-}" ]; then rm -f "$half_written"; fi
    if [ -n "${scratch:-}" ]; then rm -rf "$scratch"; fi
    exit "$status"
}

main() {
    set -u
    umask 022
    unset GIT_DIR GIT_WORK_TREE
    LC_ALL=C # paths are bytes
    export LC_ALL
    name=git-credential-pat
    tab=$(printf '\t')
    # A line that an earlier run or `configure` wrote, with a keychain's options; one that names a
    # source of tokens is the user's own.
    ours='^(pat|/(([^\\ ]|\\.)*/)?git-credential-pat)( --(keychain|timeout|cache)[ =][^ ]+| --allow-http)*$'
    parse "$@"
    trap clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    scratch=$(mktemp -d) || die "there is no place for temporary files"
    "$action"
}

main "$@"
