//! A whole run: a request's bytes in, an answer's bytes out.

use super::{POLICY, with_alice};
use crate::error::{Error, Malformed};
use crate::helper::{Outcome, serve};
use crate::keychain::Keychain;
use crate::keychain::memory::MemoryKeychain;
use crate::protocol::{CAPABILITIES, Operation};
use std::io::{self, ErrorKind, Read, Write};

/// A stream that counts its writes.
#[derive(Default)]
struct Output {
    bytes: Vec<u8>,
    writes: usize,
    fails: bool,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.fails {
            return Err(ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(bytes);
        self.writes += 1;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A stream from which nobody may read.
struct Unread;

impl Read for Unread {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        panic!("it was read")
    }
}

fn run(
    keychain: &mut MemoryKeychain,
    operation: Operation,
    mut input: &[u8],
    output: &mut Output,
) -> Result<Outcome, Error> {
    serve(operation, &mut input, output, |_| Ok(Some(Box::new(keychain))), POLICY)
}

#[test]
fn what_was_stored_is_answered_in_one_write_and_refused_no_more() {
    let mut keychain = MemoryKeychain::default();
    let (mut output, full) =
        (Output::default(), b"protocol=https\nhost=h.example\nusername=alice\npassword=t1\n\n");
    let asked = b"protocol=https\nhost=h.example\n\n";
    run(&mut keychain, Operation::Get, asked, &mut output).expect("a run");
    run(&mut keychain, Operation::Store, full, &mut output).expect("a run");
    assert_eq!(output.writes, 0, "a miss and a store say nothing");
    run(&mut keychain, Operation::Get, asked, &mut output).expect("a run");
    assert_eq!((&*output.bytes, output.writes), (&b"username=alice\npassword=t1\n"[..], 1));
    run(&mut keychain, Operation::Erase, full, &mut output).expect("a run");
    run(&mut keychain, Operation::Get, asked, &mut output).expect("a run");
    assert_eq!(output.writes, 1);
}

#[test]
fn what_is_no_request_reaches_no_keychain() {
    for operation in [Operation::Get, Operation::Store, Operation::Erase] {
        let mut input = &b"protocol=https\nhost=h.example\nusername=alice\npass"[..];
        let mut output = Output::default();
        let open = |_: &_| -> Result<Option<Box<dyn Keychain>>, _> { panic!("it was opened") };
        let result = serve(operation, &mut input, &mut output, open, POLICY);
        assert!(result.err() == Some(Error::Request(Malformed::CutOff(4))));
        assert_eq!(output.writes, 0);
    }
}

#[test]
fn the_keychain_is_opened_for_the_request_and_may_be_none() {
    let mut output = Output::default();
    let mut input = &b"protocol=https\nhost=h.example\n\n"[..];
    let open = |request: &crate::protocol::Request| {
        assert_eq!(request.host.as_deref(), Some(&b"h.example"[..]));
        Ok(None)
    };
    let outcome = serve(Operation::Get, &mut input, &mut output, open, POLICY);
    assert!(matches!(outcome, Ok(Outcome::Silent)));
    let mut input = &b"\n"[..];
    let open = |_: &_| Err(Error::Unsupported);
    let outcome = serve(Operation::Get, &mut input, &mut output, open, POLICY);
    assert!(outcome.err() == Some(Error::Unsupported));
}

#[test]
fn the_capabilities_are_told_without_a_request() {
    let mut output = Output::default();
    let open = |_: &_| -> Result<Option<Box<dyn Keychain>>, _> { panic!("it was opened") };
    let outcome = serve(Operation::Capability, &mut Unread, &mut output, open, POLICY);
    assert!(matches!(outcome, Ok(Outcome::Silent)));
    assert_eq!((&*output.bytes, output.writes), (CAPABILITIES.as_bytes(), 1));
}

#[test]
fn an_answer_that_cannot_be_written_is_an_error() {
    let mut helper = with_alice();
    let mut output = Output { fails: true, ..Output::default() };
    let asked = b"protocol=https\nhost=h.example\n\n";
    let result = run(&mut helper.keychain, Operation::Get, asked, &mut output);
    assert!(result.err() == Some(Error::Stream(ErrorKind::StorageFull)));
}
