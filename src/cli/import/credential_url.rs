//! Reads a URL with a token in it, as git does (`credential_from_url` in its `credential.c`) and
//! not as URL libraries do: a token that git would not have used is not imported.
//!
//! ```text
//! https://alice:ghp_…@github.com/team/repo.git
//!         └─┬─┘ └─┬─┘ └───┬────┘ └────┬──────┘
//!       username token   host        path
//! ```

use super::found::{NO_TOKEN, credential};
use super::token_first::is_first;
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::git::url;
use crate::secret::{Buffer, Secret};
use zeroize::Zeroizing;

/// The parts of a URL, as they are written there.
pub(super) struct Parts<'a> {
    protocol: &'a [u8],
    username: Option<&'a [u8]>,
    password: Option<&'a [u8]>,
    /// The rest of the URL from the host on.
    rest: &'a [u8],
    host: &'a [u8],
}

/// The part of a URL's path that a token is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// No part: the token is for the whole host.
    Host,
    /// The whole path, without the end that git-lfs adds.
    Path,
    /// The path up to the last slash: the URL is the beginning of others.
    Beginning,
}

impl<'a> Parts<'a> {
    /// Splits a URL. Returns nothing where the text is no URL.
    pub(super) fn of(url: &'a [u8]) -> Option<Self> {
        let is_protocol = |b: &u8| b.is_ascii_alphanumeric() || b"+-.".contains(b);
        let at = url.windows(3).position(|w| w == b"://").filter(|&at| at > 0)?;
        if !url[..at].iter().all(is_protocol) {
            return None;
        }
        let (protocol, authority) = (&url[..at], &url[at + 3..]);
        let end = authority.iter().position(|b| b"/?#".contains(b)).unwrap_or(authority.len());
        let sign = authority[..end].iter().position(|&b| b == b'@');
        let (user, rest) = match sign {
            Some(sign) => (Some(&authority[..sign]), &authority[sign + 1..]),
            None => (None, authority),
        };
        let (username, password) = match user.map(|u| (u, u.iter().position(|&b| b == b':'))) {
            Some((user, Some(colon))) => (Some(&user[..colon]), Some(&user[colon + 1..])),
            Some((user, None)) => (Some(user), None),
            None => (None, None),
        };
        let host = &rest[..end - (authority.len() - rest.len())];
        Some(Self { protocol, username, password, rest, host })
    }

    /// Returns whether the URL holds something that may be a token.
    pub(super) fn has_token(&self) -> bool {
        self.password.is_some_and(|password| !password.is_empty()) || self.is_token_first()
    }

    /// Returns the URL without the token, and with the username if there is one.
    pub(super) fn without_token(&self) -> Vec<u8> {
        let username = self.username.filter(|name| !name.is_empty() && !self.is_token_first());
        let mut url = [self.protocol, b"://"].concat();
        if let Some(username) = username {
            url.extend([username, b"@"].concat());
        }
        url.extend_from_slice(self.rest);
        url
    }

    fn is_token_first(&self) -> bool {
        let username = decode(self.username.unwrap_or_default());
        let password = decode(self.password.unwrap_or_default());
        let context = Context::of_host(self.protocol, &decode(self.host));
        is_first(context.as_ref(), &username, &password)
    }

