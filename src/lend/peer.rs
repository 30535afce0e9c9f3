//! Who is on the other side of a loopback connection. The kernel knows the user of each of its
//! sockets: it is asked about the one, and where it does not answer, all of them are read in its
//! table. To read the table takes milliseconds, for each connection.

use rustix::net::netlink::SOCK_DIAG;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use std::fs;
use std::net::{SocketAddr, SocketAddrV4, TcpStream};

/// The length of the head of a netlink message, in bytes.
const HEAD: usize = 16;

/// Returns the user of the other side of a loopback connection. The kernel knows nothing of a
/// client from another network.
pub(super) fn user_of(stream: &TcpStream) -> Option<u32> {
    let (SocketAddr::V4(peer), SocketAddr::V4(here)) =
        (stream.peer_addr().ok()?, stream.local_addr().ok()?)
    else {
        return None;
    };
    asked(peer, here).or_else(|| user_in(&fs::read_to_string("/proc/net/tcp").ok()?, peer, here))
}

/// Asks the kernel for the user of the socket at `peer` that is connected to `here`.
fn asked(peer: SocketAddrV4, here: SocketAddrV4) -> Option<u32> {
    const BY_FAMILY: u16 = 20;
    const REQUEST: u16 = 1;
    const TCP: u8 = 6;
    const ANY_STATE: u32 = u32::MAX;
    const LENGTH: u32 = 72;
    let connection = connection(peer, here);
    let mut message = Vec::with_capacity(LENGTH as usize);
    // The head has length, type, flags, number and sender; the body family, protocol, extensions,
    // a gap, states and the socket: its addresses, its interface and a number. Any will do.
    message.extend_from_slice(&LENGTH.to_ne_bytes());
    message.extend_from_slice(&BY_FAMILY.to_ne_bytes());
    message.extend_from_slice(&REQUEST.to_ne_bytes());
    message.extend_from_slice(&[0; 8]);
    message.extend_from_slice(&[family(), TCP, 0, 0]);
    message.extend_from_slice(&ANY_STATE.to_ne_bytes());
    message.extend_from_slice(&connection);
    message.extend_from_slice(&[0; 4]);
    message.extend_from_slice(&[0xff; 8]);
    let socket = rustix::net::socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        SocketFlags::CLOEXEC,
        Some(SOCK_DIAG),
    );
    let socket = socket.ok()?;
    rustix::net::send(&socket, &message, SendFlags::empty()).ok()?;
    let mut answer = [0; 512];
    // The kernel has answered once the call that asks is done.
    let (count, _) = rustix::net::recv(&socket, &mut answer[..], RecvFlags::DONTWAIT).ok()?;
    let answer = answer.get(..count)?;
    // The body has family, state, timer and retransmits, the socket as in the question, the time of
    // the timer, two queues, the user. Another socket, such as a listener at the port, is not it.
    let is_it = answer.get(4..6)? == BY_FAMILY.to_ne_bytes()
        && answer.get(HEAD + 4..HEAD + 4 + connection.len())? == connection;
    let user = answer.get(HEAD + 64..HEAD + 68)?.try_into().ok().map(u32::from_ne_bytes);
    user.filter(|_| is_it)
}

fn family() -> u8 {
    u8::try_from(AddressFamily::INET.as_raw()).unwrap_or_default()
}

/// Returns the ports and addresses of a socket in the kernel's form: its own, then the other side's.
fn connection(own: SocketAddrV4, other: SocketAddrV4) -> [u8; 36] {
    let mut bytes = [0; 36];
    bytes[..2].copy_from_slice(&own.port().to_be_bytes());
    bytes[2..4].copy_from_slice(&other.port().to_be_bytes());
    bytes[4..8].copy_from_slice(&own.ip().octets());
    bytes[20..24].copy_from_slice(&other.ip().octets());
    bytes
}

/// Returns the user of that socket by the kernel's table.
fn user_in(table: &str, peer: SocketAddrV4, here: SocketAddrV4) -> Option<u32> {
    let written = |address: SocketAddrV4| {
        let number = u32::from_ne_bytes(address.ip().octets());
        format!("{number:08X}:{:04X}", address.port())
    };
    let (peer, here) = (written(peer), written(here));
    table.lines().find_map(|line| {
        let mut words = line.split_ascii_whitespace().skip(1);
        let is_it = words.next() == Some(&peer) && words.next() == Some(&here);
        // Between the addresses and the user are the state, the queues, the timer and retransmits.
        is_it.then(|| words.nth(4)?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::{asked, user_in, user_of};
    use std::fs;
    use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};

    /// Returns the accepted side of a connection, its peer, and the peer's and its own address.
    fn connected() -> (TcpStream, TcpStream, SocketAddrV4, SocketAddrV4) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let client = TcpStream::connect(listener.local_addr().expect("an address"));
        let (stream, _) = listener.accept().expect("a connection");
        let v4 = |address: std::io::Result<SocketAddr>| match address.expect("an address") {
            SocketAddr::V4(address) => address,
            SocketAddr::V6(_) => panic!("it is IPv4"),
        };
        let (peer, here) = (v4(stream.peer_addr()), v4(stream.local_addr()));
        (stream, client.expect("a connection"), peer, here)
    }

    #[test]
    fn the_user_of_a_loopback_connection_is_known() {
        let (stream, _client, peer, here) = connected();
        let user = Some(rustix::process::geteuid().as_raw());
        assert_eq!(user_of(&stream), user);
        assert_eq!(asked(peer, here), user);
        let table = fs::read_to_string("/proc/net/tcp").expect("a table");
        assert_eq!(user_in(&table, peer, here), user);
    }

    #[test]
    fn a_socket_that_is_not_the_peers_says_nothing_of_its_user() {
        let (_stream, _client, peer, here) = connected();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let listening = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
        assert_eq!(asked(listening, here), None, "a listener at the peer's port");
        assert_eq!(asked(SocketAddrV4::new(Ipv4Addr::new(127, 1, 1, 1), peer.port()), here), None);
        assert_eq!(user_in("", peer, here), None);
    }
}
