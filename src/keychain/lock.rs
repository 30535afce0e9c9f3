//! An advisory lock of all our processes of one user, held between comparing and writing.
//!
//! Without it, two of them that store a first token for one account may both find nothing
//! and both create an item, and an erase may reject a token that a store has just replaced.
//! A get never takes it. It is a file in `$XDG_RUNTIME_DIR`, else in the user's state
//! folder; the system lets it go when the process ends, however it ends. On Windows, too: a
//! named mutex would hold within one session only, or could be taken by another user first.

use crate::state_folder;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
#[cfg(unix)]
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::thread;
#[cfg(unix)]
use std::time::SystemTime;
use std::time::{Duration, Instant};

const NAME: &str = "git-credential-pat.lock";

/// The second one's.
#[cfg(windows)]
const SECOND_NAME: &str = "git-credential-pat-parts.lock";

/// That of the one process that asks for a passphrase.
#[cfg(unix)]
const QUESTION_NAME: &str = "git-credential-pat-question.lock";

/// Longer than any write of another process should take, and less than the five seconds in
/// which a keychain must have answered: one that does not answer holds up whoever holds the
/// lock, and the others are to be done with it at the same time.
pub(super) const PATIENCE: Duration = Duration::from_secs(4);

/// The lock, held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
    #[expect(dead_code, reason = "closing the file lets the lock go")]
    second: Option<File>,
}

/// Takes the lock, or nothing where it cannot be had within four seconds.
#[must_use]
pub fn acquire() -> Option<Lock> {
    acquire_file(NAME, PATIENCE)
}

/// Takes another lock, for a keychain's own writes: whoever calls it may hold the first.
#[cfg(windows)]
pub(super) fn acquire_second() -> Option<Lock> {
    acquire_file(SECOND_NAME, PATIENCE)
}

/// Waits for its turn to ask a person, or gives up after that time.
#[cfg(unix)]
pub(super) fn acquire_question(patience: Duration) -> Option<Lock> {
    acquire_file(QUESTION_NAME, patience)
}

fn acquire_file(name: &str, patience: Duration) -> Option<Lock> {
    let path = folder()?.join(name);
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(false).read(true).write(true).open(path).ok()?;
    of_file(file, patience).ok()?
}

/// Locks a file; nothing where another process holds it for all that time.
///
/// # Errors
/// Where the file cannot be locked at all: some file systems have no locks.
pub(super) fn of_file(file: File, patience: Duration) -> io::Result<Option<Lock>> {
    let deadline = Instant::now() + patience;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(Lock { file, second: None })),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(2));
            }
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

impl Lock {
    /// This lock, and with it another one.
    #[must_use]
    pub(super) fn with(self, other: Option<Self>) -> Self {
        Self { second: other.map(|other| other.file), ..self }
    }

    /// Leaves a note for whoever waits for the lock.
    #[cfg(unix)]
    pub(super) fn mark(&self) {
        let _ = self.file.write_all_at(&nanoseconds(SystemTime::now()), 0);
    }

    /// Whether somebody has left a note since then.
    #[cfg(unix)]
    pub(super) fn is_marked_since(&self, time: SystemTime) -> bool {
        let mut note = [0; 16];
        self.file.read_exact_at(&mut note, 0).is_ok() && note >= nanoseconds(time)
    }
}

/// Since 1970, in an order that is that of the times.
#[cfg(unix)]
fn nanoseconds(time: SystemTime) -> [u8; 16] {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_nanos().to_be_bytes()
}

fn folder() -> Option<PathBuf> {
    let runtime = state_folder::variable("XDG_RUNTIME_DIR").filter(|folder| folder.is_dir());
    runtime.or_else(state_folder::made)
}

#[cfg(test)]
mod tests {
    use super::{PATIENCE, of_file};
    use std::fs::File;
    use std::time::Duration;

    #[test]
    fn the_lock_is_one_at_a_time_and_waiting_for_it_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        let acquire = |patience| {
            let file = File::options().create(true).append(true).open(folder.path().join("lock"));
            of_file(file.expect("a file"), patience).expect("locks")
        };
        let first = acquire(Duration::ZERO);
        assert!(first.is_some());
        assert!(acquire(Duration::from_millis(20)).is_none());
        drop(first);
        // Another test's child may hold a copy until its exec.
        assert!(acquire(PATIENCE).is_some());
    }

    #[test]
    #[cfg(unix)]
    fn a_note_is_seen_by_whoever_waited() {
        use std::time::SystemTime;
        let file = tempfile::tempfile().expect("a file");
        let lock = of_file(file, PATIENCE).expect("locks").expect("nobody else");
        let (before, later) = (SystemTime::now(), SystemTime::now() + Duration::from_secs(5));
        assert!(!lock.is_marked_since(before));
        lock.mark();
        assert!(lock.is_marked_since(before));
        assert!(!lock.is_marked_since(later));
    }
}
