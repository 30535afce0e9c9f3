//! A listener in a sandbox's own network, made from outside: nothing has to be mounted or installed
//! there, and nobody but the sandbox can connect.
//!
//! A process can enter another's network only from the user namespace that owns the network, and it
//! can enter that namespace only while it has one thread. So this program starts itself once more:
//! the second process goes in, listens, hands the listener back and ends. `/proc/PID/ns/user` may
//! be a nested namespace (bubblewrap makes one), so the kernel is asked which one owns the network.

use super::listen::Listener;
use crate::error::Error;
use crate::hardening::namespaces::owner_of;
use rustix::fs::{Mode, OFlags};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg,
};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

/// The port of `--inside`. It never changes: git-lfs writes it into a repository's configuration.
pub(super) const PORT: u16 = 8418;

/// The option with which this program starts itself.
pub(crate) const OPTION: &str = "--listen-inside";

/// Returns a listener at this port in the network of this process.
///
/// # Errors
/// [`Error::Refused`] where that network cannot be entered.
pub(super) fn listener(process: u32, port: u16) -> Result<Listener, Error> {
    let cannot = Error::Refused(
        "the network of the process of --inside cannot be entered: it must be a sandbox of this \
         user's that runs",
    );
    let (ours, theirs) = UnixStream::pair().map_err(|_| cannot)?;
    let mut program = Command::new("/proc/self/exe");
    program.args(["lend", OPTION, &process.to_string(), &port.to_string()]);
    program.stdin(OwnedFd::from(theirs)).stdout(Stdio::null());
    let mut child = program.spawn().map_err(|_| cannot)?;
    drop(program);
    let received = receive(&ours);
    let _ = child.wait();
    received.map(|fd| Listener::Inside(TcpListener::from(fd))).ok_or(cannot)
}

fn receive(socket: &UnixStream) -> Option<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut messages = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let mut bytes = [IoSliceMut::new(&mut byte)];
    recvmsg(socket, &mut bytes, &mut messages, RecvFlags::CMSG_CLOEXEC).ok()?;
    messages.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
        _ => None,
    })
}

/// Enters the network of this process, listens at this port there, and sends the listener over the socket at
/// standard input. This is the whole work of the second process.
///
/// # Errors
/// [`Error::Refused`] where one of these steps fails.
pub(crate) fn bring_listener(process: u32, port: u16) -> Result<(), Error> {
    let path = format!("/proc/{process}/ns/net");
    let network =
        rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).map_err(|_| {
            Error::Refused(
                "the network of that process cannot be seen: it is not this user's, or gone",
            )
        })?;
    let owner =
        owner_of(network.as_fd()).map_err(|_| Error::Refused("that network has no owner"))?;
    // This fails where our own user namespace owns the network: we are in that one already.
    let _ = move_into_link_name_space(owner.as_fd(), Some(LinkNameSpaceType::User));
    move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network))
        .map_err(|_| Error::Refused("the network of that process cannot be entered"))?;
    bring_loopback_up();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .map_err(|_| Error::Refused("the port is taken inside"))?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut messages = SendAncillaryBuffer::new(&mut space);
    let fds = [listener.as_fd()];
    messages.push(SendAncillaryMessage::ScmRights(&fds));
    sendmsg(std::io::stdin(), &[IoSlice::new(b"x")], &mut messages, SendFlags::empty())
        .map_err(|_| Error::Refused("the listener could not be handed over"))?;
    Ok(())
}

/// Tells the kernel to bring the loopback interface up. A fresh network has it down, and nothing
/// changes where it is up already. A failure shows when somebody connects.
fn bring_loopback_up() {
    const NEW_LINK: u16 = 16;
    const REQUEST: u16 = 1;
    const UP: u32 = 1;
    /// The number of the loopback interface: it is the first one of every network.
    const LOOPBACK: i32 = 1;
    const LENGTH: u32 = 32;
    let mut message = Vec::new();
    // The head has length, type, flags, number, port; the body family, type, index, flags, mask.
    message.extend_from_slice(&LENGTH.to_ne_bytes());
    message.extend_from_slice(&NEW_LINK.to_ne_bytes());
    message.extend_from_slice(&REQUEST.to_ne_bytes());
    message.extend_from_slice(&[0; 8]);
    message.extend_from_slice(&[0; 4]);
    message.extend_from_slice(&LOOPBACK.to_ne_bytes());
    message.extend_from_slice(&UP.to_ne_bytes());
    message.extend_from_slice(&UP.to_ne_bytes());
    let socket = rustix::net::socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        // The protocol of netlink for interfaces is 0.
        None,
    );
    if let Ok(socket) = socket {
        let _ = rustix::net::send(&socket, &message, SendFlags::empty());
    }
}
