//! A way in for git-lfs beside the socket, which git-lfs does not know.
//!
//! git and git-lfs read the same line with the socket, `socks5h://localhost/run/pat/pat.sock`. git
//! goes to the socket; git-lfs drops the path and goes to `localhost` and the port of SOCKS, 1080.
//! So where git-lfs is lent, a listener is brought to that port of each network from which a client
//! of the socket comes. In most cases that client is git, which comes before git-lfs.

use super::Lending;
use super::inside;
use super::listen::Listener;
use super::stream::Stream;
use crate::child::in_background;
use crate::terminal;
use rustix::net::{Shutdown, shutdown, sockopt};
use std::collections::VecDeque;
use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Mutex, PoisonError};

/// The port at which git-lfs looks for a proxy whose URL names no port.
const PORT: u16 = 1080;

/// In how many networks there is a listener at once. A sandbox can make new ones without end: then
/// the oldest listener is taken away.
const MOST: usize = 16;

/// A network, as the kernel numbers it.
type Network = (u64, u64);

/// The networks that were seen, and the listener in each, if it could be brought there.
#[derive(Default)]
pub(super) struct Networks(Mutex<VecDeque<(Network, Option<Arc<Listener>>)>>);

/// Brings a listener to the network of this client of the socket, unless there is one.
pub(super) fn open(lending: &'static Lending, stream: &Stream) {
    let Stream::Unix(stream) = stream else { return };
    let Ok(peer) = sockopt::socket_peercred(stream.as_fd()) else { return };
    let process = peer.pid.as_raw_nonzero().get().unsigned_abs();
    // Where this fails, the client is gone, or in a container that this user may not enter.
    let network = network_of(&process.to_string()).unwrap_or_default();
    let mut networks = lending.networks.0.lock().unwrap_or_else(PoisonError::into_inner);
    if networks.iter().any(|(known, _)| *known == network) {
        return;
    }
    let listener = if network_of("self") == Some(network) {
        Listener::port(PORT)
    } else {
        inside::listener(process, PORT)
    };
    if listener.is_err() {
        let message = "git-lfs is not served to this client of the socket: there is no way to \
                       port 1080 of its network";
        terminal::say("lend", message);
    }
    let listener = listener.ok().map(Arc::new);
    if let Some(listener) = &listener {
        let listener = Arc::clone(listener);
        let _ = in_background(Box::new(move || listener.take_all(lending)));
    }
    networks.push_back((network, listener));
    if networks.len() > MOST
        && let Some((_, Some(oldest))) = networks.pop_front()
    {
        // Whoever waits for a connection there waits no more.
        let _ = shutdown(oldest.as_fd(), Shutdown::Both);
    }
}

/// Returns the network of a process.
fn network_of(process: &str) -> Option<Network> {
    let network = fs::metadata(format!("/proc/{process}/ns/net")).ok()?;
    Some((network.dev(), network.ino()))
}
