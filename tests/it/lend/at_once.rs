//! Many clients at once, and clients that keep others waiting.

use super::{Lending, home, ways_in};
use crate::support::home::Home;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

#[test]
fn of_fifty_clients_at_once_none_fails() {
    let home = home();
    let url = home.url("team/repo.git");
    for way_in in ways_in(&home) {
        let lending = Lending::start(&home, &format!("--read {url} {way_in}"));
        let script = format!(
            "for i in $(seq 50); do
                 {{ git ls-remote {url} >answer-$i 2>&1 || echo failed >>answer-$i; }} &
             done
             wait
             grep -L refs/heads/main answer-*
             grep -l failed answer-* || true
             rm answer-*"
        );
        let ran = lending.runs(&home, &script);
        assert!(ran.status.code() == Some(0) && ran.stdout().is_empty(), "{ran}");
    }
}

/// A client that has a place at this lending: it begins a push and says no more.
fn stalls(lending: &Lending, home: &Home) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", lending.port())).unwrap();
    let head = format!(
        "POST /{}/team/repo.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nX-Lend: {}\r\n\
         Content-Type: application/x-git-receive-pack-request\r\nContent-Length: 9\r\n\r\n0",
        home.host,
        lending.key()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.set_nonblocking(true).unwrap();
    stream
}

#[test]
fn clients_that_take_every_place_of_a_lending_hold_up_no_other_lending() {
    let home = home();
    let url = home.url("team/repo.git");
    let options = format!("--push {url} --branches agent/* --port 0");
    let first = Lending::start(&home, &options);
    let mut stalled: Vec<TcpStream> = (0..40).map(|_| stalls(&first, &home)).collect();
    let second = Lending::start(&home, &options);
    let ran = second.git(&home, &["ls-remote", &url]);
    assert!(ran.status.success(), "{ran}");
    // All that while, the others were neither answered nor let go.
    for stream in &mut stalled {
        let read = stream.read(&mut [0]).map_err(|error| error.kind());
        assert_eq!(read, Err(ErrorKind::WouldBlock));
    }
    // Once they are gone, theirs serves again.
    drop(stalled);
    let ran = first.git(&home, &["ls-remote", &url]);
    assert!(ran.status.success(), "{ran}");
}
