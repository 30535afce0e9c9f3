//! `rotate`: a new token in the place of an account's, from a forge that gives it for the old one
//! and takes a second request for a thief's.

mod ends;

use crate::check::GLPAT;
use crate::support::home::Home;
use crate::support::sandbox::Ran;
use serde_json::json;

/// The name by which the forge knows the account's token.
pub const OLD: &str = "old";

impl Home {
    /// With a GitLab that knows alice's token.
    pub fn with_gitlab() -> Self {
        let desk = Self::with_forge(GLPAT);
        let more = json!({ "scopes": ["api"], "expires": "2099-01-31" });
        desk.server().forge().knows(OLD, GLPAT, more);
        desk
    }

    /// Runs `rotate` with these words, in which `HOST` is the host, at a GitLab.
    pub fn rotate(&self, words: &[&str]) -> Ran {
        let words: Vec<String> = words.iter().map(|word| self.fill(word)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.sandbox.helper(&[&["rotate", "--forge", "gitlab"], &words[..]].concat(), "")
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
