//! The keyring family: programs that file a secret under a service and a user, by one of the
//! libraries keyring-rs, python-keyring and go-keyring (gh and glab use the last).
//!
//! Those entries are not our accounts: the helper never sees them, and those programs never see our
//! items. [`read`] serves the import from there; it changes nothing. It goes through the store API
//! of the family's Rust crates (keyring-core):
//!
//! - `linux`: through our own two stores; `entry` is their common part. `elsewhere`: other systems
//!   have the Secret Service alone.
//! - `macos`, `windows`: through the family's native ones. Both are compiled and linted on every
//!   machine; nobody has run them yet.
//! - `encoding`: the form that a writer gave a secret before it was stored.
//!
//! keyring-core's errors show bytes of secrets when they are formatted. So each becomes one of ours
//! in the function that received it, see [`from_family`].

mod encoding;
#[cfg(all(unix, not(target_os = "macos")))]
pub(super) mod entry;
#[cfg(target_os = "linux")]
#[path = "family/linux.rs"]
mod stores;
#[cfg(target_os = "macos")]
#[path = "family/macos.rs"]
mod stores;
#[cfg(windows)]
#[path = "family/windows.rs"]
mod stores;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
#[path = "family/elsewhere.rs"]
mod stores;

use crate::error::Error;
use crate::secret::{Buffer, Secret};
use keyring_core::{Entry, Error as FamilyError, Result as FamilyResult};
use zeroize::Zeroizing;

/// Returns the secret of the entry with this service and user, as it was before its writer encoded
/// it, without the line end that `echo` added.
///
/// # Errors
/// [`Error::NoEntry`] where there is none, [`Error::SeveralEntries`] where nothing tells which is
/// meant; also where a keychain fails or stays locked.
pub(crate) fn read(service: &str, user: &str) -> Result<Secret, Error> {
    crate::hardening::hide_memory();
    let secret = Buffer::from(encoding::decode(stores::read(service, user)?)?);
    Ok(secret.secret(secret.without_line_end()))
}

/// Returns the secret of the entry that a store has built, in memory that is wiped.
fn secret(built: FamilyResult<Entry>) -> FamilyResult<Zeroizing<Vec<u8>>> {
    built?.get_secret().map(Zeroizing::new)
}

/// Converts the family's error to ours. Its text about the secret is dropped unread.
fn from_family(error: FamilyError) -> Error {
    match error {
        FamilyError::NoEntry => Error::NoEntry,
        FamilyError::Ambiguous(_) => Error::SeveralEntries,
        FamilyError::NoStorageAccess(cause) | FamilyError::PlatformFailure(cause) => {
            // Our own stores put an error of ours in there.
            cause.downcast_ref().copied().unwrap_or(Error::Keychain("it gave no reason"))
        }
        _ => Error::Keychain("it has no entries of such names"),
    }
}
