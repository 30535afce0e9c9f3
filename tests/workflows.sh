#!/bin/sh
# Checks what runs on GitHub, as far as that can be done here. The workflows must fit their schema
# and avoid what makes them unsafe (zizmor), and the installer for PowerShell must parse.
#
#   tests/workflows.sh

# Lists the Python packages, in fixed versions, so that none changes overnight.
packages() {
    sed 's/ *#.*//' <<'END'
check-jsonschema==0.39.0        # brings the schemas of workflows and of dependabot.yml
zizmor==1.32.0                  # unpinned actions, injection, permissions, kept credentials
tree-sitter==0.26.1             # the parser that uses this grammar:
tree-sitter-powershell==0.26.4  # PowerShell's grammar, not PowerShell
END
}

die() {
    printf 'tests/workflows.sh: %s\n' "$1" >&2
    shift
    for line; do printf 'hint: %s\n' "$line" >&2; done
    exit 1
}

install_packages() {
    tools=${CARGO_TARGET_DIR:-target}/workflow-tools
    if ! packages | cmp -s - "$tools/installed"; then
        rm -rf "$tools"
        python3 -m venv "$tools" || die "python3 cannot make an environment of its own" "apt-get install python3-venv"
        # shellcheck disable=SC2046 # a list
        "$tools/bin/pip" install --quiet --disable-pip-version-check $(packages) ||
            die "pip could not install: $(packages | tr '\n' ' ')"
        packages >"$tools/installed"
    fi
    # These programs come before others of the same name that another tool has installed.
    PATH=$PWD/$tools/bin:$PATH
    case $tools in /*) PATH=$tools/bin:$PATH ;; esac
}

main() {
    set -eu
    cd "$(dirname "$0")/.."
    install_packages
    check-jsonschema --quiet --builtin-schema vendor.github-workflows \
        .github/workflows/*.yml examples/ci/github-actions.yml
    check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
    zizmor --offline --quiet --persona pedantic .github
    # PowerShell 5.1 takes a file without a byte order mark for no UTF-8, so it must be ASCII.
    for script in install.ps1 tests/install.ps1; do
        LC_ALL=C grep -n '[^ -~]' "$script" && die "$script is not plain ASCII"
        python - "$script" <<'END' || die "$script does not parse"
import sys, tree_sitter, tree_sitter_powershell
parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
nodes = [parser.parse(open(sys.argv[1], "rb").read()).root_node]
wrong = False
while nodes:
    node = nodes.pop()
    if node.is_error or node.is_missing:
        wrong = True
        print(f"{sys.argv[1]}:{node.start_point.row + 1}: {node.text[:60]!r}", file=sys.stderr)
    nodes.extend(node.children)
sys.exit(wrong)
END
    done
    echo "the workflows keep their schema and their rules"
}

main "$@"
