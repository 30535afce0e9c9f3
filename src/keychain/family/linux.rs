//! Entries that programs of the family keep on Linux: in the Secret Service, or in the kernel's
//! keyring where the programs are made for machines without a desktop.

use super::{from_family, secret};
use crate::error::Error;
use crate::keychain::{kernel, secret_service};
use keyring_core::api::CredentialStoreApi;
use std::collections::HashMap;
use zeroize::Zeroizing;

/// The error where there is no bus, or no Secret Service on it.
const NO_DESKTOP: Error =
    Error::Refused("the kernel's keyring has no such entry, and no Secret Service can be asked");

/// Reads the entry's secret. The Secret Service comes first: where keyring-rs writes to both, the
/// kernel's entry is a copy.
pub(super) fn read(service: &str, user: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let desktop = secret(secret_service::store::Store::new().build(service, user, None));
    let absent = match desktop.map_err(from_family) {
        Err(Error::NoEntry) => Error::NoEntry,
        Err(Error::Unreachable(_) | Error::NoSecretService) => NO_DESKTOP,
        found_or_failed => return found_or_failed,
    };
    // keyring-rs described a key in this way before its version 4.
    let earlier = format!("keyring-rs:{user}@{service}");
    let earlier = HashMap::from([("description", earlier.as_str())]);
    for modifiers in [None, Some(&earlier)] {
        let built = kernel::store::Store.build(service, user, modifiers);
        match secret(built).map_err(from_family) {
            Err(Error::NoEntry) => {}
            // A keyring that does not exist has no entry.
            Err(Error::NoKernelKeyring) => break,
            found_or_failed => return found_or_failed,
        }
    }
    Err(absent)
}
