//! The scripts that make a release, without the build: `tests/reproducible.sh` builds.

use crate::support::program::program;
use crate::support::sandbox::{Ran, Sandbox};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const VERSION: &str = env!("CARGO_PKG_VERSION");
const URL: &str = "https://github.com/owner-1/git-credential-pat/releases/download/v9";

/// The one for which no package manager has a place.
const ARMV7: &str = "linux-armv7.tar.gz";

/// The targets of a release, as its archives name them.
const MACHINES: [&str; 7] = [
    "linux-aarch64.tar.gz",
    ARMV7,
    "linux-x86_64.tar.gz",
    "macos-aarch64.tar.gz",
    "macos-x86_64.tar.gz",
    "windows-aarch64.zip",
    "windows-x86_64.zip",
];

fn script(sandbox: &Sandbox, name: &str, args: &[&str]) -> Ran {
    sandbox.run(Path::new(ROOT).join(".github/release").join(name), args, b"")
}

/// Makes a folder `dist` with an archive for each target. Returns the checksums by file.
fn release(sandbox: &Sandbox) -> BTreeMap<String, String> {
    fs::create_dir(sandbox.path("dist")).unwrap();
    for machine in MACHINES {
        let archive = sandbox.path("dist").join(format!("git-credential-pat-{VERSION}-{machine}"));
        fs::write(archive, machine).unwrap();
    }
    let ran = script(sandbox, "checksums.sh", &["dist", URL]);
    assert!(ran.status.success(), "{ran}");
    let sums = fs::read_to_string(sandbox.path("dist/SHA256SUMS")).unwrap();
    let sums = sums.lines().map(|line| line.split_once("  ").unwrap());
    sums.map(|(sum, name)| (name.to_owned(), sum.to_owned())).collect()
}

#[test]
fn the_checksums_are_those_of_the_archives_and_the_installers_know_theirs() {
    let sandbox = Sandbox::new();
    let sums = release(&sandbox);
    assert_eq!(sums.len(), MACHINES.len(), "{sums:?}");
    let checked =
        sandbox.run("sh", &["-c", "cd dist && sha256sum --check --strict SHA256SUMS"], b"");
    assert!(checked.status.success(), "{checked}");
    let own = sandbox.run("sha256sum", &["dist/SHA256SUMS"], b"").stdout();
    let own = own.split(' ').next().unwrap().to_owned();
    for (installer, mark) in [("install.sh", ""), ("install.ps1", "$")] {
        let text = fs::read_to_string(sandbox.path("dist").join(installer)).unwrap();
        let spaces = if mark.is_empty() { "=" } else { " = " };
        for line in [
            format!("\n{mark}release{spaces}'{URL}'\n"),
            format!("\n{mark}release_sums{spaces}'{own}'\n"),
        ] {
            assert!(text.contains(&line), "{installer} has no {line}");
        }
        // All other lines are the same as in the sources.
        let source = fs::read_to_string(Path::new(ROOT).join(installer)).unwrap();
        let changed = text.lines().zip(source.lines()).filter(|(new, old)| new != old).count();
        assert_eq!((changed, text.lines().count()), (2, source.lines().count()));
    }
    for address in ["http://h.example/v1", "https://h.example/'; rm", "https://"] {
        let ran = script(&sandbox, "checksums.sh", &["dist", address]);
        assert_eq!(ran.status.code(), Some(1), "{ran}");
    }
}

