//! Sends requests by the user's own `curl`. No other file leads to the network.
//!
//! No TLS is linked into this program. It would add most of the program's size again, cost time at
//! each get of git's, and judge certificates by itself. curl takes those that the system trusts and
//! every kind of proxy, and its fixes come with the system's. What one has to know:
//!
//! - `-q` comes first. Otherwise `~/.curlrc` would count, which can write every header into a file.
//! - curl reads everything from its standard input, as a configuration. Neither an argument nor the
//!   environment holds a token, and no file is written.
//! - The environment has only what curl needs to find its proxy and certificates. It lacks
//!   `SSLKEYLOGFILE`: with that file a wiretap could be decrypted.
//! - No redirect is followed: only the caller can say whether the token may go where it leads.
//! - git's settings for the URL count, see [`git::http`]. But a certificate is always checked, even
//!   where git is told not to check it.

#[cfg(target_os = "linux")]
pub(crate) mod flow;
mod lines;
#[cfg(target_os = "linux")]
pub(crate) mod spare;

use crate::child::{self, Bounds, Stand, Stopped};
use crate::git;
use crate::secret::{Buffer, Secret};
use lines::Lines;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::env;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use url::{Host, Url};
use zeroize::Zeroizing;

/// The longest answer, in bytes.
pub(crate) const MOST: usize = 1024 * 1024;

/// The time before the deadline at which curl gives up by itself, so that it can say why.
const GRACE: Duration = Duration::from_millis(100);

/// The variables that curl gets.
pub(crate) const ENVIRONMENT: [&str; 16] = [
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    "SYSTEMROOT",
    "KRB5CCNAME",
    "KRB5_CONFIG",
    "KRB5_KTNAME",
    "KRB5_CLIENT_KTNAME",
    "KRB5RCACHEDIR",
];

/// A request to a server.
pub(crate) struct Request<'a> {
    /// The method, such as `GET` or `POST`.
    pub(crate) method: &'static str,
    /// The URL, which holds no token and no username: both belong in a header.
    pub(crate) url: &'a str,
    /// The headers, each with its value, which may be a secret.
    pub(crate) headers: Vec<(&'static str, Zeroizing<Vec<u8>>)>,
    /// The body, which may be a secret.
    pub(crate) body: Option<&'a Secret>,
    /// The time by which the answer must be there.
    pub(crate) deadline: Instant,
}

/// A server's answer, in memory that is wiped.
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: Zeroizing<Vec<u8>>,
    /// The body, of at most [`MOST`] bytes together with the head.
    pub(crate) body: Buffer,
}

/// The reason why there is no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Trouble {
    /// There is no curl.
    NoCurl,
    /// The host, or the proxy before it, is not reached. The text is curl's.
    Unreachable(String),
    /// The connection broke off. The text is curl's.
    Cut(String),
    /// There was no time left to ask.
    NoTime,
    /// There was no answer in time.
    TooSlow,
    /// The host's certificate is not trusted, or ours is not taken. The text is curl's.
    Certificate(String),
    /// The answer is longer than anybody needs.
    TooMuch,
    /// The output is no answer, or curl does not do what it should.
    Failed,
    /// The request cannot be made: no https, or something in it that curl could take for more.
    Unfit,
}

impl Trouble {
    /// Returns whether the request cannot have arrived: it was never sent, or nobody was there to
    /// take it.
    pub(crate) fn is_before_sending(&self) -> bool {
        match self {
            // curl sends a request after the certificates were agreed on. Where a host takes none
            // of ours only later, the connection breaks off.
            Self::NoCurl
            | Self::Unreachable(_)
            | Self::Certificate(_)
            | Self::NoTime
            | Self::Unfit => true,
            Self::Cut(_) | Self::TooSlow | Self::TooMuch | Self::Failed => false,
        }
    }

