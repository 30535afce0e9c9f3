//! The rules that keep the sources in order, checked on the sources themselves.

use crate::support::beginnings::beginnings;
use git_credential_pat::keychain::Kind;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Returns every text that is written by hand, with its path.
fn sources() -> Vec<(PathBuf, String)> {
    let mut paths: Vec<PathBuf> = [
        "src",
        "tests",
        "benches",
        "docs",
        "examples",
        ".ci",
        ".github",
        "install.sh",
        "install.ps1",
    ]
    .map(PathBuf::from)
    .into();
    let pages = fs::read_dir(ROOT).unwrap().map(|entry| PathBuf::from(entry.unwrap().file_name()));
    paths.extend(pages.filter(|page| page.extension().is_some_and(|e| e == "md" || e == "toml")));
    let mut sources = Vec::new();
    while let Some(path) = paths.pop() {
        let full = Path::new(ROOT).join(&path);
        if full.is_dir() {
            paths.extend(fs::read_dir(full).unwrap().map(|e| path.join(e.unwrap().file_name())));
        } else if let Ok(text) = fs::read_to_string(full)
            && path.file_name().is_some_and(|n| n != "Cargo.lock" && n != "package-lock.json")
        {
            sources.push((path, text));
        }
    }
    assert!(sources.len() > 20, "the sources were not found");
    sources
}

fn rust_sources() -> impl Iterator<Item = (PathBuf, String)> {
    sources().into_iter().filter(|(path, _)| path.extension().is_some_and(|e| e == "rs"))
}

/// Returns `1.89`, `1.89.0` or `1.89.1` as numbers that compare: the first two are equal.
fn version(text: &str) -> [u32; 3] {
    let mut parts = text.split('.').map(|part| part.parse().unwrap());
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

#[test]
fn every_dependency_builds_with_the_rust_version_that_we_promise() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--offline"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(ROOT)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let ours = packages.iter().find(|p| p["name"] == env!("CARGO_PKG_NAME")).unwrap();
    let ours = version(ours["rust_version"].as_str().unwrap());
    let newer: Vec<String> = packages
        .iter()
        .filter(|p| p["rust_version"].as_str().is_some_and(|v| version(v) > ours))
        .map(|p| format!("{} {} needs {}", p["name"], p["version"], p["rust_version"]))
        .collect();
    assert!(newer.is_empty(), "{newer:#?}");
}

#[test]
fn every_dependency_says_why_it_is_there() {
    let manifest = read("Cargo.toml");
    let mut in_dependencies = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            in_dependencies = line.ends_with("dependencies]");
        } else if in_dependencies && line.contains('=') && !line.starts_with('#') {
            assert!(line.contains(" # "), "no reason: {line}");
        }
    }
}

#[test]
fn no_file_is_longer_than_a_reader_holds_in_mind() {
    for (path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= 550, "{} has {lines} lines", path.display());
    }
}

#[test]
fn every_module_opens_with_why_it_exists() {
    for (path, text) in rust_sources() {
        assert!(text.starts_with("//! "), "{}", path.display());
    }
}

#[test]
fn names_say_what_they_mean() {
    let glob = ["use super", "::*"].concat();
    for (path, text) in rust_sources() {
        assert!(!text.contains(&glob), "{} imports what it does not name", path.display());
        let name = path.file_stem().unwrap().to_str().unwrap();
        let empty = ["util", "utils", "common", "helpers", "misc", "types"];
        assert!(!empty.contains(&name), "{} says nothing", path.display());
    }
}

#[test]
fn only_the_room_of_git_starts_git() {
    let starts = ["Command::new(\"", "git\")"].concat();
    let mut found = Vec::new();
    for (path, text) in rust_sources().filter(|(path, _)| path.starts_with("src")) {
        if text.contains(&starts) {
            found.push(path);
        }
    }
    let is_its = |path: &PathBuf| path == Path::new("src/git.rs") || path.starts_with("src/git");
    assert!(!found.is_empty() && found.iter().all(is_its), "{found:?}");
}

