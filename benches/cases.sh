# shellcheck shell=sh disable=SC2154 # what the scripts set
# The cases that benches/pairs.c runs, for the scripts here: they set $scratch, and read this file.

# Writes a request's lines, given as words, to a file and prints its name.
request() { # NAME LINE...
    request_file=$scratch/request-$1
    shift
    printf '%s\n' "$@" '' >"$request_file"
    printf '%s' "$request_file"
}

# Adds a case to $scratch/cases.
case_of() { # NAME INPUT COMMAND...
    printf '%s' "$1" >>"$scratch/cases"
    shift
    printf '\t%s' "$@" >>"$scratch/cases"
    printf '\n' >>"$scratch/cases"
}
