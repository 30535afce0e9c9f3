//! A bus monitor: which calls a client makes is part of what it promises.

use crate::support::desktop::{Desktop, Process, start};
use std::io::{BufRead, BufReader, Read};
use std::process::ChildStdout;

/// Sees every call on a session's bus.
pub struct Watch {
    _monitor: Process,
    lines: BufReader<ChildStdout>,
}

impl Watch {
    /// Watches from now on.
    pub fn new(desktop: &Desktop) -> Self {
        let mut command = desktop.sandbox.command("dbus-monitor");
        command.args(["--address", desktop.address(), "--profile"]);
        let mut monitor = start(command, "dbus-monitor", "dbus-bin");
        let mut lines = BufReader::new(monitor.child.stdout.take().unwrap());
        let mut line = String::new();
        // The bus takes a monitor's own name away as soon as it is one.
        while !line.contains("NameLost") {
            line.clear();
            assert_ne!(lines.read_line(&mut line).unwrap(), 0, "dbus-monitor ended");
        }
        Self { _monitor: monitor, lines }
    }

    /// The methods called since, without those of the session's own parts.
    pub fn calls(mut self, desktop: &Desktop) -> Vec<String> {
        desktop.call("org.freedesktop.DBus", "/", "end.of.Test", &[]);
        let mut calls: Vec<(String, String)> = Vec::new();
        loop {
            let mut line = String::new();
            assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "dbus-monitor ended");
            // mc, time, serial, sender, destination, path, interface, member
            let fields: Vec<&str> = line.trim().split('\t').collect();
            if fields.first() != Some(&"mc") {
                continue;
            }
            let (sender, member) = (fields[3].to_owned(), fields[7].to_owned());
            if member == "Test" {
                calls.retain(|(from, _)| *from != sender);
                break;
            }
            calls.push((sender, member));
        }
        // A client begins with Hello; whoever was there before did not come for the test.
        let greeted = |name: &str| calls.iter().any(|(from, m)| from == name && m == "Hello");
        let ours = calls.iter().filter(|(from, _)| greeted(from));
        let mut calls: Vec<String> = ours.map(|(_, member)| member.clone()).collect();
        // One session in 256 has a key that services disagree about: another is opened. A read
        // learns of it when it has already asked for the secret.
        calls.dedup_by(|next, last| next == last && next == "OpenSession");
        let again = ["OpenSession", "GetSecret", "OpenSession", "GetSecret"];
        while let Some(at) = calls.windows(4).position(|four| *four == again) {
            calls.drain(at..at + 2);
        }
        calls
    }
}

/// All bytes that cross a session's bus while something is done.
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
