//! A token that stands in the place of the username. Forges take it there, so people write it
//! there, and something else, or nothing, in the password's place:
//!
//! ```text
//! https://ghp_…@github.com                 the username alone
//! https://ghp_…:x-oauth-basic@github.com   GitHub's own word for it
//! https://ghp_…:x@github.com               anything
//! https://ghp_…:ghp_…@github.com           twice
//! ```
//!
//! Filed as it stands, the token would be a name, which lists and commands show.

use crate::context::Context;
use crate::forge;

/// What forges call the password that goes with a token in the username's place.
const NO_PASSWORD: &[u8] = b"x-oauth-basic";

/// How long a text is at least that stands in both places because it is a token, and not because
/// somebody's password is their name.
const NO_NAME: usize = 20;

/// Returns whether the token stands in the username's place, at this context if it is known.
pub(super) fn is_first(context: Option<&Context>, username: &[u8], password: &[u8]) -> bool {
    let recognised = context.and_then(|context| forge::recognise(context, username));
    // What has no beginning of its own is known at its own forge alone, by its length.
    let is_token = forge::is_token(username) || recognised.is_some_and(|r| !r.unmistakable);
    if username.is_empty() {
        false
    } else if password.eq_ignore_ascii_case(NO_PASSWORD) {
        true
    } else if password == username {
        is_token || recognised.is_some() || username.len() >= NO_NAME
    } else if password.len() == 1 {
        is_token || recognised.is_some()
    } else {
        is_token
    }
}

/// Returns whether the other place holds a token as well, and another one.
pub(super) fn are_two(username: &[u8], password: &[u8]) -> bool {
    password != username && forge::is_token(password)
}

#[cfg(test)]
mod tests {
    use super::{are_two, is_first};
    use crate::context::Context;

    const TOKEN: &str = "ghp_TESTONLYTESTONLYTESTONLY";

    #[test]
    fn a_token_is_known_in_the_usernames_place() {
        let hex = "0123456789abcdef0123456789abcdef01234567";
        for (host, username, password) in [
            ("github.com", TOKEN, ""),
            ("github.com", TOKEN, "x"),
            ("h.example", TOKEN, "x-oauth-basic"),
            ("h.example", TOKEN, "anything at all"),
            ("h.example", TOKEN, TOKEN),
            ("h.example", "glpat-TESTONLY", "x"),
            ("h.example", "glpat-TESTONLY", "glpat-TESTONLY"),
            ("h.example", "unknown", "X-OAuth-Basic"),
            ("h.example", "unknownbutfartoolongtobeone", "unknownbutfartoolongtobeone"),
            ("codeberg.org", hex, ""),
            ("codeberg.org", hex, "x"),
        ] {
            let context = Context::of_host(b"https", host.as_bytes()).expect("a host");
            let is_first = is_first(Some(&context), username.as_bytes(), password.as_bytes());
            assert!(is_first, "{username}:{password}@{host}");
        }
        assert!(is_first(None, TOKEN.as_bytes(), b""));
    }

    #[test]
    fn a_name_stays_a_name() {
        for (host, username, password) in [
            ("github.com", "", TOKEN),
            ("github.com", "", "x-oauth-basic"),
            ("github.com", "alice", TOKEN),
            ("github.com", "alice", "alice"),
            ("github.com", "x-access-token", TOKEN),
            ("huggingface.co", "hf_maier", ""),
            ("huggingface.co", "hf_maier", "hf_TESTONLYTESTONLY"),
            ("h.example", "0123456789abcdef0123456789abcdef01234567", ""),
        ] {
            let context = Context::of_host(b"https", host.as_bytes()).expect("a host");
            let is_first = is_first(Some(&context), username.as_bytes(), password.as_bytes());
            assert!(!is_first, "{username}:{password}@{host}");
        }
    }

    #[test]
    fn two_tokens_are_told_from_one_that_stands_twice() {
        assert!(are_two(TOKEN.as_bytes(), b"glpat-TESTONLYTESTONLY"));
        assert!(!are_two(TOKEN.as_bytes(), TOKEN.as_bytes()));
        assert!(!are_two(TOKEN.as_bytes(), b"x-oauth-basic"));
    }
}
