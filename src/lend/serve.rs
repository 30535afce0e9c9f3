//! One connection and its one request, which is read, judged, and answered here or by the forge.

use super::advertisement::Asked;
use super::answer::{Answer, words};
use super::forward::{self, Upload};
use super::framing::{BodyReader, DRAINED, FEW};
use super::policy::Access;
use super::push::{Push, Unread};
use super::refusal::Refusal;
use super::request::{self, Body, Head, end_of_head};
use super::route::{Route, Wanted};
use super::stream::{Patience, Stream, Waiting};
use super::{Lending, account, lfs, socks};
use crate::setup::Answering;
use crate::terminal;
use crate::time::now;
use crate::uses::{self, Lent};
use std::io::Read;
use std::time::{Duration, Instant};

/// How long a client may take to send the head.
const HEAD_WITHIN: Duration = Duration::from_secs(10);

/// How many bytes of a body are read before anything is sent to the forge.
const BEGINNING: usize = 4 * 1024;

/// Serves a connection.
pub(super) fn serve(lending: &Lending, stream: &Stream) {
    let deadline = Instant::now() + HEAD_WITHIN;
    let Some((head, ahead)) = read_head(stream, deadline) else { return };
    let Some(head) = head else {
        send(stream, &Answer::refusal(None, &Refusal::NotUnderstood));
        stream.finish();
        return stream.drain(DRAINED, Duration::from_secs(2));
    };
    let patience = Patience::default();
    let waiting = Waiting { stream, patience: &patience };
    let mut body = BodyReader::new(waiting, ahead, head.body);
    answer(lending, stream, &head, &mut body, &patience);
    stream.finish();
    stream.drain(DRAINED, Duration::from_secs(2));
}

/// Reads a head and the bytes that came with it. A client that comes by the socket first asks to be
/// connected, in the words of SOCKS.
fn read_head(stream: &Stream, deadline: Instant) -> Option<(Option<Head>, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; FEW];
    loop {
        let count = stream.read_before(&mut buffer, deadline).ok().filter(|&count| count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        if bytes.first() == Some(&socks::VERSION) {
            bytes = socks::connect(stream, bytes, deadline)?;
        }
        if let Some(end) = end_of_head(&bytes).filter(|&end| end <= request::MOST) {
            let ahead = bytes.split_off(end);
            return Some((Head::parse(&bytes), ahead));
        }
        if bytes.len() >= request::MOST {
            return Some((None, Vec::new()));
        }
    }
}

type RequestBody<'a> = BodyReader<Waiting<'a>>;

