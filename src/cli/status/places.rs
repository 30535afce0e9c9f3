//! The places that are looked at: the URL that was named, else those of this repository's
//! remotes, else none in particular.

use crate::cli::place::Place;
use crate::context::Context;
use crate::credential::Username;
use crate::error::Error;
use crate::forge;
use crate::git::remotes;
use std::fmt::Write;
use zeroize::Zeroizing;

/// What stands in the place of a password where the name is a token.
const NO_PASSWORD: &str = "x-oauth-basic";

/// A place, as git would come to it.
pub(in crate::cli) struct Asked {
    /// As git compares it, see [`Place::url`].
    pub(in crate::cli) url: String,
    pub(in crate::cli) context: Context,
    pub(super) username: Option<Username>,
    /// Whether a person named it.
    pub(super) named: bool,
}

impl Asked {
    fn parse(text: &str, named: bool) -> Result<Self, Error> {
        let Place { url, context, username } = Place::parse(text)?;
        Ok(Self { url, context, username, named })
    }

    /// A context that a person named; none for an empty text.
    pub(in crate::cli) fn named(context: &str) -> Option<Self> {
        Self::parse(context, true).ok().filter(|_| !context.is_empty())
    }
}

/// The place that is named, else those of the remotes.
///
/// # Errors
/// Where the named URL cannot be understood.
pub(super) fn asked(url: Option<&str>) -> Result<Vec<Asked>, Error> {
    if let Some(url) = url {
        return Ok(vec![Asked::parse(url, true)?]);
    }
    let mut places: Vec<Asked> = Vec::new();
    for url in remotes::urls() {
        let Some(url) = without_password(&url) else { continue };
        let Ok(place) = Asked::parse(&url, false) else { continue };
        if places.iter().all(|known| known.url != place.url) {
            places.push(place);
        }
    }
    Ok(places)
}

/// A URL of http without what may be a token: its password, and a name that looks like one.
fn without_password(url: &str) -> Option<Zeroizing<String>> {
    let (protocol, rest) = url.split_once("://")?;
    if !matches!(protocol, "https" | "http") {
        return None;
    }
    let host_end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(host_end);
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    let is_token = if password.is_empty() {
        forge::is_token(name.as_bytes())
    } else {
        password == NO_PASSWORD
    };
    let is_name = !name.is_empty() && !is_token;
    let user = if is_name { format!("{name}@") } else { String::new() };
    Some(Zeroizing::new(format!("{protocol}://{user}{host}{path}")))
}

/// Whether the part before a URL's host is, or holds, a token.
pub(super) fn url_holds_token(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((user, _)) = authority.rsplit_once('@') else { return false };
    match user.split_once(':') {
        Some((_, password)) if !password.is_empty() => true,
        Some((name, _)) => forge::is_token(name.as_bytes()),
        None => forge::is_token(user.as_bytes()),
    }
}

/// A username as part of a URL.
pub(super) fn percent(name: &Username) -> String {
    let mut text = String::new();
    for &byte in name.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{url_holds_token, without_password};

    #[test]
    fn a_token_in_a_url_is_seen_and_left_out() {
        let token = "ghp_TESTONLY0123456789";
        for (url, rest) in [
            (format!("https://alice:{token}@h.example/a"), "https://alice@h.example/a"),
            (format!("https://{token}@h.example/a"), "https://h.example/a"),
            (format!("https://{token}:@h.example"), "https://h.example"),
            ("https://TESTONLY:x-oauth-basic@h.example".to_owned(), "https://h.example"),
        ] {
            assert!(url_holds_token(&url), "{rest}");
            assert_eq!(without_password(&url).as_deref().map(String::as_str), Some(rest));
        }
        for url in ["https://alice@h.example/a:b@c", "https://h.example", "git@h.example:a/b"] {
            assert!(!url_holds_token(url), "{url}");
        }
        assert!(without_password("ssh://git@h.example").is_none());
    }
}
