//! A request whose body and answer flow through this process and may have any length: a request of
//! git's own from those to whom access is lent.
//!
//! curl reads its options from standard input, as always, and writes the answer to standard output.
//! It reads the body from standard error, so its status alone says what went wrong.

use super::lines::Lines;
use super::spare::{Spare, Started};
use super::{Client, Trouble, address, final_head};
use crate::secret::Secret;
use std::io::{PipeWriter, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout};
use std::time::Instant;
use zeroize::Zeroizing;

/// The longest head of an answer, in bytes.
pub(crate) const MOST_OF_HEAD: usize = 64 * 1024;

/// How long a connection may take to come about, in seconds.
const CONNECTS_WITHIN: &[u8] = b"30";

/// The way to one host: the path of curl, and the options with which git connects to the host.
pub(crate) struct Way {
    curl: PathBuf,
    lines: Zeroizing<Vec<u8>>,
    spare: Option<&'static Spare>,
}

/// A request that is to be sent.
pub(crate) struct Flow<'a> {
    /// `GET`, `POST` or `PUT`.
    pub(crate) method: &'static str,
    /// The URL, which holds no token.
    pub(crate) url: &'a str,
    /// The names and values of the headers.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    /// The token to send, if any.
    pub(crate) login: Option<Login<'a>>,
    /// The length of the body.
    pub(crate) body: Sent,
}

/// A token, and the way in which it is sent.
#[derive(Clone, Copy)]
pub(crate) enum Login<'a> {
    /// As the password of this user name.
    Basic(&'a [u8], &'a Secret),
    /// In an `Authorization` header, behind this scheme.
    Scheme(&'a [u8], &'a Secret),
}

impl<'a> Login<'a> {
    /// Returns the token alone.
    pub(crate) fn token(self) -> &'a Secret {
        match self {
            Self::Basic(_, token) | Self::Scheme(_, token) => token,
        }
    }
}

/// The length of a body that is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// There is no body.
    Nothing,
    /// The body has this many bytes.
    Length(u64),
    /// Nobody knows how many bytes the body has.
    Chunked,
}

impl Sent {
    /// Returns whether there is anything in the body.
    fn is_some(self) -> bool {
        matches!(self, Self::Chunked | Self::Length(1..))
    }
}

/// A request under way. Its curl ends when this is dropped.
pub(crate) struct Flowing {
    curl: Child,
    /// The stream of the answer: its head, and then its body.
    pub(crate) answer: ChildStdout,
    /// The pipe into which the body is written. Closing it ends the body.
    pub(crate) body: Option<PipeWriter>,
}

/// The head of an answer.
pub(crate) struct AnswerHead {
    pub(crate) status: u16,
    /// The names in lower case, and the values that are plain text.
    headers: Vec<(String, String)>,
    /// The number of bytes up to its end, with those of interim answers before it.
    pub(crate) length: usize,
}

impl Client {
    /// Returns the way to the host of a URL. It keeps the settings that git has now.
    ///
    /// # Errors
    /// [`Trouble::Unfit`] where no token may be sent to the URL.
    pub(crate) fn way(&self, url: &str, deadline: Instant) -> Result<Way, Trouble> {
        let (url, protocol) = address(url)?;
        let mut lines = Lines::default();
        // curl follows no redirect: only the caller knows whether its target is lent.
        lines.flags(&[
            "silent",
            "include",
            "suppress-connect-headers",
            "globoff",
            "path-as-is",
            "no-buffer",
            "http1.1",
        ]);
        lines.option("proto", protocol)?;
        lines.option("connect-timeout", CONNECTS_WITHIN)?;
        self.as_git_connects(&url, &mut lines, deadline)?;
        Ok(Way { curl: self.curl.clone(), lines: lines.0, spare: None })
    }

    /// Returns a thread that starts curls before they are needed.
    ///
    /// # Errors
    /// [`Trouble::Failed`] where no thread can be made.
    pub(crate) fn spare(&self) -> Result<&'static Spare, Trouble> {
        Spare::new(self.curl.clone()).map_err(|_| Trouble::Failed)
    }
}

