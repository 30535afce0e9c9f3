//! The bytes that a sandbox sends to somebody who lends it access. Nothing panics. A head that is
//! understood and lent has one spelling and leads to what is lent. A body is never longer than its
//! frame says. Every command of a push that is not refused is inside the pattern.
//!
//! The input is a letter for the kind, and then the bytes: `h` a head, `c` a body, `p` a push, and
//! any other a batch request of git-lfs or the answer to one.
#![no_main]

use git_credential_pat::context::Context;
use git_credential_pat::lend::branches::Branches;
use git_credential_pat::lend::framing::BodyReader;
use git_credential_pat::lend::lfs::{Batch, rewritten};
use git_credential_pat::lend::policy::Policy;
use git_credential_pat::lend::push::{Push, Unread};
use git_credential_pat::lend::request::{Body, Head, end_of_head};
use libfuzzer_sys::fuzz_target;
use std::io::Read;

fuzz_target!(|data: &[u8]| {
    let Some((kind, bytes)) = data.split_first() else { return };
    match kind {
        b'h' => head(bytes),
        b'c' => chunks(bytes),
        b'p' => push(bytes),
        _ => batch(bytes),
    }
});

fn policy() -> Policy {
    let host = Context::of_host(b"https", b"h.example").expect("a host");
    let place = host.scoped(b"a").expect("a path");
    Policy { reads: vec![place], pushes: vec![], branches: None, public: false, lfs: true }
}

fn head(bytes: &[u8]) {
    let Some(end) = end_of_head(bytes) else { return };
    let Some(head) = Head::parse(&bytes[..end]) else { return };
    let is_one_line = |text: &str| text.bytes().all(|b| (b' '..=b'~').contains(&b));
    assert!(is_one_line(&head.path) && head.headers.iter().all(|(_, value)| is_one_line(value)));
    for part in head.path.split('/') {
        assert!(!part.contains('%') || part.replace("%20", "").bytes().all(|b| b != b'%'));
    }
    let policy = policy();
    if let Ok(route) = head.route(&policy)
        && policy.read(&route.repository).is_ok()
    {
        assert_eq!(head.host, "h.example");
        assert!(head.path.starts_with("a/") || head.path.starts_with("a.git/"), "{}", head.path);
        assert!(!head.path.split('/').any(|part| matches!(part, "" | "." | "..")));
    }
}

fn chunks(bytes: &[u8]) {
    for body in [Body::Chunked, Body::Length(bytes.len() as u64 / 2), Body::None] {
        for ahead in [0, bytes.len() / 3] {
            let (ahead, mut rest) = bytes.split_at(ahead);
            let mut read = Vec::new();
            let mut reader = BodyReader::new(&mut rest, ahead.to_vec(), body);
            let whole = reader.read_to_end(&mut read).is_ok();
            assert!(read.len() <= bytes.len() && whole == reader.is_at_end());
            if let (Body::Length(length), true) = (body, whole) {
                assert_eq!(read.len() as u64, length);
            }
        }
    }
}

fn push(bytes: &[u8]) {
    let branches = Branches::parse("agent/*").expect("a pattern");
    let mut stream = bytes;
    let push = match Push::read(&mut stream) {
        Ok(push) => push,
        Err(Unread::Refused(refusal, push)) => {
            assert!(push.commands.len() < bytes.len());
            let reasons = vec![refusal; push.commands.len().max(1)];
            let _ = push.report(&reasons, "x");
            return;
        }
        Err(Unread::Stream(_)) => return,
    };
    assert_eq!([&push.bytes[..], stream].concat(), bytes, "what was read is what goes on");
    match push.judge(Some(&branches)) {
        Some(reasons) => {
            assert_eq!(reasons.len(), push.commands.len());
            let _ = push.report(&reasons, "x");
        }
        None => {
            for command in &push.commands {
                assert!(command.name.starts_with(b"refs/heads/agent/"));
                assert!(!command.name.windows(2).any(|two| two == b".."));
                assert!(command.new.bytes().any(|digit| digit != b'0'));
            }
        }
    }
}

fn batch(bytes: &[u8]) {
    if let Some(batch) = Batch::parse(bytes) {
        let again = Batch::parse(&batch.body).expect("what is sent is a batch");
        assert_eq!((again.is_upload, again.body), (batch.is_upload, batch.body));
    }
    let _ = rewritten(bytes, str::to_owned, |_, _, _| Some("http://lend/x".to_owned()));
}
