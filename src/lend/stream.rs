//! A connection from the sandbox, by whichever way it came. Every wait has a limit, so that a
//! silent client holds up nobody but itself.

use super::LETS_GO_AFTER;
use super::framing::{FEW, write_chunk, write_end};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How often a reader that waits looks whether its patience has changed.
const LOOKS_UP: Duration = Duration::from_millis(200);

/// A connection with a client.
pub(super) enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Stream {
    /// Sets a time limit for every write.
    pub(super) fn bound(&self) -> io::Result<()> {
        match self {
            Self::Unix(stream) => stream.set_write_timeout(Some(LETS_GO_AFTER)),
            Self::Tcp(stream) => {
                stream.set_nodelay(true)?;
                stream.set_write_timeout(Some(LETS_GO_AFTER))
            }
        }
    }

    /// Tells the client that nothing more will be written.
    pub(super) fn finish(&self) {
        let _ = match self {
            Self::Unix(stream) => stream.shutdown(Shutdown::Write),
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
        };
    }

    /// Writes these bytes. Returns whether the client could take them.
    pub(super) fn send(&self, bytes: &[u8]) -> bool {
        (&mut &*self).write_all(bytes).is_ok()
    }

    /// Writes these bytes as a chunk of a body. Returns whether the client could take them.
    pub(super) fn send_chunk(&self, bytes: &[u8]) -> bool {
        write_chunk(&mut &*self, bytes).is_ok()
    }

    /// Writes the end of a body in chunks. Returns whether the client could take it.
    pub(super) fn send_end(&self) -> bool {
        write_end(&mut &*self).is_ok()
    }

    /// Reads some bytes, or fails at the deadline.
    pub(super) fn read_before(&self, buffer: &mut [u8], deadline: Instant) -> io::Result<usize> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || !is_ready(self.as_fd(), left)? {
            return Err(ErrorKind::TimedOut.into());
        }
        (&mut &*self).read(buffer)
    }

    /// Reads and drops the bytes that still come, up to a limit: a client that is still writing
    /// when the connection closes would lose the answer.
    pub(super) fn drain(&self, mut most: u64, time: Duration) {
        let deadline = Instant::now() + time;
        let mut buffer = [0; FEW];
        while let Ok(count) = self.read_before(&mut buffer, deadline) {
            most = most.saturating_sub(count as u64);
            if count == 0 || most == 0 {
                break;
            }
        }
    }
}

impl Read for &Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Unix(stream) => (&mut &*stream).read(buffer),
            Stream::Tcp(stream) => (&mut &*stream).read(buffer),
        }
    }
}

impl Write for &Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Unix(stream) => (&mut &*stream).write(bytes),
            Stream::Tcp(stream) => (&mut &*stream).write(bytes),
        }
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Stream::Unix(stream) => (&mut &*stream).write_vectored(parts),
            Stream::Tcp(stream) => (&mut &*stream).write_vectored(parts),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Unix(stream) => stream.as_fd(),
            Self::Tcp(stream) => stream.as_fd(),
        }
    }
}

/// The time for which a reader waits for the next bytes. Another thread can change it.
pub(super) struct Patience(AtomicU32);

impl Default for Patience {
    fn default() -> Self {
        Self(AtomicU32::new(u32::MAX))
    }
}

impl Patience {
    /// Ends the wait: nobody needs the bytes that still come.
    pub(super) fn end(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Shortens the wait: the bytes that still come are read only so that the answer is not lost.
    pub(super) fn shorten(&self) {
        self.0.store(20_000, Ordering::Relaxed);
    }

    fn left(&self, since: Instant) -> Duration {
        let most = Duration::from_millis(self.0.load(Ordering::Relaxed).into());
        most.min(LETS_GO_AFTER).saturating_sub(since.elapsed())
    }
}

/// A reader that waits as long as its patience lasts.
pub(super) struct Waiting<'a> {
    pub(super) stream: &'a Stream,
    pub(super) patience: &'a Patience,
}

impl Read for Waiting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let since = Instant::now();
        loop {
            if is_ready(self.stream.as_fd(), LOOKS_UP)? {
                return (&mut &*self.stream).read(buffer);
            }
            if self.patience.left(since).is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
        }
    }
}

/// Waits until there are bytes to read, or the end of them. Returns whether that came in time.
fn is_ready(fd: BorrowedFd<'_>, patience: Duration) -> io::Result<bool> {
    let patience = Timespec::try_from(patience).map_err(|_| ErrorKind::InvalidInput)?;
    let mut fds = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
    loop {
        match poll(&mut fds, Some(&patience)) {
            Err(rustix::io::Errno::INTR) => {}
            result => return Ok(result? > 0),
        }
    }
}

/// Waits for an answer as long as the client is connected. Returns whether the answer can be read.
/// A client that has only ended its own sending still counts as connected.
pub(super) fn is_answered(answer: BorrowedFd<'_>, client: &Stream) -> bool {
    let patience = Timespec::try_from(LETS_GO_AFTER).unwrap_or_default();
    let mut fds = [
        PollFd::from_borrowed_fd(answer, PollFlags::IN),
        PollFd::from_borrowed_fd(client.as_fd(), PollFlags::empty()),
    ];
    loop {
        match poll(&mut fds, Some(&patience)) {
            Err(rustix::io::Errno::INTR) => {}
            Ok(1..) => return !fds[0].revents().is_empty(),
            _ => return false,
        }
    }
}
