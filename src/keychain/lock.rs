//! An advisory lock of all our processes of one user, held between comparing and writing.
//!
//! Without it, two of them that store a first token for one account may both find nothing
//! and both create an item, and an erase may reject a token that a store has just replaced.
//! A get never takes it. It is a file in `$XDG_RUNTIME_DIR` if that folder is ours, else in the
//! user's state folder; the system lets it go when the process ends, however it ends. On
//! Windows, too: a named mutex would hold within one session only, or could be taken by another
//! user first.

use crate::private_file::{self, Folder};
use crate::state_folder;
use std::fs::File;
use std::time::Duration;

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
    acquire_named(NAME)
}

/// Takes another lock, for a keychain's own writes: whoever calls it may hold the first.
#[cfg(windows)]
pub(super) fn acquire_second() -> Option<Lock> {
    acquire_named(SECOND_NAME)
}

fn acquire_named(name: &str) -> Option<Lock> {
    let runtime = || state_folder::variable("XDG_RUNTIME_DIR").and_then(Folder::ours);
    // Where something else lies at the lock's place, that is so for all of us.
    let file = runtime().and_then(|folder| folder.file(name));
    let file = file.or_else(|| state_folder::made()?.file(name))?;
    private_file::lock(&file, PATIENCE).then_some(Lock(file))
}
