//! An advisory lock of all our processes of one user, held between comparing and writing.
//!
//! Without it, two of them that store a first token for one account may both find nothing
//! and both create an item, and an erase may reject a token that a store has just replaced.
//! A get never takes it. It is a file in `$XDG_RUNTIME_DIR`, else in the user's state
//! folder; the system lets it go when the process ends, however it ends. On Windows, too: a
//! named mutex would hold within one session only, or could be taken by another user first.

use crate::state_folder;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

const NAME: &str = "git-credential-pat.lock";

/// The second one's.
#[cfg(windows)]
const SECOND_NAME: &str = "git-credential-pat-parts.lock";

/// Longer than any write of another process should take, and less than the five seconds in
/// which a keychain must have answered: one that does not answer holds up whoever holds the
/// lock, and the others are to be done with it at the same time.
const PATIENCE: Duration = Duration::from_secs(4);

/// The lock, held until it is dropped.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "closing the file lets the lock go")] File);

/// Takes the lock, or nothing where it cannot be had within four seconds.
#[must_use]
pub fn acquire() -> Option<Lock> {
    acquire_file(&folder()?.join(NAME), PATIENCE)
}

/// Takes another lock, for a keychain's own writes: whoever calls it may hold the first.
#[cfg(windows)]
pub(super) fn acquire_second() -> Option<Lock> {
    acquire_file(&folder()?.join(SECOND_NAME), PATIENCE)
}

fn acquire_file(path: &Path, patience: Duration) -> Option<Lock> {
    let deadline = Instant::now() + patience;
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).ok()?;
    loop {
        match file.try_lock() {
            Ok(()) => return Some(Lock(file)),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(2));
            }
            Err(_) => return None,
        }
    }
}

fn folder() -> Option<PathBuf> {
    let runtime = state_folder::variable("XDG_RUNTIME_DIR").filter(|folder| folder.is_dir());
    runtime.or_else(state_folder::made)
}

#[cfg(test)]
mod tests {
    use super::{PATIENCE, acquire_file};
    use std::time::Duration;

    #[test]
    fn the_lock_is_one_at_a_time_and_waiting_for_it_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("lock");
        let first = acquire_file(&file, Duration::ZERO);
        assert!(first.is_some());
        assert!(acquire_file(&file, Duration::from_millis(20)).is_none());
        drop(first);
        // Another test's child may hold a copy until its exec.
        assert!(acquire_file(&file, PATIENCE).is_some());
    }
}
