//! The head of a request: exactly what git and git-lfs send, and nothing else that HTTP allows.
//!
//! The sender is not trusted. A request can be smuggled where two programs read one head in two
//! ways, so a head that could be read in two ways is refused: there is one spelling of a path, one
//! length of a body, one request on a connection. Only the headers that are known are passed on.

use super::policy::Policy;
use super::refusal::Refusal;
use crate::context::{Context, unescape};

/// The longest head, in bytes.
pub const MOST: usize = 16 * 1024;

/// The most header lines. git sends about ten.
const MOST_LINES: usize = 64;

/// The header that carries the key of a lending.
pub const KEY_HEADER: &str = "X-Lend";

/// The ends of git-lfs's own paths.
const LOCKS: &str = "/info/lfs/locks/verify";
const BATCH: &str = "/info/lfs/objects/batch";

/// The headers that are passed on, as they are written to the forge.
const PASSED_ON: [&str; 6] =
    ["Accept", "Accept-Encoding", "Accept-Language", "Content-Type", "Git-Protocol", "User-Agent"];

/// The head of a request.
#[derive(PartialEq, Eq, Debug)]
pub struct Head {
    /// The method.
    pub method: Method,
    /// The first segment of the path: the name of a host.
    pub host: String,
    /// The rest of the path, as it was sent and is sent on.
    pub path: String,
    /// The text behind the `?`.
    pub query: Option<String>,
    /// The headers that are passed on.
    pub headers: Vec<(&'static str, String)>,
    /// The length of the body.
    pub body: Body,
    /// Whether the body is compressed.
    pub gzip: bool,
    /// Whether the sender waits for a `100 Continue` before it sends the body.
    pub waits: bool,
    /// The key that the request carries.
    pub key: Option<String>,
}

/// A method that is served.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`, which git-lfs alone sends.
    Put,
}

impl Method {
    /// Returns the method as it is written in a head.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

/// The length of a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Body {
    /// There is no body.
    None,
    /// This many bytes.
    Length(u64),
    /// Unknown: the body comes in chunks, of which the last is empty.
    Chunked,
}

/// The operation for which a request is made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// The list of refs before a fetch.
    RefsToFetch,
    /// The list of refs before a push.
    RefsToPush,
    /// A fetch.
    Fetch,
    /// A push.
    Push,
    /// The addresses from which to get objects of git-lfs, or to which to send them.
    LfsBatch,
    /// The list of the files of git-lfs that others have locked.
    LfsLocks,
    /// An object of git-lfs, by the name that it got in the answer to [`Self::LfsBatch`].
    LfsObject(String),
}

/// A repository, and the operation on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Route {
    /// The operation.
    pub wanted: Wanted,
    /// The repository.
    pub repository: Context,
}

/// Returns the length of the head in these bytes, with its empty line, or `None` where the end of
/// the head has not come yet.
#[must_use]
pub fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|end| end == b"\r\n\r\n").map(|at| at + 4)
}

