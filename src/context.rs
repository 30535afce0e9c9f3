//! The context of a credential: protocol, host with port, and, where wanted, a path.
//!
//! Most mistakes of credential helpers are made here: a token handed to a host that
//! merely looks like the right one. So nothing is repaired and nothing is guessed. The
//! grammar is strict, the canonical form is compared byte for byte, and a text outside
//! the grammar matches nothing. A request is never rebuilt into a URL and parsed again:
//! git and URL libraries disagree about strings such as `https://github.com\@evil.example/`.
//!
//! ```text
//! https://git.example.com:8443/team/repo
//! └─┬─┘   └──────┬──────┘ └┬─┘ └───┬───┘
//! protocol      host      port   scope
//! ```
//!
//! The *scope* is the path part of an account's context. A request with the path
//! `team/repo.git/info/lfs` may be answered from the scopes `team/repo.git/info/lfs`,
//! `team/repo.git/info`, `team/repo`, `team` and from the host itself, in that order
//! ([`Context::answering`]).

mod escape;
#[cfg(test)]
mod tests;

pub use escape::{escape, unescape};
pub(crate) use escape::{is_seen, shown};

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest path, in segments, that can have or match a scope.
const MAX_SEGMENTS: usize = 32;

/// The protocols whose credentials can be kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Protocol {
    /// `https`
    Https,
    /// `http`: unencrypted, see [`Context::exposes_secrets`].
    Http,
    /// `docker`: a container registry, see [`Context::of_registry`]. git cannot name it.
    Docker,
}

impl Protocol {
    /// Reads git's name of a protocol.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes {
            b"https" => Some(Self::Https),
            b"http" => Some(Self::Http),
            _ => None,
        }
    }

    /// Returns the name, as git writes it where git has one.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::Docker => "docker",
        }
    }

    fn default_port(self) -> Option<u16> {
        match self {
            Self::Https => Some(443),
            Self::Http => Some(80),
            // `localhost:80` and `localhost:443` are two registries.
            Self::Docker => None,
        }
    }
}

/// A canonical context: two of them stand for the same URLs if and only if they are equal.
///
/// Its [`Display`](fmt::Display) form is the key under which keychains file an account;
/// [`Context::from_canonical`] reads it back.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Context {
    protocol: Protocol,
    host: String,
    port: Option<u16>,
    scope: Vec<Vec<u8>>,
}

impl Context {
    /// Returns the host-level context of a request's `protocol` and `host` attributes, or nothing
    /// where they are outside the grammar.
    ///
    /// `host` is as git gives it: a name or a bracketed IPv6 address, then optionally a
    /// port.
    #[must_use]
    pub fn of_host(protocol: &[u8], host: &[u8]) -> Option<Self> {
        Self::of(Protocol::from_bytes(protocol)?, std::str::from_utf8(host).ok()?)
    }

    /// Returns the context of a container registry, `HOST[:PORT][/PATH]`. It is never one of git's,
    /// whatever the host: a registry has accounts of its own.
    #[must_use]
    pub fn of_registry(name: &str) -> Option<Self> {
        let (host, path) = name.split_once('/').unwrap_or((name, ""));
        Self::of(Protocol::Docker, host)?.scoped(path.as_bytes())
    }

    /// Returns the name of the container registry, if this is the context of one.
    #[must_use]
    pub fn registry(&self) -> Option<String> {
        let text = self.to_string();
        text.strip_prefix("docker://").map(ToOwned::to_owned)
    }

    fn of(protocol: Protocol, host: &str) -> Option<Self> {
        let (name, port) = split_port(host)?;
        if !is_host_name(name) && !is_bracketed_ipv6(name) {
            return None;
        }
        Some(Self {
            protocol,
            host: name.to_ascii_lowercase(),
            port: port.filter(|&port| Some(port) != protocol.default_port()),
            scope: Vec::new(),
        })
    }

    /// Returns this host with `path` as its scope, or nothing where the path cannot be one: it has
    /// an empty, `.` or `..` segment (`%2e` is a dot), more than 32 segments, or a name that is
    /// only `.git`.
    ///
    /// An empty path is the host level. A final `.git` is dropped.
    #[must_use]
    pub fn scoped(&self, path: &[u8]) -> Option<Self> {
        if path.is_empty() {
            return Some(self.host_level());
        }
        self.at_segments(&segments(path)?)
    }

    /// Returns every context from which a request with this `path` may be answered: the most
    /// specific scope first, the host level last.
    #[must_use]
    pub fn answering(&self, path: Option<&[u8]>) -> Vec<Self> {
        let segments = path.and_then(segments).unwrap_or_default();
        let mut contexts: Vec<Self> =
            (1..=segments.len()).rev().filter_map(|n| self.at_segments(&segments[..n])).collect();
        contexts.push(self.host_level());
        contexts
    }

