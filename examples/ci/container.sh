#!/bin/sh
# A runner that is a plain container: the token is a file that is mounted, owned by the user
# who runs the job and readable by nobody else; or root's, in memory, as Kubernetes mounts secrets
# for a user who is not root. Started with, for example:
#
#   podman run --rm --secret git-token,mode=0400 IMAGE ./container.sh
#
# (which mounts it at /run/secrets/git-token). Nothing of it is in the environment, where
# `podman inspect` and every child process would see it.
set -eu
git config --global credential.helper \
    "pat --for https://git.example.com --file /run/secrets/git-token"
git clone --quiet https://git.example.com/team/repo.git again