impl Way {
    /// Returns the same way, which uses a curl of this thread where one is ready.
    pub(crate) fn with(self, spare: &'static Spare) -> Self {
        Self { spare: Some(spare), ..self }
    }

    /// Begins a request.
    ///
    /// # Errors
    /// [`Trouble::Unfit`] where curl could take a part of the request for more than a value, and
    /// [`Trouble::NoCurl`] where curl cannot be started.
    pub(crate) fn begin(&self, flow: &Flow<'_>) -> Result<Flowing, Trouble> {
        let configuration = self.configuration(flow)?;
        // One that waited may have been ended by somebody meanwhile.
        let waited = self.spare.as_ref().and_then(|spare| spare.take());
        let told = if let Some(told) = waited.and_then(|curl| tell(curl, &configuration)) {
            told
        } else {
            let curl = Started::new(&self.curl).map_err(|_| Trouble::NoCurl)?;
            tell(curl, &configuration).ok_or(Trouble::Failed)?
        };
        let has_body = flow.body.is_some();
        let Started { curl, answer, body } = told;
        Ok(Flowing { curl, answer, body: Some(body).filter(|_| has_body) })
    }

    fn configuration(&self, flow: &Flow<'_>) -> Result<Zeroizing<Vec<u8>>, Trouble> {
        let mut lines = Lines::default();
        lines.push(&[&self.lines]);
        lines.option("url", flow.url.as_bytes())?;
        lines.option("request", flow.method.as_bytes())?;
        for (name, value) in flow.headers {
            lines.option("header", format!("{name}: {value}").as_bytes())?;
        }
        // curl would send these headers by itself. An empty one takes them away.
        for name in ["Accept", "User-Agent", "Content-Type"] {
            if !flow.headers.iter().any(|(there, _)| *there == name) {
                lines.option("header", format!("{name}:").as_bytes())?;
            }
        }
        match flow.body {
            Sent::Nothing | Sent::Chunked => {}
            Sent::Length(0) => lines.option("data-binary", b"")?,
            Sent::Length(length) => {
                // A server for objects of git-lfs may refuse chunks.
                lines.option("header", format!("Content-Length: {length}").as_bytes())?;
                lines.option("header", b"Transfer-Encoding:")?;
            }
        }
        if flow.body.is_some() {
            lines.option("header", b"Expect:")?;
            lines.option("upload-file", b"/dev/fd/2")?;
        }
        match flow.login {
            None => {}
            Some(Login::Basic(name, token)) => {
                let user = Zeroizing::new([name, b":", token.expose()].concat());
                lines.flags(&["basic"]);
                lines.option("user", &user)?;
            }
            Some(Login::Scheme(scheme, token)) => {
                let value =
                    Zeroizing::new([b"Authorization: ", scheme, b" ", token.expose()].concat());
                lines.option("header", &value)?;
            }
        }
        Ok(lines.0)
    }
}

/// Gives curl its options.
fn tell(mut started: Started, options: &[u8]) -> Option<Started> {
    let mut input = started.curl.stdin.take()?;
    if input.write_all(options).is_ok() {
        return Some(started);
    }
    let _ = started.curl.kill();
    let _ = started.curl.wait();
    None
}

impl Flowing {
    /// Kills curl, so that a body that was cut off does not look whole.
    pub(crate) fn cut(&mut self) {
        let _ = self.curl.kill();
    }

    /// Waits until curl has ended. Returns its status, or `None` where it was killed.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        self.curl.wait().ok()?.code()
    }
}

impl Drop for Flowing {
    fn drop(&mut self) {
        self.cut();
        let _ = self.curl.wait();
    }
}

impl AnswerHead {
    /// Reads the head of the final answer. Returns `None` where it has not come yet.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let (status, head) = final_head(bytes)?;
        let length = head.end;
        let lines = bytes[head].split(|&b| b == b'\n').skip(1);
        let headers = lines.filter_map(|line| {
            let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
            let value = value.trim();
            let is_plain = value.bytes().all(|b| matches!(b, b' '..=b'~'));
            is_plain.then(|| (name.to_ascii_lowercase(), value.to_owned()))
        });
        Some(Self { status, headers: headers.collect(), length })
    }

    /// Returns the value of a header, whose name is in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(there, _)| there == name).map(|(_, value)| value.as_str())
    }
}

