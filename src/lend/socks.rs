//! The few words of SOCKS 5 that git says before a request when it comes by the socket: it is told
//! that the socket is a proxy, because a URL cannot name a socket.

use super::environment::HOST;
use super::stream::Stream;
use std::io::Write;
use std::time::Instant;

/// The first byte of a client that speaks it. None of HTTP begins so.
pub(super) const VERSION: u8 = 5;

/// Connects a client to the one host that there is. Returns what it has sent after that.
pub(super) fn connect(stream: &Stream, begun: Vec<u8>, deadline: Instant) -> Option<Vec<u8>> {
    let mut bytes = begun;
    // 5, the number of methods, the methods: 0 is to be asked nothing.
    let greeting = take(stream, &mut bytes, 2, deadline)?;
    let methods = take(stream, &mut bytes, usize::from(greeting[1]), deadline)?;
    if !methods.contains(&0) {
        let _ = (&mut &*stream).write_all(&[VERSION, 0xff]);
        return None;
    }
    (&mut &*stream).write_all(&[VERSION, 0]).ok()?;
    // 5, connect, 0, a name, its length; the name, a port.
    let request = take(stream, &mut bytes, 5, deadline)?;
    let rest = take(stream, &mut bytes, usize::from(request[4]) + 2, deadline)?;
    let is_ours = request[..4] == [VERSION, 1, 0, 3]
        && rest.split_at_checked(HOST.len()) == Some((HOST.as_bytes(), &[0, 80]));
    let result = if is_ours { 0 } else { 2 };
    (&mut &*stream).write_all(&[VERSION, result, 0, 1, 0, 0, 0, 0, 0, 0]).ok()?;
    is_ours.then_some(bytes)
}

/// Takes so many bytes off, and reads them where they have not come.
fn take(stream: &Stream, bytes: &mut Vec<u8>, count: usize, deadline: Instant) -> Option<Vec<u8>> {
    let mut buffer = [0; 512];
    while bytes.len() < count {
        let read = stream.read_before(&mut buffer, deadline).ok().filter(|&read| read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
    }
    let rest = bytes.split_off(count);
    Some(std::mem::replace(bytes, rest))
}
