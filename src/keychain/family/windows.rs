//! Entries in Windows' Credential Manager, through the family's native store. Each library makes
//! another name from a service and a user:
//!
//! | library | name | secret |
//! |---|---|---|
//! | keyring-rs | `USER.SERVICE` | UTF-16 |
//! | go-keyring | `SERVICE:USER` | UTF-8 |
//! | python-keyring | `SERVICE`; for all users but the latest `USER@SERVICE` | UTF-16 |
//!
//! All libraries keep the user in the entry as well. It is compared: `a.b.c` is the name of two
//! entries.

use super::{encoding, from_family, secret};
use crate::error::Error;
use keyring_core::Error as FamilyError;
use keyring_core::api::CredentialStoreApi;
use std::collections::HashMap;
use windows_native_keyring_store::Store;
use zeroize::Zeroizing;

/// Reads the entry's secret. Several libraries may have an entry, if the secrets are the same.
pub(super) fn read(service: &str, user: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let store = Store::new().map_err(convert)?;
    let names = [
        format!("{user}.{service}"),
        format!("{service}:{user}"),
        service.to_owned(),
        format!("{user}@{service}"),
    ];
    let mut found: Option<Zeroizing<Vec<u8>>> = None;
    for name in names {
        let name = HashMap::from([("target", name.as_str())]);
        let entry = store.build(service, user, Some(&name)).map_err(convert)?;
        match entry.get_attributes() {
            Ok(attributes) if attributes.get("username").is_some_and(|name| name == user) => {}
            Ok(_) | Err(FamilyError::NoEntry) => continue,
            Err(error) => return Err(convert(error)),
        }
        let secret = encoding::from_utf16(secret(Ok(entry)).map_err(convert)?);
        if found.as_ref().is_some_and(|found| *found != secret) {
            return Err(Error::SeveralEntries);
        }
        found = Some(secret);
    }
    found.ok_or(Error::NoEntry)
}

/// Converts an error. The store has only one reason for missing storage: no logon session.
fn convert(error: FamilyError) -> Error {
    match error {
        FamilyError::NoStorageAccess(_) => Error::NoLogonSession,
        error => from_family(error),
    }
}
