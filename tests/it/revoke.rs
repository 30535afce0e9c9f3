//! `revoke`: a token ends at its forge, which is asked over TLS and answers as the real ones do, and
//! only then here.

mod accounts;
mod at_forges;
mod breach;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod memory;
mod outcomes;
mod safety;

use crate::support::home::Home;
use crate::support::sandbox::Ran;
use crate::support::tunnel::Tunnel;

pub use crate::check::GLPAT;

/// A classic token of GitHub's, by its form alone.
pub const GHP: &str = "ghp_TESTONLYaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

impl Home {
    /// Runs `revoke` with these words, in which `HOST` is the host; with much time, for a machine
    /// that is busy, unless they say how much.
    pub fn revoke(&self, words: &[&str]) -> Ran {
        let patience = ["--timeout", "60s"];
        let is_said = words.contains(&"--timeout");
        let words = [if is_said { &[][..] } else { &patience }, words].concat();
        let words: Vec<String> = words.iter().map(|word| self.fill(word)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.sandbox.helper(&[&["revoke"], &words[..]].concat(), "")
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

/// A home whose proxy leads the forges' own names to the git host.
fn with_names(token: &str) -> (Home, Tunnel) {
    let mut desk = Home::with_forge(token);
    let [first, ..] = desk.server().ports();
    let names = crate::support::forge::NAMES.map(|name| (name.to_owned(), first));
    let own = (desk.server().names()[0].clone(), first);
    let tunnel = Tunnel::new([&names[..], &[own]].concat());
    desk.set("https_proxy", &tunnel.address());
    (desk, tunnel)
}

/// Keeps a token at a forge's own name.
#[track_caller]
fn keep_at(desk: &Home, url: &str, username: &str, token: &str) {
    let words = ["login", "--with-token", "--offline", "--replace", "--username", username, url];
    let ran = desk.sandbox.helper(&words, token);
    assert!(ran.status.success(), "{ran}");
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