fn answer(
    lending: &Lending,
    stream: &Stream,
    head: &Head,
    body: &mut RequestBody<'_>,
    patience: &Patience,
) {
    let judged = judge(lending, head);
    let wait_no_more = || {
        if head.waits {
            stream.send(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
    };
    let (route, access) = match judged {
        Ok(judged) => judged,
        Err((wanted, refusal)) => {
            if refusal == Refusal::NoKey {
                return refuse(stream, None, &refusal);
            }
            wait_no_more();
            if let Some(Wanted::Push) = wanted {
                return refuse_unread_push(stream, body, &refusal);
            }
            body.drain();
            return refuse(stream, wanted.as_ref(), &refusal);
        }
    };
    wait_no_more();
    let mut lent = Lent::new(&route.repository, name_of(&route.wanted), now());
    let mut push = if route.wanted == Wanted::Push {
        match read_push(lending, stream, body, &mut lent) {
            Ok(push) => Some(push),
            Err(refusal) => return note(lending, &lent, refusal.as_ref(), None),
        }
    } else {
        None
    };
    let mut batch = None;
    if route.wanted == Wanted::LfsBatch {
        match lfs::read_batch(&lending.policy, &route.repository, body) {
            Ok(read) => batch = Some(read),
            Err(refusal) => {
                fail(stream, &route, None, body, &refusal);
                return note(lending, &lent, Some(&refusal), None);
            }
        }
    }
    let mut before = Vec::new();
    if let Some(push) = &mut push {
        before = std::mem::take(&mut push.bytes);
    } else if batch.is_none() && !read_beginning(head, body, &mut before) {
        return;
    }
    let _place = lending.at_the_forge.enter();
    let account = match access {
        Access::Public => None,
        Access::Lent => match account::of(lending, &route.repository) {
            Ok(account) => Some(account),
            Err(refusal) => {
                fail(stream, &route, push.as_ref(), body, &refusal);
                return note(lending, &lent, Some(&refusal), None);
            }
        },
    };
    let asked = Asked::of(head, &route, account.as_ref());
    let kept = asked.as_ref().and_then(|asked| lending.advertisements.answer(asked));
    if let Some((head, body)) = kept {
        let _ = stream.send(head.as_bytes()) && stream.send_chunk(&body) && stream.send_end();
        return note(lending, &lent, None, account.as_ref());
    }
    let Ok(_transfer) = lending.transfers.begin(stream) else {
        fail(stream, &route, push.as_ref(), body, &Refusal::Failed);
        return note(lending, &lent, Some(&Refusal::Failed), account.as_ref());
    };
    let upload = Upload { body, before: &before, length: head.body, patience };
    let account_of = account.as_ref();
    let result = match (&route.wanted, batch) {
        (_, Some(batch)) => {
            let answer = lfs::ask(lending, head, &route.repository, account_of, batch);
            answer.map(|body| send(stream, &Answer::of_lfs(body)))
        }
        (Wanted::LfsObject(name), _) => {
            let object = (&route.repository, name.as_str());
            lfs::transfer(lending, stream, head, object, account_of, upload)
        }
        _ => forward::forward(lending, stream, head, &route, account_of, asked, upload),
    };
    let refusal = result.err();
    if let Some(refusal) = &refusal {
        lending.advertisements.forget();
        fail(stream, &route, push.as_ref(), body, refusal);
    } else if let Some(push) = push.as_ref().filter(|push| !push.commands.is_empty()) {
        let refs: Vec<String> = push.commands.iter().map(|c| shown(&c.name)).collect();
        terminal::say("lend", &format!("pushed to {}: {}", route.repository, refs.join(", ")));
    }
    note(lending, &lent, refusal.as_ref(), account.as_ref());
}

/// Returns what a request wants, and the way in which its repository may be read.
fn judge(lending: &Lending, head: &Head) -> Result<(Route, Access), (Option<Wanted>, Refusal)> {
    if !head.key.as_deref().is_some_and(|key| lending.is_key(key)) {
        return Err((None, Refusal::NoKey));
    }
    let policy = &lending.policy;
    let route = head.route(policy).map_err(|refusal| (None, refusal))?;
    let access = match &route.wanted {
        Wanted::RefsToFetch | Wanted::Fetch => policy.read(&route.repository),
        Wanted::RefsToPush | Wanted::Push => policy.push(&route.repository).map(|()| Access::Lent),
        _ if !policy.lfs => Err(Refusal::NoLfs),
        Wanted::LfsBatch | Wanted::LfsLocks | Wanted::LfsObject(_) => {
            policy.read(&route.repository)
        }
    };
    match access {
        Ok(_) if lending.has_ended() => Err((Some(route.wanted), Refusal::Ended)),
        Ok(access) => Ok((route, access)),
        Err(refusal) => Err((Some(route.wanted), refusal)),
    }
}

/// Reads the commands of a push. Answers a push that is refused.
///
/// # Errors
/// The refusal, or `None` where the client is gone.
fn read_push(
    lending: &Lending,
    stream: &Stream,
    body: &mut RequestBody<'_>,
    lent: &mut Lent,
) -> Result<Push, Option<Refusal>> {
    let (push, reasons) = match Push::read(body) {
        Ok(push) => {
            // Nothing may follow an empty list of commands.
            let is_bad = push.commands.is_empty() && body.read(&mut [0]).is_ok_and(|n| n > 0);
            let reasons = if is_bad {
                Some(vec![Refusal::NotUnderstood])
            } else {
                push.judge(lending.policy.branches.as_ref())
            };
            (push, reasons)
        }
        Err(Unread::Stream(_)) => return Err(None),
        Err(Unread::Refused(refusal, push)) => {
            let reasons = push.commands.iter().map(|_| refusal.clone()).collect::<Vec<_>>();
            (*push, Some(if reasons.is_empty() { vec![refusal] } else { reasons }))
        }
    };
    lent.refs = push.commands.iter().map(|command| shown(&command.name)).collect();
    let Some(reasons) = reasons else { return Ok(push) };
    let first = reasons.iter().find(|reason| **reason != Refusal::AnotherRef);
    let first = first.cloned().unwrap_or(Refusal::NotUnderstood);
    body.drain();
    report(stream, &push, &reasons, &first);
    Err(Some(first))
}

/// Reads the beginning of a body, so that nothing of one whose frame is wrong from the first byte
/// goes to the forge. Returns false for such a one.
fn read_beginning(head: &Head, body: &mut RequestBody<'_>, beginning: &mut Vec<u8>) -> bool {
    if head.body == Body::None {
        return true;
    }
    beginning.resize(BEGINNING, 0);
    let read = body.read(beginning);
    beginning.truncate(*read.as_ref().unwrap_or(&0));
    read.is_ok()
}

/// Refuses a push to a repository that may not be pushed to. Reads its commands for the report.
fn refuse_unread_push(stream: &Stream, body: &mut RequestBody<'_>, refusal: &Refusal) {
    let push = match Push::read(body) {
        Ok(push) => push,
        Err(Unread::Refused(_, push)) => *push,
        Err(Unread::Stream(_)) => return,
    };
    body.drain();
    let reasons = vec![refusal.clone(); push.commands.len().max(1)];
    report(stream, &push, &reasons, refusal);
}

fn report(stream: &Stream, push: &Push, reasons: &[Refusal], refusal: &Refusal) {
    say(refusal);
    let answer = push.report(reasons, &words(refusal)).map(Answer::report);
    send(stream, &answer.unwrap_or_else(|| Answer::refusal(None, refusal)));
}

/// Tells the client, in its own form, why there is no answer of the forge's.
fn fail(
    stream: &Stream,
    route: &Route,
    push: Option<&Push>,
    body: &mut RequestBody<'_>,
    refusal: &Refusal,
) {
    body.drain();
    match push {
        Some(push) => {
            let reasons = vec![refusal.clone(); push.commands.len().max(1)];
            report(stream, push, &reasons, refusal);
        }
        None => refuse(stream, Some(&route.wanted), refusal),
    }
}

fn refuse(stream: &Stream, wanted: Option<&Wanted>, refusal: &Refusal) {
    say(refusal);
    send(stream, &Answer::refusal(wanted, refusal));
}

fn say(refusal: &Refusal) {
    terminal::say("lend", &format!("refused: {refusal}"));
}

fn send(stream: &Stream, answer: &Answer) {
    stream.send(&answer.to_bytes());
}

/// Notes a use in the use log, where uses are noted.
fn note(lending: &Lending, lent: &Lent, refusal: Option<&Refusal>, account: Option<&Answering>) {
    uses::note_lending(lent, refusal.is_none(), account, || lending.logs_at(&lent.repository));
}

fn name_of(wanted: &Wanted) -> &'static str {
    match wanted {
        Wanted::RefsToFetch | Wanted::Fetch => "fetch",
        Wanted::RefsToPush | Wanted::Push => "push",
        Wanted::LfsBatch | Wanted::LfsLocks | Wanted::LfsObject(_) => "lfs",
    }
}

/// Returns a ref in a form that is safe to show.
fn shown(name: &[u8]) -> String {
    crate::context::shown(&String::from_utf8_lossy(name)).into_owned()
}