#[test]
fn the_manifests_name_every_archive_with_its_digest() {
    let sandbox = Sandbox::new();
    let sums = release(&sandbox);
    let ran = script(&sandbox, "manifests.sh", &["dist", URL, "manifests"]);
    assert!(ran.status.success() && ran.stderr.is_empty(), "{ran}");
    let read = |name: &str| fs::read_to_string(sandbox.path("manifests").join(name)).unwrap();
    let formula = read("git-credential-pat.rb");
    let bucket: Value = serde_json::from_str(&read("git-credential-pat.json")).unwrap();
    let winget = read("owner-1.git-credential-pat.installer.yaml");
    for (name, sum) in sums.iter().filter(|(name, _)| !name.ends_with(ARMV7)) {
        if name.contains("-windows-") {
            let part = if name.contains("x86_64") { "64bit" } else { "arm64" };
            let part = &bucket["architecture"][part];
            assert_eq!(part["url"], format!("{URL}/{name}"));
            assert_eq!(part["hash"], *sum);
            let both = format!("    InstallerUrl: {URL}/{name}\n    InstallerSha256: {sum}\n");
            assert!(winget.contains(&both), "no {both}in\n{winget}");
        } else {
            let both = format!("      url \"{URL}/{name}\"\n      sha256 \"{sum}\"\n");
            assert!(formula.contains(&both), "no {both}in\n{formula}");
        }
    }
    assert_eq!(bucket["version"], VERSION);
    for file in ["", ".installer", ".locale.en-US"] {
        let text = read(&format!("owner-1.git-credential-pat{file}.yaml"));
        assert!(text.starts_with("PackageIdentifier: owner-1.git-credential-pat\n"), "{text}");
        assert!(text.contains(&format!("\nPackageVersion: {VERSION}\n")), "{text}");
    }
}

#[test]
fn a_release_without_every_archive_has_no_manifests() {
    for machine in MACHINES.into_iter().filter(|machine| *machine != ARMV7) {
        let sandbox = Sandbox::new();
        release(&sandbox);
        let archive = format!("dist/git-credential-pat-{VERSION}-{machine}");
        fs::remove_file(sandbox.path(&archive)).unwrap();
        script(&sandbox, "checksums.sh", &["dist", URL]);
        let ran = script(&sandbox, "manifests.sh", &["dist", URL, "manifests"]);
        ran.fails(1, &format!("SHA256SUMS has no git-credential-pat-{VERSION}-{machine}"));
        assert_eq!(fs::read_dir(sandbox.path("manifests")).unwrap().count(), 0, "{ran}");
    }
}

#[test]
fn the_notes_are_those_of_the_tags_version() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path(".github/release")).unwrap();
    let notes = sandbox.path(".github/release/notes.sh");
    fs::copy(Path::new(ROOT).join(".github/release/notes.sh"), &notes).unwrap();
    fs::write(sandbox.path("Cargo.toml"), "[package]\nversion = \"1.2.0\"\n").unwrap();
    let changelog = |text: &str| fs::write(sandbox.path("CHANGELOG.md"), text).unwrap();
    // This rustc only says its version.
    let rustc = sandbox.path("rustc");
    fs::write(&rustc, "#!/bin/sh\necho rustc 1.99.0\n").unwrap();
    fs::set_permissions(&rustc, fs::Permissions::from_mode(0o755)).unwrap();
    let run = |tag: &str| {
        let line = format!("PATH=$HOME:$PATH; exec .github/release/notes.sh {tag}");
        sandbox.run("sh", &["-c", &line], b"")
    };
    changelog(
        "# Changelog\n\n## Unreleased\n\n- new\n\n## 1.2.0 - 2026-12-01\n\n- this\n\n## 1.1.0\n- old\n",
    );
    run("v1.2.0").prints("\n- this\n\nBuilt with rustc 1.99.0.\n");
    run("v1.3.0").fails(1, "the tag is not the version of Cargo.toml, v1.2.0");
    run("1.2.0").fails(1, "the tag is not the version");
    changelog("# Changelog\n\n## Unreleased\n\n- new\n");
    run("v1.2.0").fails(1, "CHANGELOG.md has no part '## 1.2.0'");
}

