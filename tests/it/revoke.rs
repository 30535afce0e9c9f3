//! `revoke`: a token ends at its forge, which is asked over TLS and answers as the real ones do, and
//! only then here.

mod accounts;
mod at_forges;
mod breach;
#[cfg(target_arch = "x86_64")]
mod kills;
#[cfg(target_arch = "x86_64")]
mod memory;
mod outcomes;
mod safety;

use crate::support::home::Home;
use crate::support::sandbox::Ran;

pub use crate::check::GLPAT;

/// A classic token of GitHub's, by its form alone.
pub const GHP: &str = "ghp_TESTONLYaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

impl Home {
    /// Runs `revoke` with these words, as `ask` does.
    pub fn revoke(&self, words: &[&str]) -> Ran {
        self.ask("revoke", words)
    }

    /// The usernames and states of the accounts here, in order: `alice ready`.
    pub fn kept(&self) -> Vec<String> {
        let ran = self.sandbox.helper(&["list", "--keychain", self.keychain, "--json"], "");
        let rows: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("JSON");
        let rows = rows.as_array().expect("rows").iter();
        rows.map(|row| {
            let text = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
            format!("{} {}", text("username"), text("state"))
        })
        .collect()
    }
}

/// Expects this end, and these words on stderr.
#[track_caller]
pub fn says(ran: &Ran, status: i32, texts: &[&str]) {
    assert_eq!(ran.status.code(), Some(status), "{ran}");
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    for text in texts {
        assert!(said.contains(text), "{text:?} is not in:\n{ran}");
    }
    for secret in ["TESTONLYTEST", "TESTONLYaaa"] {
        assert!(!said.contains(secret) && !ran.stdout().contains(secret), "{ran}");
    }
}
