//! What a server can do, as it advertises it in the second version of git's protocol. A client asks for
//! that before each fetch, although it names no ref and no object and hardly ever changes. So it is
//! kept for some minutes, and the fetch is one request shorter than without a lending.
//!
//! Nothing is decided by it: the request before it was judged, the account was there, and the next
//! request, for the refs themselves, goes to the forge. Once the forge refuses anything, all are
//! dropped.

use super::push::length_of;
use super::request::Head;
use super::route::{Route, Wanted};
use crate::credential::Username;
use crate::setup::Answering;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long one is kept: somebody may install a newer git at the forge.
const KEPT_FOR: Duration = Duration::from_secs(300);

/// The longest one that is kept, in bytes. They have about 200.
const LONGEST: usize = 2048;

/// How many are kept at once.
const MOST: usize = 32;

/// A question for an advertisement: its URL, and the account that answers, if one has to.
#[derive(PartialEq, Eq)]
pub(super) struct Asked(String);

impl Asked {
    /// Returns what a request asks, or nothing where it does not ask in the second version.
    pub(super) fn of(head: &Head, route: &Route, account: Option<&Answering>) -> Option<Self> {
        let is_second = head.header("Git-Protocol") == Some("version=2");
        if !is_second || route.wanted != Wanted::RefsToFetch {
            return None;
        }
        let mut text = format!("{}/{}", head.host, head.path);
        if let Some(Answering { credential, .. }) = account {
            let name = credential.username.as_ref().map(Username::to_string).unwrap_or_default();
            let _ = write!(text, " {} {name}", credential.context);
        }
        Some(Self(text))
    }
}

/// An answer as it comes: its head, as it goes to the client, and its body.
#[derive(Default)]
pub(super) struct Copy(RefCell<(String, Vec<u8>)>);

impl Copy {
    /// Takes the head.
    pub(super) fn head(&self, text: &str) {
        text.clone_into(&mut self.0.borrow_mut().0);
    }

    /// Takes a piece of the body, or what has room of it.
    pub(super) fn piece(&self, piece: &[u8]) {
        let body = &mut self.0.borrow_mut().1;
        // One byte more tells that it is too long.
        body.extend(piece.iter().take((LONGEST + 1).saturating_sub(body.len())));
    }
}

/// An advertisement that is kept.
struct Kept {
    asked: Asked,
    head: String,
    body: Vec<u8>,
    since: Instant,
}

/// The advertisements that are kept.
#[derive(Default)]
pub(super) struct Advertisements(Mutex<Vec<Kept>>);

impl Advertisements {
    /// Returns the head and the body of the answer to this question, where they are kept.
    pub(super) fn answer(&self, asked: &Asked) -> Option<(String, Vec<u8>)> {
        let all = self.lock();
        let is_it = |kept: &&Kept| kept.asked == *asked && kept.since.elapsed() < KEPT_FOR;
        all.iter().find(is_it).map(|kept| (kept.head.clone(), kept.body.clone()))
    }

    /// Keeps an answer, if it is an advertisement and nothing else.
    pub(super) fn keep(&self, asked: Asked, answer: Copy) {
        let (head, body) = answer.0.into_inner();
        let is_plain = !head.contains("\r\nContent-Encoding:");
        if !is_plain || body.len() > LONGEST || !is_advertisement(&body) {
            return;
        }
        let mut all = self.lock();
        all.retain(|kept| kept.asked != asked);
        if all.len() >= MOST {
            all.remove(0);
        }
        all.push(Kept { asked, head, body, since: Instant::now() });
    }

    /// Drops all.
    pub(super) fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns whether this is a whole advertisement of the second version. One of the others names refs.
fn is_advertisement(body: &[u8]) -> bool {
    const SERVICE: &[u8] = b"001e# service=git-upload-pack\n0000";
    let body = body.strip_prefix(SERVICE).unwrap_or(body);
    let Some(mut rest) = body.strip_prefix(b"000eversion 2\n") else { return false };
    loop {
        if rest == b"0000" {
            return true;
        }
        let length = rest.get(..4).and_then(length_of);
        match length.filter(|length| *length > 4).and_then(|length| rest.get(length..)) {
            Some(after) => rest = after,
            None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Advertisements, Asked, Copy, LONGEST, MOST};

    const HEAD: &str =
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n\r\n";
    const BODY: &[u8] = b"000eversion 2\n0015agent=git/2.47.3\n000bfetch=\n0000";

    fn asked(path: &str) -> Asked {
        Asked(path.to_owned())
    }

    fn copy(head: &str, pieces: &[&[u8]]) -> Copy {
        let copy = Copy::default();
        copy.head(head);
        for piece in pieces {
            copy.piece(piece);
        }
        copy
    }

    #[test]
    fn what_a_server_can_do_is_kept_until_it_refuses() {
        let all = Advertisements::default();
        all.keep(asked("a"), copy(HEAD, &[&BODY[..20], &BODY[20..]]));
        assert_eq!(all.answer(&asked("a")), Some((HEAD.to_owned(), BODY.to_vec())));
        assert_eq!(all.answer(&asked("b")), None);
        all.forget();
        assert_eq!(all.answer(&asked("a")), None);
        for number in 0..=MOST {
            all.keep(asked(&number.to_string()), copy(HEAD, &[BODY]));
        }
        assert_eq!(all.answer(&asked("0")), None);
        assert!(all.answer(&asked("1")).is_some());
    }

    #[test]
    fn what_names_refs_is_cut_off_or_is_packed_is_not_kept() {
        let long = [&BODY[..BODY.len() - 4], &b"0ff0".repeat(0x3fc), b"0000"].concat();
        assert!(long.len() > LONGEST);
        let service = [b"001e# service=git-upload-pack\n0000", BODY].concat();
        for (head, body, is_kept) in [
            (HEAD, BODY, true),
            (HEAD, &service, true),
            (HEAD, &BODY[..BODY.len() - 4], false),
            (HEAD, &BODY[..BODY.len() - 10], false),
            (HEAD, b"", false),
            (HEAD, b"000eversion 1\n0000", false),
            (HEAD, b"001e# service=git-upload-pack\n0000003f0123456789012345678901234567890123456789 HEAD\0\n0000", false),
            (HEAD, b"000eversion 2\n0003", false),
            (HEAD, b"000eversion 2\n00000000", false),
            (HEAD, b"000eversion 2\n+015agent=git/2.47.3\n0000", false),
            (HEAD, &long, false),
            ("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", BODY, false),
        ] {
            let all = Advertisements::default();
            all.keep(asked("a"), copy(head, &[body]));
            let text = String::from_utf8_lossy(&body[..body.len().min(80)]);
            assert_eq!(all.answer(&asked("a")).is_some(), is_kept, "{text}");
        }
    }
}
