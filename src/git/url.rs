//! URLs as git's credential code splits, writes and compares them.
//!
//! git decides in two ways whether a section `[credential "URL"]` counts at a URL. A whole URL is
//! matched by its normalised parts, with wildcards and path prefixes: git itself is asked about
//! those, see [`entries`](super::entries). A section without the protocol or the host is compared
//! part by part, byte for byte. `git config` does not do that, so it stands here:
//!
//! ```text
//! [credential "h.example"]        every protocol at h.example, with no port
//! [credential "alice@h.example"]  there, and only where git asks for alice
//! [credential "h.example/team"]   there, and only where the path is team
//! [credential "https://"]         every host
//! ```

use crate::context::Context;
use crate::credential::Username;
use std::fmt::Write;

/// The parts of a URL; a part that it lacks is none.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Parts {
    protocol: Option<Vec<u8>>,
    pub(super) username: Option<Vec<u8>>,
    /// The host with its port.
    host: Option<Vec<u8>>,
    /// The path without the slashes around it.
    path: Option<Vec<u8>>,
}

impl Parts {
    /// Splits a URL that may lack any part, or returns nothing where git refuses it. A password is
    /// skipped.
    pub(super) fn of(url: &str) -> Option<Self> {
        let (protocol, rest) = url.split_once("://").unwrap_or(("", url));
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (user, host) = match authority.split_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let username = user.map(|user| user.split_once(':').map_or(user, |(name, _)| name));
        let path = path.trim_start_matches('/');
        let path = if path.is_empty() {
            None
        } else {
            let mut path = decoded(path);
            while path.len() > 1 && path.ends_with(b"/") {
                path.pop();
            }
            Some(path)
        };
        let given = |text: &str| (!text.is_empty()).then(|| text.as_bytes().to_vec());
        let parts = Self {
            protocol: given(protocol),
            username: username.map(decoded),
            host: Some(decoded(host)).filter(|host| !host.is_empty()),
            path,
        };
        let all = [&parts.protocol, &parts.username, &parts.host, &parts.path];
        let is_one_line = !all.into_iter().flatten().any(|part| part.contains(&b'\n'));
        is_one_line.then_some(parts)
    }

    /// Returns whether a section with these parts counts at a URL with those, where git asks for
    /// this username.
    pub(super) fn cover(&self, place: &Self, username: Option<&[u8]>) -> bool {
        let is_met = |wanted: &Option<Vec<u8>>, there: Option<&[u8]>| {
            wanted.as_deref().is_none_or(|wanted| Some(wanted) == there)
        };
        is_met(&self.protocol, place.protocol.as_deref())
            && is_met(&self.host, place.host.as_deref())
            && is_met(&self.path, place.path.as_deref())
            && is_met(&self.username, username)
    }

    /// Returns the URL by which git finds the whole URLs that match it.
    pub(super) fn to_url(&self) -> String {
        let text = |part: &Option<Vec<u8>>| {
            String::from_utf8_lossy(part.as_deref().unwrap_or_default()).into_owned()
        };
        let user = self.username.as_deref().filter(|user| !user.is_empty());
        let user = user.map(|user| encoded(user, true) + "@").unwrap_or_default();
        let path = self.path.as_deref().map(|path| format!("/{}", encoded(path, false)));
        let (protocol, host) = (text(&self.protocol), text(&self.host));
        format!("{protocol}://{user}{host}{}", path.unwrap_or_default())
    }

    /// Returns the path as git sends it to helpers.
    pub(super) fn path(&self) -> &[u8] {
        self.path.as_deref().unwrap_or_default()
    }
}

/// Returns whether git takes this for a whole URL, of which it compares the normalised parts.
pub(super) fn is_whole(url: &str) -> bool {
    let Some((protocol, rest)) = url.split_once("://") else { return false };
    let is_protocol = |b: u8| b.is_ascii_alphanumeric() || b"+.-".contains(&b);
    let host = rest.split_once('@').filter(|(user, _)| !user.contains(['/', '?', '#']));
    let host = host.map_or(rest, |(_, host)| host);
    let is_escaped = |part: &str| part.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    protocol.bytes().all(is_protocol)
        && protocol.starts_with(|c: char| c.is_ascii_alphabetic())
        && !(host.is_empty() || host.starts_with([':', '/', '?', '#']))
        && url.split('%').skip(1).all(is_escaped)
}

/// Returns whether a whole URL could match another one, by the names of their hosts, in which `*`
/// stands for a label. Where the first has escapes or more than one `@`, it could.
pub(super) fn may_be_at(place: &str, url: &str) -> bool {
    let (pattern, host) = (host_name(place), host_name(url));
    if pattern.contains('%') || place.matches('@').count() > 1 {
        return true;
    }
    let is_met =
        |(wanted, there): (&str, &str)| wanted.contains('*') || wanted.eq_ignore_ascii_case(there);
    pattern.split('.').count() == host.split('.').count()
        && pattern.split('.').zip(host.split('.')).all(is_met)
}

/// Returns a URL's host, without the port.
fn host_name(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let end = if host.starts_with('[') { host.find(']') } else { host.find(':') };
    &host[..end.unwrap_or(host.len())]
}

/// Returns a context's URL as git's configuration must have it, so that git finds it: git compares
/// paths percent-encoded, and more is encoded than elsewhere.
pub(crate) fn of(context: &Context) -> String {
    with_path(context, &context.path())
}

