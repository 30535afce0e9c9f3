//! A bus monitor: the calls that a client makes are part of what it promises.

use crate::support::desktop::{Desktop, Process, start};
use std::io::{BufRead, BufReader, Read};
use std::process::ChildStdout;

/// A monitor of every call on a session's bus.
pub struct Watch {
    _monitor: Process,
    lines: BufReader<ChildStdout>,
}

impl Watch {
    /// Watches the bus from now on.
    pub fn new(desktop: &Desktop) -> Self {
        let mut command = desktop.sandbox.command("dbus-monitor");
        command.args(["--address", desktop.address(), "--profile"]);
        let mut monitor = start(command, "dbus-monitor", "dbus-bin");
        let mut lines = BufReader::new(monitor.child.stdout.take().unwrap());
        let mut line = String::new();
        // The bus takes a monitor's own name away as soon as it is a monitor.
        while !line.contains("NameLost") {
            line.clear();
            assert_ne!(lines.read_line(&mut line).unwrap(), 0, "dbus-monitor ended");
        }
        Self { _monitor: monitor, lines }
    }

    /// Returns the methods called since, see [`Self::seen`].
    pub fn calls(self, desktop: &Desktop) -> Vec<String> {
        self.seen(desktop).calls
    }

    /// Returns what was called since, without the calls of the session's own parts.
    pub fn seen(mut self, desktop: &Desktop) -> Seen {
        desktop.call("org.freedesktop.DBus", "/", "end.of.Test", &[]);
        let mut calls: Vec<Call> = Vec::new();
        loop {
            let mut line = String::new();
            assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "dbus-monitor ended");
            let fields: Vec<&str> = line.trim().split('\t').collect();
            match fields[..] {
                ["mc", _, serial, client, _, _, _, member] => {
                    if member == "Test" {
                        calls.retain(|call| call.client != client);
                        break;
                    }
                    calls.push(Call {
                        client: client.to_owned(),
                        serial: serial.to_owned(),
                        member: member.to_owned(),
                        refused: false,
                    });
                }
                ["err", _, _, _, client, serial] => {
                    for call in calls.iter_mut().filter(|c| c.client == client) {
                        call.refused |= call.serial == serial;
                    }
                }
                _ => {}
            }
        }
        // A client begins with Hello; a program that was there before did not come for the test.
        let greeted: Vec<String> =
            calls.iter().filter(|c| c.member == "Hello").map(|c| c.client.clone()).collect();
        calls.retain(|call| greeted.contains(&call.client));
        let refusals = calls.iter().filter(|call| call.refused).count();
        Seen { calls: without_what_was_done_again(calls), refusals }
    }
}

/// The observations of a monitor.
pub struct Seen {
    /// The methods called. A call repeated after a service's known failure counts once.
    pub calls: Vec<String>,
    /// How many calls were answered with an error.
    pub refusals: usize,
}

/// A call on the bus.
struct Call {
    client: String,
    serial: String,
    member: String,
    /// Whether the reply was an error.
    refused: bool,
}

/// Returns the methods called, as if each had been answered at once.
///
/// gnome-keyring refuses a call by itself, rarely, and mostly under load. The helper then begins
/// the operation again: so the calls between a refused call and its repetition do not count.
fn without_what_was_done_again(mut calls: Vec<Call>) -> Vec<String> {
    while let Some((at, again)) = calls.iter().enumerate().find_map(|(at, refused)| {
        let again = calls[at + 1..].iter().position(|call| call.member == refused.member)?;
        refused.refused.then_some((at, at + 1 + again))
    }) {
        calls.drain(at..again);
    }
    let mut calls: Vec<String> = calls.into_iter().map(|call| call.member).collect();
    // One session in 256 has a key that services disagree about, and another is opened. A read
    // learns of it when it has already asked for the secret.
    calls.dedup_by(|next, last| next == last && next == "OpenSession");
    let again = ["OpenSession", "GetSecret", "OpenSession", "GetSecret"];
    while let Some(at) = calls.windows(4).position(|four| *four == again) {
        calls.drain(at..at + 2);
    }
    calls
}

#[test]
fn what_a_client_does_again_counts_once() {
    let counted = |calls: &str| {
        let call = |word: &str| Call {
            client: String::new(),
            serial: String::new(),
            member: word.trim_end_matches('!').to_owned(),
            refused: word.ends_with('!'),
        };
        without_what_was_done_again(calls.split(' ').map(call).collect()).join(" ")
    };
    let get = "Hello SearchItems OpenSession GetSecret";
    for seen in [
        get,
        "Hello SearchItems! SearchItems OpenSession GetSecret",
        "Hello SearchItems! Hello SearchItems OpenSession GetSecret",
        "Hello SearchItems OpenSession! Hello SearchItems OpenSession GetSecret",
        "Hello SearchItems OpenSession GetSecret! SearchItems GetSecret",
        "Hello SearchItems! Hello SearchItems! Hello SearchItems OpenSession GetSecret",
        "Hello SearchItems OpenSession OpenSession GetSecret",
        "Hello SearchItems OpenSession GetSecret OpenSession GetSecret",
    ] {
        assert_eq!(counted(seen), get, "{seen}");
    }
    // A call that was refused and not repeated stays, and so does one repeated after an answer.
    for seen in ["Hello SearchItems Delete!", "Hello SearchItems Hello SearchItems"] {
        assert_eq!(counted(seen), seen.replace('!', ""));
    }
}

/// Returns all bytes that cross a session's bus during `act`.
pub fn traffic(desktop: &Desktop, act: impl FnOnce()) -> Vec<u8> {
    let mut command = desktop.sandbox.command("dbus-monitor");
    command.args(["--address", desktop.address(), "--binary"]);
    let mut monitor = start(command, "dbus-monitor", "dbus-bin");
    let mut stdout = monitor.child.stdout.take().unwrap();
    let mut bytes = Vec::new();
    let mut read_until = |mark: &[u8]| {
        let mut buffer = [0; 4096];
        while !bytes.windows(mark.len()).any(|window| window == mark) {
            let read = stdout.read(&mut buffer).unwrap();
            assert_ne!(read, 0, "dbus-monitor ended");
            bytes.extend_from_slice(&buffer[..read]);
        }
    };
    read_until(b"NameLost");
    act();
    desktop.call("org.freedesktop.DBus", "/", "end.of.Test", &[]);
    read_until(b"end.of");
    bytes
}