    /// Returns what curl's exit status means.
    fn of(status: Option<i32>, stderr: &[u8]) -> Self {
        match status {
            Some(28) => Self::TooSlow,
            Some(63) => Self::TooMuch,
            Some(5 | 6 | 7 | 97) => Self::Unreachable(words(stderr)),
            Some(16 | 18 | 52 | 55 | 56 | 80 | 92) => Self::Cut(words(stderr)),
            Some(35 | 51 | 53 | 54 | 58 | 59 | 60 | 66 | 77 | 82 | 83 | 90 | 91) => {
                Self::Certificate(words(stderr))
            }
            _ => Self::Failed,
        }
    }
}

impl Answer {
    /// Returns the value of a header, without the blanks around it. A header with several different
    /// values has none, because nobody knows which one is meant.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let mut values = self.values(name);
        let first = values.next()?;
        if values.any(|other| other != first) {
            return None;
        }
        String::from_utf8(first.to_vec()).ok()
    }

    /// Returns whether a header is there, also one that has no value because it has several.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.head.split(|&byte| byte == b'\n').filter_map(move |line| {
            let colon = line.iter().position(|&byte| byte == b':')?;
            let is_it = line[..colon].eq_ignore_ascii_case(name.as_bytes());
            is_it.then(|| line[colon + 1..].trim_ascii())
        })
    }

    /// Returns the number of seconds after which the server wants to be asked again, where it says
    /// so.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        self.header("retry-after").and_then(|seconds| seconds.parse().ok())
    }

    /// Returns whether the server says that it is a page for people.
    pub(crate) fn is_page(&self) -> bool {
        self.header("content-type").is_some_and(|kind| kind.starts_with("text/html"))
    }

    /// Reads curl's output: the heads of all answers, of which the last counts, and the body.
    pub(crate) fn parse(printed: &[u8]) -> Option<Self> {
        let (status, head) = final_head(printed)?;
        let body = Buffer::new(&printed[head.end..]);
        Some(Self { status, head: Zeroizing::new(printed[head].to_vec()), body })
    }
}

/// Returns the status and the place of the final answer's head. Heads of interim answers stand
/// before it.
fn final_head(bytes: &[u8]) -> Option<(u16, Range<usize>)> {
    let mut at = 0;
    loop {
        let rest = &bytes[at..];
        let end = at + end_of_head(rest)?;
        let status = status_of(rest)?;
        if status >= 200 {
            return Some((status, at..end));
        }
        at = end;
    }
}

/// Returns where the body begins.
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        at += line.len();
        if matches!(line, b"\r\n" | b"\n") {
            return Some(at);
        }
    }
    None
}

/// Returns the status in `HTTP/1.1 200 OK`.
fn status_of(bytes: &[u8]) -> Option<u16> {
    let line = bytes.strip_prefix(b"HTTP/")?.split(|&byte| byte == b'\n').next()?;
    let number = line.split(|&byte| byte == b' ').nth(1)?.trim_ascii();
    std::str::from_utf8(number).ok()?.parse().ok().filter(|status| (100..600).contains(status))
}

/// Returns curl as it is always started: with its options on standard input, without the user's own
/// file of options, and with a few variables.
fn program(curl: &Path) -> Command {
    let mut program = Command::new(curl);
    program.args(["-q", "--config", "-"]).env_clear();
    for name in ENVIRONMENT {
        if let Some(value) = env::var_os(name) {
            program.env(name, value);
        }
    }
    program
}

/// Returns a URL that may be asked, and curl's option for its protocol, which is the only one that
/// curl may speak: https, or http to this machine.
fn address(url: &str) -> Result<(Url, &'static [u8]), Trouble> {
    let url = Url::parse(url).map_err(|_| Trouble::Unfit)?;
    match url.scheme() {
        "https" => Ok((url, b"=https")),
        "http" if is_loopback(&url) => Ok((url, b"=http")),
        _ => Err(Trouble::Unfit),
    }
}

