//! A secret under a description in the user keyring: held, recalled, released.

use super::{add_until, convert, is_gone, possessing, read_described, user_keyring};
use crate::error::Error;
use std::time::Duration;
use zeroize::Zeroizing;

/// Holds a secret for so long, in place of the present one; without a lifetime until reboot. The
/// closure makes its bytes, which exist only while the kernel takes them.
///
/// # Errors
/// Where the kernel does not take it.
pub(in crate::keychain) fn hold(
    description: &str,
    secret: impl Fn() -> Zeroizing<Vec<u8>>,
    lifetime: Option<Duration>,
) -> Result<(), Error> {
    if let Some(lifetime) = lifetime {
        return add_until(description, secret, lifetime).map_err(convert);
    }
    let ring = user_keyring().map_err(convert)?;
    possessing(|| ring.add_key(description, &*secret())).map(drop).map_err(convert)
}

/// Returns the secret, or none where it expired, was released, or never was there.
///
/// # Errors
/// Where the kernel's keyring cannot be read.
pub(in crate::keychain) fn recall(description: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    read_described(description).map_err(convert)
}

/// Releases the secret. Returns whether there was one.
///
/// # Errors
/// Where the kernel's keyring cannot be changed.
pub(in crate::keychain) fn let_go(description: &str) -> Result<bool, Error> {
    let unlink = || {
        let ring = user_keyring()?;
        ring.unlink_key(ring.search(description)?)
    };
    match possessing(unlink) {
        Err(error) if is_gone(error) => Ok(false),
        unlinked => unlinked.map(|()| true).map_err(convert),
    }
}
