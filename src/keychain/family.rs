//! The keyring family: programs that file a secret under a service and a user, by one of the
//! libraries keyring-rs, python-keyring and go-keyring (gh and glab use the last).
//!
//! Those entries are not our accounts: the helper never sees them, nor they the helper's
//! items. [`read`] is for who imports from there; it changes nothing. It goes through the
//! store API of the family's Rust crates (keyring-core):
//!
//! - `linux`: through our own two stores, which `entry` has the common part of. `elsewhere`: other
//!   systems have the Secret Service alone.
//! - `macos`, `windows`: through the family's native ones. Both are compiled and linted on every
//!   machine; nobody has run them yet.
//! - `encoding`: what a writer made of a secret before it was stored.
//!
//! keyring-core's errors show bytes of secrets where they are formatted. So each becomes one
//! of ours in the function that received it, see [`from_family`].

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

/// The secret of the entry with this service and user, as its writer was given it, without the
/// end of a line that `echo` added.
///
/// # Errors
/// [`Error::NoEntry`] where there is none, [`Error::SeveralEntries`] where it is not known
/// which is meant, and where a keychain fails or stays locked.
pub(crate) fn read(service: &str, user: &str) -> Result<Secret, Error> {
    crate::hardening::hide_memory();
    let secret = Buffer::from(encoding::decode(stores::read(service, user)?)?);
    Ok(secret.secret(secret.without_line_end()))
}

/// What the entry that a store has built holds, in memory that is wiped.
fn secret(built: FamilyResult<Entry>) -> FamilyResult<Zeroizing<Vec<u8>>> {
    built?.get_secret().map(Zeroizing::new)
}

/// The family's error as ours. What it says of the secret is dropped unread.
fn from_family(error: FamilyError) -> Error {
    match error {
        FamilyError::NoEntry => Error::NoEntry,
        FamilyError::Ambiguous(_) => Error::SeveralEntries,
        FamilyError::NoStorageAccess(cause) | FamilyError::PlatformFailure(cause) => {
            // Our own stores put ours in there.
            cause.downcast_ref().copied().unwrap_or(Error::Keychain("it gave no reason"))
        }
        _ => Error::Keychain("it has no entries of such names"),
    }
}
