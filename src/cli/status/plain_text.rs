//! Tokens that lie about in plain text: the file of git's `store`, `.netrc`, and URLs in git's
//! configuration. They are counted, never shown.

use super::finding::{Finding, Mend, below_home, origin};
use super::places::url_holds_token;
use crate::forge;
use crate::git::entries::{Entries, Entry};
use crate::git::helper_line::{Helper, store_file};
use crate::git::words::typed;
use crate::private_file::{self, Links};
use std::env;
use std::io::Read;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The most that is read of a file, in bytes.
const MAX_FILE: u64 = 4 << 20;

pub(super) fn findings(entries: &Entries) -> Vec<Finding> {
    let mut findings = store_files(entries);
    findings.extend(netrc_files());
    findings.extend(urls(entries));
    findings
}

fn store_files(entries: &Entries) -> Vec<Finding> {
    let home = home();
    let config = variable("XDG_CONFIG_HOME").or_else(|| Some(home.as_ref()?.join(".config")));
    let usual =
        [home.map(|home| home.join(".git-credentials")), config.map(|c| c.join("git/credentials"))];
    let mut files: Vec<(PathBuf, bool)> =
        usual.into_iter().flatten().map(|file| (file, true)).collect();
    for entry in entries.named("credential", "helper") {
        if matches!(Helper::parse(&entry.value), Helper::Other(name) if name == "store")
            && let Some(file) = store_file(&entry.value).filter(|file| file.is_absolute())
            && files.iter().all(|(known, _)| *known != file)
        {
            files.push((file, false));
        }
    }
    let finding = |(file, is_usual): &(PathBuf, bool)| {
        let content = read(file)?;
        let count = content.lines().filter(|line| url_holds_token(line)).count();
        let source = if *is_usual { "store".to_owned() } else { source("store", file) };
        about_file(file, count, &source)
    };
    files.iter().filter_map(finding).collect()
}

fn netrc_files() -> Vec<Finding> {
    let Some(home) = home() else { return Vec::new() };
    let usual = if cfg!(windows) { "_netrc" } else { ".netrc" };
    let finding = |name: &str| {
        let file = home.join(name);
        let content = read(&file)?;
        let words = content.split_whitespace();
        let count = words.filter(|word| *word == "password" || *word == "passwd").count();
        let source = if name == usual { "netrc".to_owned() } else { source("netrc", &file) };
        about_file(&file, count, &source)
    };
    [".netrc", "_netrc"].into_iter().filter_map(finding).collect()
}

fn about_file(file: &Path, count: usize, source: &str) -> Option<Finding> {
    let count = match count {
        0 => return None,
        1 => "a token lies".to_owned(),
        count => format!("{count} tokens lie"),
    };
    let what = format!("{count} in plain text in {}", below_home(&file.to_string_lossy()));
    Some(Finding::wrong("plain-text-file", what, import(source)))
}

fn urls(entries: &Entries) -> Vec<Finding> {
    let mut findings = Vec::new();
    let remotes = entries.named("remote", "url").chain(entries.named("remote", "pushurl"));
    let mut in_remotes: Vec<&str> =
        remotes.filter(|e| url_holds_token(&e.value)).map(|e| e.subsection.as_str()).collect();
    in_remotes.sort_unstable();
    in_remotes.dedup();
    for remote in in_remotes {
        let remote = crate::context::escape(remote.as_bytes());
        let what = format!("a token lies in plain text in the URL of the remote {remote}");
        findings.push(Finding::wrong("token-in-url", what, import("remotes")));
    }
    let is_token = |entry: &&Entry| forge::is_token(entry.value.as_bytes());
    for entry in entries.named("credential", "username").filter(is_token) {
        let what = format!("a token lies in plain text as a username in {}", origin(entry));
        findings.push(Finding::wrong("token-as-username", what, Mend::edit(entry)));
    }
    // Here the token may be on either side, and the setting's name cannot be typed.
    let rewritten = entries.named("url", "insteadof").chain(entries.named("url", "pushinsteadof"));
    let holds =
        |entry: &&Entry| url_holds_token(&entry.subsection) || url_holds_token(&entry.value);
    for entry in rewritten.filter(holds) {
        let what =
            format!("a token lies in plain text in a url.*.insteadOf section of {}", origin(entry));
        let finding = Finding::wrong("token-in-url", what, Mend::edit(entry));
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    findings
}

fn import(source: &str) -> Mend {
    Mend::ours(&format!("import --from {source} --remove --yes"))
}

fn source(kind: &str, file: &Path) -> String {
    typed(&[kind.as_bytes(), b"=", file.as_os_str().as_encoded_bytes()].concat())
}

/// A file's text; nothing where there is none, or where it is not one's own to read.
fn read(path: &Path) -> Option<Zeroizing<String>> {
    let file = private_file::open(path, Links::Followed).ok()?;
    let mut content = Zeroizing::new(Vec::new());
    file.take(MAX_FILE).read_to_end(&mut content).ok()?;
    Some(Zeroizing::new(String::from_utf8_lossy(&content).into_owned()))
}

fn home() -> Option<PathBuf> {
    variable(if cfg!(windows) { "USERPROFILE" } else { "HOME" })
}

fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
}
