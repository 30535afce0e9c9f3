//! A socket to the bus: bytes out, lines and messages in.
//!
//! Every wait is in `poll`, with a deadline that the caller gives, so a mute bus costs five seconds
//! and never a git that hangs. While bytes are still to be written, incoming ones are read: else a
//! bus with a full queue and we would wait for each other.

use super::message::Message;
use super::peer;
use super::wire::Malformed;
use crate::error::Error;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, recv,
    send, socket_with,
};
use std::os::fd::OwnedFd;
use std::thread::sleep;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How many bytes are read at once while no message needs more.
const FIRST_BUFFER: usize = 8 * 1024;

/// The longest line that a bus may answer while it checks who we are.
const MAX_LINE: usize = 1024;

/// How long to wait before a socket with a full backlog is tried again.
const BACKLOG_PAUSE: Duration = Duration::from_millis(10);

pub(super) const NOBODY: Error = Error::Unreachable("nothing listens at the session bus's address");
pub(super) const NO_BUS: Error =
    Error::Unreachable("what listens at the bus's address is no D-Bus");
const LOST: Error = Error::Transient("the connection to the session bus was lost");

impl From<Malformed> for Error {
    fn from(_: Malformed) -> Self {
        Self::Keychain("it sent what is no D-Bus message")
    }
}

/// A connected socket. After an error it is of no use.
pub(super) struct Socket {
    descriptor: OwnedFd,
    /// Bytes that are queued and not yet written.
    outgoing: Vec<u8>,
    incoming: Incoming,
}

impl Socket {
    /// Connects to the process that listens there.
    pub(super) fn connect(address: &SocketAddrUnix, deadline: Instant) -> Result<Self, Error> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let descriptor = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)
            .map_err(|_| Error::Unreachable("no socket could be made"))?;
        loop {
            if Instant::now() >= deadline {
                return Err(Error::TimedOut);
            }
            match connect(&descriptor, address) {
                Ok(()) => break,
                // The listener's backlog is full. There is nothing to poll for.
                Err(Errno::AGAIN) => sleep(BACKLOG_PAUSE),
                Err(Errno::INTR) => {}
                Err(Errno::ACCESS | Errno::PERM) => {
                    return Err(Error::Unreachable("this user may not connect to the session bus"));
                }
                Err(_) => return Err(NOBODY),
            }
        }
        Ok(Self { descriptor, outgoing: Vec::new(), incoming: Incoming::new() })
    }

    /// Returns whether the process that listens there is this user's.
    pub(super) fn is_ours(&self) -> bool {
        peer::is_ours(&self.descriptor)
    }

    /// Begins the greeting, which shows the bus whose process this is.
    pub(super) fn introduce(&mut self) -> Result<(), Error> {
        let rest = peer::introduce(&self.descriptor).map_err(|_| LOST)?;
        self.queue(rest);
        Ok(())
    }

    /// Adds bytes to those that are written next.
    pub(super) fn queue(&mut self, bytes: &[u8]) {
        self.outgoing.extend_from_slice(bytes);
    }

    /// Returns the next line, without its end, after everything that is queued has been written.
    pub(super) fn line(&mut self, deadline: Instant) -> Result<Vec<u8>, Error> {
        self.receive(Incoming::take_line, deadline)
    }

    /// Returns the next message, after everything that is queued has been written.
    pub(super) fn message(&mut self, deadline: Instant) -> Result<Message, Error> {
        self.receive(Incoming::take_message, deadline)
    }

    fn receive<T>(
        &mut self,
        take: impl Fn(&mut Incoming) -> Result<Option<T>, Error>,
        deadline: Instant,
    ) -> Result<T, Error> {
        loop {
            if let Some(taken) = take(&mut self.incoming)? {
                return Ok(taken);
            }
            self.write_some()?;
            let wanted = if self.outgoing.is_empty() {
                PollFlags::IN
            } else {
                PollFlags::IN | PollFlags::OUT
            };
            self.wait(wanted, deadline)?;
            self.incoming.fill(&self.descriptor)?;
        }
    }

    /// Writes everything that is queued.
    pub(super) fn flush(&mut self, deadline: Instant) -> Result<(), Error> {
        loop {
            self.write_some()?;
            if self.outgoing.is_empty() {
                return Ok(());
            }
            self.wait(PollFlags::OUT, deadline)?;
        }
    }

    /// Writes as much as the socket takes. A bus that is gone must not end us by a signal.
    pub(super) fn write_some(&mut self) -> Result<(), Error> {
        while !self.outgoing.is_empty() {
            match send(&self.descriptor, &self.outgoing, SendFlags::NOSIGNAL) {
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
            match poll(&mut [PollFd::new(&self.descriptor, wanted)], Some(&left)) {
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(_) => return Err(LOST),
            }
        }
    }
}

/// Bytes that were received and not yet taken. The buffer wipes its old memory when it grows.
struct Incoming {
    buffer: Zeroizing<Vec<u8>>,
    start: usize,
    end: usize,
}

impl Incoming {
    fn new() -> Self {
        Self { buffer: Zeroizing::new(vec![0; FIRST_BUFFER]), start: 0, end: 0 }
    }

    /// Reads the bytes that have come, as far as there is room for them.
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
            // `length` has checked that this is no more than a message may be long.
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