/// A way to send requests.
pub(crate) trait Transport {
    /// Sends a request, once.
    ///
    /// # Errors
    /// The reason why there is no answer. The request may have arrived all the same, unless
    /// [`Trouble::is_before_sending`].
    fn send(&self, request: &Request<'_>) -> Result<Answer, Trouble>;
}

/// One thread's way to the network.
pub(crate) struct Client {
    curl: PathBuf,
    /// The URL of the git host, whose proxy and authorities count for its API, too.
    git_host: String,
    /// The settings in git's configuration, by origin.
    settings: RefCell<BTreeMap<String, git::http::Settings>>,
}

impl Client {
    /// Finds curl, for questions about the git host of this URL.
    ///
    /// # Errors
    /// [`Trouble::NoCurl`] where there is none.
    pub(crate) fn new(git_host: &str) -> Result<Self, Trouble> {
        let curl = curl().ok_or(Trouble::NoCurl)?;
        Ok(Self { curl, git_host: git_host.to_owned(), settings: RefCell::default() })
    }

    /// Returns a way to the network that leads nowhere.
    #[cfg(test)]
    pub(super) fn without_curl() -> Self {
        Self { curl: PathBuf::new(), git_host: String::new(), settings: RefCell::default() }
    }

    /// Returns curl's configuration for a request.
    fn configuration(&self, request: &Request<'_>) -> Result<Zeroizing<Vec<u8>>, Trouble> {
        let (url, protocol) = address(request.url)?;
        if !url.username().is_empty() {
            return Err(Trouble::Unfit);
        }
        let left = request.deadline.saturating_duration_since(Instant::now()).saturating_sub(GRACE);
        if left.is_zero() {
            return Err(Trouble::NoTime);
        }
        let mut lines = Lines::default();
        lines.flags(&["silent", "show-error", "include", "suppress-connect-headers", "globoff"]);
        lines.option("url", request.url.as_bytes())?;
        lines.option("request", request.method.as_bytes())?;
        lines.option("proto", protocol)?;
        lines.option("max-time", format!("{:.3}", left.as_secs_f64()).as_bytes())?;
        lines.option("max-redirs", b"0")?;
        let agent = concat!("git-credential-pat/", env!("CARGO_PKG_VERSION"));
        lines.option("user-agent", agent.as_bytes())?;
        self.as_git_connects(&url, &mut lines, request.deadline)?;
        for (name, value) in &request.headers {
            let header = Zeroizing::new([name.as_bytes(), b": ", value].concat());
            lines.option("header", &header)?;
        }
        if let Some(body) = request.body {
            lines.option("data-raw", body.expose())?;
        }
        Ok(lines.0)
    }

