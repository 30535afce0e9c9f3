#!/bin/sh
# Runs a coding agent in bubblewrap, without a network. It can read the repositories of an
# organisation and push to branches below agent/ of one of them. It never sees the token.
#
#   bubblewrap.sh COMMAND [ARGUMENT...]
#
# It needs bubblewrap, and git 2.47 or newer inside. Put your own places here:
read=https://github.com/my-org
push=https://github.com/my-org/app
branches='agent/*'

set -eu
# The agent works in a clone of its own, which it makes. In your checkout it could plant hooks and
# settings, which would run when you use git there.
work=$HOME/sandboxes/app
lent=$XDG_RUNTIME_DIR/lent-to-bubblewrap
mkdir -p "$work"

# $@ is the agent. The sandbox sees the system's programs, its work, and the folder of the socket;
# nothing of your home and none of your variables. git inside reads one file of configuration.
# An agent that talks to a service needs a network: then add --share-net.
set -- bwrap --unshare-all --die-with-parent --new-session --clearenv \
    --ro-bind /usr /usr --ro-bind /etc /etc --symlink usr/bin /bin --symlink usr/sbin /sbin \
    --symlink usr/lib /lib --symlink usr/lib64 /lib64 --proc /proc --dev /dev --tmpfs /tmp \
    --bind "$work" /work --chdir /work --ro-bind "$lent" /run/lent \
    --setenv PATH "$PATH" --setenv HOME /work --setenv GIT_CONFIG_GLOBAL /run/lent/gitconfig \
    --setenv GIT_AUTHOR_NAME agent --setenv GIT_AUTHOR_EMAIL agent@example.com \
    --setenv GIT_COMMITTER_NAME agent --setenv GIT_COMMITTER_EMAIL agent@example.com \
    -- "$@"

# The lending ends with the agent, or after eight hours.
exec git credential-pat lend --read "$read" --push "$push" --branches "$branches" --lasting 8h \
    --socket "$lent" --inside-path /run/lent -- "$@"