    /// Returns the token with its context and username.
    pub(super) fn token(&self, reach: Reach) -> Result<Credential, &'static str> {
        if !self.has_token() {
            return Err(NO_TOKEN);
        }
        let username = self.username.map(|name| Username::new(&decode(name)));
        let password = Buffer::from(decode(self.password.unwrap_or_default()));
        credential(self.context(reach)?, username, password.secret(password.expose()))
    }

    /// Returns this token, which is not in the URL, with the URL's context.
    pub(super) fn with_token(&self, token: &[u8]) -> Result<Credential, &'static str> {
        credential(self.context(Reach::Path)?, Some(Username::new(token)), Secret::new(b""))
    }

    fn context(&self, reach: Reach) -> Result<Context, &'static str> {
        if !matches!(self.protocol, b"https" | b"http") {
            return Err("it is not for https");
        }
        let context = Context::of_host(self.protocol, &decode(self.host));
        let context = context.ok_or("its host cannot be one that git asks for")?;
        let context = context.scoped(&self.path(reach));
        context.ok_or("its path names no organisation or repository")
    }

    /// Returns the URL at which git must send the path so that the token is found, as git's
    /// configuration names it. Returns nothing where the token is for the whole host.
    pub(super) fn place(&self, reach: Reach) -> Option<String> {
        let path = self.path(reach);
        let context = self.context(reach).ok()?;
        (!path.is_empty()).then(|| url::with_path(&context, &path))
    }

    /// Returns the part of the path that the token is for, without slashes around it.
    fn path(&self, reach: Reach) -> Zeroizing<Vec<u8>> {
        const OF_LFS: &[u8] = b"/info/lfs";
        let whole = self.rest[self.host.len()..].trim_ascii_end();
        let part = match reach {
            Reach::Host => &[],
            Reach::Path => whole.strip_suffix(OF_LFS).unwrap_or(whole),
            Reach::Beginning => {
                let end = whole.iter().rposition(|&b| b == b'/').map_or(0, |at| at + 1);
                &whole[..end]
            }
        };
        let first = part.iter().position(|&b| b != b'/').unwrap_or(part.len());
        let last = part.iter().rposition(|&b| b != b'/').map_or(first, |last| last + 1);
        decode(&part[first..last.max(first)])
    }
}

