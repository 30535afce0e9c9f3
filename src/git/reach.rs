//! Whether git may read a repository and is offered to push to it: git's own transport is asked,
//! so that proxies, certificates and everything else count as they do for git.
//!
//! `git remote-https` needs no repository. It is given one helper line of ours that answers and
//! keeps nothing, because git stores after a success and erases after a 401. It follows no
//! redirect: git would ask us for the other host as well. What the server has answered is read
//! from git's own trace, in which git leaves the token out; it goes through a pipe, never into
//! a file.
//!
//! ```text
//! list for-push    GET …/info/refs?service=git-receive-pack    is push offered?
//! list             GET …/info/refs?service=git-upload-pack     may it read?
//! ```

use super::{ask, command};
use crate::arguments::ANSWER_ONLY;
use crate::child::{self, Bounds, Stand, Stopped};
use std::time::Instant;
use zeroize::Zeroizing;

/// How much is read of what git says.
const MOST: usize = 256 * 1024;

/// What git is to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    Push,
    Read,
}

/// A question to a repository's server.
pub(crate) struct Question<'a> {
    /// Of the repository, without a username: libcurl would try that with an empty password first.
    pub(crate) url: &'a str,
    /// Whom git is to ask for, where it has a choice.
    pub(crate) username: Option<&'a str>,
    /// The helper that git asks, and no other.
    pub(crate) helper: &'a str,
    /// Whether headers that git is configured with are left out.
    pub(crate) without_headers: bool,
    pub(crate) deadline: Instant,
}

/// What came of it.
#[derive(Default)]
pub(crate) struct Reached {
    /// Whether git was given what it asked for.
    pub(crate) allowed: bool,
    /// The last answer.
    pub(crate) answer: Option<Answer>,
    /// What the server said who it is when it asked who we are: `Basic realm="GitLab"`.
    pub(crate) challenges: Vec<String>,
    /// Whether the last answer is for somebody else's name: of a header that git is configured
    /// with, or of a line in `.netrc`, which libcurl reads before git asks our helper.
    pub(crate) was_told_before: bool,
    /// What the server said for people.
    pub(crate) remote: Vec<u8>,
    /// git's own last words, in which it may repeat the server's.
    pub(crate) words: String,
}

/// An answer of the server's to git.
#[derive(Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Whether it was asked in somebody's name.
    pub(crate) authorized: bool,
    headers: Vec<(String, String)>,
}

impl Answer {
    /// Returns the value of a header that stands there once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(there, _)| there.eq_ignore_ascii_case(name));
        let (_, first) = values.next()?;
        values.all(|(_, other)| other == first).then_some(first)
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Silent {
    NoGit,
    TooSlow,
}

/// Returns the URL to which git goes for this one: `insteadOf` counts.
pub(crate) fn url_of(url: &str) -> Option<Zeroizing<String>> {
    let answer = ask(&["ls-remote", "--get-url", url])?;
    Some(Zeroizing::new(answer.trim_end_matches('\n').to_owned()))
}

impl Question<'_> {
    /// Asks the server.
    ///
    /// # Errors
    /// Where git cannot be run, or comes to no end in time.
    pub(crate) fn ask(&self, want: Want) -> Result<Reached, Silent> {
        let mut git = command();
        for (name, value) in [
            ("credential.helper", ""),
            ("credential.helper", self.helper),
            ("core.askPass", ""),
            (&format!("http.{}.followRedirects", self.url), "false"),
        ] {
            git.arg("-c").arg(format!("{name}={value}"));
        }
        if let Some(name) = self.username {
            git.arg("-c").arg(format!("credential.{}.username={name}", self.url));
        }
        if self.without_headers {
            git.arg("-c").arg(format!("http.{}.extraHeader=", self.url));
        }
        git.args(["remote-https", "origin", self.url]);
        git.envs([
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_ASKPASS", ""),
            ("SSH_ASKPASS", ""),
            ("GCM_INTERACTIVE", "0"),
            ("LC_ALL", "C"),
            // Into the pipe that standard error is.
            ("GIT_TRACE", "2"),
            ("GIT_TRACE_CURL", "2"),
            ("GIT_TRACE_CURL_NO_DATA", "1"),
            ("GIT_TRACE_REDACT", "1"),
        ]);
        for chatty in ["GIT_CURL_VERBOSE", "GIT_TRACE_PACKET", "GIT_TRACE_SETUP"] {
            git.env_remove(chatty);
        }
        let input = match want {
            Want::Push => "list for-push\n\n",
            Want::Read => "list\n\n",
        };
        let bounds = Bounds { deadline: self.deadline, stdout: None, stderr: Some(MOST) };
        let input = Some(Zeroizing::new(input.as_bytes().to_vec()));
        match child::run(git, input, Stand::Apart, &bounds) {
            Ok(output) => Ok(Reached::read(want, output.status.success(), &output.stderr)),
            Err(Stopped::NotStarted) => Err(Silent::NoGit),
            Err(_) => Err(Silent::TooSlow),
        }
    }
}