impl Head {
    /// Reads a head that ends with its empty line.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?.strip_suffix("\r\n\r\n")?;
        let mut lines = text.split("\r\n");
        let mut words = lines.next()?.split(' ');
        let method = match words.next()? {
            "GET" => Method::Get,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            _ => return None,
        };
        let target = words.next()?;
        if words.next() != Some("HTTP/1.1") || words.next().is_some() {
            return None;
        }
        let (path, query) =
            target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let (host, path) = path.strip_prefix('/')?.split_once('/')?;
        if !is_path(path) || !query.is_none_or(is_query) {
            return None;
        }
        let mut head = Self {
            method,
            host: host.to_owned(),
            path: path.to_owned(),
            query: query.map(ToOwned::to_owned),
            headers: Vec::new(),
            body: Body::None,
            gzip: false,
            waits: false,
            key: None,
        };
        head.read(lines)?;
        let has_body = head.body != Body::None;
        (has_body == (method != Method::Get)).then_some(head)
    }

    fn read<'a>(&mut self, lines: impl Iterator<Item = &'a str>) -> Option<()> {
        let mut seen: Vec<String> = Vec::new();
        for (number, line) in lines.enumerate() {
            let (name, value) = line.split_once(':')?;
            let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
            if number >= MOST_LINES || name.is_empty() || !name.bytes().all(is_name) {
                return None;
            }
            let value = value.trim_matches(' ');
            if !value.bytes().all(|b| matches!(b, b' '..=b'~')) {
                return None;
            }
            let name = name.to_ascii_lowercase();
            if seen.contains(&name) {
                return None;
            }
            match name.as_str() {
                "content-length" if self.body == Body::None => {
                    self.body = Body::Length(length(value)?);
                }
                "transfer-encoding" if self.body == Body::None && value == "chunked" => {
                    self.body = Body::Chunked;
                }
                "content-encoding" if value == "gzip" => self.gzip = true,
                "expect" if value.eq_ignore_ascii_case("100-continue") => self.waits = true,
                "content-length" | "transfer-encoding" | "content-encoding" | "expect"
                | "trailer" | "te" | "origin" => return None,
                name if name.starts_with("sec-") => return None,
                name if name.eq_ignore_ascii_case(KEY_HEADER) => self.key = Some(value.to_owned()),
                name => {
                    if let Some(known) = PASSED_ON.iter().find(|k| k.eq_ignore_ascii_case(name)) {
                        self.headers.push((known, value.to_owned()));
                    }
                }
            }
            seen.push(name);
        }
        seen.iter().any(|name| name == "host").then_some(())
    }

    /// Returns the value of a header that is passed on.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// Returns the repository and the operation for which this request is made.
    ///
    /// # Errors
    /// Where the request is not one that is served.
    pub fn route(&self, policy: &Policy) -> Result<Route, Refusal> {
        let (path, wanted) = self.wanted().ok_or(Refusal::NotUnderstood)?;
        let path = unescape(path).ok_or(Refusal::NotUnderstood)?;
        if path.is_empty() || !is_repository(&path) {
            return Err(Refusal::NotUnderstood);
        }
        // A host has one spelling. A name in any other is refused.
        let host = Context::of_host(b"https", self.host.as_bytes());
        let host = host.filter(|host| super::policy::name_of(host) == self.host);
        let host = policy.host(&self.host).or(host).ok_or(Refusal::NotUnderstood)?;
        let repository = host.scoped(&path).ok_or(Refusal::NotUnderstood)?;
        Ok(Route { wanted, repository })
    }

    /// Returns the path of the repository, and the operation.
    fn wanted(&self) -> Option<(&str, Wanted)> {
        let is = |name: &str, value: &str| self.header(name) == Some(value);
        let is_lfs = !self.gzip
            && self.header("Content-Type").is_some_and(|media_type| {
                // git-lfs adds the character set.
                media_type.split(';').next() == Some("application/vnd.git-lfs+json")
            });
        let path = self.path.as_str();
        let (ending, wanted) = match (self.method, self.query.as_deref()) {
            (Method::Get, Some("service=git-upload-pack")) => ("/info/refs", Wanted::RefsToFetch),
            (Method::Get, Some("service=git-receive-pack")) => ("/info/refs", Wanted::RefsToPush),
            (_, Some(_)) => return None,
            (Method::Post, None) if is("Content-Type", "application/x-git-upload-pack-request") => {
                ("/git-upload-pack", Wanted::Fetch)
            }
            (Method::Post, None)
                if is("Content-Type", "application/x-git-receive-pack-request") && !self.gzip =>
            {
                ("/git-receive-pack", Wanted::Push)
            }
            (Method::Post, None) if is_lfs && path.ends_with(LOCKS) => (LOCKS, Wanted::LfsLocks),
            (Method::Post, None) if is_lfs && path.ends_with(BATCH) => (BATCH, Wanted::LfsBatch),
            (Method::Get | Method::Put | Method::Post, None) => {
                let (repository, name) = path.rsplit_once("/lfs-object/")?;
                let is_ours = name.len() == 32 && name.bytes().all(|b| b.is_ascii_hexdigit());
                let is_ours = is_ours && !self.gzip;
                return is_ours.then(|| (repository, Wanted::LfsObject(name.to_owned())));
            }
        };
        Some((path.strip_suffix(ending)?, wanted))
    }
}

