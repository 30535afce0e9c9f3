//! Notes when something was said, so that it is not said again too soon.
//!
//! The time is kept in a small file in the user's state folder. The file's name is a keyed digest of
//! what was spoken of, an account or a host, so that it tells nobody which there are. Where the file
//! cannot be written, nothing is said, because it would be said every time.

use crate::hex;
use crate::private_file::{self, Folder};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::io::Read;
use std::time::Duration;

/// Returns whether nothing was said of this version of what the fields name within so many seconds,
/// and notes that it is said now.
pub(crate) fn is_first(
    folder: &Folder,
    fields: &[&[u8]],
    version: u64,
    now: u64,
    within: u64,
) -> bool {
    let said = || -> Option<bool> {
        let mut stamp = folder.file(&name(fields, &salt(folder)?))?;
        // git runs several of us at once; the process that has the lock says it.
        stamp.try_lock().ok()?;
        let mut last = String::new();
        stamp.read_to_string(&mut last).ok()?;
        let version = format!("{version} ");
        let last = last.trim_end().strip_prefix(&version).and_then(|time| time.parse::<u64>().ok());
        if last.is_some_and(|last| last.abs_diff(now) < within) {
            return Some(false);
        }
        private_file::rewrite(&mut stamp, format!("{version}{now}\n").as_bytes()).ok()?;
        Some(true)
    };
    said().unwrap_or(false)
}

/// Forgets that anything was said of what these fields name.
pub(crate) fn forget(folder: &Folder, fields: &[&[u8]]) {
    if let Some(salt) = salt(folder) {
        folder.remove_all(&name(fields, &salt));
    }
}

const STAMP: &str = "warned-";

/// Returns the name of the file for what these fields name. Its content tells the version.
fn name(fields: &[&[u8]], salt: &Salt) -> String {
    let mut digest = Hmac::<Sha256>::new_from_slice(salt).expect("HMAC takes a key of any length");
    for field in fields {
        digest.update(&(field.len() as u64).to_be_bytes());
        digest.update(field);
    }
    let mut name = String::from(STAMP);
    hex::push(&mut name, &digest.finalize().into_bytes()[..16]);
    name
}

type Salt = [u8; 32];

/// Returns the salt that makes the digests in this folder unlike all others, and makes it where
/// there is none. Without it, anybody who sees a name could try out which account it stands for.
fn salt(folder: &Folder) -> Option<Salt> {
    const PATIENCE: Duration = Duration::from_secs(1);
    let mut file = folder.file("salt")?;
    private_file::lock(&file, PATIENCE).then_some(())?;
    let mut salt = Salt::default();
    if file.read_exact(&mut salt).is_ok() {
        return Some(salt);
    }
    getrandom::fill(&mut salt).ok()?;
    private_file::rewrite(&mut file, &salt).ok()?;
    // An older version named the files without a salt.
    folder.remove_all(STAMP);
    Some(salt)
}
