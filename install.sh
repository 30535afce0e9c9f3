#!/bin/sh
# Installs git-credential-pat for one user. Everything is in functions, and the last line calls
# main: a script that was cut off on its way does nothing at all.

usage() {
    cat <<'END'
Usage: ./install.sh [options]

Builds git-credential-pat in a checkout, or downloads a release where there is none. Installs it
with its man page and shell completions. Then `git credential-pat configure` proves the keychain
and makes it git's credential helper.

  --prefix DIR      where to install: DIR/bin, DIR/share (default: $PREFIX, else ~/.local)
  --keychain NAME   secret-service, kernel, vault or login-keychain (default: what the session has)
  --binary FILE     install this binary instead
  --no-configure    install the files only: no keychain is asked, git is not configured
  --reset-helpers   have git forget the helpers configured before ours: `configure --only`
  --uninstall       remove the files, and all that was written into git's configuration; on a
                    terminal it asks whether the tokens go, too
  --purge           with --uninstall: delete every account and its token as well
  --dry-run         say what would be done, change nothing
  --help            this text
END
}

# Reports go to stdout. Troubles go to stderr, in the form of the program itself.
say() { printf '%s\n' "$(shown "$*")"; }
warn() { printf 'install.sh: %s\n' "$(shown "$*")" >&2; }
advise() { say "$1" && say "  $2"; }
hint() { printf 'hint: %s\n' "$(shown "$*")" >&2; }
die() {
    warn "$1"
    shift
    for line; do hint "$line"; done
    exit 1
}

# Prints the bytes of a text as octal numbers.
numbers() { printf '%s' "$1" | od -An -v -to1; }

# Succeeds where people see all of a text, in its order. Beside ASCII these are the letters of the
# scripts that are written from left to right. Any other character may be hidden or turn the text.
is_seen() {
    case $1 in
    *[!\ -~]*) ;;
    *) return 0 ;;
    esac
    unknown=$(numbers "$1" | tr '\n' ' ' | sed -E 's/  +/ /g
        s/ (0[4-7][0-7]|1[0-6][0-7]|17[0-6])//g
        s/ 3(0[3-7]|1[0-467]|2[0-5]) 2[0-7][0-7]//g
        s/ (343 20[1-3]|34[4-7] 2[0-7][0-7]|35[0-4] 2[0-7][0-7]) 2[0-7][0-7]//g')
    [ -z "${unknown# }" ]
}

# Prints a text for people, in which no character hides or turns those around it.
shown() {
    if is_seen "$1"; then printf '%s' "$1"; else printf '%s' "$1" | tr -c ' -~' '?'; fi
}

# Prints the words as they would be typed. Characters that people would not see are typed by their
# numbers.
typed() {
    typed_line=
    for word; do
        case $word in
        '' | *[!A-Za-z0-9_./+,:@%=-]*)
            if is_seen "$word"; then
                word=\'$(printf '%s' "$word" | sed "s/'/'\\\\''/g")\'
            else
                word="\"\$(printf '$(by_numbers "$word")')\""
            fi
            ;;
        esac
        typed_line="$typed_line${typed_line:+ }$word"
    done
    printf '%s' "$typed_line"
}

by_numbers() {
    for number in $(numbers "$1"); do
        # shellcheck disable=SC2059 # a number
        character=$(printf "\\$number")
        case $character in
        [A-Za-z0-9_./,:@=~]) printf '%s' "$character" ;;
        *) printf '\\%s' "$number" ;;
        esac
    done
}

# Runs a command that changes something, or says that it would.
change() {
    if [ "$dry_run" = yes ]; then
        say "would run: $(typed "$@")"
    else
        "$@"
    fi
}

# --- The arguments -------------------------------------------------------------------
parse() {
    prefix=${PREFIX:-}
    keychain='' binary='' action=install configure=yes reset_helpers=no dry_run=no purge=no
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
        --purge) purge=yes ;;
        --dry-run) dry_run=yes ;;
        --help | -h) usage && exit 0 ;;
        -*[!a-z-]* | ????????????????????* | [!-]*) misused "there is no such option" ;;
        *) misused "there is no option $1" ;;
        esac
        shift
    done
    case $keychain in
    '' | secret-service | kernel | vault | login-keychain) ;;
    *) misused "--keychain takes secret-service, kernel, vault or login-keychain" ;;
    esac
    [ "$purge:$action" != yes:install ] || misused "--purge goes with --uninstall"
    [ -n "$prefix" ] || { prefix=${HOME:?is not set: use --prefix DIR} && prefix=${prefix%/}/.local; }
    # The path stays as given: a symlink in it may keep it valid after an upgrade.
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
    state=${XDG_STATE_HOME:-${HOME:-}/.local/state}/$name
    data=${XDG_DATA_HOME:-${HOME:-}/.local/share}/$name
}