/// Returns whether a path has plain characters only, so that no two programs could read it in two
/// ways. The only escape that it may have is that of the space.
fn is_path(path: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"._~@+,=-/".contains(&b);
    path.len() <= 2048 && path.replace("%20", "").bytes().all(is_plain)
}

fn is_query(query: &str) -> bool {
    query.bytes().all(|b| b.is_ascii_lowercase() || b == b'=' || b == b'-')
}

/// Returns whether no part of a repository's path could be taken for one that git adds.
fn is_repository(path: &[u8]) -> bool {
    let segments: Vec<&[u8]> = path.split(|&b| b == b'/').collect();
    let is_added =
        |s: &&[u8]| [&b"git-upload-pack"[..], b"git-receive-pack", b"lfs-object"].contains(s);
    let is_info = |two: &[&[u8]]| two[0] == b"info" && [&b"refs"[..], b"lfs"].contains(&two[1]);
    !segments.iter().any(is_added) && !segments.windows(2).any(is_info)
}

/// Reads a length, which may be written in one way only.
fn length(text: &str) -> Option<u64> {
    let is_number =
        text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_number && text.len() <= 15)
}

#[cfg(test)]
mod tests {
    use super::{Body, Head, Method, Route, Wanted, end_of_head};
    use crate::context::Context;
    use crate::lend::policy::Policy;
    use crate::lend::refusal::Refusal;

    fn host() -> Context {
        Context::of_host(b"https", b"h.example:8443").expect("a host")
    }

    fn policy() -> Policy {
        Policy { reads: vec![host()], pushes: vec![], branches: None, public: false, lfs: false }
    }

    fn get(target: &str) -> Option<Head> {
        Head::parse(format!("GET {target} HTTP/1.1\r\nHost: lend\r\n\r\n").as_bytes())
    }

    fn with(lines: &str) -> Option<Head> {
        let head =
            format!("POST /h.example:8443/a/git-upload-pack HTTP/1.1\r\nHost: x\r\n{lines}\r\n");
        Head::parse(head.as_bytes())
    }

    const FETCH: &str = "Content-Type: application/x-git-upload-pack-request\r\n";
    const REFS: &str = "/info/refs?service=git-upload-pack";

    #[test]
    fn what_git_sends_is_read() {
        let text = "GET /h.example:8443/a/b%20c.git/info/refs?service=git-upload-pack HTTP/1.1\r\n\
                    Host: 127.0.0.1:8418\r\nUser-Agent: git/2.47.3\r\nAccept: */*\r\n\
                    Accept-Encoding: deflate, gzip, br, zstd\r\nAccept-Language: de-DE, *;q=0.9\r\n\
                    Pragma: no-cache\r\nGit-Protocol: version=2\r\nX-Lend: 0123\r\n\
                    Authorization: Basic eDp5\r\nCookie: a=b\r\n\
                    Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\
                    HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n";
        assert_eq!(end_of_head(format!("{text}rest").as_bytes()), Some(text.len()));
        let head = Head::parse(text.as_bytes()).expect("a head");
        assert_eq!(
            (head.method, head.body, head.key.as_deref()),
            (Method::Get, Body::None, Some("0123"))
        );
        let names: Vec<&str> = head.headers.iter().map(|(name, _)| *name).collect();
        let passed = ["User-Agent", "Accept", "Accept-Encoding", "Accept-Language", "Git-Protocol"];
        assert_eq!(names, passed);
        let repository = host().scoped(b"a/b c").expect("a path");
        let route = Route { wanted: Wanted::RefsToFetch, repository };
        assert_eq!(head.route(&policy()), Ok(route));
    }

