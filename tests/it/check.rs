//! `check`: a forge's API and git's own transport are asked about a token, over TLS, at a host
//! that answers as the real ones do. What is meant ill stands in `attacks`.

mod as_described;
mod at_git;
mod at_gitlab;
mod at_import;
mod at_login;
mod at_many;
mod at_proxy;
mod at_rest;
mod attacks;
mod keeping;
mod programs;

use crate::support::home::Home;
use crate::support::sandbox::Ran;
use crate::support::tunnel::Tunnel;
use serde_json::Value;

/// A token that GitLab gave out, by its beginning.
pub const GLPAT: &str = "glpat-TESTONLYTESTONLYTEST";

impl Home {
    /// With a git host that is a forge as well, and this token of alice's for it.
    pub fn with_forge(token: &str) -> Self {
        let desk = Self::bare().with_git_host();
        desk.server().set_token("alice", token);
        desk.keep("", "alice", token);
        desk
    }

    /// With a proxy, too, that leads the forges' own names to that host.
    pub fn with_named_forges(token: &str) -> (Self, Tunnel) {
        let mut desk = Self::with_forge(token);
        let [first, ..] = desk.server().ports();
        let names = crate::support::forge::NAMES.map(|name| (name.to_owned(), first));
        let own = (desk.server().names()[0].clone(), first);
        let tunnel = Tunnel::new([&names[..], &[own]].concat());
        desk.set("https_proxy", &tunnel.address());
        (desk, tunnel)
    }

    /// Keeps a token for a part of the host.
    #[track_caller]
    pub fn keep(&self, path: &str, username: &str, token: &str) {
        self.keep_at(&self.url(path), username, token);
    }

    /// Keeps a token for this place.
    #[track_caller]
    pub fn keep_at(&self, url: &str, username: &str, token: &str) {
        let words = ["login", "--with-token", "--offline", "--replace", "--username", username];
        let ran = self.sandbox.helper(&[&words[..], &[url]].concat(), token);
        assert!(ran.status.success(), "{ran}");
    }

    /// Runs `check` with these words, as `ask` does.
    pub fn check(&self, words: &[&str]) -> Ran {
        self.ask("check", words)
    }

    /// Runs a command that asks forges with these words, in which `HOST` is the host; with much
    /// time, for a machine that is busy, unless they say how much.
    pub fn ask(&self, command: &str, words: &[&str]) -> Ran {
        let patience = ["--timeout", "60s"];
        let is_said = words.contains(&"--timeout");
        let words = [if is_said { &[][..] } else { &patience }, words].concat();
        let words: Vec<String> = words.iter().map(|word| self.fill(word)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.sandbox.helper(&[&[command], &words[..]].concat(), "")
    }

    /// What `check --json` says of the only account; nothing else is said.
    #[track_caller]
    pub fn checked(&self, words: &[&str]) -> Value {
        let ran = self.check(&[&["--json"], words].concat());
        let all: Value =
            serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran}"));
        assert!(ran.stderr.is_empty() && all.as_array().is_some_and(|a| a.len() == 1), "{ran}");
        let one = all[0].clone();
        let is_well = one["state"] == "good" || one["state"] == "unknown" && is_unasked(&one);
        assert_eq!(ran.status.code(), Some(i32::from(!is_well)), "{ran}");
        one
    }
}

fn is_unasked(one: &Value) -> bool {
    let unasked = ["no-forge", "offline", "other-forge", "no-api", "no-way", "spared", "no-curl"];
    unasked.iter().any(|word| one["reason"] == *word)
}

/// Some of what was said, in one line.
#[track_caller]
pub fn some(one: &Value, names: &[&str]) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    names.iter().map(|name| text(&one[name])).collect::<Vec<_>>().join(" ")
}