misused() { warn "$1" && hint "see ./install.sh --help" && exit 2; }

# --- The tools -----------------------------------------------------------------------
# Installs missing tools for root on Debian or Ubuntu. Elsewhere it stops and names all of them at
# once, with one line to type.
need() { # TOOL…
    missing='' packages='' rust=''
    for tool; do
        command -v "$tool" >/dev/null 2>&1 && continue
        missing="$missing${missing:+, }$tool"
        case $tool in cargo | rustc) rust=$get_rust ;; *) packages="$packages $tool" ;; esac
    done
    [ -n "$missing" ] || return 0
    for command in 'apt-get install --yes' 'dnf install' 'zypper install' 'pacman -S --needed' \
        'apk add' "this system's package manager:"; do
        command -v "${command%% *}" >/dev/null 2>&1 && break
    done
    case $command in apt-get*) cc='gcc libc6-dev' ;; apk*) cc='gcc musl-dev' ;; *) cc=gcc ;; esac
    command="$command$(printf '%s ' "$packages" | sed "s/ cc / $cc /; s/ \$//")"
    case $(id -u):$command in 0:* | *:this*) ;; *) command="sudo $command" ;; esac
    case $packages:$command in
    :*) die "missing: $missing" "install Rust $wanted or newer with: $rust" ;;
    *:apt-get*) ;;
    *) die "missing: $missing" "install with: $command${rust:+ && $rust}" ;;
    esac
    say "Missing: $missing. $command"
    [ "$dry_run" != yes ] || return 0
    export DEBIAN_FRONTEND=noninteractive
    # The lists of a fresh container are empty, hence the second try.
    $command >/dev/null 2>&1 || { apt-get update && $command; } ||
        die "could not be installed: $missing"
    [ -z "$rust" ] || die "cargo is missing" "install Rust $wanted or newer with: $rust"
}

