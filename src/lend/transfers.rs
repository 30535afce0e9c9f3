//! The transfers that are under way. When a lending ends they may go on for a while, and what is
//! not done by then is cut off.

use super::stream::Stream;
use rustix::net::{Shutdown, shutdown};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a transfer that was cut off may take to notice.
const NOTICES_WITHIN: Duration = Duration::from_secs(1);

/// The transfers that are under way, each with a second descriptor of its connection.
#[derive(Default)]
pub(super) struct Transfers {
    under_way: Mutex<Vec<OwnedFd>>,
    changed: Condvar,
}

/// A transfer. It is over when this is dropped.
pub(super) struct Transfer<'a> {
    all: &'a Transfers,
    number: RawFd,
}

impl Transfers {
    /// Begins a transfer on a connection.
    ///
    /// # Errors
    /// Where the system has no descriptor left.
    pub(super) fn begin(&self, stream: &Stream) -> io::Result<Transfer<'_>> {
        let connection = stream.as_fd().try_clone_to_owned()?;
        let number = connection.as_raw_fd();
        self.lock().push(connection);
        Ok(Transfer { all: self, number })
    }

    /// Waits until no transfer is under way. Cuts off those that still are after this time.
    pub(super) fn end(&self, patience: Duration) {
        if self.are_over_within(patience) {
            return;
        }
        self.cut();
        self.are_over_within(NOTICES_WITHIN);
    }

    /// Cuts off all transfers.
    pub(super) fn cut(&self) {
        for connection in self.lock().iter() {
            let _ = shutdown(connection, Shutdown::Both);
        }
    }

    /// Returns whether a transfer is under way.
    pub(super) fn are_under_way(&self) -> bool {
        !self.lock().is_empty()
    }

    fn are_over_within(&self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        let mut under_way = self.lock();
        while !under_way.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.changed.wait_timeout(under_way, left);
            under_way = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, Vec<OwnedFd>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Transfer<'_> {
    fn drop(&mut self) {
        self.all.lock().retain(|connection| connection.as_raw_fd() != self.number);
        self.all.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::Transfers;
    use crate::lend::stream::Stream;
    use std::io::Read;
    use std::os::unix::net::UnixStream;
    use std::thread;
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(60);

    fn connection() -> (Stream, UnixStream) {
        let (ours, theirs) = UnixStream::pair().expect("a connection");
        for end in [&ours, &theirs] {
            end.set_read_timeout(Some(LONG)).expect("a time limit");
        }
        (Stream::Unix(ours), theirs)
    }

    #[test]
    fn a_transfer_that_comes_to_its_end_is_waited_for_and_not_cut_off() {
        let transfers = Transfers::default();
        let (ours, mut theirs) = connection();
        let transfer = transfers.begin(&ours).expect("a transfer");
        thread::scope(|scope| {
            let end = scope.spawn(|| transfers.end(LONG));
            drop(transfer);
            end.join().expect("an end");
        });
        theirs.set_nonblocking(true).expect("a setting");
        let kind = theirs.read(&mut [0]).map_err(|error| error.kind());
        assert_eq!(kind, Err(std::io::ErrorKind::WouldBlock), "still connected");
    }

    #[test]
    fn a_transfer_that_hangs_is_cut_off_and_none_beside_it() {
        let transfers = Transfers::default();
        let (ours, mut theirs) = connection();
        let (others, mut other) = connection();
        drop(transfers.begin(&others).expect("a transfer"));
        thread::scope(|scope| {
            let hangs = scope.spawn(|| {
                let _transfer = transfers.begin(&ours).expect("a transfer");
                // It waits for its client, which says nothing.
                (&ours).read(&mut [0]).expect("an end")
            });
            while !transfers.are_under_way() {
                thread::yield_now();
            }
            transfers.end(Duration::ZERO);
            assert_eq!(hangs.join().expect("an end"), 0);
        });
        assert_eq!(theirs.read(&mut [0]).expect("an end"), 0);
        other.set_nonblocking(true).expect("a setting");
        assert!(other.read(&mut [0]).is_err(), "still connected");
    }
}
