//! One connection to the session's bus: calls out, replies and signals in.
//!
//! One socket, no threads. Everything waits in `poll`, with a deadline that the caller
//! gives, so a bus that is mute costs five seconds and never a hanging git. Several calls
//! go out in one write; their replies are matched by serial and may come in any order, with
//! signals between them. While calls are written replies are read, or a bus with a full
//! queue and we would wait for each other.

use super::address::Address;
use super::message::{Call, Kind, Message};
use super::remote::Remote;
use super::wire::{Malformed, Writer};
use crate::error::Error;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, connect, recv, send, socket_with,
};
use std::os::fd::OwnedFd;
use std::thread::sleep;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How much is read at once while no message asks for more.
const FIRST_BUFFER: usize = 8 * 1024;

/// The longest line that a bus may answer while it checks who we are.
const MAX_LINE: usize = 1024;

/// How many signals are kept until somebody asks for them: nobody waits for more than one.
const MAX_SIGNALS: usize = 64;

/// How long to wait before a socket with a full backlog is tried again.
const BACKLOG_PAUSE: Duration = Duration::from_millis(10);

/// The bus's own name and interface.
pub(super) const BUS: &str = "org.freedesktop.DBus";

const LOST: Error = Error::Transient("the connection to the session bus was lost");
const NO_BUS: Error = Error::Unreachable("what listens at the bus's address is no D-Bus");

impl From<Malformed> for Error {
    fn from(_: Malformed) -> Self {
        Self::Keychain("it sent what is no D-Bus message")
    }
}

/// A connection. After an error of its own (not one that a reply carries) it is of no use.
pub(super) struct Bus {
    socket: OwnedFd,
    outgoing: Vec<u8>,
    incoming: Incoming,
    /// Whether the bus has said that we may speak.
    admitted: bool,
    last_serial: u32,
    hello: u32,
    /// Those that came since [`Bus::listen`].
    signals: Option<Vec<Message>>,
}

impl Bus {
    /// Connects to the first address where something listens. Who we are and the first
    /// message, `Hello`, leave together with the first call: a bus takes what follows its
    /// own answer from what has already come.
    pub(super) fn connect(addresses: &[Address], deadline: Instant) -> Result<Self, Error> {
        let socket = connect_to_first(addresses, deadline)?;
        let incoming = Incoming::new();
        let mut bus = Self {
            socket,
            outgoing: authentication(),
            incoming,
            admitted: false,
            last_serial: 0,
            hello: 0,
            signals: None,
        };
        bus.hello = bus.queue(bus_call("Hello", "", Writer::new()), true)?;
        Ok(bus)
    }

    /// Makes these calls in one write, does something meanwhile, and waits for all their
    /// replies, which come back in the calls' order.
    pub(super) fn exchange(
        &mut self,
        calls: Vec<Call<'_>>,
        meanwhile: impl FnOnce(),
        deadline: Instant,
    ) -> Result<Vec<Result<Message, Remote>>, Error> {
        let serials: Vec<u32> =
            calls.into_iter().map(|call| self.queue(call, true)).collect::<Result<_, _>>()?;
        self.write_some()?;
        meanwhile();
        let mut replies: Vec<Option<Result<Message, Remote>>> = vec![None; serials.len()];
        while replies.iter().any(Option::is_none) {
            let message = self.receive(deadline)?;
            let (serial, reply) = match &message.kind {
                Kind::Reply(serial) => (*serial, Ok(message)),
                Kind::Error(serial, name) => (*serial, Err(Remote::from_name(name))),
                Kind::Signal(..) | Kind::Other => {
                    self.keep_signal(message);
                    continue;
                }
            };
            if let Some(place) = serials.iter().position(|&s| s == serial) {
                replies[place] = Some(reply);
            } else if serial == self.hello {
                reply?;
            }
        }
        Ok(replies.into_iter().flatten().collect())
    }

    /// From now on signals are kept for [`Self::wait_for`]. Returns what to send for it.
    pub(super) fn listen<'a>(&mut self, rules: &[String]) -> Vec<Call<'a>> {
        self.signals = Some(Vec::new());
        rules.iter().map(|rule| match_call("AddMatch", rule)).collect()
    }

    /// Ends what [`Self::listen`] began, as far as that goes without waiting.
    pub(super) fn unlisten(&mut self, rules: &[String], deadline: Instant) {
        self.signals = None;
        for rule in rules {
            let _ = self.queue(match_call("RemoveMatch", rule), false);
        }
        let _ = self.flush(deadline);
    }

    /// Waits for a signal in which `look` sees what it looks for.
    pub(super) fn wait_for<T>(
        &mut self,
        mut look: impl FnMut(&Message) -> Option<T>,
        deadline: Instant,
    ) -> Result<T, Error> {
        for message in self.signals.take().into_iter().flatten() {
            if let Some(seen) = look(&message) {
                return Ok(seen);
            }
        }
        loop {
            let message = self.receive(deadline)?;
            if let Some(seen) = look(&message) {
                return Ok(seen);
            }
        }
    }

    fn keep_signal(&mut self, message: Message) {
        if let Some(signals) = self.signals.as_mut().filter(|kept| kept.len() < MAX_SIGNALS) {
            signals.push(message);
        }
    }

    fn queue(&mut self, call: Call<'_>, reply_expected: bool) -> Result<u32, Error> {
        self.last_serial += 1;
        let bytes = call
            .encode(self.last_serial, reply_expected)
            .ok_or(Error::Keychain("D-Bus cannot carry what was to be stored"))?;
        self.outgoing.extend_from_slice(&bytes);
        Ok(self.last_serial)
    }