need_tools() {
    # rustup changes the shell's profile, which this shell may not have read yet. Its cargo comes
    # first, because a distribution's may be too old.
    PATH=${CARGO_HOME:-${HOME:-}/.cargo}/bin:$PATH
    get_rust="curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
    wanted=$(sed -n 's/^rust-version *= *"\(.*\)".*/\1/p' "$source/Cargo.toml")
    # rustup is fetched with curl.
    if command -v cargo >/dev/null 2>&1; then need git rustc cc; else need git curl cc cargo; fi
    ! command -v rustup >/dev/null 2>&1 || get_rust='rustup update stable'
    found=$(cd "$source" && rustc --version) || die "rustc does not run"
    found=${found#rustc } && found=${found%%[ -]*}
    [ "$(minor "$found")" -ge "$(minor "$wanted")" ] ||
        die "Rust $found is too old: $wanted or newer is needed" "update it with: $get_rust"
}

# Prints a version as one number, without its last part.
minor() {
    # shellcheck disable=SC2086 # its parts
    (IFS=. && set -- $1 && echo $(($1 * 1000 + $2)))
}

# --- A release -----------------------------------------------------------------------
# The address of the release, and the SHA-256 of its SHA256SUMS. Making a release fills in both.
release=''
release_sums=''

# Downloads a file of the release by TLS alone, also after a redirect.
fetch() { # NAME
    if command -v curl >/dev/null 2>&1; then
        curl --proto '=https' --tlsv1.2 --fail --silent --show-error --location \
            --output "$scratch/$1" "$release/$1" && return
    else
        # wget would also follow a redirect to http, so each redirect is followed here.
        from=$release/$1
        for _ in 1 2 3 4 5; do
            wget --secure-protocol=TLSv1_2 --server-response --max-redirect=0 \
                --output-document="$scratch/$1" "$from" 2>"$scratch/answer" && return
            from=$(sed -n 's/^ *[Ll]ocation: *\(https:[^ ]*\).*/\1/p' "$scratch/answer" | tail -n 1)
            [ -n "$from" ] || break
        done
        warn "$(tail -n 2 "$scratch/answer" | tr '\n' ' ')"
    fi
    die "the download failed: $release/$1" "nothing is installed"
}
sha256() { { sha256sum || shasum -a 256; } <"$1" 2>/dev/null | cut -d ' ' -f 1; }

# Downloads the program of the release, in an archive that must have the digest in SHA256SUMS.
download() {
    release=${GIT_CREDENTIAL_PAT_RELEASE:-$release}
    case $release in
    https://?*) ;;
    '') die "this is no checkout, and this script belongs to no release" \
        "run the install.sh of a release, or the one in a checkout" ;;
    *) die "a release is taken from an https address only" ;;
    esac
    machine=$(echo "$system-$(uname -m)" | sed 's/Linux/linux/; s/Darwin/macos/; s/arm64/aarch64/; s/armv[78]l/armv7/')
    say "Downloading $name for $machine from $release"
    if command -v wget >/dev/null 2>&1; then need git; else need git curl; fi
    [ "$dry_run" != yes ] || return 0
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
    need_tools
    target=${CARGO_TARGET_DIR:-$source/target}
    [ "${target#/}" != "$target" ] || target=$PWD/$target
    [ "$dry_run" = yes ] || say "Building $name; cargo fetches its crates first, if need be"
    # A program with the C library linked in starts sooner, by far with musl's. Procedural macros
    # cannot be linked so, hence these flags are for the program alone.
    musl=$(uname -m)-unknown-linux-musl static=
    if links_musl; then
        static='-C linker=rust-lld' && export CARGO_BUILD_TARGET="$musl"
    elif echo 'int main(void) { return 0; }' |
        cc -static-pie -x c -o "$scratch/static" - 2>/dev/null && "$scratch/static" 2>/dev/null; then
        static='-C target-feature=+crt-static'
    fi
    # shellcheck disable=SC2086 # a list
    change cargo rustc --release --locked --bin "$name" \
        --manifest-path "$source/Cargo.toml" --target-dir "$target" -- $static ||
        die "the build failed" "a first build needs the network: crates come from crates.io"
    binary=$target/${CARGO_BUILD_TARGET:+$CARGO_BUILD_TARGET/}release/$name
}

# Succeeds where Rust can link programs with musl here. It brings all that this takes.
links_musl() {
    case ${CARGO_BUILD_TARGET:-}${RUSTFLAGS:-}:$(rustc -vV) in
    :*"host: ${musl%musl}gnu"*) ;;
    *) return 1 ;;
    esac
    if [ "$dry_run" != yes ] && ! rustup target list --installed 2>/dev/null | grep -qx "$musl"; then
        say "Fetching Rust's target $musl, for two minutes at most"
        timeout 120 rustup target add "$musl" >/dev/null 2>&1
    fi
    echo 'fn main() {}' | rustc --target "$musl" -C linker=rust-lld -o "$scratch/static" - \
        2>/dev/null && "$scratch/static"
}

# Installs a file in one step, so that a process that runs or reads the old one is not disturbed.
put() { # FILE PLACE MODE [CHECK]
    [ "$dry_run" != yes ] || { say "would install: $2" && return; }
    make_folder "${2%/*}" || die "the folder cannot be made: ${2%/*}"
    half_written=$2.new.$$
    { cp "$1" "$half_written" && chmod "$3" "$half_written" && ${4:-:} "$half_written" &&
        mv -f "$half_written" "$2"; } || die "the file cannot be written: $2"
    half_written=
    say "  $2"
}

# Makes a folder and those above it, and remembers which ones were missing.
make_folder() { # FOLDER
    case $1 in '' | /) return ;; esac
    [ ! -d "$1" ] || return 0
    make_folder "${1%/*}" && { mkdir "$1" || [ -d "$1" ]; } || return
    made_folders="$1
${made_folders:-}"
}

# Notes which folders were made, so that uninstalling removes no other one, even an empty one.
note_folders() {
    [ "$dry_run" != yes ] && [ -n "${HOME:-}${XDG_STATE_HOME:-}" ] || return 0
    (umask 077 && make_folder "$state" && printf '%s' "${made_folders:-}" >>"$state/folders") ||
        warn "what was made cannot be noted: $state"
}