/// Returns the jobs of the workflow that makes a release, by name.
fn jobs() -> BTreeMap<String, String> {
    let workflow = fs::read_to_string(Path::new(ROOT).join(".github/workflows/release.yml"));
    let workflow = workflow.unwrap();
    let (head, jobs) = workflow.split_once("\njobs:\n").unwrap();
    assert!(head.contains("\npermissions: {}\n") && !head.contains("\nenv:"), "{head}");
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut name = String::new();
    for line in jobs.lines().filter(|line| !line.trim_start().starts_with('#')) {
        if line.starts_with("  ") && !line.starts_with("   ") {
            line.trim().trim_end_matches(':').clone_into(&mut name);
        }
        found.entry(name.clone()).or_default().extend([line, "\n"]);
    }
    assert!(found.len() > 4, "{found:?}");
    found
}

/// Returns whether a job, or a step of it, has a right or a token that a stranger could use.
fn can_write(job: &str) -> bool {
    [": write", "environment:", "secrets.", "github.token", "outputs.token"]
        .iter()
        .any(|right| job.contains(right))
}

#[test]
fn a_release_that_is_started_by_hand_publishes_nothing() {
    let writing: Vec<(String, String)> =
        jobs().into_iter().filter(|(_, job)| can_write(job)).collect();
    let names: Vec<&str> = writing.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["crates-io", "publish"]);
    for (name, job) in &writing {
        let condition = job.lines().find_map(|line| line.strip_prefix("    if: ")).unwrap();
        let expected = "${{ github.event_name == 'push' && github.ref_type == 'tag' && ";
        assert!(
            condition.starts_with(expected) && !condition.contains("||"),
            "{name}: {condition}"
        );
    }
}

#[test]
fn nothing_is_compiled_where_a_release_could_be_written() {
    for (name, job) in jobs().iter().filter(|(_, job)| can_write(job)) {
        for line in job.lines().filter(|line| line.contains("cargo ")) {
            assert_eq!(line.trim(), "run: cargo publish --locked --no-verify", "{name}");
        }
        for script in [".github/release/", "tests/", "make ", "npm ", "pip "] {
            assert!(!job.contains(script), "{name} runs {script}");
        }
    }
    // The published crate was built before, in a job without a token.
    let jobs = jobs();
    let crate_job =
        jobs.values().find(|job| job.contains("run: cargo package --locked\n")).unwrap();
    assert!(!can_write(crate_job), "{crate_job}");
    assert!(jobs["publish"].contains("needs: [assemble, crate]\n"), "{}", jobs["publish"]);
}

#[test]
fn an_archive_depends_on_names_and_contents_alone() {
    let sandbox = Sandbox::new();
    let pack = Path::new(ROOT).join(".github/release/pack.py");
    for format in ["tar.gz", "zip"] {
        let mut packed = Vec::new();
        for (place, names, mode) in [("one", ["b", "a"], 0o644), ("other", ["a", "b"], 0o600)] {
            let folder = sandbox.path(place).join(format).join("name");
            fs::create_dir_all(&folder).unwrap();
            for name in [names[0], names[1], "git-credential-pat"] {
                fs::write(folder.join(name), name).unwrap();
                fs::set_permissions(folder.join(name), fs::Permissions::from_mode(mode)).unwrap();
            }
            let archive = folder.with_file_name(format!("packed.{format}"));
            let args = [&pack, &folder, &archive].map(|path| path.to_str().unwrap());
            let ran = sandbox.run(
                program("python3", "python3"),
                &[&args[..], &["1700000000"]].concat(),
                b"",
            );
            assert!(ran.status.success(), "{ran}");
            packed.push(fs::read(archive).unwrap());
        }
        assert!(packed[0] == packed[1], "two {format} differ");
    }
    let list = sandbox.run("tar", &["-tvf", "one/tar.gz/packed.tar.gz"], b"").stdout();
    assert!(
        list.contains("-rwxr-xr-x root/root") && list.contains("name/git-credential-pat"),
        "{list}"
    );
}