    /// The next message that is there, once the bus has admitted us.
    fn take_message(&mut self) -> Result<Option<Message>, Error> {
        if !self.admitted {
            let Some(line) = self.incoming.take_line()? else { return Ok(None) };
            if line.starts_with(b"REJECTED") {
                return Err(Error::Unreachable("the session bus belongs to another user"));
            }
            if !line.starts_with(b"OK ") {
                return Err(NO_BUS);
            }
            self.admitted = true;
        }
        self.incoming.take_message()
    }

    /// The next message, after everything that is queued has been written.
    fn receive(&mut self, deadline: Instant) -> Result<Message, Error> {
        loop {
            if let Some(message) = self.take_message()? {
                return Ok(message);
            }
            self.write_some()?;
            let wanted = if self.outgoing.is_empty() {
                PollFlags::IN
            } else {
                PollFlags::IN | PollFlags::OUT
            };
            self.wait(wanted, deadline)?;
            self.incoming.fill(&self.socket)?;
        }
    }

    fn flush(&mut self, deadline: Instant) -> Result<(), Error> {
        loop {
            self.write_some()?;
            if self.outgoing.is_empty() {
                return Ok(());
            }
            self.wait(PollFlags::OUT, deadline)?;
        }
    }

    /// Writes what the socket takes. A bus that is gone must not end us by a signal.
    fn write_some(&mut self) -> Result<(), Error> {
        while !self.outgoing.is_empty() {
            match send(&self.socket, &self.outgoing, SendFlags::NOSIGNAL) {
                Ok(written) => drop(self.outgoing.drain(..written)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(_) => return Err(LOST),
            }
        }
        Ok(())
    }

    fn wait(&self, wanted: PollFlags, deadline: Instant) -> Result<(), Error> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::TimedOut);
            }
            let left = Timespec::try_from(left).map_err(|_| Error::TimedOut)?;
            match poll(&mut [PollFd::new(&self.socket, wanted)], Some(&left)) {
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(_) => return Err(LOST),
            }
        }
    }
}

/// SASL: the kernel tells the bus our user, we need only claim it.
fn authentication() -> Vec<u8> {
    let user = rustix::process::geteuid().as_raw().to_string();
    let mut bytes = b"\0AUTH EXTERNAL ".to_vec();
    for digit in user.bytes() {
        // Its ASCII code in hexadecimal digits.
        bytes.extend_from_slice(&[b'3', digit]);
    }
    bytes.extend_from_slice(b"\r\nBEGIN\r\n");
    bytes
}

/// A call to the bus itself.
fn bus_call<'a>(member: &'a str, signature: &'a str, body: Writer) -> Call<'a> {
    Call {
        destination: BUS,
        path: "/org/freedesktop/DBus",
        interface: BUS,
        member,
        signature,
        body,
    }
}

fn match_call<'a>(member: &'a str, rule: &str) -> Call<'a> {
    let mut body = Writer::new();
    body.string(rule);
    bus_call(member, "s", body)
}

fn connect_to_first(addresses: &[Address], deadline: Instant) -> Result<OwnedFd, Error> {
    let mut failure = Error::Unreachable("nothing listens at the session bus's address");
    for address in addresses.iter().filter_map(Address::socket_address) {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
            .map_err(|_| Error::Unreachable("no socket could be made"))?;
        loop {
            if Instant::now() >= deadline {
                return Err(Error::TimedOut);
            }
            match connect(&socket, &address) {
                Ok(()) => return Ok(socket),
                // Its backlog is full. There is nothing to poll for.
                Err(Errno::AGAIN) => sleep(BACKLOG_PAUSE),
                Err(Errno::INTR) => {}
                Err(Errno::ACCESS | Errno::PERM) => {
                    failure = Error::Unreachable("this user may not connect to the session bus");
                    break;
                }
                Err(_) => break,
            }
        }
    }
    Err(failure)
}

/// What was received and not yet taken. It grows by wiping what it leaves.
struct Incoming {
    buffer: Zeroizing<Vec<u8>>,
    start: usize,
    end: usize,
}

impl Incoming {
    fn new() -> Self {
        Self { buffer: Zeroizing::new(vec![0; FIRST_BUFFER]), start: 0, end: 0 }
    }

    /// Reads what is there, at most as much as there is room for.
    fn fill(&mut self, socket: &OwnedFd) -> Result<(), Error> {
        self.make_room();
        match recv(socket, &mut self.buffer[self.end..], RecvFlags::empty()) {
            Ok((0, _)) => Err(LOST),
            Ok((received, _)) => {
                self.end += received;
                Ok(())
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(()),
            Err(_) => Err(LOST),
        }
    }

    fn make_room(&mut self) {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let wanted = Message::length(&self.buffer[..self.end]).unwrap_or_default();
        let wanted = wanted.unwrap_or_default().max(self.end + 1);
        if wanted > self.buffer.len() {
            // Never more than a message may be long: `length` has seen to that.
            let mut larger = Zeroizing::new(vec![0; wanted.next_multiple_of(FIRST_BUFFER)]);
            larger[..self.end].copy_from_slice(&self.buffer[..self.end]);
            self.buffer = larger;
        }
    }

    fn take_message(&mut self) -> Result<Option<Message>, Error> {
        let received = &self.buffer[self.start..self.end];
        let Some(bytes) = Message::length(received)?.and_then(|length| received.get(..length))
        else {
            return Ok(None);
        };
        let message = Message::decode(bytes)?;
        self.start += bytes.len();
        Ok(Some(message))
    }

    fn take_line(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let received = &self.buffer[self.start..self.end];
        let Some(length) = received.windows(2).position(|w| w == b"\r\n") else {
            return if received.len() > MAX_LINE { Err(NO_BUS) } else { Ok(None) };
        };
        let line = received[..length].to_vec();
        self.start += length + 2;
        Ok(Some(line))
    }
}
