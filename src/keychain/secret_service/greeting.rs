//! The way to the bus: the first of its addresses where one listens, and the greeting (SASL) before
//! the first message.
//!
//! We do not say who we are. The kernel tells the bus, and a number from us would be wrong in a
//! user namespace, where the bus sees another one. So the bus gets an empty answer to its question,
//! as from `GLib`. Nothing else goes out before the bus's `OK`. `xdg-dbus-proxy` before 0.1.6,
//! which stands before the bus in every Flatpak of that age, takes anything that a client sends
//! earlier for a message, and hangs up.
//!
//! Nor do we speak to anybody else: the listener must be a process of this user, and the bus must
//! be the one that the address means.

use super::address::Address;
use super::socket::{NO_BUS, NOBODY, Socket};
use crate::error::Error;
use std::time::Instant;

const ANOTHER_USERS: Error = Error::Unreachable("the session bus belongs to another user");

/// Connects to the first address where a bus lets us in. Messages are sent next.
pub(super) fn enter(addresses: &[Address], deadline: Instant) -> Result<Socket, Error> {
    let mut failure = NOBODY;
    for address in addresses {
        match enter_at(address, deadline) {
            Ok(socket) => return Ok(socket),
            // Where somebody listens, the reason of the failure says more.
            Err(NOBODY) => {}
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn enter_at(address: &Address, deadline: Instant) -> Result<Socket, Error> {
    let socket_address = address.socket_address().ok_or(NOBODY)?;
    let mut socket = Socket::connect(&socket_address, deadline)?;
    if !socket.is_ours() {
        return Err(ANOTHER_USERS);
    }
    socket.introduce()?;
    socket.queue(b"AUTH EXTERNAL\r\n");
    let mut answer = socket.line(deadline)?;
    if answer.trim_ascii_end() == b"DATA" {
        socket.queue(b"DATA\r\n");
        answer = socket.line(deadline)?;
    }
    if answer.starts_with(b"REJECTED") {
        return Err(ANOTHER_USERS);
    }
    let identifier = answer.strip_prefix(b"OK ").ok_or(NO_BUS)?;
    if !address.means(identifier.trim_ascii()) {
        return Err(Error::Unreachable("another bus listens at the session bus's address"));
    }
    socket.queue(b"BEGIN\r\n");
    Ok(socket)
}
