//! The reason why git did not do what it was asked, as our errors have it, and git's own words.
//!
//! git's words may quote a key or a value of its configuration, and these may hold a token. So the
//! error itself has the reason alone, and the words are cleaned where they come in: quoted text is
//! left out, and so is every line with a name before a host or with the form of a token.

use super::entries::Entries;
use crate::context::escape;
use crate::error::{Error, GitTrouble};
use crate::forge;
use crate::said;
use crate::terminal;
use std::env;
use std::io;
use std::process::Output;

/// See the [module](self).
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Failed {
    pub(crate) trouble: GitTrouble,
    /// git's words, without what may be a secret; empty for none.
    pub(crate) words: String,
}

impl Failed {
    /// Returns the failure of a git that did not start.
    pub(super) fn to_start(_: &io::Error) -> Self {
        Self { trouble: GitTrouble::Missing, words: String::new() }
    }

    /// Returns the failure of a git that ended with an error when it read its configuration.
    pub(super) fn to_read(output: &Output, scope: &str) -> Self {
        let trouble = match output.status.code() {
            Some(NO_ACCESS) if lacks_home(scope) => GitTrouble::NoHome,
            Some(NO_ACCESS) if scope == "--local" && is_readable() => GitTrouble::NoRepository,
            _ => GitTrouble::Unreadable,
        };
        Self { trouble, words: cleaned(&output.stderr) }
    }

    /// Returns the failure of a git that ended with an error when it changed its configuration.
    pub(super) fn to_change(output: &Output, scope: &str) -> Self {
        let trouble = match output.status.code() {
            Some(NO_LOCK) => GitTrouble::Unlockable,
            Some(NO_WRITE) => GitTrouble::Unwritable,
            Some(INVALID_FILE) => GitTrouble::Unreadable,
            Some(NO_ACCESS) if lacks_home(scope) => GitTrouble::NoHome,
            Some(NO_ACCESS) if !is_readable() => GitTrouble::Unreadable,
            Some(NO_ACCESS) if scope == "--local" => GitTrouble::NoRepository,
            _ => GitTrouble::Unchanged,
        };
        Self { trouble, words: cleaned(&output.stderr) }
    }

    /// Says git's words on stderr. Returns the error for the rest.
    pub(crate) fn tell(self) -> Error {
        if !self.words.is_empty() {
            terminal::say("git", &self.words);
        }
        self.trouble.into()
    }
}

/// The exit status of `git config` for an invalid file, see git-config(1).
const INVALID_FILE: i32 = 3;
/// The exit status for a file that cannot be written.
const NO_WRITE: i32 = 4;
/// The exit status for a file that cannot be locked: -1, of which eight bits remain.
const NO_LOCK: i32 = 255;
/// The exit status where git gives up, whatever the reason.
const NO_ACCESS: i32 = 128;

/// Returns whether git would write the user's own configuration and cannot know where that is.
fn lacks_home(scope: &str) -> bool {
    scope == "--global" && ["HOME", "GIT_CONFIG_GLOBAL"].iter().all(|n| env::var_os(n).is_none())
}

fn is_readable() -> bool {
    Entries::read().is_ok()
}

/// Returns git's words on one line that moves nothing, without what may be a secret.
pub(super) fn cleaned(words: &[u8]) -> String {
    said::capped(&escape(without_values(words).as_bytes()))
}

/// Returns git's words on one line, without its configuration's keys and values.
pub(super) fn without_values(words: &[u8]) -> String {
    let words = String::from_utf8_lossy(words);
    let lines = words.lines().filter(|line| !may_hold_secret(line)).map(without_quoted);
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

fn may_hold_secret(line: &str) -> bool {
    let authority = |rest: &str| rest.split(['/', ' ']).next().is_some_and(|a| a.contains('@'));
    line.split("://").skip(1).any(authority) || forge::is_token(line.as_bytes())
}

/// Returns a line without git's word for how bad it is, and without the quoted text: a key or a
/// value.
fn without_quoted(line: &str) -> String {
    const QUOTES: [char; 9] =
        ['\'', '"', '`', '\u{ab}', '\u{bb}', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201e}'];
    let line = line.trim();
    let bare = ["fatal: ", "error: ", "warning: "].iter().find_map(|word| line.strip_prefix(word));
    let line = bare.unwrap_or(line);
    match (line.find(QUOTES), line.rfind(QUOTES)) {
        (Some(first), Some(last)) => {
            let rest = line[last..].trim_start_matches(QUOTES);
            format!("{}…{rest}", &line[..first])
        }
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::cleaned;

    #[test]
    fn gits_reason_is_on_one_line() {
        for (words, said) in [
            (
                "error: could not lock config file /home/a/.gitconfig: File exists\n",
                "could not lock config file /home/a/.gitconfig: File exists",
            ),
            ("fatal: bad config line 3 in file /c\n", "bad config line 3 in file /c"),
            (
                "warning: unable to access '/c': Permission denied\nfatal: $HOME not set\n",
                "unable to access …: Permission denied; $HOME not set",
            ),
            ("fatal: a\u{1b}[31m\u{7}b\n\n", "a%1B[31m%07b"),
            ("", ""),
        ] {
            assert_eq!(cleaned(words.as_bytes()), said);
        }
        assert!(cleaned("x".repeat(10_000).as_bytes()).chars().count() <= 301);
    }

    #[test]
    fn no_value_of_the_configuration_is_repeated() {
        for words in [
            "fatal: bad boolean config value 'TESTONLY' for 'credential.usehttppath'\n",
            "fatal: bad numeric config value 'it's TESTONLY' for 'a.b' in file /c: no unit\n",
            "Fataler Fehler: \u{201e}TESTONLY\u{201c} ist falsch\n",
            "error: invalid key: credential.https://a:TESTONLY@h.example.helper\n",
            "error: invalid key: url.https://TESTONLY@h.example/.insteadof\n",
            "error: cannot take ghp_TESTONLY0123456789abcdef\n",
        ] {
            assert!(!cleaned(words.as_bytes()).contains("TESTONLY"), "{words}");
        }
    }
}
