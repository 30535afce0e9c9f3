//! The way to the forge: the request goes on with the token, and the answer comes back without what
//! is for this machine alone. Neither is held in memory, so both may have any length.

use super::advertisement::{Asked, Copy};
use super::answer::begin;
use super::policy::Policy;
use super::refusal::Refusal;
use super::request::{Body, Head};
use super::route::{Route, Wanted};
use super::stream::{Patience, Stream, Waiting, is_answered};
use super::{Lending, account, words};
use crate::api::http::Trouble;
use crate::api::http::flow::{AnswerHead, Flow, Flowing, MOST_OF_HEAD, Sent, Way, why};
use crate::context::{Context, unescape};
use crate::setup::Answering;
use std::fmt::Write as _;
use std::io::{self, ErrorKind, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::sync::Mutex;
use std::thread;

/// How many bytes are read at a time at first. Most of the many requests at once need no more.
const LEAST: usize = 4 * 1024;

/// How many bytes are read at a time of what is long.
const MOST: usize = 32 * 1024;

/// How many bytes are read of the forge's words for people.
const MOST_OF_WORDS: usize = 16 * 1024;

/// The headers of the forge's answer that are passed back.
const PASSED_BACK: [(&str, &str); 6] = [
    ("Content-Type", "content-type"),
    ("Content-Encoding", "content-encoding"),
    ("Cache-Control", "cache-control"),
    ("Expires", "expires"),
    ("Pragma", "pragma"),
    ("Retry-After", "retry-after"),
];

/// The body of a request that is sent on.
pub(super) struct Upload<'a, 'b> {
    pub(super) body: &'a mut super::framing::BodyReader<Waiting<'b>>,
    /// The bytes that were read from it already.
    pub(super) before: &'a [u8],
    pub(super) length: Body,
    /// How long to wait for the next bytes.
    pub(super) patience: &'a Patience,
}

impl Upload<'_, '_> {
    /// Returns what curl is told about the body.
    pub(super) fn sent(&self) -> Sent {
        match self.length {
            Body::None => Sent::Nothing,
            Body::Length(length) => Sent::Length(length),
            Body::Chunked => Sent::Chunked,
        }
    }
}

/// A request that is sent on, and what becomes of its answer.
pub(super) struct Target<'a> {
    pub(super) way: &'a Way,
    pub(super) flow: Flow<'a>,
    /// The repository that a refusal names where there is no answer.
    pub(super) place: &'a Context,
    /// Makes the head that goes back to the client.
    pub(super) answer_head: &'a dyn Fn(&AnswerHead) -> Result<String, Refusal>,
    /// Gets what goes back, too.
    pub(super) copy: Option<&'a Copy>,
    /// Whether the server's words for people go back.
    pub(super) has_words: bool,
}

/// Room for the piece that is read next, which becomes larger where pieces fill it.
struct Room {
    bytes: Vec<u8>,
    next: usize,
}

impl Room {
    fn new() -> Self {
        Self { bytes: Vec::new(), next: LEAST }
    }

    /// Reads a piece, which is empty at the end.
    // It stands once in the program, not wherever something is read.
    #[inline(never)]
    fn read(&mut self, reader: &mut dyn Read) -> io::Result<&[u8]> {
        if self.bytes.len() < self.next {
            self.bytes = vec![0; self.next];
        }
        let count = reader.read(&mut self.bytes)?;
        if count == self.bytes.len() {
            self.next = MOST;
        }
        Ok(&self.bytes[..count])
    }
}

/// Sends a request of git's on, and the answer back. Keeps it where it is what was asked so.
///
/// # Errors
/// The reason why the forge's answer is not passed on. The client has got no part of one then.
pub(super) fn forward(
    lending: &Lending,
    stream: &Stream,
    head: &Head,
    route: &Route,
    account: Option<&Answering>,
    asked: Option<Asked>,
    upload: Upload<'_, '_>,
) -> Result<(), Refusal> {
    let host = route.repository.host_level();
    let query = head.query.as_deref().map(|query| format!("?{query}")).unwrap_or_default();
    let mut headers: Vec<(&str, &str)> =
        head.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    if head.gzip {
        headers.push(("Content-Encoding", "gzip"));
    }
    let way = lending.way(&host)?;
    let copy = asked.as_ref().map(|_| Copy::default());
    let target = Target {
        way: &way,
        flow: Flow {
            method: head.method.as_str(),
            url: &format!("{host}/{}{query}", head.path),
            headers: &headers,
            login: account.map(|account| account::login(lending, account)),
            body: upload.sent(),
        },
        place: &route.repository,
        answer_head: &|answer| answer_head(lending, route, account.is_some(), answer),
        copy: copy.as_ref(),
        has_words: true,
    };
    flow_through(stream, &target, upload)?;
    if let Some((asked, copy)) = asked.zip(copy) {
        lending.advertisements.keep(asked, copy);
    }
    Ok(())
}

