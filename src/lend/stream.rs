//! A connection from the sandbox, by whichever way it came: bounded in time, so that a far side
//! which says nothing holds up nobody but itself.

use super::LETS_GO_AFTER;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How often somebody who waits looks whether it still makes sense.
const LOOKS_UP: Duration = Duration::from_millis(200);

/// A connection.
pub(super) enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Stream {
    /// Makes every write end in time.
    pub(super) fn bound(&self) -> io::Result<()> {
        match self {
            Self::Unix(stream) => stream.set_write_timeout(Some(LETS_GO_AFTER)),
            Self::Tcp(stream) => {
                stream.set_nodelay(true)?;
                stream.set_write_timeout(Some(LETS_GO_AFTER))
            }
        }
    }

    /// Says that nothing more will be written.
    pub(super) fn finish(&self) {
        let _ = match self {
            Self::Unix(stream) => stream.shutdown(Shutdown::Write),
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
        };
    }

    /// Reads some bytes, before the deadline.
    pub(super) fn read_before(&self, buffer: &mut [u8], deadline: Instant) -> io::Result<usize> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || !is_ready(self.as_fd(), left)? {
            return Err(ErrorKind::TimedOut.into());
        }
        (&mut &*self).read(buffer)
    }

    /// Reads and drops what still comes, until the other side is done: an answer to somebody who is
    /// still writing would be lost with the connection.
    pub(super) fn drain(&self, mut most: u64, time: Duration) {
        let deadline = Instant::now() + time;
        let mut buffer = [0; 16 * 1024];
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

/// How long a reader waits for the next bytes, which another thread can change.
pub(super) struct Patience(AtomicU32);

impl Default for Patience {
    fn default() -> Self {
        Self(AtomicU32::new(u32::MAX))
    }
}

impl Patience {
    /// Says that nobody needs what still comes.
    pub(super) fn end(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Says that what still comes is read only so that the answer is not lost.
    pub(super) fn shorten(&self) {
        self.0.store(20_000, Ordering::Relaxed);
    }

    fn left(&self, since: Instant) -> Duration {
        let most = Duration::from_millis(self.0.load(Ordering::Relaxed).into());
        most.min(LETS_GO_AFTER).saturating_sub(since.elapsed())
    }
}

/// A reader with some patience.
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

/// Waits until there is something to read, or the end. Returns whether there is.
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

/// Waits for an answer as long as somebody is there to get it. Returns whether it can be read. One
/// who has only ended what they send still waits.
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
