//! Recognises a token that is given as the username. Forges take it so, and people then write
//! something else, or nothing, as the password:
//!
//! ```text
//! https://ghp_…@github.com                 the username alone
//! https://ghp_…:x-oauth-basic@github.com   GitHub's own word for it
//! https://ghp_…:x@github.com               anything
//! https://ghp_…:ghp_…@github.com           twice
//! ```
//!
//! Otherwise the token would be filed as a username, which lists and commands show.

use crate::context::Context;
use crate::forge;

/// The password that forges suggest for a token that is given as the username.
const NO_PASSWORD: &[u8] = b"x-oauth-basic";

/// The least length at which a text that is both username and password is a token, and not
/// somebody's name.
const NO_NAME: usize = 20;

/// Returns whether the username is the token, at this context if it is known.
pub(crate) fn is_first(context: Option<&Context>, username: &[u8], password: &[u8]) -> bool {
    let recognised = context.and_then(|context| forge::recognise(context, username));
    // A token without a known beginning is recognised at its own forge alone, by its length.
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

/// Returns whether the password is a token as well, and another one.
pub(crate) fn are_two(username: &[u8], password: &[u8]) -> bool {
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