/// Sends a request on, and the answer back.
///
/// # Errors
/// The errors of [`forward`].
pub(super) fn flow_through(
    stream: &Stream,
    target: &Target<'_>,
    mut upload: Upload<'_, '_>,
) -> Result<(), Refusal> {
    let mut flowing = target.way.begin(&target.flow).map_err(|trouble| match trouble {
        Trouble::Unfit => Refusal::NotUnderstood,
        _ => Refusal::Failed,
    })?;
    let pipe = flowing.body.take();
    let patience = upload.patience;
    let flowing = Mutex::new(flowing);
    let mut answer = match lock(&flowing).answer.as_fd().try_clone_to_owned() {
        Ok(answer) => std::fs::File::from(answer),
        Err(_) => return Err(Refusal::Failed),
    };
    thread::scope(|scope| {
        let sender = pipe.map(|pipe| {
            let (flowing, upload) = (&flowing, &mut upload);
            thread::Builder::new().spawn_scoped(scope, move || {
                if let Some(_pipe) = send_body(upload, pipe) {
                    let mut flowing = lock(flowing);
                    flowing.cut();
                    flowing.ended();
                }
            })
        });
        let result = if let Some(Err(_)) = sender {
            Err(Refusal::Failed)
        } else {
            pass_back(stream, target, &mut answer, &flowing)
        };
        // A client that still sends would lose a refusal, so its body is read for a while longer.
        if result.is_ok() {
            patience.end();
        } else {
            patience.shorten();
        }
        result
    })
}

fn lock(flowing: &Mutex<Flowing>) -> std::sync::MutexGuard<'_, Flowing> {
    flowing.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Sends the body. Once the forge takes no more, reads the rest and drops it. Returns the pipe
/// where the client has cut the body off: to close the pipe would make the body look whole.
fn send_body(upload: &mut Upload<'_, '_>, mut pipe: PipeWriter) -> Option<PipeWriter> {
    let mut room = Room::new();
    if pipe.write_all(upload.before).is_ok() {
        loop {
            match room.read(upload.body) {
                Ok([]) => return None,
                Ok(piece) if pipe.write_all(piece).is_ok() => {}
                Ok(_) => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Some(pipe),
            }
        }
    }
    drop(pipe);
    upload.body.drain();
    None
}

/// Reads the forge's answer and sends it back to the client.
fn pass_back(
    stream: &Stream,
    target: &Target<'_>,
    answer: &mut std::fs::File,
    flowing: &Mutex<Flowing>,
) -> Result<(), Refusal> {
    let host = target.place;
    let mut bytes = Vec::new();
    let mut room = Room::new();
    let head = loop {
        if !is_answered(answer.as_fd(), stream) {
            lock(flowing).cut();
            return Err(Refusal::Unreached(host.clone(), why(Some(28))));
        }
        match room.read(answer) {
            Ok([]) => {
                let status = lock(flowing).ended();
                return Err(Refusal::Unreached(host.clone(), why(status)));
            }
            Ok(piece) => bytes.extend_from_slice(piece),
            Err(_) => return Err(Refusal::Failed),
        }
        if let Some(head) = AnswerHead::parse(&bytes) {
            break head;
        }
        if bytes.len() > MOST_OF_HEAD {
            lock(flowing).cut();
            return Err(Refusal::Answered(host.clone(), 0));
        }
    };
    let text = match (target.answer_head)(&head) {
        Ok(text) => text,
        Err(refusal) => {
            lock(flowing).cut();
            return Err(refusal);
        }
    };
    let mut is_going = stream.send(text.as_bytes());
    if head.status >= 400 {
        bytes.drain(..head.length);
        while bytes.len() < MOST_OF_WORDS && is_answered(answer.as_fd(), stream) {
            match room.read(answer) {
                Ok([]) | Err(_) => break,
                Ok(piece) => bytes.extend_from_slice(piece),
            }
        }
        if is_going {
            let words = || words::of_refusal(&head, &bytes, &target.flow);
            let words = target.has_words.then(words).unwrap_or_default();
            stream.send_chunk(words.as_bytes());
            stream.send_end();
        }
        lock(flowing).cut();
        return Ok(());
    }
    if target.has_words {
        // The body may come later than the head.
        if bytes.len() == head.length
            && is_answered(answer.as_fd(), stream)
            && let Ok(piece) = room.read(answer)
        {
            bytes.extend_from_slice(piece);
        }
        if let Some(error) = words::of_error(&bytes[head.length..], &target.flow) {
            let _ = is_going && stream.send_chunk(&error) && stream.send_end();
            lock(flowing).cut();
            return Ok(());
        }
    }
    if let Some(copy) = target.copy {
        copy.head(&text);
        copy.piece(&bytes[head.length..]);
    }
    is_going &= stream.send_chunk(&bytes[head.length..]);
    drop(bytes);
    while is_going && is_answered(answer.as_fd(), stream) {
        match room.read(answer) {
            // curl ends with 0 only if it got the whole answer: one that was cut off stays so.
            Ok([]) => {
                if lock(flowing).ended() == Some(0) {
                    stream.send_end();
                }
                return Ok(());
            }
            Ok(piece) => {
                if let Some(copy) = target.copy {
                    copy.piece(piece);
                }
                is_going = stream.send_chunk(piece);
            }
            Err(error) => is_going = error.kind() == ErrorKind::Interrupted,
        }
    }
    lock(flowing).cut();
    Ok(())
}