# Makes the program write its manual and completions. It runs in the folder where it is installed,
# because the folder for temporary files may allow no programs.
write_pages() { # PROGRAM
    case $("$1" --version 2>/dev/null) in "$name "*) ;;
    *) die "this is not $name, or it does not run: $binary" ;; esac
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
    note_folders
}

# --- git's configuration -------------------------------------------------------------
# Makes the installed program prove the keychain and become git's credential helper. The program
# itself says what it did, what is in the way and how to mend that.
configure_git() {
    set -- "$program" configure
    [ -z "$keychain" ] || set -- "$@" --keychain "$keychain"
    [ "$reset_helpers" = no ] || set -- "$@" --only
    if [ "$configure" = no ]; then
        say "git is not configured. To do so: $(typed "$@")"
        return
    fi
    # The program must not read from the pipe that this script may come from.
    change "$@" --yes </dev/null || die "git is not configured, the files are installed" \
        "mend the cause and run this again"
}

# Makes the program take back the settings that it wrote into git's configuration.
unconfigure_git() {
    command -v git >/dev/null 2>&1 || return 0
    consent=--yes
    [ "$dry_run" = no ] || consent=--dry-run
    if [ -x "$program" ] && "$program" man >/dev/null 2>&1; then
        "$program" unconfigure --this-program --all $consent </dev/null ||
            warn "some of git's configuration is left, see above"
        return 0
    fi
    # The program is gone, or does not run any more.
    lines="^$(printf '%s' "$program" | matching)( .*)?\$"
    for scope in system global local; do
        git config "--$scope" --name-only --get-regexp '^credential\.(.*\.)?helper$' "$lines" \
            2>/dev/null | sort -u | while IFS= read -r key; do
            change git config "--$scope" --unset-all "$key" "$lines" ||
                warn "a line of git's configuration is left: $key"
        done
    done
    [ -z "$(git config --global --get-all credential.helper | sed -n '$s/^$/reset/p')" ] ||
        advise "An empty helper line is left in git's configuration. To remove it:" \
            "git config --global --unset-all credential.helper '^\$'"
    [ ! -f "$state/written" ] || say "What else was written into git's configuration: $state/written"
}

