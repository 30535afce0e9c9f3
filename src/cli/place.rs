//! A URL as people type it: where the token goes, and whose it is.
//!
//! Here, and only here, a URL library reads a host. What it makes of it must then pass the
//! same grammar as git's own requests.

use crate::context::{Context, unescape};
use crate::credential::Username;
use crate::error::Error;
use crate::forge;
use crate::git::url;
use ::url::Url;

const HOLDS_TOKEN: Error =
    Error::Usage("a token does not belong in a URL: it is asked for, or read with --with-token");

/// What a URL says.
pub(super) struct Place {
    /// As git gets to see it, with path and username: git compares paths as they are, `.git` and
    /// all.
    pub(super) url: String,
    pub(super) context: Context,
    pub(super) username: Option<Username>,
}

impl Place {
    /// Reads `https://alice@git.example.com/team`, or the same without `https://`.
    ///
    /// # Errors
    /// [`Error::Usage`], which never quotes the URL: it may hold a token.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if forge::holds_token(text.as_bytes()) {
            return Err(HOLDS_TOKEN);
        }
        if text.contains('\\') {
            // Libraries read it as a slash, git does not.
            return Err(Error::Usage("a URL has no backslash"));
        }
        let with_protocol;
        let text = if text.contains("://") {
            text
        } else {
            with_protocol = format!("https://{text}");
            &with_protocol
        };
        if !has_host_as_git_sends_it(text) {
            return Err(Error::Usage(
                "git sends a host's name as its URL has it, and only ASCII is answered: write the \
                 xn-- form, also in the remote's URL",
            ));
        }
        let url = Url::parse(text).map_err(|_| Error::Usage("the URL cannot be understood"))?;
        if url.password().is_some() {
            return Err(HOLDS_TOKEN);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(Error::Usage("the URL of a host or repository has no ? and no #"));
        }
        let host = url.host_str().ok_or(Error::Usage("the URL has no host"))?;
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let path = unescape(url.path().trim_matches('/'));
        let context = Context::of_host(url.scheme().as_bytes(), host.as_bytes())
            .ok_or(Error::Usage("the URL must be that of an https host"))?
            .scoped(&path.ok_or(Error::Usage("the URL's path cannot be understood"))?)
            .ok_or(Error::Usage("the URL's path names no organisation or repository"))?;
        if forge::is_in_context(&context) {
            return Err(HOLDS_TOKEN);
        }
        let username = Some(url.username()).filter(|name| !name.is_empty());
        let username = username.map(|name| {
            let name = unescape(name).ok_or(Error::Usage("the URL's username cannot be used"))?;
            usable(Username::new(&name))
        });
        let username = username.transpose()?;
        let is_git_s = text.bytes().all(|byte| byte.is_ascii_graphic()) && is_at(text, &context);
        let url = if is_git_s { text.to_owned() } else { url::at(&context, username.as_ref()) };
        let url = url.trim_end_matches('/').to_owned();
        Ok(Self { url, context, username })
    }
}

/// Whether the host's name is one that git sends as a library reads it: a library makes `xn--` of
/// other letters, git sends them as they are, and undoes `%`.
fn has_host_as_git_sends_it(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.trim_start_matches('/').split('/').next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.is_ascii() && !host.contains('%')
}

/// Whether the host of this URL is the context's also for git, which repairs nothing.
fn is_at(url: &str, context: &Context) -> bool {
    let Some((protocol, rest)) = url.split_once("://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    Context::of_host(protocol.as_bytes(), host.as_bytes()) == Some(context.host_level())
}

/// A username that a person gave, if it can be one of git's, and is no token, which everybody may
/// see there.
///
/// # Errors
/// [`Error::Usage`], which never quotes the name.
pub(super) fn usable(name: Username) -> Result<Username, Error> {
    if name.is_token() {
        return Err(Error::Usage(
            "a token is no username: it is asked for, or read with --with-token",
        ));
    }
    flaw(&name).map_or(Ok(name), |flaw| Err(Error::Usage(flaw)))
}

/// Why a username can be nobody's, if so.
pub(super) fn flaw(name: &Username) -> Option<&'static str> {
    let text = String::from_utf8_lossy(name.as_bytes());
    if text.chars().any(char::is_control) {
        return Some("a username has no control characters, such as an arrow key makes");
    }
    text.contains(':').then_some("a username has no colon: HTTP ends the name there")
}

#[cfg(test)]
mod tests {
    use super::Place;

    fn read(text: &str) -> Option<(String, Option<String>)> {
        let place = Place::parse(text).ok()?;
        Some((place.context.to_string(), place.username.map(|u| u.to_string())))
    }

    #[test]
    fn a_url_says_where_and_perhaps_whose() {
        for (text, context, username) in [
            ("https://github.com", "https://github.com", None),
            ("github.com/", "https://github.com", None),
            (" GitHub.com/my-org ", "https://github.com/my-org", None),
            (
                "https://al%40ice@h.example:8443/a/b.git",
                "https://h.example:8443/a/b",
                Some("al@ice"),
            ),
            ("alice@h.example", "https://h.example", Some("alice")),
            ("http://localhost:3000", "http://localhost:3000", None),
            ("https://[::1]:8443/a%20b/", "https://[::1]:8443/a b", None),
            ("h.example/glpat-tool", "https://h.example/glpat-tool", None),
            ("hf_maier@h.example", "https://h.example", Some("hf_maier")),
            (
                "h.example/hf_transformers_and-datasets",
                "https://h.example/hf_transformers_and-datasets",
                None,
            ),
            ("https://xn--mnchen-3ya.example", "https://xn--mnchen-3ya.example", None),
        ] {
            let expected = Some((context.to_owned(), username.map(ToOwned::to_owned)));
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn git_gets_the_url_as_it_was_typed_where_it_reads_it_so() {
        for (text, url) in [
            ("h.example/team/repo.git/", "https://h.example/team/repo.git"),
            ("https://alice@H.example:443/a+b", "https://alice@H.example:443/a+b"),
            ("HTTPS://h.example", "https://h.example"),
            ("https:///h.example", "https://h.example"),
            ("https://h.example/a b", "https://h.example/a%20b"),
            ("https://h.example/\u{fc}", "https://h.example/%C3%BC"),
        ] {
            assert_eq!(Place::parse(text).map(|place| place.url).as_deref(), Ok(url), "{text}");
        }
    }

    #[test]
    fn what_could_mean_two_places_or_holds_a_token_is_refused() {
        for text in [
            "",
            "https://",
            "https://github.com\\@evil.example/",
            "https://a:ghp_TESTONLY@h.example",
            "ghp_TESTONLYargument",
            "https://ghp_TESTONLYargument@h.example",
            "https://h.example/glpat-TESTONLYargument",
            "https://github_pat_TESTONLYargument_x",
            "https://hf_TESTONLY-TESTONLY.example",
            "HF_TESTONLY_TESTONLY",
            "https://hf%5FTESTONLYTESTONLY@h.example",
            "https://h%66_TESTONLYTESTONLY",
            "https://h.example/hf%5FTESTONLYTESTONLY",
            "https://m\u{fc}nchen.example",
            "alice@m%C3%BCnchen.example/team",
            "https:///\u{ff48}.example",
            "https://h.example?x",
            "https://h.example#@github.com",
            "ftp://h.example",
            "ssh://h.example",
            "https://h.example.",
            "https://a%0Ab@h.example",
            "https://ab%1B%5BA@h.example",
            "https://a%3Ab@h.example",
            "https://a%C2%9Bb@h.example",
            "https://h.example/a//b",
            "file:///x",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