impl Reached {
    /// Reads what git has said.
    pub(crate) fn read(want: Want, allowed: bool, said: &[u8]) -> Self {
        let mut reached = Self::default();
        let (mut authorized, mut asked, mut to_proxy) = (false, 0, false);
        let (mut was_told_at_once, mut has_asked_helper) = (false, false);
        for line in said.split(|&byte| byte == b'\n') {
            if let Some(traced) = traced(line) {
                let (direction, header) = traced;
                let (name, value) = header.split_once(':').unwrap_or((header, ""));
                match direction {
                    Direction::Sent if name.starts_with("CONNECT ") => to_proxy = true,
                    Direction::Sent if name.starts_with("GET ") || name.starts_with("POST ") => {
                        (authorized, asked, to_proxy) = (false, asked + 1, false);
                    }
                    Direction::Sent if name.eq_ignore_ascii_case("authorization") => {
                        authorized = true;
                        was_told_at_once |= asked == 1;
                    }
                    Direction::Received if !to_proxy => {
                        reached.take(header, (name, value.trim()), authorized);
                    }
                    Direction::Sent | Direction::Received => {}
                }
            } else if is_helper_run(line) {
                has_asked_helper = true;
            } else if let Some(text) = line.strip_prefix(b"remote:") {
                reached.remote.extend_from_slice(text);
                reached.remote.push(b'\n');
            } else if let Some(text) = line.strip_prefix(b"fatal: ") {
                reached.words = super::failed::without_values(text);
            }
        }
        let is_anothers = |answer: &Answer| answer.authorized && !has_asked_helper;
        reached.was_told_before =
            was_told_at_once || reached.answer.as_ref().is_some_and(is_anothers);
        // A page for people without an end of a line passes for a list of no branches.
        let kind = reached.answer.as_ref().and_then(|answer| answer.header("content-type"));
        let kind = kind.unwrap_or_default();
        reached.allowed = allowed
            && match want {
                Want::Push => kind.starts_with("application/x-git-receive-pack-"),
                Want::Read => !kind.starts_with("text/html"),
            };
        reached
    }

    fn take(&mut self, line: &str, (name, value): (&str, &str), authorized: bool) {
        if let Some(rest) = line.strip_prefix("HTTP/") {
            let status = rest.split(' ').nth(1).and_then(|number| number.parse().ok());
            if let Some(status) = status.filter(|status| *status >= 200) {
                self.answer = Some(Answer { status, authorized, headers: Vec::new() });
            }
            return;
        }
        if name.eq_ignore_ascii_case("www-authenticate") && self.challenges.len() < 10 {
            self.challenges.push(value.to_owned());
        }
        if let Some(answer) = &mut self.answer {
            answer.headers.push((name.to_owned(), value.to_owned()));
        }
    }
}

/// Returns whether a line of git's trace says that it runs our helper.
fn is_helper_run(line: &[u8]) -> bool {
    let is_trace = line.first().is_some_and(u8::is_ascii_digit);
    let line = String::from_utf8_lossy(line);
    is_trace && line.contains(" trace: run_command: ") && line.contains(ANSWER_ONLY)
}

enum Direction {
    Sent,
    Received,
}

