//! The head of a request: exactly what git and git-lfs send, and nothing else that HTTP allows.
//!
//! The sender is not trusted. A request can be smuggled where two programs read one head in two
//! ways, so a head that could be read in two ways is refused: there is one spelling of a path, one
//! length of a body, one request on a connection. Only the headers that are known are passed on.

/// The longest head, in bytes.
pub const MOST: usize = 16 * 1024;

/// The most header lines. git sends about ten.
const MOST_LINES: usize = 64;

/// The header that carries the key of a lending.
pub const KEY_HEADER: &str = "X-Lend";
const LOWER_KEY_HEADER: &str = "x-lend";

/// The headers that are passed on, in lower case and as they are written to the forge.
const PASSED_ON: [(&str, &str); 6] = [
    ("accept", "Accept"),
    ("accept-encoding", "Accept-Encoding"),
    ("accept-language", "Accept-Language"),
    ("content-type", "Content-Type"),
    ("git-protocol", "Git-Protocol"),
    ("user-agent", "User-Agent"),
];

/// Returns whether a header goes on as the client has sent it.
pub(super) fn is_passed_on(name: &str) -> bool {
    PASSED_ON.iter().any(|(_, written)| *written == name)
}

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
                LOWER_KEY_HEADER => self.key = Some(value.to_owned()),
                name => {
                    let known = PASSED_ON.iter().find(|(lower, _)| *lower == name);
                    self.headers.extend(known.map(|(_, written)| (*written, value.to_owned())));
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

/// Reads a length, which may be written in one way only.
fn length(text: &str) -> Option<u64> {
    let is_number =
        text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_number && text.len() <= 15)
}

#[cfg(test)]
mod tests {
    use super::{Body, Head, Method, end_of_head};

    fn with(lines: &str) -> Option<Head> {
        let head =
            format!("POST /h.example:8443/a/git-upload-pack HTTP/1.1\r\nHost: x\r\n{lines}\r\n");
        Head::parse(head.as_bytes())
    }

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
        let path = "a/b%20c.git/info/refs";
        assert_eq!((head.host.as_str(), head.path.as_str()), ("h.example:8443", path));
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
}
