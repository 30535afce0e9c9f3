#!/bin/sh
# For each new runner of the team "web": its own secret, which can be taken back alone. Takes
# the runner's name, the folder where the two files go that the runner logs in with, and the role:
# web, or web-rotate for the machine that rotates.
set -eu
umask 077
role=${3:-web}
mkdir -p "$2"
bao read -field=role_id "auth/approle/role/$role/role-id" >"$2/role-id"
bao write -field=secret_id "auth/approle/role/$role/secret-id" metadata="runner=$1" \
    >"$2/secret-id"