    #[test]
    fn a_body_has_one_length() {
        for (lines, body) in [
            ("Content-Length: 4\r\n", Body::Length(4)),
            ("content-length:0\r\n", Body::Length(0)),
            ("Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n", Body::Chunked),
        ] {
            assert_eq!(with(lines).expect("a head").body, body, "{lines}");
        }
        for lines in [
            "",
            "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
            "Content-Length: 4\r\nContent-Length: 4\r\n",
            "Content-Length: +5\r\n",
            "Content-Length: -1\r\n",
            "Content-Length: 05\r\n",
            "Content-Length: 4, 4\r\n",
            "Content-Length: 0x4\r\n",
            "Content-Length: \r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "Transfer-Encoding: Chunked\r\n",
            "Transfer-Encoding: chunked, identity\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding : chunked\r\n",
        ] {
            assert_eq!(with(lines), None, "{lines:?}");
        }
        assert_eq!(Head::parse(b"GET /h/a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"), None);
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_no_head() {
        let long = "X-A: b\r\n".repeat(65);
        for lines in [
            " folded: x\r\n",
            "A: b\r\n folded\r\n",
            "A : b\r\n",
            "A\r\n",
            ": b\r\n",
            "A: b\nB: c\r\n",
            "A: b\rB: c\r\n",
            "A: \0\r\n",
            "A: \u{fc}\r\n",
            "Host: y\r\n",
            "X-Lend: a\r\nx-lend: b\r\n",
            "Trailer: A\r\n",
            "TE: trailers\r\n",
            "Origin: https://evil.example\r\n",
            "Sec-Fetch-Mode: cors\r\n",
            "Content-Encoding: br\r\n",
            "Expect: x\r\n",
            &long,
        ] {
            assert_eq!(with(&format!("{lines}Content-Length: 4\r\n")), None, "{lines:?}");
        }
        for line in [
            "GET /h/a HTTP/1.0",
            "GET /h/a",
            "GET  /h/a HTTP/1.1",
            "get /h/a HTTP/1.1",
            "HEAD /h/a HTTP/1.1",
            "OPTIONS * HTTP/1.1",
            "CONNECT h:443 HTTP/1.1",
            "DELETE /h/a HTTP/1.1",
            "PATCH /h/a HTTP/1.1",
            "TRACE /h/a HTTP/1.1",
            "GET https://h.example/a HTTP/1.1",
            "GET h/a HTTP/1.1",
            "GET /h/a HTTP/1.1 ",
            "PRI * HTTP/2.0",
            "\x16\x03\x01",
        ] {
            assert_eq!(
                Head::parse(format!("{line}\r\nHost: x\r\n\r\n").as_bytes()),
                None,
                "{line}"
            );
        }
        assert_eq!(Head::parse(b"GET /h/a HTTP/1.1\nHost: x\n\n"), None);
        assert_eq!(Head::parse(b"GET /h/a HTTP/1.1\r\n\r\n"), None, "no host");
    }

    #[test]
    fn a_path_has_one_spelling() {
        for path in [
            "a/../b",
            "a/%2e%2e/b",
            "a/.%2E/b",
            "..%2fb",
            "a//b",
            "a\\b",
            "a/%252e",
            "a;x",
            "a%00",
            "a#b",
            "{a,b}",
            "a[1-3]",
            "a%41",
            "a/.git",
            "a.git.git",
            "a/./b",
            "",
            "/a",
            "a/",
            "a/info/refs",
            "a/git-upload-pack",
            "a/info/lfs",
            "a:b",
            "a'b",
            "a\"b",
            "a$b",
            "a&b",
            "a/git-receive-pack/b",
            "a/lfs-object/b",
            "\u{fc}",
        ] {
            let route = get(&format!("/h.example:8443/{path}{REFS}")).map(|h| h.route(&policy()));
            assert!(matches!(route, None | Some(Err(Refusal::NotUnderstood))), "{path}: {route:?}");
        }
        let deep = vec!["a"; 33].join("/");
        let route = get(&format!("/h.example:8443/{deep}{REFS}")).map(|h| h.route(&policy()));
        assert_eq!(route, Some(Err(Refusal::NotUnderstood)));
    }

    #[test]
    fn a_host_has_one_spelling() {
        for name in [
            "H.example:8443",
            "h.example:08443",
            "h.example.:8443",
            "a@h.example:8443",
            "h.example%40x",
            "h.example:8443:",
            "",
            "h.example:443",
        ] {
            let route = get(&format!("/{name}/a{REFS}")).map(|head| head.route(&policy()));
            assert!(matches!(route, None | Some(Err(Refusal::NotUnderstood))), "{name}: {route:?}");
        }
        // A host that is not lent is understood, so that the refusal can name it.
        let route = get(&format!("/g.example/a{REFS}")).expect("a head").route(&policy());
        assert_eq!(route.expect("a route").repository.to_string(), "https://g.example/a");
    }

    #[test]
    fn git_lfs_asks_for_addresses_and_locks_and_goes_to_the_addresses_it_got() {
        let name = "0".repeat(32);
        for (method, path, wanted) in [
            ("POST", "/info/lfs/objects/batch", Wanted::LfsBatch),
            ("POST", "/info/lfs/locks/verify", Wanted::LfsLocks),
            // This is the check after an upload, which has the media type of a question.
            ("POST", &format!("/lfs-object/{name}"), Wanted::LfsObject(name.clone())),
            ("PUT", &format!("/lfs-object/{name}"), Wanted::LfsObject(name.clone())),
        ] {
            let head = format!(
                "{method} /h.example:8443/a{path} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\
                 Content-Type: application/vnd.git-lfs+json; charset=utf-8\r\n\r\n"
            );
            let route = Head::parse(head.as_bytes()).expect("a head").route(&policy());
            assert_eq!(route.map(|route| route.wanted), Ok(wanted), "{method} {path}");
        }
    }

    #[test]
    fn only_gits_own_calls_are_served() {
        for target in [
            "/info/refs",
            "/info/refs?service=git-upload-archive",
            "/HEAD",
            "/objects/info/packs",
            "/info/refs?service=git-upload-pack&a=b",
            "/git-upload-pack",
            "/archive/main.zip",
            "",
            "/info/refs?service=git-upload-pack&service=git-receive-pack",
            "/info/lfs/locks",
            "/info/refs?",
            "/git-upload-archive",
            "/lfs-object/0123",
        ] {
            let route = get(&format!("/h.example:8443/a{target}")).map(|h| h.route(&policy()));
            assert!(matches!(route, None | Some(Err(Refusal::NotUnderstood))), "{target}");
        }
        let wrong_type = with("Content-Type: text/plain\r\nContent-Length: 4\r\n").expect("a head");
        assert_eq!(wrong_type.route(&policy()), Err(Refusal::NotUnderstood));
        let fetch = with(&format!("{FETCH}Content-Encoding: gzip\r\nContent-Length: 4\r\n"));
        let route = fetch.expect("a head").route(&policy()).expect("a route");
        assert_eq!(route.wanted, Wanted::Fetch);
        // A push is read here, so its body must not be compressed.
        let push = "POST /h.example:8443/a/git-receive-pack HTTP/1.1\r\nHost: x\r\n\
                    Content-Type: application/x-git-receive-pack-request\r\nContent-Length: 4\r\n";
        let plain = Head::parse(format!("{push}\r\n").as_bytes()).expect("a head");
        assert_eq!(plain.route(&policy()).map(|route| route.wanted), Ok(Wanted::Push));
        let gzip = Head::parse(format!("{push}Content-Encoding: gzip\r\n\r\n").as_bytes());
        assert_eq!(gzip.expect("a head").route(&policy()), Err(Refusal::NotUnderstood));
    }
}