    /// Adds git's settings for this URL. For an API on another host than git's, its own settings
    /// come first.
    fn as_git_connects(
        &self,
        url: &Url,
        lines: &mut Lines,
        deadline: Instant,
    ) -> Result<(), Trouble> {
        let here = url.origin().ascii_serialization();
        let of_git = Url::parse(&self.git_host).ok().map(|url| url.origin().ascii_serialization());
        let mut known = self.settings.borrow_mut();
        let mut settings = |origin: &str| {
            let none = || git::http::settings(origin, deadline);
            known.entry(origin.to_owned()).or_insert_with(none).clone()
        };
        let mut all = settings(&here);
        if let Some(of_git) = of_git.filter(|of_git| *of_git != here) {
            // A client's certificate is only for the host for which it was made.
            let is_wide =
                |name: &str| matches!(name, "sslcainfo" | "sslcapath") || name.starts_with("proxy");
            for (name, value) in settings(&of_git) {
                if is_wide(&name) && all.iter().all(|(there, _)| *there != name) {
                    all.push((name, value));
                }
            }
        }
        for (variable, name) in [
            ("GIT_SSL_CAINFO", "sslcainfo"),
            ("GIT_SSL_CAPATH", "sslcapath"),
            ("GIT_SSL_CERT", "sslcert"),
            ("GIT_SSL_KEY", "sslkey"),
            ("GIT_PROXY_SSL_CAINFO", "proxysslcainfo"),
        ] {
            if let Ok(value) = env::var(variable) {
                all.retain(|(there, _)| there != name);
                all.push((name.to_owned(), Zeroizing::new(value)));
            }
        }
        // Somebody would have to be asked for the password of such a key.
        let is_locked = |(name, value): &(String, Zeroizing<String>)| {
            name == "sslcertpasswordprotected" && git::entries::is_true(value)
        };
        let has_locked_key = all.iter().any(is_locked);
        for (name, value) in &all {
            if !(has_locked_key && matches!(name.as_str(), "sslcert" | "sslkey")) {
                lines.setting(name, value)?;
            }
        }
        Ok(())
    }
}

impl Transport for Client {
    fn send(&self, request: &Request<'_>) -> Result<Answer, Trouble> {
        let configuration = self.configuration(request)?;
        let program = program(&self.curl);
        let bounds = Bounds { deadline: request.deadline, stdout: Some(MOST), stderr: Some(4096) };
        let output = child::run(program, Some(configuration), Stand::Apart, &bounds);
        let output = output.map_err(|stopped| match stopped {
            Stopped::NotStarted => Trouble::NoCurl,
            Stopped::TooSlow => Trouble::TooSlow,
            Stopped::TooMuch => Trouble::TooMuch,
            Stopped::Failed => Trouble::Failed,
        })?;
        match output.status.code() {
            Some(0) => Answer::parse(&output.stdout).ok_or(Trouble::Failed),
            status => Err(Trouble::of(status, &output.stderr)),
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Returns curl's words, without its name and number. It may repeat the server's in them.
fn words(stderr: &[u8]) -> String {
    let line = stderr.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let text = String::from_utf8_lossy(line);
    let bare = text.strip_prefix("curl: (").and_then(|text| text.split_once(") "));
    bare.map_or(&*text, |(_, words)| words).to_owned()
}

/// Returns the system's own curl, else the first one in an absolute folder of PATH. So it is never
/// a file in the folder where a person happens to be.
#[inline(never)]
fn curl() -> Option<PathBuf> {
    if cfg!(windows) {
        let root = PathBuf::from(env::var_os("SystemRoot")?);
        return Some(root.join("System32").join("curl.exe")).filter(|file| file.is_file());
    }
    if cfg!(target_os = "macos") {
        return Some(PathBuf::from("/usr/bin/curl"));
    }
    let path = env::var_os("PATH")?;
    let mut files = env::split_paths(&path).filter(|folder| folder.is_absolute());
    files.by_ref().map(|folder| folder.join("curl")).find(|file| git::is_program(file))
}

#[cfg(test)]
mod tests {
    use super::{Answer, Trouble, words};

    fn parsed(text: &str) -> Option<Answer> {
        Answer::parse(text.as_bytes())
    }

    #[test]
    fn the_last_head_counts_and_what_follows_is_the_body() {
        let text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/2 200 \r\nA: b\r\n\r\nHTTP/1.1 500 x\r\n\r\n";
        let answer = parsed(text).expect("an answer");
        assert_eq!((answer.status, answer.header("a").as_deref()), (200, Some("b")));
        assert_eq!(answer.body.expose(), b"HTTP/1.1 500 x\r\n\r\n");
        for text in ["", "\r\n\r\n", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 999 x\r\n\r\n", "<html>\n\n"]
        {
            assert!(parsed(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_header_that_stands_twice_with_two_values_says_nothing() {
        let text = "HTTP/1.1 200 OK\r\nX-One: 1\r\nx-one:1 \r\nX-Two: 1\r\nX-Two: 2\r\n\r\n";
        let answer = parsed(text).expect("an answer");
        assert_eq!(answer.header("X-ONE").as_deref(), Some("1"));
        assert_eq!((answer.header("X-Two"), answer.header("X-Three")), (None, None));
    }

    #[test]
    fn a_connection_that_broke_off_may_have_carried_the_request() {
        for (status, is_before) in [
            (5, true),
            (6, true),
            (7, true),
            (18, false),
            (28, false),
            (35, true),
            (52, false),
            (55, false),
            (56, false),
            (60, true),
            (63, false),
            (92, false),
            (1, false),
        ] {
            assert_eq!(Trouble::of(Some(status), b"").is_before_sending(), is_before, "{status}");
        }
        assert!(!Trouble::of(None, b"").is_before_sending());
    }

    #[test]
    fn curls_words_are_without_its_number() {
        let said = b"curl: (60) SSL certificate problem: self-signed certificate\nMore details";
        assert_eq!(words(said), "SSL certificate problem: self-signed certificate");
    }
}
