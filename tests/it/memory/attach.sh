# shellcheck shell=sh
# Tries to read the memory of a helper that is held where it writes its answer.
# $1: the helper. What was seen goes to stderr.

probe() { # NAME PID
    if (: <"/proc/$2/mem") 2>/dev/null; then echo "$1: open"; else echo "$1: closed"; fi >&2
}

"$1" --keychain kernel store <"$TMPDIR/account" || exit
"$1" --keychain kernel get <"$TMPDIR/request" 2>/dev/null &
helper=$!
sleep 60 >/dev/null 2>&1 &
ordinary=$!
# Its input is a file: it sleeps nowhere but where its answer does not fit.
until read -r _ _ state _ <"/proc/$helper/stat" && [ "$state" = S ]; do
    kill -0 "$helper" || exit
done
probe "an ordinary process" "$ordinary"
probe "the helper" "$helper"
tr -s ' ' <"/proc/$helper/limits" | grep '^Max core' >&2
kill "$ordinary"
# The test reads on as soon as this shell's streams end.
exec 2>&-
wait "$helper"
"$1" --keychain kernel erase <"$TMPDIR/account" 2>/dev/null
exec "$1" --keychain kernel erase <"$TMPDIR/request"
