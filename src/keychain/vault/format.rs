//! The file `format` says that a folder is a vault, of which kind it is, and by which check it
//! knows its key.
//!
//! ```text
//! 1 0f1e2d3c4b5a69788796a5b4c3d2e1f0
//! ```
//!
//! Without the check, the key of another vault would seem to open an empty vault.

use super::folder::{FORMAT, Folder};
use super::keys::{DIGITS, Keys};
use crate::error::{Error, VaultTrouble};

const KIND: &str = "1 ";

/// Returns the file's content for these keys.
pub(super) fn of(keys: &Keys) -> Vec<u8> {
    format!("{KIND}{}\n", keys.check()).into_bytes()
}

/// Returns the check by which the vault knows its key.
///
/// # Errors
/// [`VaultTrouble::Absent`] where there is no such file, [`VaultTrouble::Unknown`] where it is
/// of another kind.
pub(super) fn read(folder: &Folder) -> Result<String, Error> {
    let text = match folder.read(FORMAT) {
        Err(Error::Damaged) => Vec::new(),
        text => text?.ok_or(VaultTrouble::Absent)?,
    };
    let text = String::from_utf8(text).unwrap_or_default();
    let check = text.strip_prefix(KIND).and_then(|rest| rest.strip_suffix('\n'));
    let check = check.filter(|check| check.len() == DIGITS && check.is_ascii());
    Ok(check.ok_or(VaultTrouble::Unknown)?.to_owned())
}
