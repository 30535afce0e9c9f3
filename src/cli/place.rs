//! A URL as people type it: where the token goes, and whose it is.
//!
//! Here, and only here, a URL library reads a host. What it makes of it must then pass the
//! same grammar as git's own requests.

use crate::context::{Context, unescape};
use crate::credential::Username;
use crate::error::Error;
use crate::git::url;
use ::url::Url;

/// How many forges' tokens begin. What is copied last is at times pasted in the wrong place.
const BEGINNINGS: [&[u8]; 8] =
    [b"ghp_", b"gho_", b"ghu_", b"ghs_", b"github_pat_", b"glpat-", b"gldt-", b"ATATT3"];

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
        if holds_token(text.as_bytes()) {
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
        let username = Some(url.username()).filter(|name| !name.is_empty());
        let username = username
            .map(|name| unescape(name).map(|bytes| Username::new(&bytes)))
            .map(|name| {
                name.filter(is_plain).ok_or(Error::Usage("the URL's username cannot be used"))
            })
            .transpose()?;
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        let url = if is_plain { text.to_owned() } else { url::at(&context, username.as_ref()) };
        let url = url.trim_end_matches('/').to_owned();
        Ok(Self { url, context, username })
    }
}

/// Whether it is a username that git could take on a line: a token, which everybody may see
/// there, is none.
pub(super) fn is_plain(username: &Username) -> bool {
    let name = username.as_bytes();
    !name.iter().any(|b| matches!(b, b'\n' | b'\r' | 0)) && !holds_token(name)
}

/// Whether a part of it has the form of a token. Names that merely begin so are shorter.
pub(crate) fn holds_token(text: &[u8]) -> bool {
    const BODY: usize = 12;
    let is_body = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    (0..text.len()).any(|at| {
        let body = BEGINNINGS.iter().find_map(|beginning| text[at..].strip_prefix(*beginning));
        body.is_some_and(|body| body.iter().take_while(|b| is_body(b)).count() >= BODY)
    })
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
            ("https://m\u{fc}nchen.example", "https://xn--mnchen-3ya.example", None),
        ] {
            let expected = Some((context.to_owned(), username.map(ToOwned::to_owned)));
            assert_eq!(read(text), expected, "{text}");
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
            "https://h.example?x",
            "https://h.example#@github.com",
            "ftp://h.example",
            "ssh://h.example",
            "https://h.example.",
            "https://a%0Ab@h.example",
            "https://h.example/a//b",
            "file:///x",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
