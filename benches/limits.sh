# shellcheck shell=sh disable=SC2034,SC2154 # what the scripts set and read
# What the scripts that fail above a limit have in common. They set $scratch, $source and $rounds,
# define `die`, and read this file after cases.sh.

# Prints a figure with its limit and its name, and notes a failure where it is above the limit.
at_most() { # FIGURE LIMIT WHAT
    awk -v figure="$1" -v limit="$2" -v what="$3" 'BEGIN {
        printf "%-58s %10.2f  at most %s%s\n", what, figure, limit, (figure > limit) ? "  TOO MUCH" : ""
        exit (figure > limit) }' || failed=1
}

# Takes $binary, $without and $rounds from the options of a script.
read_options() { # OPTION...
    while [ $# -gt 0 ]; do
        [ $# -gt 1 ] || die "an option lacks its value: $1"
        case $1 in
        --binary) binary=$(realpath "$2") ;;
        --without) without=$(realpath "$2") ;;
        --rounds) rounds=$2 ;;
        *) die "there is no such option" ;;
        esac
        shift 2
    done
}

# Builds the programs that no option has named, and the one that measures them.
make_programs() {
    if [ -z "$binary" ]; then
        build "$source" "$scratch/installed"
        binary=$scratch/installed/bin/git-credential-pat
    fi
    [ -n "$without" ] || build_without
    gcc -O2 -o "$scratch/pairs" "$source/benches/pairs.c" || die "pairs.c does not build"
}

# Builds the program from these sources, as install.sh does.
build() { # SOURCE PREFIX
    "$1/install.sh" --prefix "$2" --no-configure >/dev/null || die "install.sh failed"
}

# Copies the sources to $scratch/source, where something is then taken out of them.
copy_sources() {
    mkdir "$scratch/source"
    (cd "$source" && git ls-files -z | xargs -0 tar -cf - --) | tar -xf - -C "$scratch/source"
}

# Builds the program from the copy, which lacks something. Sets $without to the program.
build_copy() { # NAME
    target=${CARGO_TARGET_DIR:-$source/target}
    CARGO_TARGET_DIR=$target/without-$1 build "$scratch/source" "$scratch/without"
    without=$scratch/without/bin/git-credential-pat
}

# Runs the cases, and has their results for `column`, `ratio` and `of`.
run_cases() {
    "$scratch/pairs" "$rounds" <"$scratch/cases" >"$scratch/results" || die "pairs failed"
    awk -F '\t' '$8 > 0 { print $1 ": failed " $8 " times"; bad = 1 } END { exit bad }' \
        "$scratch/results" || die "a case failed"
    : >"$scratch/cases"
}

# Prints a column of a case. The second one is the median of the wall time in ms.
column() { awk -F '\t' -v name="$1" -v n="$2" '$1 == name { print $n }' "$scratch/results"; }

ratio() { # CASE TO
    awk -v a="$(column "$1" 2)" -v b="$(column "$2" 2)" 'BEGIN { printf "%.3f", a / b }'
}

of() { printf '%s: %s ms, %s' "$1" "$(column "$1" 2)" "$2"; }
