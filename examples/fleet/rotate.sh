#!/bin/sh
# On one machine, each week from its scheduler: GitLab gives a new token for the old one, and the
# engine gets it. The token is kept there by `git credential-pat login`, and nowhere else but in the
# engine. It is in variables of this shell alone, in no argument and in no environment.
set -eu
export BAO_ADDR=https://bao.example.com:8200
export BAO_CLIENT_TIMEOUT=5s
url=https://git.example.com
BAO_TOKEN=$(bao write -field=token auth/approle/login \
    role_id=@/etc/git-rotate/role-id secret_id=@/etc/git-rotate/secret-id)
export BAO_TOKEN
keep() {
    token=$(git credential-pat token "$url")
    printf %s "$token" | bao kv put -mount=secret web/git token=- >/dev/null
}
# With the token as it is: an engine that cannot be written is known before the old one is dead, and
# has the new one of a run that was cut off in between.
keep
status=0
git credential-pat rotate --unattended --forge gitlab --expires 30d "$url" || status=$?
keep
exit "$status"