/// Returns the reason why curl ended with this status, in words.
pub(crate) fn why(status: Option<i32>) -> &'static str {
    match status {
        Some(5) => "the name of its proxy is not known",
        Some(6) => "its name is not known",
        Some(7) => "nothing listens there, or the way is barred",
        Some(28) => "it does not answer",
        Some(35) => "no TLS comes about",
        Some(51 | 60 | 77 | 90 | 91) => "its certificate is not trusted",
        Some(58 | 66) => "our own certificate is of no use",
        Some(97) => "the proxy does not let us through",
        _ => "the connection broke off",
    }
}

#[cfg(test)]
mod tests {
    use super::{AnswerHead, Flow, Login, Sent, Way};
    use crate::secret::Secret;
    use std::path::PathBuf;
    use zeroize::Zeroizing;

    fn told(flow: &Flow<'_>) -> Option<String> {
        let lines = Zeroizing::new(b"silent\n".to_vec());
        let way = Way { curl: PathBuf::new(), lines, spare: None };
        let lines = way.configuration(flow).ok()?;
        Some(String::from_utf8_lossy(&lines).into_owned())
    }

    fn flow<'a>(url: &'a str, headers: &'a [(&'a str, &'a str)], body: Sent) -> Flow<'a> {
        Flow { method: "POST", url, headers, login: None, body }
    }

    #[test]
    fn the_head_that_counts_is_the_last_and_its_values_are_plain() {
        let text = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nA: b \r\nB: \x1b\r\n\r\nPACK";
        let head = AnswerHead::parse(text).expect("a head");
        assert_eq!((head.status, head.header("a"), head.header("b")), (200, Some("b"), None));
        assert_eq!(&text[head.length..], b"PACK");
        assert!(AnswerHead::parse(&text[..56]).is_none());
        assert!(AnswerHead::parse(b"curl: (7)\n\n").is_none());
    }

    #[test]
    fn what_came_from_elsewhere_is_a_value_and_never_an_option() {
        let url = "https://h.example/a";
        for header in ["\"\nurl = \"x", "a\nb", "a\rb"] {
            assert_eq!(told(&flow(url, &[("Accept", header)], Sent::Nothing)), None);
        }
        let quoted = told(&flow(url, &[("Accept", "@file \"x\\")], Sent::Nothing)).expect("lines");
        assert!(quoted.contains("header = \"Accept: @file \\\"x\\\\\"\n"), "{quoted}");
    }

    #[test]
    fn a_body_is_never_read_by_curl_before_it_is_sent() {
        let url = "https://h.example/a";
        let chunked = told(&flow(url, &[], Sent::Chunked)).expect("lines");
        assert!(chunked.contains("upload-file = \"/dev/fd/2\"\n"), "{chunked}");
        assert!(!chunked.contains("Content-Length"), "{chunked}");
        let long = told(&flow(url, &[], Sent::Length(5))).expect("lines");
        assert!(long.contains("header = \"Content-Length: 5\"\n"), "{long}");
        let none = told(&flow(url, &[], Sent::Nothing)).expect("lines");
        assert!(!none.contains("upload-file") && !none.contains("data"), "{none}");
    }

    #[test]
    fn a_token_is_sent_as_git_sends_it() {
        let token = Secret::new(b"ghp_TESTONLY\"x");
        let with = |login| {
            told(&Flow { login: Some(login), ..flow("https://h.example", &[], Sent::Nothing) })
        };
        let basic = with(Login::Basic(b"alice", &token)).expect("lines");
        assert!(basic.contains("user = \"alice:ghp_TESTONLY\\\"x\"\n"), "{basic}");
        let bearer = with(Login::Scheme(b"Bearer", &token)).expect("lines");
        assert!(
            bearer.contains("header = \"Authorization: Bearer ghp_TESTONLY\\\"x\"\n"),
            "{bearer}"
        );
    }
}
