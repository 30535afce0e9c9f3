//! The few words of SOCKS 5 that git says before a request when it comes by the socket. git is told
//! that the socket is a proxy, because a URL cannot name a socket.

use super::environment::HOST;
use super::stream::Stream;
use std::time::Instant;

/// The first byte of a client that speaks SOCKS 5. No request of HTTP begins with it.
pub(super) const VERSION: u8 = 5;

/// Connects a client to [`HOST`], the only host there is. Returns the bytes that came after that.
pub(super) fn connect(stream: &Stream, begun: Vec<u8>, deadline: Instant) -> Option<Vec<u8>> {
    let mut bytes = begun;
    // The client sends 5, the number of methods, and the methods. Method 0 asks for no login.
    let greeting = take(stream, &mut bytes, 2, deadline)?;
    let methods = take(stream, &mut bytes, usize::from(greeting[1]), deadline)?;
    if !methods.contains(&0) {
        stream.send(&[VERSION, 0xff]);
        return None;
    }
    stream.send(&[VERSION, 0]).then_some(())?;
    // The client sends 5, 1 to connect, 0, 3 for a name, the name's length, the name, and a port.
    let request = take(stream, &mut bytes, 5, deadline)?;
    let rest = take(stream, &mut bytes, usize::from(request[4]) + 2, deadline)?;
    let is_ours = request[..4] == [VERSION, 1, 0, 3]
        && rest.split_at_checked(HOST.len()) == Some((HOST.as_bytes(), &[0, 80]));
    let result = if is_ours { 0 } else { 2 };
    stream.send(&[VERSION, result, 0, 1, 0, 0, 0, 0, 0, 0]).then_some(())?;
    is_ours.then_some(bytes)
}

/// Takes this many bytes from the front, and first reads those that have not come yet.
fn take(stream: &Stream, bytes: &mut Vec<u8>, count: usize, deadline: Instant) -> Option<Vec<u8>> {
    let mut buffer = [0; 512];
    while bytes.len() < count {
        let read = stream.read_before(&mut buffer, deadline).ok().filter(|&read| read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
    }
    let rest = bytes.split_off(count);
    Some(std::mem::replace(bytes, rest))
}
