//! One connection to the session's bus: calls out, replies and signals in.
//!
//! One socket, no threads. Several calls go out in one write; their replies are matched by
//! serial and may come in any order, with signals between them.

use super::address::Address;
use super::greeting;
use super::message::{Call, Kind, Message};
use super::remote::Remote;
use super::socket::Socket;
use super::wire::Writer;
use crate::error::Error;
use std::time::Instant;

/// How many signals are kept until somebody asks for them. Nobody waits for more than one.
const MAX_SIGNALS: usize = 64;

/// The bus's own name and interface.
pub(super) const BUS: &str = "org.freedesktop.DBus";

/// A connection. It is of no use after an error of its own (but is after one that a reply carries).
pub(super) struct Bus {
    socket: Socket,
    last_serial: u32,
    hello: u32,
    /// The signals that came since [`Bus::listen`].
    signals: Option<Vec<Message>>,
}

impl Bus {
    /// Connects to the bus at one of these addresses. The first message, `Hello`, leaves together
    /// with the first call: a bus reads on in the bytes that have already come.
    pub(super) fn connect(addresses: &[Address], deadline: Instant) -> Result<Self, Error> {
        let socket = greeting::enter(addresses, deadline)?;
        let mut bus = Self { socket, last_serial: 0, hello: 0, signals: None };
        bus.hello = bus.queue(bus_call("Hello", "", Writer::new()), true)?;
        Ok(bus)
    }

    /// Makes these calls in one write, runs `meanwhile`, and waits for all replies, which it
    /// returns in the calls' order.
    pub(super) fn exchange(
        &mut self,
        calls: Vec<Call<'_>>,
        meanwhile: impl FnOnce(),
        deadline: Instant,
    ) -> Result<Vec<Result<Message, Remote>>, Error> {
        let serials: Vec<u32> =
            calls.into_iter().map(|call| self.queue(call, true)).collect::<Result<_, _>>()?;
        self.socket.write_some()?;
        meanwhile();
        let mut replies: Vec<Option<Result<Message, Remote>>> = vec![None; serials.len()];
        while replies.iter().any(Option::is_none) {
            let message = self.socket.message(deadline)?;
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

    /// Keeps signals for [`Self::wait_for`] from now on. Returns the calls to send for that.
    pub(super) fn listen<'a>(&mut self, rules: &[String]) -> Vec<Call<'a>> {
        self.signals = Some(Vec::new());
        rules.iter().map(|rule| match_call("AddMatch", rule)).collect()
    }

    /// Ends the listening that [`Self::listen`] began, as far as that goes without waiting.
    pub(super) fn unlisten(&mut self, rules: &[String], deadline: Instant) {
        self.signals = None;
        for rule in rules {
            let _ = self.queue(match_call("RemoveMatch", rule), false);
        }
        let _ = self.socket.flush(deadline);
    }

    /// Waits for a signal in which `look` finds something, and returns that.
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
            let message = self.socket.message(deadline)?;
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
        self.socket.queue(&bytes);
        Ok(self.last_serial)
    }
}

/// Returns a call to the bus itself.
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
