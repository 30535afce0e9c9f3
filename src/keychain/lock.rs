//! An advisory lock between all our processes of one user, held from comparing to writing.
//!
//! Without it, two stores of a first token for one account may both find nothing and both create an
//! item, and an erase may reject a token that a store has just replaced. A get never takes it. The
//! lock is a file in `$XDG_RUNTIME_DIR` if that folder is ours, else in the user's state folder.
//! The system releases it when the process ends, however it ends. Windows has a file, too: a named
//! mutex would hold within one session only, or another user could take it first.
//!
//! A process that writes at one host alone, as git's operations do, shares that file with others
//! that do so, and takes one of a few more files for itself. A desktop's keychain takes long for a
//! write, and stores for many hosts should not all wait for each other as well.

use crate::context::Context;
use crate::private_file::{self, Folder};
use crate::state_folder;
use std::fs::File;
use std::io;
#[cfg(unix)]
use std::os::unix::fs::FileExt;
#[cfg(unix)]
use std::time::SystemTime;
use std::time::{Duration, Instant};

const NAME: &str = "git-credential-pat.lock";

/// The number of hosts' locks. Two hosts may share one, and a lock's name does not tell its hosts.
const HOSTS: u32 = 16;

/// The name of the lock that [`acquire_second`] takes.
#[cfg(windows)]
const SECOND_NAME: &str = "git-credential-pat-parts.lock";

/// The name of the lock for the one process that asks for a passphrase.
#[cfg(unix)]
const QUESTION_NAME: &str = "git-credential-pat-question.lock";

/// How long to wait for the lock: longer than any write of another process should take, and less
/// than the five seconds in which a keychain must have answered. A keychain that does not answer
/// holds up the holder of the lock, and those who wait should give up at the same time.
pub(super) const PATIENCE: Duration = Duration::from_secs(4);

/// The lock, held until it is dropped.
#[derive(Debug)]
pub struct Lock {
    #[cfg_attr(not(unix), expect(dead_code, reason = "closing the file lets the lock go"))]
    file: File,
    #[expect(dead_code, reason = "closing the file lets the lock go")]
    second: Option<File>,
}

/// Takes the lock of one host, or that of all, or returns nothing where it cannot be had within
/// four seconds.
#[must_use]
pub fn acquire(host: Option<&Context>) -> Option<Lock> {
    acquire_among(file, host, PATIENCE)
}

fn acquire_among(
    file: impl Fn(&str) -> Option<File>,
    host: Option<&Context>,
    patience: Duration,
) -> Option<Lock> {
    let all = file(NAME)?;
    let Some(host) = host else { return of_file(all, patience).ok()? };
    let deadline = Instant::now() + patience;
    private_file::try_lock_shared(&all, patience).ok()?.then_some(())?;
    let number = crc32fast::hash(host.host().as_bytes()) % HOSTS;
    let own = file(&format!("git-credential-pat-{number}.lock"))?;
    let left = deadline.saturating_duration_since(Instant::now());
    Some(Lock { second: Some(all), ..of_file(own, left).ok()?? })
}

/// Takes another lock, for a keychain's own writes. The caller may hold the first.
#[cfg(windows)]
pub(super) fn acquire_second() -> Option<Lock> {
    acquire_named(SECOND_NAME, PATIENCE)
}

/// Waits for the turn to ask a person, or returns nothing after that time.
#[cfg(unix)]
pub(super) fn acquire_question(patience: Duration) -> Option<Lock> {
    acquire_named(QUESTION_NAME, patience)
}

fn acquire_named(name: &str, patience: Duration) -> Option<Lock> {
    of_file(file(name)?, patience).ok()?
}

fn file(name: &str) -> Option<File> {
    let runtime = || state_folder::variable("XDG_RUNTIME_DIR").and_then(Folder::ours);
    // Where something else has the lock's name, all our processes go to the other folder.
    let file = runtime().and_then(|folder| folder.file(name));
    file.or_else(|| state_folder::made()?.file(name))
}

/// Locks a file, or returns nothing where another process holds it for all that time.
///
/// # Errors
/// Where the file cannot be locked at all: some file systems have no locks.
pub(crate) fn of_file(file: File, patience: Duration) -> io::Result<Option<Lock>> {
    Ok(private_file::try_lock(&file, patience)?.then_some(Lock { file, second: None }))
}

#[cfg(unix)]
impl Lock {
    /// Returns this lock together with another one.
    #[must_use]
    pub(super) fn with(self, other: Option<Self>) -> Self {
        Self { second: other.map(|other| other.file), ..self }
    }

    /// Leaves a note for those who wait for the lock.
    pub(super) fn mark(&self) {
        let _ = self.file.write_all_at(&nanoseconds(SystemTime::now()), 0);
    }

    /// Returns whether a note was left after this time.
    pub(super) fn is_marked_since(&self, time: SystemTime) -> bool {
        let mut note = [0; 16];
        self.file.read_exact_at(&mut note, 0).is_ok() && note >= nanoseconds(time)
    }
}

/// Returns the nanoseconds since 1970, as bytes that sort like the times.
#[cfg(unix)]
fn nanoseconds(time: SystemTime) -> [u8; 16] {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_nanos().to_be_bytes()
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    use super::of_file;
    use super::{HOSTS, PATIENCE, acquire_among};
    use crate::context::Context;
    use std::fs::File;
    use std::time::Duration;
    #[cfg(unix)]
    use std::time::SystemTime;

    #[test]
    fn who_writes_at_one_host_waits_for_who_writes_there_or_anywhere() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str| {
            File::options().create(true).append(true).open(folder.path().join(name)).ok()
        };
        let at = |host: &str| Context::from_canonical(host).expect("a context");
        let try_at = |host: &Context| acquire_among(file, Some(host), Duration::ZERO);
        let try_anywhere = || acquire_among(file, None, Duration::ZERO);

        let one = at("https://h.example");
        let held = acquire_among(file, Some(&one), PATIENCE).expect("nobody else");
        assert!(try_at(&one).is_none() && try_anywhere().is_none());
        assert!(try_at(&at("https://h.example/team")).is_none());
        // Some hosts share a lock with it, and most do not.
        let others = (0..200).map(|n| at(&format!("https://h{n}.example")));
        let waiting = others.filter(|other| try_at(other).is_none()).count();
        assert!((1..200 / (HOSTS as usize / 4)).contains(&waiting), "{waiting}");

        drop(held);
        // The child of another test may hold a copy of the file until its exec.
        let held = acquire_among(file, None, PATIENCE).expect("nobody else");
        assert!(try_at(&one).is_none() && try_anywhere().is_none());
        drop(held);
        assert!(acquire_among(file, Some(&one), PATIENCE).is_some());
    }

    #[cfg(unix)]
    #[test]
    fn a_note_is_seen_by_whoever_waited() {
        let file = tempfile::tempfile().expect("a file");
        let lock = of_file(file, PATIENCE).expect("locks").expect("nobody else");
        let (before, later) = (SystemTime::now(), SystemTime::now() + Duration::from_secs(5));
        assert!(!lock.is_marked_since(before));
        lock.mark();
        assert!(lock.is_marked_since(before));
        assert!(!lock.is_marked_since(later));
    }
}