/// A header in a line of git's trace: `18:43:11.281144 http.c:872   <= Recv header: A: b`. What a
/// server says cannot begin so: git puts a word before it.
fn traced(line: &[u8]) -> Option<(Direction, &str)> {
    let line = std::str::from_utf8(line).ok()?;
    if !line.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (_, rest) = line.split_once(" http.c:")?;
    let (_, rest) = rest.split_once(' ')?;
    let rest = rest.trim_start();
    let sent = rest.strip_prefix("=> Send header: ").map(|header| (Direction::Sent, header));
    sent.or_else(|| {
        let header = rest.strip_prefix("<= Recv header: ")?;
        Some((Direction::Received, header.trim_end()))
    })
}

#[cfg(test)]
mod tests {
    use super::{Reached, Want};

    const TRACE: &str = "\
18:43:11.280206 http.c:913              == Info: Couldn't find host in the (nil) file
18:43:11.280491 http.c:860              => Send header, 0000000175 bytes (0x000000af)
18:43:11.280494 http.c:872              => Send header: GET /a/info/refs?service=x HTTP/1.1
18:43:11.281144 http.c:872              <= Recv header: HTTP/1.0 401 Unauthorized
18:43:11.281156 http.c:872              <= Recv header: WWW-Authenticate: Basic realm=\"GitLab\"
18:43:11.281160 run-command.c:667       trace: run_command: '/x --answer-only get'
18:43:11.289487 http.c:872              => Send header: GET /a/info/refs?service=x HTTP/1.1
18:43:11.289491 http.c:872              => Send header: Authorization: Basic <redacted>
18:43:11.290130 http.c:872              <= Recv header: HTTP/2 403\r
18:43:11.290141 http.c:872              <= Recv header: X-One: 1
18:43:11.290141 http.c:872              <= Recv header: X-Two: 1
18:43:11.290141 http.c:872              <= Recv header: X-Two: 2
remote: No.
remote: 18:43:11.290141 http.c:872              <= Recv header: X-One: 2
fatal: unable to access 'https://h.example/a/': The requested URL returned error: 403
";

    #[test]
    fn the_last_answer_and_who_asked_are_read_from_gits_trace() {
        let reached = Reached::read(Want::Push, false, TRACE.as_bytes());
        let answer = reached.answer.as_ref().expect("an answer");
        assert_eq!((answer.status, answer.authorized), (403, true));
        assert_eq!((answer.header("x-one"), answer.header("x-two")), (Some("1"), None));
        assert_eq!(reached.challenges, ["Basic realm=\"GitLab\""]);
        assert!(!reached.was_told_before && reached.remote.starts_with(b" No.\n"));
        assert_eq!(reached.words, "unable to access …: The requested URL returned error: 403");
    }

    #[test]
    fn who_says_who_it_is_at_once_was_told_by_somebody_else() {
        let trace = "\
1 http.c:1 => Send header: GET / HTTP/1.1
1 http.c:1 => Send header: authorization: Basic <redacted>
1 http.c:1 <= Recv header: HTTP/1.1 200 OK
";
        let reached = Reached::read(Want::Read, true, trace.as_bytes());
        assert!(reached.was_told_before && reached.allowed);
        // libcurl has read it in `.netrc`: nobody asked our helper.
        let netrc = TRACE.replace("--answer-only", "");
        assert!(Reached::read(Want::Push, false, netrc.as_bytes()).was_told_before);
    }

    #[test]
    fn a_page_for_people_is_no_list_of_branches() {
        for (want, kind, allowed) in [
            (Want::Push, "application/x-git-receive-pack-advertisement", true),
            (Want::Push, "text/plain", false),
            (Want::Push, "text/html", false),
            (Want::Read, "application/x-git-upload-pack-result", true),
            (Want::Read, "text/plain", true),
            (Want::Read, "text/html; charset=utf-8", false),
        ] {
            let trace = format!(
                "1 http.c:1 => Send header: GET / HTTP/1.1\n\
                 1 http.c:1 <= Recv header: HTTP/1.1 200 OK\n\
                 1 http.c:1 <= Recv header: Content-Type: {kind}\n"
            );
            assert_eq!(Reached::read(want, true, trace.as_bytes()).allowed, allowed, "{kind}");
        }
    }
}
