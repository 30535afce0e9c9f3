//! `rotate`: a new token in the place of an account's, from a forge that gives it for the old one
//! and takes a second request for a thief's.

mod at_once;
mod ends;
#[cfg(target_arch = "x86_64")]
mod kills;
mod lost;
mod open;
mod others;
#[cfg(target_arch = "x86_64")]
mod residue;

use crate::check::GLPAT;
use crate::support::home::Home;
use crate::support::sandbox::Ran;
use serde_json::{Value, json};
use std::time::SystemTime;

/// What was said on standard error.
pub fn said(ran: &Ran) -> String {
    String::from_utf8_lossy(&ran.stderr).into_owned()
}

/// The name by which the forge knows the account's token.
pub const OLD: &str = "old";

impl Home {
    /// With a GitLab that knows alice's token.
    pub fn with_gitlab() -> Self {
        let desk = Self::with_forge(GLPAT);
        desk.begins_anew();
        desk
    }

    /// Makes everything as it was before any rotation.
    pub fn begins_anew(&self) {
        let forge = self.server().forge();
        forge.begin_anew();
        forge.knows(OLD, GLPAT, json!({ "scopes": ["api"], "expires": "2099-01-31" }));
        forge.unset("issuing");
        forge.unset("fault");
        self.server().set_token("alice", GLPAT);
        self.keep("", "alice", GLPAT);
    }

    /// Runs `rotate` with these words, in which `HOST` is the host, at a GitLab.
    pub fn rotate(&self, words: &[&str]) -> Ran {
        let words: Vec<String> = words.iter().map(|word| self.fill(word)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.sandbox.helper(&[&["rotate", "--forge", "gitlab"], &words[..]].concat(), "")
    }

    /// Makes the note of the account's rotation so many seconds old.
    #[track_caller]
    pub fn note_is_of(&self, seconds: u64) {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        self.keys.edit(|content| {
            let lines = content.lines().map(|line| match line.split_once('=') {
                Some(("rotating_at", _)) => format!("rotating_at={}\n", since - seconds),
                _ => format!("{line}\n"),
            });
            lines.collect()
        });
    }

    /// The only account, as `list --json` shows it.
    #[track_caller]
    pub fn listed_account(&self) -> Value {
        let ran = self.sandbox.helper(&["list", "--json", "--keychain", self.keychain], "");
        let rows: Value = serde_json::from_slice(&ran.stdout).unwrap();
        let host = format!("https://{}", self.server().host());
        let mut rows = rows.as_array().unwrap().iter().filter(|row| row["context"] == *host);
        rows.next().expect("the account").clone()
    }

    /// The token that git is given for alice.
    #[track_caller]
    pub fn token_for_git(&self) -> String {
        let request = format!("protocol=https\nhost={}\nusername=alice\n\n", self.host);
        let answer = self.operation("get", request).stdout();
        let token = answer.lines().find_map(|line| line.strip_prefix("password="));
        token.unwrap_or_default().to_owned()
    }
}
