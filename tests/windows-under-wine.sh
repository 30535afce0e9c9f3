#!/bin/bash
# Builds and lints the program for Windows here, and runs it under Wine with Wine's own Credential
# Manager. The items of that keychain outlive the processes and Wine itself.
#
#   tests/windows-under-wine.sh
#
# It needs a Debian or Ubuntu on x86-64, about 2 GB for Wine and the compiler, and leaves nothing
# behind but target/. Wine gets a home of its own, which is deleted at the end.
set -euo pipefail
cd "$(dirname "$0")/.."

TARGET=x86_64-pc-windows-gnu
EXE=$(realpath -m "${CARGO_TARGET_DIR:-target}")/$TARGET/release/git-credential-pat.exe

# Under Wine 8 an enumeration that meets another process's write can crash inside of Wine, so no
# two tests run at once. The longest table and the model in memory test nothing of the system, and
# are skipped here. The tests on Windows itself run them.
TEST_OPTIONS=(--test-threads=1 --skip hostile::without_desktop::a_host_outside --skip model::operations_mean)

# Lists the Debian packages, each with its purpose.
packages() {
    sed 's/ *#.*//' <<'END'
gcc-mingw-w64-x86-64-posix  # links the program, and compiles what Wine lacks
wine64                      # runs the program
wine                        # starts wine64
git                         # drives the helper
bsdutils                    # script: a terminal to type at
END
}

die() {
    printf 'tests/windows-under-wine.sh: %s\n' "$1" >&2
    shift
    for line; do printf 'hint: %s\n' "$line" >&2; done
    exit 1
}

step() { printf '\n== %s (%d s)\n' "$*" "$SECONDS"; }

install_packages() {
    local missing=() package
    while read -r package; do
        # shellcheck disable=SC2016 # dpkg's format, not the shell's
        case $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) in
        installed) ;;
        *) missing+=("$package") ;;
        esac
    done < <(packages)
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] || die "packages are missing: ${missing[*]}" \
        "sudo apt-get install --yes --no-install-recommends ${missing[*]}"
    step "Installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq || die "apt-get update failed"
    apt-get install --yes -qq --no-install-recommends "${missing[@]}" >/dev/null ||
        die "apt-get could not install: ${missing[*]}"
}

need_rust() {
    command -v cargo >/dev/null 2>&1 || PATH=$PATH:${HOME:-}/.cargo/bin
    command -v rustup >/dev/null 2>&1 || die "rustup is missing" "see https://rustup.rs"
    rustup --quiet target add $TARGET ||
        die "Rust's libraries for Windows are missing" "rustup target add $TARGET"
}

# Makes a home for Wine that is this run's own.
make_wine() {
    WORK=$(mktemp -d)
    trap leave EXIT
    # Debian starts Wine by a script that asks for parts that are not needed here.
    WINE=$(command -v /usr/lib/wine/wine64 || command -v wine64 || command -v wine)
    WINESERVER=$(command -v /usr/lib/wine/wineserver64 || command -v wineserver)
    export WINE WINEPREFIX=$WORK/wine WINEARCH=win64 WINEDEBUG=-all
    # Wine runs without menus, browser and .NET, and a crash is a failure that starts no debugger.
    export WINEDLLOVERRIDES='mscoree,mshtml,winemenubuilder.exe,winedbg.exe='
    "$WINE" wineboot --init >"$WORK/wineboot" 2>&1 || die "Wine cannot make a home: $(cat "$WORK/wineboot")"
    "$WINESERVER" -w
    # Wine 8 has no bcryptprimitives.dll, from which Rust's programs take their random numbers.
    local library=$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll
    [ -e "$library" ] || x86_64-w64-mingw32-gcc-posix -O2 -s -shared -o "$library" -x c - -ladvapi32 <<'END'
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG); /* RtlGenRandom */
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T count) {
    while (count) {
        ULONG some = count > 0x10000000 ? 0x10000000 : (ULONG)count;
        if (!SystemFunction036(bytes, some)) return FALSE;
        bytes += some;
        count -= some;
    }
    return TRUE;
}
END
}

leave() {
    "$WINESERVER" -k || true
    "$WINESERVER" -w || true
    rm -rf "$WORK"
}

helper() { timeout 60 "$WINE" "$EXE" "$@"; }

# Stops where a command fails or does not print exactly this.
expect() {
    local expected=$1 printed
    shift
    printed=$("$@" 2>"$WORK/stderr" && echo end) ||
        die "it failed: $*" "$(cat "$WORK/stderr")"
    [ "$printed" = "${expected}end" ] || die "$*" "printed: $printed" "expected: $expected"
}

# Sends the helper a request of git's, whose lines are given as words.
ask() {
    local operation=$1
    shift
    printf '%s\n' "$@" | helper "$operation"
}

