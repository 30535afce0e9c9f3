//! Takes the token of a URL as git takes it: a token that git would not have used is not imported.

use super::found::{NO_TOKEN, credential};
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::git::url;
use crate::plain_text::url::{Parts, decode};
use crate::secret::{Buffer, Secret};
use zeroize::Zeroizing;

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

impl Parts<'_> {
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
