#!/bin/sh
# Opens a session on an SSH host in which git can read the repositories of an organisation and push
# to branches below remote/ of one of them. The token stays here, and the access ends with the
# session.
#
#   ssh-host.sh HOST [COMMAND...]
#
# The host needs nothing but git. Put your own places here:
read=https://github.com/my-org
push=https://github.com/my-org/app
branches='remote/*'

set -eu
lent=$XDG_RUNTIME_DIR/lent-to-ssh

# ssh leads port 8418 of the host's loopback address to the socket here. Everybody on that host can
# reach the port, but not use it: the key is in the file, which is only for you there. The file
# first reads your own configuration on that host, for your name and your aliases.
# shellcheck disable=SC2016 # for the shell that runs it
session='
lent=$1 host=$2
shift 2
{
    printf "[include]\n\tpath = ~/.gitconfig\n"
    sed "s|socks5h://localhost/[^\"]*|socks5h://localhost:8418|" "$lent/gitconfig"
} | ssh "$host" "umask 077 && cat >.lent.gitconfig"
export="export GIT_CONFIG_GLOBAL=\"\$HOME/.lent.gitconfig\""
run=${*:-"exec \"\$SHELL\" -l"}
terminal=-T
[ ! -t 0 ] || terminal=-t
exec ssh $terminal -o ExitOnForwardFailure=yes -R "127.0.0.1:8418:$lent/pat.sock" "$host" \
    "$export; $run"
'
exec git credential-pat lend --read "$read" --push "$push" --branches "$branches" --lasting 12h \
    --socket "$lent" -- sh -euc "$session" ssh-host "$lent" "$@"