/// Returns the head that goes back to the client.
fn answer_head(
    lending: &Lending,
    route: &Route,
    is_lent: bool,
    head: &AnswerHead,
) -> Result<String, Refusal> {
    let place = &route.repository;
    let is_list = matches!(route.wanted, Wanted::RefsToFetch | Wanted::RefsToPush);
    match head.status {
        200 => Ok(head_of(head, None)),
        // A repository that is public needs no token.
        401 if !is_lent => Err(Refusal::NotLent(place.clone())),
        401 => Err(Refusal::TokenRefused(place.clone())),
        301 | 302 | 307 | 308 if is_list => {
            let target =
                head.header("location").and_then(|url| led_to(&lending.policy, route, url));
            let target = target.ok_or_else(|| Refusal::Redirected(place.clone()))?;
            Ok(head_of(head, Some(&target)))
        }
        300..=399 => Err(Refusal::Redirected(place.clone())),
        // git shows the words of these answers.
        status if is_list && status >= 400 => Ok(head_of(head, None)),
        status => Err(Refusal::Answered(place.clone(), status)),
    }
}

/// Returns the head that goes back, with those of the forge's headers that the client may have.
pub(super) fn head_of(head: &AnswerHead, location: Option<&str>) -> String {
    let mut text = begin(head.status);
    if let Some(location) = location {
        let _ = write!(text, "Location: {location}\r\n");
    }
    for (name, lower) in PASSED_BACK {
        if let Some(value) = head.header(lower) {
            let _ = write!(text, "{name}: {value}\r\n");
        }
    }
    text.push_str("Transfer-Encoding: chunked\r\n\r\n");
    text
}

/// Returns the path at the listener to which a redirect leads, if it leads to the list of refs of a
/// repository that is lent for the same operation.
fn led_to(policy: &Policy, route: &Route, url: &str) -> Option<String> {
    let service = match route.wanted {
        Wanted::RefsToPush => "/info/refs?service=git-receive-pack",
        _ => "/info/refs?service=git-upload-pack",
    };
    let (protocol, rest) = url.split_once("://")?;
    let (name, path) = rest.split_once('/')?;
    let host = Context::of_host(protocol.as_bytes(), name.as_bytes())?;
    let name = host.authority();
    let repository = path.strip_suffix(service)?;
    let target = host.scoped(&unescape(repository)?)?;
    let is_lent = match route.wanted {
        Wanted::RefsToPush => policy.push(&target).is_ok(),
        _ => policy.read(&target).is_ok(),
    };
    let is_plain = |b: u8| b.is_ascii_graphic() && !b"\"\\<>".contains(&b);
    let is_ours = policy.host(&name) == Some(host) && path.bytes().all(is_plain);
    (is_lent && is_ours).then(|| format!("/{name}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::led_to;
    use crate::context::Context;
    use crate::lend::policy::Policy;
    use crate::lend::route::{Route, Wanted};

    #[test]
    fn a_redirect_is_followed_inside_to_what_is_lent_alone() {
        let host = Context::of_host(b"https", b"h.example:8443").expect("a host");
        let at = |path: &[u8]| host.scoped(path).expect("a path");
        let policy = Policy {
            reads: vec![at(b"team")],
            pushes: vec![],
            branches: None,
            public: false,
            lfs: false,
        };
        let route = Route { wanted: Wanted::RefsToFetch, repository: at(b"team/old") };
        let refs = "info/refs?service=git-upload-pack";
        let led = |url: &str| led_to(&policy, &route, &format!("{url}/{refs}"));
        assert_eq!(
            led("https://h.example:8443/team/new.git"),
            Some(format!("/h.example:8443/team/new.git/{refs}"))
        );
        for url in [
            "https://h.example:8443/other/new",
            "https://h.example/team/new",
            "http://h.example:8443/team/new",
            "https://evil.example/team/new",
            "https://h.example:8443@evil.example/team/new",
            "https://h.example:8443/team/../other/new",
            "https://h.example:8443/team/%2e%2e/other",
            "/team/new",
            "https://h.example:8443/team/a\"b",
        ] {
            assert_eq!(led(url), None, "{url}");
        }
        let other = "https://h.example:8443/team/new/info/refs?service=git-receive-pack";
        assert_eq!(led_to(&policy, &route, other), None);
    }
}