/// Returns its host's URL with another path in place of its own, such as one with `.git`.
pub(crate) fn with_path(context: &Context, path: &[u8]) -> String {
    let host = context.host_level();
    if path.is_empty() { host.to_string() } else { format!("{host}/{}", encoded(path, false)) }
}

/// Returns the URL of a path of this context's host, with a username if there is one.
pub(crate) fn at(context: &Context, username: Option<&Username>, path: &[u8]) -> String {
    let url = with_path(context, path);
    match (url.split_once("://"), username.filter(|name| !name.is_empty())) {
        (Some((protocol, rest)), Some(name)) => {
            format!("{protocol}://{}@{rest}", encoded(name.as_bytes(), true))
        }
        _ => url,
    }
}

/// Returns the context that a whole URL names. Returns nothing where it names a username, too, or has
/// wildcards.
pub(super) fn context(url: &str) -> Option<Context> {
    let Parts { protocol, username: None, host, path } = Parts::of(url)? else { return None };
    Context::of_host(&protocol?, &host?)?.scoped(&path.unwrap_or_default())
}

/// Returns the path that git would send to helpers for this URL, empty where it has none; nothing
/// where git refuses the URL.
pub(crate) fn path(url: &str) -> Option<Vec<u8>> {
    Parts::of(url).map(|parts| parts.path().to_vec())
}

/// Returns the host that git would ask for at this URL, and for which username; nothing where git
/// refuses the URL, or no account can be for what it would ask.
pub(crate) fn place(url: &str) -> Option<(Context, Option<Username>)> {
    let parts = Parts::of(url)?;
    let (protocol, host) = (parts.protocol?, parts.host?);
    let username = parts.username.map(|name| Username::new(&name));
    Some((Context::of_host(&protocol, &host)?, username))
}

/// Returns the host as git would send it for this URL, empty where it has none.
pub(crate) fn host(url: &str) -> Vec<u8> {
    Parts::of(url).and_then(|parts| parts.host).unwrap_or_default()
}

/// Undoes `%XX`. Other text stays as it is, and so does everything before a colon, which git takes
/// for a protocol.
fn decoded(text: &str) -> Vec<u8> {
    let (before, text) = text.split_at(text.find(':').unwrap_or(0));
    let mut bytes = before.as_bytes().to_vec();
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let digit = |at: usize| tail.get(at).and_then(|&b| char::from(b).to_digit(16));
        match (first, digit(0), digit(1)) {
            // A NUL would end the text there, so git leaves its `%00` as it stands.
            (b'%', Some(high), Some(low)) if high + low > 0 => {
                bytes.extend(u8::try_from(high * 16 + low));
                rest = &tail[2..];
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    bytes
}

/// Returns bytes as git encodes them in a URL.
fn encoded(bytes: &[u8], slash: bool) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        let is_unsafe = !byte.is_ascii_graphic()
            || b" <>\"%{}|\\^`:?#[]@!$&'()*+,;=".contains(&byte)
            || (slash && byte == b'/');
        if is_unsafe {
            let _ = write!(text, "%{byte:02X}");
        } else {
            text.push(char::from(byte));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Parts, may_be_at, of};
    use crate::context::Context;

    #[test]
    fn a_section_that_lacks_parts_counts_where_the_others_are_equal() {
        let place = Parts::of("https://h.example:8443/team/a%20b.git/").expect("parts");
        for (section, counts) in [
            ("h.example:8443", true),
            ("h.example", false),
            ("H.example:8443", false),
            ("https://", true),
            ("http://", false),
            ("/team/a b.git", true),
            ("h.example:8443/team/a%20b.git", true),
            ("h.example:8443/team", false),
            ("alice@h.example:8443", true),
            ("alice:x@h.example:8443", true),
            ("bob@", false),
        ] {
            let section_parts = Parts::of(section).expect("parts");
            assert_eq!(section_parts.cover(&place, Some(b"alice")), counts, "{section}");
        }
        assert!(!Parts::of("alice@").expect("parts").cover(&place, None));
        assert!(Parts::of("h.example/a%0Ab").is_none());
    }

    #[test]
    fn a_url_of_another_host_cannot_match() {
        let url = "https://alice@H.example:8443/o/r";
        for (place, may) in [
            ("https://h.example", true),
            ("https://bob:x@h.example:8443/o", true),
            ("http://H.EXAMPLE?x", true),
            ("https://*.example", true),
            ("https://*.*", true),
            ("https://*.org", false),
            ("https://*.*.example", false),
            ("https://%68.example", true),
            ("https://other.example", false),
            ("https://h.example.org", false),
            ("https://other.example/@h.example", false),
            ("https://a@b@other.example", true),
        ] {
            assert_eq!(may_be_at(place, url), may, "{place}");
        }
        assert!(may_be_at("https://[::1]:1/", "https://[::1]/"));
        assert!(!may_be_at("https://[::1]", "https://[::2]"));
    }

    #[test]
    fn a_url_is_written_as_git_writes_it() {
        for (url, written) in [
            ("https://h.example/", "https://h.example"),
            ("https://h.example/a+b/c d/", "https://h.example/a%2Bb/c%20d"),
            ("https://al%2Fi:x@h.example/%e4~-_.x", "https://al%2Fi@h.example/%E4~-_.x"),
            ("https://h.example/50%", "https://h.example/50%25"),
        ] {
            assert_eq!(Parts::of(url).expect("parts").to_url(), written);
        }
        let context = Context::from_canonical("https://h.example/a b/c++").expect("canonical");
        assert_eq!(of(&context), "https://h.example/a%20b/c%2B%2B");
    }
}
