//! A finding is something that is wrong, or that should be known, with what mends it.

use crate::forge;
use crate::git::entries::Entry;
use crate::git::helper_line;
use crate::git::words::typed;
use crate::terminal;
use serde_json::{Value, json};
use std::env;
use std::path::PathBuf;

/// A finding, see the [module](self). It holds no token and no part of a URL that may be one.
#[derive(PartialEq, Eq)]
pub(in crate::cli) struct Finding {
    /// Its name for programs, such as `plain-text-helper`, which does not change.
    pub(super) id: &'static str,
    /// Whether it is wrong, and no mere note.
    pub(in crate::cli) wrong: bool,
    /// What was found, in a sentence.
    pub(in crate::cli) what: String,
    pub(in crate::cli) mend: Mend,
}

/// The way to mend a finding.
#[derive(PartialEq, Eq)]
pub(in crate::cli) enum Mend {
    /// A command, as it is typed.
    Command(String),
    /// The thing that a person can do, where no command does it.
    Advice(String),
    /// Nothing needs to be done.
    Nothing,
}

impl Finding {
    /// Makes a finding of something that is wrong.
    pub(super) fn wrong(id: &'static str, what: impl Into<String>, mend: Mend) -> Self {
        Self { id, wrong: true, what: what.into(), mend }
    }

    /// Makes a note of something that should be known.
    pub(super) fn note(id: &'static str, what: impl Into<String>, mend: Mend) -> Self {
        Self { id, wrong: false, what: what.into(), mend }
    }

    /// Says the finding on stderr, after the text `place`, and how to mend it.
    pub(in crate::cli) fn say(&self, command: &str, place: &str) {
        terminal::say(command, &format!("{place}{}", self.what));
        if let Mend::Command(mend) | Mend::Advice(mend) = &self.mend {
            terminal::hint(mend);
        }
    }

    pub(super) fn to_json(&self) -> Value {
        let (command, advice) = match &self.mend {
            Mend::Command(command) => (Some(command), None),
            Mend::Advice(advice) => (None, Some(advice)),
            Mend::Nothing => (None, None),
        };
        json!({
            "id": self.id,
            "wrong": self.wrong,
            "what": self.what,
            "command": command,
            "advice": advice,
        })
    }
}

impl Mend {
    /// Makes a mend of one of our own commands.
    pub(super) fn ours(words: &str) -> Self {
        Self::Command(format!("{} {words}", this_command()))
    }

    /// Makes a mend that removes the matching lines of this setting from its file.
    pub(super) fn unset(entry: &Entry, pattern: &str) -> Self {
        let Some(place) = location(entry) else {
            return Self::Advice(format!("it is set by {}", origin(entry)));
        };
        let Some(key) = entry.key() else {
            // The setting's name cannot be shown, so it cannot be typed either.
            return Self::Command(format!("git config {place} --edit"));
        };
        let (key, pattern) = (typed(&key), typed(pattern));
        Self::Command(format!("git config {place} --unset-all {key} {pattern}"))
    }

    /// Makes a mend that opens the file of this setting.
    pub(super) fn edit(entry: &Entry) -> Self {
        match location(entry) {
            Some(place) => Self::Command(format!("git config {place} --edit")),
            None => Self::Advice(format!("it is set by {}", origin(entry))),
        }
    }
}

/// Returns the words by which a person runs this program.
pub(in crate::cli) fn this_command() -> String {
    if helper_line::by_name().is_some() {
        return "git credential-pat".to_owned();
    }
    let path = helper_line::this_path().unwrap_or_else(|| crate::terminal::NAME.into());
    typed(path.as_os_str().as_encoded_bytes())
}

/// Returns for people where a line of git's configuration is.
pub(in crate::cli) fn origin(entry: &Entry) -> String {
    match (entry.scope.as_str(), entry.file()) {
        ("command", _) => "the command line or the environment".to_owned(),
        (_, Some(file)) => below_home(file),
        (scope, None) => format!("git's {scope} configuration"),
    }
}

/// Returns a path for people, which begins with `~` below the home folder. Tokens in it are hidden.
pub(super) fn below_home(path: &str) -> String {
    let path = crate::context::escape(forge::shown(path).as_bytes());
    let home = env::var("HOME").unwrap_or_default();
    let home = home.trim_end_matches('/');
    let rest = path.strip_prefix(home).filter(|_| !home.is_empty());
    match rest.and_then(|rest| rest.strip_prefix('/')) {
        Some(rest) => format!("~/{rest}"),
        None => path,
    }
}

/// Returns the option of `git config` that leads to the file of a line, or nothing where the line
/// is in no file that this user may write.
pub(super) fn location(entry: &Entry) -> Option<String> {
    let file = entry.file().filter(|file| !file.contains(char::is_control))?;
    std::fs::File::options().append(true).open(file).ok()?;
    Some(match entry.scope.as_str() {
        "global" if global_file().is_some_and(|global| global.as_os_str() == file) => {
            "--global".to_owned()
        }
        "local" if file.ends_with(".git/config") => "--local".to_owned(),
        _ => format!("--file {}", typed(file)),
    })
}

/// Returns the file that `git config --global` writes.
fn global_file() -> Option<PathBuf> {
    if let Some(file) = env::var_os("GIT_CONFIG_GLOBAL") {
        return Some(file.into());
    }
    let home = PathBuf::from(env::var_os("HOME")?);
    let first = home.join(".gitconfig");
    if first.exists() {
        return Some(first);
    }
    let config = env::var_os("XDG_CONFIG_HOME").filter(|folder| !folder.is_empty());
    Some(config.map_or_else(|| home.join(".config"), PathBuf::from).join("git/config"))
}