# Types at the helper's console. Before `--` stand pairs of words: the console shows the first,
# then the second is typed. After `--` stand the helper's arguments.
type_at() {
    local typed=()
    while [ "$1" != -- ]; do
        typed+=("$1" "$2")
        shift 2
    done
    shift
    : >"$WORK/screen"
    {
        set -- "${typed[@]}"
        while [ $# -gt 0 ]; do
            for _ in $(seq 300); do
                ! grep -qF "$1" "$WORK/screen" || break
                sleep 0.1
            done
            printf '%b' "$2"
            shift 2
        done
        # The terminal must not end with the typing.
        sleep 2
    } | timeout 60 script --quiet --return --flush --command "'$WINE' '$EXE' $*" "$WORK/screen" >/dev/null
}

it_outlives_wine() {
    local long
    long=$(head -c 12000 /dev/zero | tr '\0' x)
    ask store protocol=https host=lasting.example username=Alice password=TESTONLY-1
    ask store protocol=https host=lasting.example username=alice "password=$long"
    "$WINESERVER" -k
    "$WINESERVER" -w
    expect $'username=Alice\npassword=TESTONLY-1\n' \
        ask get protocol=https host=lasting.example username=Alice
    expect "username=alice"$'\n'"password=$long"$'\n' \
        ask get protocol=https host=lasting.example username=alice
    ask erase protocol=https host=lasting.example
    "$WINESERVER" -k
    "$WINESERVER" -w
    expect '' ask get protocol=https host=lasting.example username=Alice
    expect '' ask get protocol=https host=lasting.example username=alice
}

git_drives_it() {
    local git=(git -c credential.helper= -c "credential.helper=!'$WINE' '$EXE'")
    printf '%s\n' protocol=https host=git.example username=Bob password=TESTONLY-2 '' |
        "${git[@]}" credential approve
    expect $'protocol=https\nhost=git.example\nusername=Bob\npassword=TESTONLY-2\n' \
        "${git[@]}" credential fill <<<$'protocol=https\nhost=git.example\n'
    printf '%s\n' protocol=https host=git.example username=Bob password=TESTONLY-2 '' |
        "${git[@]}" credential reject
    expect '' ask get protocol=https host=git.example
}

people_type() {
    local url=https://typed.example
    type_at 'Token for' 'TESTONLY-typed\r' 'Make it ask?' 'n\r' -- \
        login --username Bob --expires 90d $url ||
        die "a login at the console failed" "$(cat "$WORK/screen")"
    ! grep -q TESTONLY "$WORK/screen" || die "the token was shown" "$(cat "$WORK/screen")"
    expect $'TESTONLY-typed\n' helper token $url
    ! type_at 'Token for' '\004' -- login --username Eve --expires 90d $url ||
        die "a Ctrl-D did not end the login" "$(cat "$WORK/screen")"
    grep -q 'given up' "$WORK/screen" || die "nobody said why" "$(cat "$WORK/screen")"
    # Wine turns a Ctrl-C into a signal even where the console should hand it over as a
    # character. The program then ends at once.
    type_at 'Token for' '\003' -- login --username Eve --expires 90d $url || true
    ! grep -q stored "$WORK/screen" || die "a Ctrl-C did not end the login" "$(cat "$WORK/screen")"
    expect $'TESTONLY-typed\n' helper token $url
}

# Makes a git for Windows, with only what configure needs of it. It runs a helper line, whose path
# it reads as a shell does, and writes the line that configure adds into $LINE. (Under Wine, no
# program of Windows can run Linux's git and wait for it.)
make_git() {
    x86_64-w64-mingw32-gcc-posix -O2 -s -o "$1" -x c - <<'END'
#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static int helper(char *line, const char *operation) {
    char *words[16] = {line}, *to = line;
    int count = 1;
    for (char *from = line; *from; from++) {
        if (*from == '\\' && from[1]) *to++ = *++from;
        else if (*from == ' ' && count < 14) *to++ = 0, words[count++] = to;
        else *to++ = *from;
    }
    *to = 0;
    words[count] = (char *)operation;
    words[0] = "git-credential-pat";
    return _spawnv(_P_WAIT, line, (const char *const *)words);
}
int main(int count, char **words) {
    const char *key = "credential.helper=", *last = words[count - 1];
    for (int i = 1; i < count; i++)
        if (!strncmp(words[i], key, strlen(key)) && words[i][strlen(key)])
            return helper(words[i] + strlen(key), strcmp(last, "fill") ? "store" : "get");
    for (int i = 1; i < count; i++) {
        if (!strcmp(words[i], "--get-all")) return 1;
        if (!strcmp(words[i], "--add")) fputs(last, fopen(getenv("LINE"), "w"));
    }
    return 0;
}
END
}

configure_proves_and_names_its_path() {
    local folder="$WORK/a folder (of mine)" line expected
    mkdir "$folder" "$WORK/path"
    cp "$EXE" "$folder/"
    make_git "$WORK/path/git.exe"
    LINE="Z:$WORK/line" WINEPATH="Z:${WORK//\//\\}\\path" \
        timeout 60 "$WINE" "$folder/git-credential-pat.exe" configure --yes >"$WORK/screen" 2>&1 ||
        die "configure failed" "$(cat "$WORK/screen")"
    line=$(cat "$WORK/line") || die "configure wrote nothing"
    expected="Z:$WORK/a\\ folder\\ \\(of\\ mine\\)/git-credential-pat.exe --keychain credential-manager"
    [ "$line" = "$expected" ] || die "configure wrote: $line" "expected: $expected"
    grep -q 'git stored a test token and read it back' "$WORK/screen" ||
        die "nothing was proved" "$(cat "$WORK/screen")"
    ! helper list --json | grep -q '\.invalid' || die "the test token is left"
}

main() {
    install_packages
    need_rust
    make_wine

    step "Lints"
    cargo clippy --quiet --locked --all-targets --target $TARGET -- -D warnings

    step "Build"
    cargo build --quiet --locked --release --target $TARGET
    ls -l "$EXE"

    step "The program through its streams"
    expect $'version 0\ncapability authtype\ncapability state\n' helper capability
    it_outlives_wine
    git_drives_it
    configure_proves_and_names_its_path

    step "The console"
    people_type

    step "Tests"
    export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=$WINE GIT_CREDENTIAL_PAT_TESTED=$EXE
    cargo test --quiet --locked --target $TARGET --lib --test keychain_contract --test it -- "${TEST_OPTIONS[@]}"
    step "Done"
}

main "$@"
