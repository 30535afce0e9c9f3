#!/bin/sh
# Writes the files by which package managers install a release: a formula for Homebrew, a manifest
# for Scoop and three files for winget. The digests come from SHA256SUMS.
#
#   .github/release/manifests.sh FOLDER URL PLACE
#
# FOLDER holds SHA256SUMS, URL is the address of the release's files
# (https://github.com/OWNER/NAME/releases/download/TAG), PLACE is the folder to write to.

die() {
    printf 'manifests.sh: %s\n' "$1" >&2
    exit 1
}

# Prints the digest of an archive.
digest() { # MACHINE.FORMAT
    sed -n "s/^\([0-9a-f]\{64\}\)  $name-$version-$1\$/\1/p" "$sums"
}

address() { printf '%s/%s-%s-%s' "$url" "$name" "$version" "$1"; } # MACHINE.FORMAT

homebrew() {
    brew_part() { # MACHINE
        printf '      url "%s"\n      sha256 "%s"\n' \
            "$(address "$1.tar.gz")" "$(digest "$1.tar.gz")"
    }
    cat <<END
class GitCredentialPat < Formula
  desc "Git credential helper that keeps personal access tokens in the keychain"
  homepage "$homepage"
  version "$version"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
$(brew_part macos-aarch64)
    end
    on_intel do
$(brew_part macos-x86_64)
    end
  end

  on_linux do
    on_arm do
$(brew_part linux-aarch64)
    end
    on_intel do
$(brew_part linux-x86_64)
    end
  end

  def install
    bin.install "$name"
    bin.install_symlink "$name" => "docker-credential-pat"
    man1.install "$name.1"
    bash_completion.install "completions/$name.bash" => "$name"
    zsh_completion.install "completions/_$name"
    fish_completion.install "completions/$name.fish"
  end

  def caveats
    "To make it git's credential helper: git credential-pat configure"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/$name --version")
  end
end
END
}

scoop() {
    scoop_part() { # MACHINE
        cat <<END
{
            "url": "$(address "$1.zip")",
            "hash": "$(digest "$1.zip")",
            "extract_dir": "$name-$version-$1"
        }
END
    }
    update=$(printf '%s' "$url" | sed "s/$version/\$version/")
    cat <<END
{
    "version": "$version",
    "description": "$description",
    "homepage": "$homepage",
    "license": "MIT|Apache-2.0",
    "notes": "To make it git's credential helper: git credential-pat configure",
    "architecture": {
        "64bit": $(scoop_part windows-x86_64),
        "arm64": $(scoop_part windows-aarch64)
    },
    "bin": [
        "$name.exe",
        ["$name.exe", "docker-credential-pat"]
    ],
    "checkver": { "github": "$homepage" },
    "autoupdate": {
        "architecture": {
            "64bit": {
                "url": "$update/$name-\$version-windows-x86_64.zip",
                "extract_dir": "$name-\$version-windows-x86_64"
            },
            "arm64": {
                "url": "$update/$name-\$version-windows-aarch64.zip",
                "extract_dir": "$name-\$version-windows-aarch64"
            }
        },
        "hash": { "url": "\$baseurl/SHA256SUMS" }
    }
}
END
}

# Prints a winget file. All three files begin and end with the same lines.
winget() { # TYPE, its own lines on stdin
    printf 'PackageIdentifier: %s.%s\nPackageVersion: %s\n' "$owner" "$name" "$version"
    cat
    printf 'ManifestType: %s\nManifestVersion: 1.10.0\n' "$1"
}

winget_installers() {
    printf 'InstallerType: zip\nNestedInstallerType: portable\nInstallers:\n'
    for pair in x64:windows-x86_64 arm64:windows-aarch64; do
        cat <<END
  - Architecture: ${pair%%:*}
    InstallerUrl: $(address "${pair#*:}.zip")
    InstallerSha256: $(digest "${pair#*:}.zip")
    NestedInstallerFiles:
      - RelativeFilePath: $name-$version-${pair#*:}\\$name.exe
        PortableCommandAlias: $name
END
    done
}

winget_locale() {
    cat <<END
PackageLocale: en-US
Publisher: $owner
PackageName: $name
PackageUrl: $homepage
License: MIT OR Apache-2.0
ShortDescription: $description
ReleaseNotesUrl: $homepage/releases/tag/$tag
END
}

main() {
    set -eu
    [ $# = 3 ] || die "it takes the release's folder, its address and a folder to write to"
    sums=$(cd "$1" && pwd)/SHA256SUMS
    url=$2
    mkdir -p "$3"
    place=$(cd "$3" && pwd)
    cd "$(dirname "$0")/../.."
    name=git-credential-pat
    version=$(sed -n 's/^version *= *"\(.*\)"/\1/p' Cargo.toml)
    description=$(sed -n 's/^description *= *"\(.*\)"/\1/p' Cargo.toml)
    tag=${url##*/}
    homepage=${url%/releases/download/*}
    owner=$(printf '%s' "$homepage" | sed -n 's|^https://[^/]*/\([A-Za-z0-9-]*\)/[^/]*$|\1|p')
    [ -n "$owner" ] || die "this is no address of a release: it has no /OWNER/NAME/releases/download/TAG"
    for machine in linux-x86_64.tar.gz linux-aarch64.tar.gz macos-x86_64.tar.gz \
        macos-aarch64.tar.gz windows-x86_64.zip windows-aarch64.zip; do
        [ -n "$(digest "$machine")" ] || die "SHA256SUMS has no $name-$version-$machine"
    done
    homebrew >"$place/$name.rb"
    scoop >"$place/$name.json"
    for type in version installer defaultLocale; do
        case $type in
        version) file=$owner.$name && echo 'DefaultLocale: en-US' ;;
        installer) file=$owner.$name.installer && winget_installers ;;
        defaultLocale) file=$owner.$name.locale.en-US && winget_locale ;;
        esac >"$place/lines"
        winget "$type" <"$place/lines" >"$place/$file.yaml"
    done
    rm "$place/lines"
}

main "$@"
