//! Entries in macOS's login keychain: generic passwords, through the family's native store.
//!
//! An empty user is a wildcard there, and that store refuses it; but glab's entries have one. Such
//! an entry is read if it is the only one of its service: then no other can be meant.

use super::{from_family, secret};
use crate::error::Error;
use crate::keychain::login_keychain::LoginKeychain;
use apple_native_keyring_store::keychain::Store;
use keyring_core::api::CredentialStoreApi;
use keyring_core::{Entry, Error as FamilyError, Result as FamilyResult};
use security_framework::base::Error as Status;
use std::collections::HashMap;
use zeroize::Zeroizing;

/// Reads the entry's secret. Another program made the item, so macOS asks a person first.
pub(super) fn read(service: &str, user: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (service, user) = (service.to_owned(), user.to_owned());
    let answer = LoginKeychain::default().ask(move || match secret(entry(&service, &user)) {
        Ok(secret) => Ok(Ok(secret)),
        Err(error) => match status(&error) {
            Some(status) => Err(status),
            None => Ok(Err(from_family(error))),
        },
    })?;
    answer.unwrap_or(Err(Error::NoEntry))
}

fn entry(service: &str, user: &str) -> FamilyResult<Entry> {
    let store = Store::new()?;
    if !user.is_empty() {
        return store.build(service, user, None);
    }
    let mut entries = store.search(&HashMap::from([("service", service)]))?;
    let is_meant = |entry: &Entry| entry.get_specifiers().is_some_and(|(_, user)| user.is_empty());
    match (entries.iter().any(is_meant), entries.len()) {
        (true, 1) => entries.pop().ok_or(FamilyError::NoEntry),
        (true, _) => Err(FamilyError::Ambiguous(Vec::new())),
        (false, _) => Err(FamilyError::NoEntry),
    }
}

/// Returns the system's own status, which says whether a window would help.
fn status(error: &FamilyError) -> Option<Status> {
    match error {
        FamilyError::NoStorageAccess(cause) | FamilyError::PlatformFailure(cause) => {
            cause.downcast_ref().copied()
        }
        _ => None,
    }
}
