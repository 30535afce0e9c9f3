//! Nothing remains of a token that is revoked: not in memory, not in a file, not on a stream but
//! the one to curl.

use crate::support::home::Home;
use crate::support::release::release_binary;
use crate::support::residue::Needles;
use crate::support::tracee::{Seen, watch};
use serde_json::{Value, json};

const PAT: &str = "glpat-TESTONLYqW3xT9kVbN2mRf7Lz";
const CLASSIC: &str = "ghp_TESTONLYqW3xT9kVbN2mRf7LzY5pJd8Ca1Hg";

#[track_caller]
fn leaves_nothing(token: &str, more: Value, words: &[&str], status: i32) -> Seen {
    let desk = Home::with_forge(token);
    desk.server().forge().knows("alices", token, more);
    let mut command = desk.sandbox.command(release_binary());
    command.args(["revoke", "--timeout", "60s", "--yes"]);
    command.args(words.iter().map(|word| desk.fill(word)));
    command.envs([("RUST_BACKTRACE", "full"), ("RUST_LOG", "trace")]);
    let seen = watch(&command, b"", &Needles::new(&[token.as_bytes()]));
    assert_eq!(seen.status, status, "{seen}");
    assert!(seen.residue.is_empty() && seen.unprotected.is_empty(), "{seen}");
    let is_wrong = |to: &&String| ["stdout", "stderr", "socket"].contains(&to.as_str());
    assert!(!seen.written_to.iter().any(|to| is_wrong(&to) || to.starts_with('/')), "{seen}");
    seen
}

#[test]
fn nothing_is_left_of_a_token_that_is_dead() {
    let scopes = json!({ "scopes": ["api"] });
    leaves_nothing(PAT, scopes.clone(), &["--forge", "gitlab", "https://HOST"], 0);
    let oauth = json!({ "scopes": ["api"], "oauth": true });
    leaves_nothing(PAT, oauth, &["--forge", "gitlab", "https://HOST"], 0);
    // The body holds the token, too.
    leaves_nothing(CLASSIC, scopes, &["--forge", "github", "https://HOST"], 0);
}

#[test]
fn nothing_is_left_of_a_token_that_lives_on() {
    let never = json!({ "scopes": ["api"], "dies_at": "never" });
    let words = ["--breach", "--forge", "gitlab", "https://HOST"];
    leaves_nothing(PAT, never, &words, 1);
}
