#!/bin/sh
# Once, by whoever keeps OpenBao (with HashiCorp Vault say `vault` for `bao` and VAULT_ for
# BAO_): what the runners of the team "web" may read, what the machine that rotates their token
# may write, and the roles by which they log in. A runner's login lasts a minute.
set -eu
bao secrets enable -version=2 -path=secret kv
bao auth enable approle
bao policy write web - <<'END'
path "secret/data/web/*" {
    capabilities = ["read"]
}
END
bao write auth/approle/role/web token_policies=web token_type=batch token_ttl=1m
bao policy write web-rotate - <<'END'
path "secret/data/web/git" {
    capabilities = ["create", "update"]
}
END
bao write auth/approle/role/web-rotate token_policies=web-rotate token_type=batch token_ttl=10m
