#!/bin/sh
# Checks types and lints of everything, tests included, for both kinds of Mac, on any machine, and
# links the program and the tests with Rust's own linker.
#
#   tests/apple-check.sh [--lint]    --lint: without linking
#
# zig has the list of all symbols in macOS's system library. Only a Mac has Apple's frameworks. A
# stand-in for them has every symbol that the linker misses and that has a name like theirs. So this
# shows that nothing else is missing, but not that a framework has what we call. Nothing runs. Run
# `cargo test` on a Mac to test what the code does.

set -eu

die() {
    printf 'tests/apple-check.sh: %s\n' "$1" >&2
    shift
    for line; do printf 'hint: %s\n' "$line" >&2; done
    exit 1
}

# --- The stand-ins for a Mac's libraries ---------------------------------------------------

# Writes the list of the system library's symbols where the linker looks for it.
system_library() {
    tests/zig.sh || die "there is no zig" "tests/apple-check.sh --lint does without"
    text=$(find target/zig/lib -path '*/darwin/libSystem.tbd' | head -n 1)
    mkdir -p "$library"
    # Rust's linker does not know this processor's name. The library is the same for all of its
    # kind.
    sed 's/arm64e\.x1-/arm64-/g' "$text" >"$library/libSystem.tbd"
    for name in libc libm; do ln -sf libSystem.tbd "$library/$name.tbd"; done
}

# Writes a stand-in for a library, which has these symbols.
stub() { # NAME FILE SYMBOLS
    mkdir -p "$(dirname "$2")"
    {
        printf -- '--- !tapi-tbd\ntbd-version: 4\ntargets: [ x86_64-macos, arm64-macos ]\n'
        printf "install-name: '%s'\nexports:\n" "$1"
        printf '  - targets: [ x86_64-macos, arm64-macos ]\n    symbols: [ %s ]\n...\n' "$3"
    } >"$2"
}

# Writes a stand-in for a framework, which has the symbols that the linker has missed so far.
of_framework() { # NAME BEGINNING FIRST
    symbols=$(grep -E "^_k?$2[A-Z]" "$missed" | paste -s -d ,) || true
    stub "/System/Library/Frameworks/$1.framework/Versions/A/$1" \
        "$sdk/System/Library/Frameworks/$1.framework/$1.tbd" "${symbols:-$3}"
}

stubs() {
    of_framework CoreFoundation CF _CFRelease
    of_framework Security Sec _SecItemAdd
    stub /usr/lib/libiconv.2.dylib "$library/libiconv.tbd" '_iconv, _iconv_open, _iconv_close'
}

# A benchmark's crate has C code, which nothing needs here. `true` in the compiler's place compiles
# nothing and succeeds, and this makes an empty library of that.
librarian() {
    cat >"$sdk/ar" <<'END'
#!/bin/sh
for word; do case $word in *.a) printf '!<arch>\n' >"$word" ;; esac; done
END
    chmod +x "$sdk/ar"
}

# --- The checks ------------------------------------------------------------------------

lint() {
    env "CC_$small=true" "AR_$small=$sdk/ar" \
        cargo clippy --quiet --locked --all-targets --target "$target" -- -D warnings
}

link_once() {
    env "CC_$small=true" "AR_$small=$sdk/ar" "CARGO_TARGET_${great}_LINKER=rust-lld" \
        "CARGO_TARGET_${great}_RUSTFLAGS=-Clinker-flavor=ld64.lld -Clink-arg=--error-limit=0" \
        CARGO_PROFILE_DEV_DEBUG=0 SDKROOT="$sdk" MACOSX_DEPLOYMENT_TARGET=11.0 \
        cargo build --quiet --locked --keep-going --lib --bins --tests --target "$target" \
        2>"$sdk/said"
}

link_all() {
    : >"$missed"
    until stubs && link_once; do
        grep -o 'undefined symbol: .*' "$sdk/said" | sed 's/undefined symbol: //' | sort -u \
            >"$sdk/new"
        # No new symbol is missed, so the linker has failed for another reason.
        [ -n "$(comm -23 "$sdk/new" "$missed")" ] ||
            die "$target is not linked" "$(tail -n 20 "$sdk/said")"
        ! grep -vE '^_k?(CF|Sec)[A-Z]' "$sdk/new" ||
            die "$target: nothing has what stands above"
        sort -u -o "$missed" "$missed" "$sdk/new"
    done
}

main() {
    cd "$(dirname "$0")/.."
    sdk=$(realpath -m "${CARGO_TARGET_DIR:-target}")/apple
    library=$sdk/usr/lib missed=$sdk/missed
    mkdir -p "$sdk"
    librarian
    for target in aarch64-apple-darwin x86_64-apple-darwin; do
        # This does nothing where the target is installed.
        rustup target add "$target" >/dev/null 2>&1 ||
            die "the standard library for $target is missing" \
                "install it with rustup, which downloads it: rustup target add $target"
        small=$(printf %s "$target" | tr - _)
        great=$(printf %s "$small" | tr '[:lower:]' '[:upper:]')
        lint
        if [ "${1:-}" = --lint ]; then
            printf '%s: types and lints are right; not linked, not run\n' "$target"
            continue
        fi
        system_library
        link_all
        printf '%s: types and lints are right, program and tests are linked with %s symbols of frameworks; not run\n' \
            "$target" "$(grep -c . "$missed")"
    done
}

main "$@"