#[test]
fn tokens_in_the_sources_are_marked_as_tests() {
    let beginnings: Vec<String> = beginnings().into_iter().flat_map(|(_, rows)| rows).collect();
    assert!(beginnings.len() > 20, "{beginnings:?}");
    for (path, text) in sources() {
        for beginning in &beginnings {
            for (at, _) in text.match_indices(beginning) {
                let rest = &text[at + beginning.len()..];
                let body = rest.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap();
                let is_word = body.bytes().all(|b| b.is_ascii_lowercase());
                assert!(
                    body.len() < 8 || is_word || body.starts_with("TESTONLY"),
                    "{}: {beginning}{body}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn every_part_of_the_manual_that_a_message_names_is_there() {
    let manual = read("src/cli/git-credential-pat.1") + &read("src/cli/man/tasks.1");
    let manual = manual + &read("src/cli/man/vault.1");
    let mut named = 0;
    for (path, text) in rust_sources().filter(|(path, _)| path.starts_with("src")) {
        for (at, _) in text.match_indices(" in: git credential-pat --help") {
            let section = text[..at].rsplit("see ").next().unwrap();
            let heading = format!(".SH {section}\n");
            assert!(manual.contains(&heading), "{} names {section}", path.display());
            named += 1;
        }
    }
    assert!(named > 2);
}

/// The anchor that a heading has on the web.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_link_of_a_page_leads_somewhere() {
    let mut links = 0;
    let is_page = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    for (path, text) in sources().into_iter().filter(|(path, _)| is_page(path)) {
        for rest in text.split("](").skip(1) {
            let link = rest.split(')').next().unwrap();
            if link.contains("://") {
                continue;
            }
            let (file, part) = link.split_once('#').unwrap_or((link, ""));
            let target = path.parent().unwrap().join(file);
            assert!(Path::new(ROOT).join(&target).exists(), "{}: {link}", path.display());
            let is_there = |line: &str| line.starts_with('#') && anchor(line) == part;
            let has_part = || read(target.to_str().unwrap()).lines().any(is_there);
            assert!(part.is_empty() || has_part(), "{}: {link}", path.display());
            links += 1;
        }
    }
    assert!(links > 30, "{links} links");
}

#[test]
fn the_pages_name_what_is_there() {
    let readme = read("README.md");
    for command in ["./install.sh", "tests/run.sh", "git credential-pat login"] {
        assert!(readme.contains(command), "README.md does not name {command}");
    }
    assert!(read("CHANGELOG.md").contains("## Unreleased"));
    // Every file that SECURITY.md names as a proof exists.
    let is_source = |word: &&str| Path::new(word).extension().is_some_and(|e| e == "rs");
    for named in read("SECURITY.md").split('`').filter(is_source) {
        let whole = ["src/", "tests/"].iter().any(|folder| named.starts_with(folder));
        let folder = if whole { "" } else { "tests/it/" };
        read(&format!("{folder}{named}"));
    }
    let page = read("docs/keychains.md");
    for kind in Kind::ALL {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{}` |", kind.name())));
        let row = row.unwrap_or_else(|| panic!("{page} has no row for {}", kind.name()));
        let end = if kind.outlives_reboot() { "| still there |" } else { "| gone |" };
        assert!(row.ends_with(end), "{row}");
    }
    let mut tests = 0;
    for named in read("SECURITY.md").split('`') {
        let Some((module, test)) = named.rsplit_once("::") else { continue };
        let source = read(&format!("tests/it/{}.rs", module.replace("::", "/")));
        assert!(source.contains(&format!("fn {test}() {{")), "SECURITY.md: no test {named}");
        tests += 1;
    }
    assert!(tests > 20, "SECURITY.md names {tests} tests");
    for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
        assert!(!read(licence).is_empty());
    }
}
