//! A URL with a token in it, read as git reads it (`credential_from_url` in its `credential.c`)
//! and not as URL libraries do: what git would not have used is not imported.
//!
//! ```text
//! https://alice:ghp_…@github.com/team/repo.git
//!         └─┬─┘ └─┬─┘ └───┬────┘ └────┬──────┘
//!       username token   host        path
//! ```

use super::found::credential;
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::forge;
use crate::secret::Buffer;
use zeroize::Zeroizing;

/// The second half of a token that stands where the username should.
const NO_PASSWORD: &[u8] = b"x-oauth-basic";

/// A URL's parts, as they stand there.
pub(super) struct Parts<'a> {
    pub(super) protocol: &'a [u8],
    pub(super) username: Option<&'a [u8]>,
    password: Option<&'a [u8]>,
    /// From the host on, as it stands there.
    pub(super) rest: &'a [u8],
    host: &'a [u8],
    path: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Takes a URL apart; nothing where it is none.
    pub(super) fn of(url: &'a [u8]) -> Option<Self> {
        let at = url.windows(3).position(|w| w == b"://").filter(|&at| at > 0)?;
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
        let path = rest[host.len()..].trim_ascii_end();
        let first = path.iter().position(|&b| b != b'/').unwrap_or(path.len());
        let last = path.iter().rposition(|&b| b != b'/').map_or(first, |last| last + 1);
        Some(Self { protocol, username, password, rest, host, path: &path[first..last.max(first)] })
    }

    /// Whether something that may be a token stands in the URL.
    pub(super) fn has_token(&self) -> bool {
        self.password.is_some_and(|password| !password.is_empty()) || self.token_as_username()
    }

    /// Whether the token stands in the place of the username.
    pub(super) fn token_as_username(&self) -> bool {
        let username = self.username.unwrap_or_default();
        match self.password {
            Some(NO_PASSWORD) => !username.is_empty(),
            None | Some(b"") => forge::is_token(&decode(username)),
            Some(_) => false,
        }
    }

    /// The token and what it is for.
    pub(super) fn token(&self) -> Result<Credential, &'static str> {
        if !self.has_token() {
            return Err("it has no token");
        }
        if !matches!(self.protocol, b"https" | b"http") {
            return Err("it is not for https");
        }
        let context = Context::of_host(self.protocol, &decode(self.host));
        let context = context.ok_or("its host cannot be one that git asks for")?;
        let context = context.scoped(&decode(self.path));
        let context = context.ok_or("its path names no organisation or repository")?;
        let (username, token) = match (self.username, self.password) {
            (Some(token), _) if self.token_as_username() => (None, token),
            (username, token) => (username, token.unwrap_or_default()),
        };
        let username = username.map(|name| Username::new(&decode(name)));
        let token = Buffer::from(decode(token));
        credential(context, username, token.secret(token.expose()))
    }
}

/// Decodes `%XX` as git does: what stands before a colon is taken for a protocol and left as
/// it is, and so is what is no number, and `%00`.
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
    use super::Parts;

    fn read(url: &str) -> Result<(String, String, String), &'static str> {
        let token = Parts::of(url.as_bytes()).ok_or("no URL")?.token()?;
        let text = String::from_utf8_lossy(token.token.expose()).into_owned();
        Ok((token.context.to_string(), token.account().username.to_string(), text))
    }

    #[test]
    fn a_url_is_read_as_git_reads_it() {
        for (url, context, username, token) in [
            ("https://a:TESTONLY@h.example", "https://h.example", "a", "TESTONLY"),
            ("https://a:T%2fO%40%20@h.example/", "https://h.example", "a", "T/O@ "),
            ("https://a%40b:T@h.example%3a8443", "https://h.example:8443", "a@b", "T"),
            ("https://a:T@h.example:8443//o/r.git/", "https://h.example:8443/o/r", "a", "T"),
            // git takes what stands before the second colon for a protocol.
            ("https://a:T%40:%40@h.example", "https://h.example", "a", "T%40:@"),
            ("https://a:T%zz%00%4@h.example", "https://h.example", "a", "T%zz%00%4"),
            ("https://:T@h.example", "https://h.example", "token", "T"),
            (
                "https://ghp_TESTONLYTESTONLY@github.com",
                "https://github.com",
                "x-access-token",
                "ghp_TESTONLYTESTONLY",
            ),
            ("https://T:x-oauth-basic@h.example/o", "https://h.example/o", "token", "T"),
            ("http://a:T@localhost:3000", "http://localhost:3000", "a", "T"),
        ] {
            let expected = (context.to_owned(), username.to_owned(), token.to_owned());
            assert_eq!(read(url), Ok(expected), "{url}");
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
            "https://ghp_TESTONLYTESTONLY:T@github.com",
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
