#!/bin/sh
# For each new runner of the team "web": its own secret, which can be taken back alone. Takes
# the runner's name and the folder where the two files go that the runner logs in with.
set -eu
umask 077
mkdir -p "$2"
bao read -field=role_id auth/approle/role/web/role-id >"$2/role-id"
bao write -field=secret_id auth/approle/role/web/secret-id metadata="runner=$1" >"$2/secret-id"
