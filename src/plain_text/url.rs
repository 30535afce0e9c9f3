//! A URL with a token in it, split as git does (`credential_from_url` in its `credential.c`) and
//! not as URL libraries do.
//!
//! ```text
//! https://alice:ghp_…@github.com/team/repo.git
//!         └─┬─┘ └─┬─┘ └───┬────┘ └────┬──────┘
//!       username token   host        path
//! ```

use super::token_first::is_first;
use crate::context::{Context, escape};
use crate::forge;
use zeroize::Zeroizing;

/// The parts of a URL, as they are written there.
pub(crate) struct Parts<'a> {
    pub(crate) protocol: &'a [u8],
    pub(crate) username: Option<&'a [u8]>,
    pub(crate) password: Option<&'a [u8]>,
    /// The rest of the URL from the host on.
    pub(crate) rest: &'a [u8],
    /// The host with its port.
    pub(crate) host: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Splits a URL. Returns nothing where the text is no URL.
    pub(crate) fn of(url: &'a [u8]) -> Option<Self> {
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
    pub(crate) fn has_token(&self) -> bool {
        self.password.is_some_and(|password| !password.is_empty()) || self.is_token_first()
    }

    /// Returns the URL without the token, and with the username if there is one.
    pub(crate) fn without_token(&self) -> Vec<u8> {
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
}

/// Decodes `%XX` as git does. git takes the text before a colon for a protocol and leaves it as it
/// is.
pub(crate) fn decode(part: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut decoded = Zeroizing::new(Vec::with_capacity(part.len()));
    let (protocol, rest) = part.split_at(part.iter().position(|&b| b == b':').unwrap_or(0));
    decoded.extend_from_slice(protocol);
    decode_into(&mut decoded, rest);
    decoded
}

/// Decodes `%XX` in all of a text.
pub(crate) fn decode_all(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut decoded = Zeroizing::new(Vec::with_capacity(text.len()));
    decode_into(&mut decoded, text);
    decoded
}

/// Decodes `%XX` into memory that has room for all of the text, so that it does not move. git leaves
/// `%00`, and `%` without two digits.
fn decode_into(decoded: &mut Vec<u8>, mut rest: &[u8]) {
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
}

/// Returns the name of a setting of git's for people, without the token that may be in it.
pub(crate) fn key(section: &str, subsection: Option<&[u8]>, name: &str) -> String {
    let Some(subsection) = subsection else { return format!("{section}.{name}") };
    let bare = Parts::of(subsection).map(|parts| parts.without_token());
    let text = escape(bare.as_deref().unwrap_or(subsection));
    format!("{section}.{}.{name}", forge::shown(&text))
}

#[cfg(test)]
mod tests {
    use super::Parts;

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
}