# Turns a path into a regular expression for git, which matches the path alone, escaped for a shell
# as the program writes it into a helper line.
matching() {
    sed 's/[][ !"#$&'\''()*;<>?\\^`{|}~=%]/\\&/g; s/[][\\.*^$+?(){}|]/\\&/g'
}

# --- The report ----------------------------------------------------------------------
# Says so where people's shells would not find the program or its manual.
report_paths() {
    case :$PATH: in
    *:"$bin":*) ;;
    *) advise "$bin is not in PATH. Add this line to your shell's profile:" \
        "export PATH=$(typed "$bin"):\"\$PATH\"" ;;
    esac
    command -v man >/dev/null 2>&1 || return 0
    # Most look beside the folders of PATH.
    [ -n "$(PATH=$bin:$PATH man -w "$name" 2>/dev/null)" ] ||
        advise "man does not find the manual. Add this line to your shell's profile:" \
            "export MANPATH=$(typed "$prefix/share/man"):\"\${MANPATH-}\""
}

install() {
    system=$(uname -s)
    [ "$system" = Linux ] || [ "$system" = Darwin ] ||
        die "there is no keychain for $system here" "on Windows, run install.ps1 in PowerShell"
    source=$(cd "$(dirname "$0")" && pwd) || die "the folder of this script is gone"
    if [ -z "$binary" ]; then
        # A shell that reads this script from a pipe may be in any folder.
        if [ -f "$0" ] && [ -f "$source/src/cli/$name.1" ]; then build; else download; fi
    else
        need git
    fi
    put_files
    configure_git
    [ "$configure" = yes ] || return 0
    report_paths
    if [ -n "${SUDO_USER:-}" ]; then
        warn "this configured root's git, not $SUDO_USER's: run it without sudo for yourself"
    fi
    next='login https://github.com'
    # Looks for tokens in plain text, whose list is not shown.
    if [ "$dry_run" = no ] && "$program" import --dry-run </dev/null 2>&1 | grep -q '  import'; then
        next=import
        say "Tokens lie about in plain text: import takes them into the keychain."
    fi
    # The command is one that works in this very shell, too.
    command=$(typed "$program")
    [ "$(command -v "$name")" != "$program" ] || command='git credential-pat'
    say
    say "Next: $command $next"
}

# Makes the program delete every account, where that is wanted. This comes before any file is
# removed: without the program nobody could do it any more.
delete_tokens() {
    tokens=kept
    [ -x "$program" ] && "$program" man >/dev/null 2>&1 || return 0
    if [ "$dry_run" = yes ]; then
        [ "$purge" = no ] || say "would run: $(typed "$program" logout --all --yes)"
    elif [ "$purge" = yes ]; then
        "$program" logout --all --yes </dev/null ||
            die "the tokens could not be deleted, and nothing is removed" \
                "mend the cause, or leave out --purge: the tokens stay then"
        tokens=gone
    elif [ -t 0 ]; then
        # The program asks, and a no is a fine answer.
        "$program" logout --all && tokens=gone
    fi
    # Otherwise the vault would stay unlocked for hours.
    [ "$dry_run" = yes ] || [ ! -d "$data/vault" ] || "$program" lock >/dev/null 2>&1 || :
}

# Removes the files that the program left in its own folders, and the folders that were made for
# it.
remove_state() {
    [ ! -d "$state" ] || change rm -f "$state/$name"*.lock "$state/salt" \
        "$state"/warned-* "$state"/notified-* "$state/watched" "$state"/uses*.jsonl
    [ -z "${XDG_RUNTIME_DIR:-}" ] || change rm -f "$XDG_RUNTIME_DIR/$name"*.lock
    if [ "$tokens" = gone ] && [ -d "$data/vault" ]; then
        # Without an account the vault's key is of no use.
        change rm -f "$data/vault/identity.age" "$data/vault/format"
        change rmdir "$data/vault" "$data" 2>/dev/null || :
    fi
    [ "$dry_run" != yes ] && [ -d "$state" ] || return 0
    folders=$(cat "$state/folders" 2>/dev/null)
    rm -f "$state/folders"
    rmdir "$state" 2>/dev/null
    left=$(printf '%s\n' "$folders" | sort -r | while IFS= read -r folder; do
        [ ! -d "$folder" ] || rmdir "$folder" 2>/dev/null || printf '%s\n' "$folder"
    done)
    # The folders that are left are of another copy elsewhere, or hold files of others.
    [ ! -d "$state" ] || [ -z "$left" ] || printf '%s\n' "$left" >"$state/folders"
}

# Says what is not taken back, and why.
report_left() {
    [ "$tokens" = gone ] || advise "Tokens stay in the keychain. To delete them, install again and:" \
        "./install.sh --uninstall --purge"
    [ ! -d "$data/vault" ] || say "The vault is left with what is in it: $data/vault"
    for file in .profile .bash_profile .bashrc .zprofile .zshrc .config/fish/config.fish; do
        [ ! -f "${HOME:-}/$file" ] || ! grep -qF "$bin" "${HOME:-}/$file" ||
            say "A line in ~/$file names $bin: it is yours"
    done
    docker=${DOCKER_CONFIG:-${HOME:-}/.docker}/config.json
    [ ! -f "$docker" ] || ! grep -q '"pat"' "$docker" ||
        say "docker's $docker names pat: it is yours"
    for folder in "${CARGO_HOME:-${HOME:-}/.cargo}/registry" "${RUSTUP_HOME:-${HOME:-}/.rustup}"; do
        [ ! -d "$folder" ] || say "What cargo and rustup fetched is left, for others: $folder"
    done
}

# Runs a command with each file of ours that exists.
for_each_file() { # COMMAND
    for file in "$docker_link" "$program" "$man_page" "$bash_completion" "$zsh_completion" \
        "$fish_completion"; do
        { [ ! -f "$file" ] && [ ! -L "$file" ]; } || "$@" "$file"
    done
}

uninstall() {
    found=$(for_each_file echo)
    if [ -z "$found" ]; then
        say "Nothing is installed below $prefix"
        other=$(command -v "$name") && say "$name is at $other: --prefix $(typed "${other%/bin/*}")"
    fi
    delete_tokens
    unconfigure_git
    for_each_file change rm -f
    remove_state
    [ "$dry_run" != yes ] && [ -n "$found" ] || return 0
    say "Removed."
    report_left
}

clean_up() {
    status=$?
    trap - EXIT
    trap '' HUP INT TERM
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
    parse "$@"
    trap clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    scratch=$(mktemp -d) || die "the folder for temporary files cannot be made"
    "$action"
}

main "$@"
