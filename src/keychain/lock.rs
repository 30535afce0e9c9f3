//! An advisory lock of all our processes of one user, held between comparing and writing.
//!
//! Without it, two of them that store a first token for one account may both find nothing
//! and both create an item, and an erase may reject a token that a store has just replaced.
//! A get never takes it. It is a file in `$XDG_RUNTIME_DIR` if that folder is ours, else in the
//! user's state folder; the system lets it go when the process ends, however it ends. On
//! Windows, too: a named mutex would hold within one session only, or could be taken by another
//! user first.
//!
//! Who writes at one host alone, as git's operations do, shares that file with others who do, and
//! has one of a few more for itself: a desktop's keychain takes long for a write, and stores for
//! many hosts must not wait for each other as well.

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

/// How many hosts' locks there are. Two hosts may have one, and no name tells which hosts it is
/// for.
const HOSTS: u32 = 16;

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
    #[cfg_attr(not(unix), expect(dead_code, reason = "closing the file lets the lock go"))]
    file: File,
    #[expect(dead_code, reason = "closing the file lets the lock go")]
    second: Option<File>,
}

/// Takes the lock, that of one host or that of all, or nothing where it cannot be had within
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

/// Takes another lock, for a keychain's own writes: whoever calls it may hold the first.
#[cfg(windows)]
pub(super) fn acquire_second() -> Option<Lock> {
    acquire_named(SECOND_NAME, PATIENCE)
}

/// Waits for its turn to ask a person, or gives up after that time.
#[cfg(unix)]
pub(super) fn acquire_question(patience: Duration) -> Option<Lock> {
    acquire_named(QUESTION_NAME, patience)
}

fn acquire_named(name: &str, patience: Duration) -> Option<Lock> {
    of_file(file(name)?, patience).ok()?
}

fn file(name: &str) -> Option<File> {
    let runtime = || state_folder::variable("XDG_RUNTIME_DIR").and_then(Folder::ours);
    // Where something else lies at the lock's place, that is so for all of us.
    let file = runtime().and_then(|folder| folder.file(name));
    file.or_else(|| state_folder::made()?.file(name))
}

/// Locks a file, or nothing where another process holds it for all that time.
///
/// # Errors
/// Where the file cannot be locked at all: some file systems have no locks.
pub(super) fn of_file(file: File, patience: Duration) -> io::Result<Option<Lock>> {
    Ok(private_file::try_lock(&file, patience)?.then_some(Lock { file, second: None }))
}

#[cfg(unix)]
impl Lock {
    /// This lock, and with it another one.
    #[must_use]
    pub(super) fn with(self, other: Option<Self>) -> Self {
        Self { second: other.map(|other| other.file), ..self }
    }

    /// Leaves a note for whoever waits for the lock.
    pub(super) fn mark(&self) {
        let _ = self.file.write_all_at(&nanoseconds(SystemTime::now()), 0);
    }

    /// Whether somebody has left a note since then.
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
        // Some share a lock with it, and most do not.
        let others = (0..200).map(|n| at(&format!("https://h{n}.example")));
        let waiting = others.filter(|other| try_at(other).is_none()).count();
        assert!((1..200 / (HOSTS as usize / 4)).contains(&waiting), "{waiting}");

        drop(held);
        // Another test's child may hold a copy until its exec.
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