    /// Returns this context and every wider one, the host level last: those from which a request
    /// for exactly this context may be answered.
    #[must_use]
    pub fn outwards(&self) -> Vec<Self> {
        self.answering(Some(&self.path()).filter(|path| !path.is_empty()).map(Vec::as_slice))
    }

    /// Returns the scope as the path of a request, empty at the host level.
    #[must_use]
    pub fn path(&self) -> Vec<u8> {
        self.scope.join(&b'/')
    }

    /// Reads the canonical form back. A text that [`Display`](fmt::Display) would not have written
    /// is refused.
    #[must_use]
    pub fn from_canonical(text: &str) -> Option<Self> {
        let (protocol, rest) = text.split_once("://")?;
        let (host, path) = rest.split_once('/').map_or((rest, None), |(h, p)| (h, Some(p)));
        let mut context = match protocol {
            "docker" => Self::of(Protocol::Docker, host)?,
            _ => Self::of_host(protocol.as_bytes(), host.as_bytes())?,
        };
        if let Some(path) = path {
            context = context.scoped(&unescape(path)?)?;
        }
        (context.to_string() == text).then_some(context)
    }

    /// Returns the protocol.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Returns the host in lower case, an IPv6 address in its brackets, without port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port, if it is not the protocol's own.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// Returns the host with its port, if it has one: `github.com`, `localhost:8443`.
    #[must_use]
    pub fn authority(&self) -> String {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}{port}", self.host)
    }

    /// Returns whether the context has a scope.
    #[must_use]
    pub fn is_scoped(&self) -> bool {
        !self.scope.is_empty()
    }

    /// Returns the first segment of the scope: on a forge the user or the organisation that owns
    /// the repositories below it.
    #[must_use]
    pub fn owner(&self) -> Option<&[u8]> {
        self.scope.first().map(Vec::as_slice)
    }

    /// Returns the same host without scope.
    #[must_use]
    pub fn host_level(&self) -> Self {
        Self { scope: Vec::new(), ..self.clone() }
    }

    /// Returns whether a token sent there could be read on the way: `http` to another machine.
    #[must_use]
    pub fn exposes_secrets(&self) -> bool {
        self.protocol == Protocol::Http && !self.is_loopback()
    }

    fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        self.host == "localhost"
            || bare.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
            || bare.parse::<Ipv6Addr>().is_ok_and(|ip| ip.is_loopback())
    }

    fn at_segments(&self, segments: &[&[u8]]) -> Option<Self> {
        let (last, parents) = segments.split_last()?;
        let last = last.strip_suffix(b".git").unwrap_or(last);
        // A second `.git` would make `x.git.git` and `x.git` one scope. And `..git` without its
        // `.git` is no segment any more.
        if !is_plain(last) || last.ends_with(b".git") {
            return None;
        }
        let scope = parents.iter().chain([&last]).map(|s| s.to_vec()).collect();
        Some(Self { scope, ..self.clone() })
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.protocol.as_str(), self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        for segment in &self.scope {
            write!(f, "/{}", escape(segment))?;
        }
        Ok(())
    }
}

/// Returns the segments of a path, or nothing where it can neither have nor match a scope.
fn segments(path: &[u8]) -> Option<Vec<&[u8]>> {
    let segments: Vec<&[u8]> = path.split(|&b| b == b'/').collect();
    let plain = segments.iter().all(|segment| is_plain(segment));
    (plain && segments.len() <= MAX_SEGMENTS).then_some(segments)
}

/// Returns whether a segment names a folder below the one before it.
fn is_plain(segment: &[u8]) -> bool {
    // Many libraries and servers take `%2e` for a dot.
    let dots = [&b""[..], b".", b"..", b"%2e", b".%2e", b"%2e.", b"%2e%2e"];
    !dots.iter().any(|dots| segment.eq_ignore_ascii_case(dots))
}

/// Splits `host[:port]`, or returns nothing where the part after the colon is no port.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let after_address = text.rfind(']').unwrap_or(0);
    let Some(colon) = text[after_address..].find(':') else {
        return Some((text, None));
    };
    let (name, port) = (&text[..after_address + colon], &text[after_address + colon + 1..]);
    let plain = !port.starts_with('0') && port.bytes().all(|b| b.is_ascii_digit());
    let port = port.parse().ok().filter(|_| plain)?;
    Some((name, Some(port)))
}

fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    text.split('.').all(is_label)
}

fn is_bracketed_ipv6(text: &str) -> bool {
    text.strip_prefix('[')
        .and_then(|t| t.strip_suffix(']'))
        .is_some_and(|t| t.parse::<Ipv6Addr>().is_ok())
}