/// Decodes `%XX` as git does. git takes the text before a colon for a protocol and leaves it as it
/// is. It also leaves `%00`, and `%` without two digits.
fn decode(part: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut decoded = Zeroizing::new(Vec::with_capacity(part.len()));
    let start = part.iter().position(|&b| b == b':').unwrap_or(0);
    decoded.extend_from_slice(&part[..start]);
    let mut rest = &part[start..];
    while let Some((&first, tail)) = rest.split_first() {
        let digit = |at: usize| tail.get(at).and_then(|&b| char::from(b).to_digit(16));
        let byte = match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => u8::try_from(high * 16 + low).ok(),
            _ => None,
        };
        let byte = byte.filter(|&byte| byte != 0);
        decoded.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::{Parts, Reach};

    fn read(url: &str) -> Result<(String, String, String), &'static str> {
        let token = Parts::of(url.as_bytes()).ok_or("no URL")?.token(Reach::Path)?;
        let text = String::from_utf8_lossy(token.token.expose()).into_owned();
        let username = token.username.unwrap_or_default();
        Ok((token.context.to_string(), username.to_string(), text))
    }

    #[test]
    fn a_url_is_read_as_git_reads_it() {
        for (url, context, username, token) in [
            ("https://a:TESTONLY@h.example", "https://h.example", "a", "TESTONLY"),
            ("https://a:T%2fO%40%20@h.example/", "https://h.example", "a", "T/O@ "),
            ("https://a%40b:T@h.example%3a8443", "https://h.example:8443", "a@b", "T"),
            ("https://a:T@h.example:8443//o/r.git/", "https://h.example:8443/o/r", "a", "T"),
            // git takes the text before the second colon for a protocol.
            ("https://a:T%40:%40@h.example", "https://h.example", "a", "T%40:@"),
            ("https://a:T%zz%00%4@h.example", "https://h.example", "a", "T%zz%00%4"),
            ("https://:T@h.example", "https://h.example", "token", "T"),
            (
                "https://ghp_TESTONLYTESTONLY@github.com",
                "https://github.com",
                "x-access-token",
                "ghp_TESTONLYTESTONLY",
            ),
            (
                "https://ghp_TESTONLYTESTONLY:%58-OAuth-basic@h.example/o",
                "https://h.example/o",
                "x-access-token",
                "ghp_TESTONLYTESTONLY",
            ),
            (
                "https://glpat%2dTESTONLYTESTONLY:glpat-TESTONLYTESTONLY@h.example",
                "https://h.example",
                "oauth2",
                "glpat-TESTONLYTESTONLY",
            ),
            ("https://T:x-oauth-basic@github.com", "https://github.com", "x-access-token", "T"),
            ("https://me:T@dev.azure.com/o", "https://dev.azure.com/o", "me", "T"),
            ("http://a:T@localhost:3000", "http://localhost:3000", "a", "T"),
        ] {
            let expected = (context.to_owned(), username.to_owned(), token.to_owned());
            assert_eq!(read(url), Ok(expected), "{url}");
        }
    }

    #[test]
    fn a_token_is_for_as_much_of_the_path_as_its_url_says() {
        for (url, reach, context, place) in [
            ("/o/libc++.git/", Reach::Path, "/o/libc++", Some("/o/libc%2B%2B.git")),
            ("/o/r.git/info/lfs", Reach::Path, "/o/r", Some("/o/r.git")),
            ("/a%20b/(c)", Reach::Path, "/a b/(c)", Some("/a%20b/%28c%29")),
            ("/", Reach::Path, "", None),
            ("/o/r", Reach::Host, "", None),
            ("/org/", Reach::Beginning, "/org", Some("/org")),
            ("/org/pre", Reach::Beginning, "/org", Some("/org")),
            ("/pre", Reach::Beginning, "", None),
            ("", Reach::Beginning, "", None),
        ] {
            let whole = format!("https://a:T@H.example:8443{url}");
            let parts = Parts::of(whole.as_bytes()).expect("a URL");
            let token = parts.token(reach).expect("a token");
            assert_eq!(token.context.to_string(), format!("https://h.example:8443{context}"));
            let place = place.map(|place| format!("https://h.example:8443{place}"));
            assert_eq!(parts.place(reach), place, "{url}");
        }
    }

    #[test]
    fn without_its_token_a_url_leads_to_the_same_place() {
        for (url, without) in [
            ("https://a:T@h.example/o/r.git", "https://a@h.example/o/r.git"),
            ("https://a%40b:T@h.example", "https://a%40b@h.example"),
            ("https://:T@h.example/o", "https://h.example/o"),
            ("https://ghp_TESTONLYTESTONLY@h.example:8443/o", "https://h.example:8443/o"),
            ("https://ghp_TESTONLYTESTONLY:x@h.example/?a#b", "https://h.example/?a#b"),
            ("https://T:x-oauth-basic@h.example/o", "https://h.example/o"),
        ] {
            let parts = Parts::of(url.as_bytes()).expect(url);
            assert_eq!(parts.without_token(), without.as_bytes(), "{url}");
        }
    }

    #[test]
    fn what_git_would_not_use_is_no_token() {
        for url in [
            "",
            "x",
            "://a:T@h.example",
            "a:T@h.example",
            "https://h.example/a:T@b",
            "https://h.example?a:T@b",
            "https://a@h.example",
            "https://hf_maier@huggingface.co",
            "https://ghp_TESTONLYTESTONLY:hf_TESTONLYTESTONLY@github.com",
            "https://T:x-oauth-basic@h.example/o",
            "https://gldt-TESTONLYTESTONLY:x@gitlab.com",
            "https://a%3Ab:T@h.example",
            "https://a%1b%5bA:T@h.example",
            "https://a:@h.example",
            "ftp://a:T@h.example",
            "HTTPS://a:T@h.example",
            "https://a:T@",
            "https://a:T@b@h.example",
            "https://a:T@h.example.",
            "https://a:T@h.example\\@evil.example",
            "https://a:T@h.example/../x",
            "https://a:T%0a@h.example",
            "https://a%0a:T@h.example",
            "https://a:T@h.example\r",
        ] {
            assert!(read(url).is_err(), "{url:?}");
        }
    }
}
