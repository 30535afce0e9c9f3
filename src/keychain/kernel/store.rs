//! The user keyring as a store of the keyring family (keyring-core), for other programs.
//!
//! An entry is the key `keyring:USER@SERVICE`, as in the family's own kernel store. It lies in `@u`
//! instead of the session and persistent keyrings: those two give EACCES in fresh sessions and
//! forget after three days. An entry that the family's store has made in those is found, too, and
//! updated where it is.
//!
//! The modifier `description` gives the key another description, as in the family's store.

use super::{MAX_PAYLOAD, convert, possessing, read_payload, user_keyring};
use crate::hardening;
use crate::keychain::family::entry::{self, Names};
use keyring_core::api::{CredentialApi, CredentialPersistence, CredentialStoreApi};
use keyring_core::attributes::parse_attributes;
use keyring_core::{Credential, Entry, Error, Result};
use linux_keyutils::{Key, KeyError, KeyRing, KeyRingIdentifier};
use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

/// See the [module](self).
#[derive(Clone, Copy, Debug, Default)]
pub struct Store;

impl CredentialStoreApi for Store {
    fn vendor(&self) -> String {
        "git-credential-pat: the kernel's user keyring".to_owned()
    }

    fn id(&self) -> String {
        env!("CARGO_PKG_VERSION").to_owned()
    }

    fn build(
        &self,
        service: &str,
        user: &str,
        modifiers: Option<&HashMap<&str, &str>>,
    ) -> Result<Entry> {
        let description = parse_attributes(&["description"], modifiers)?.remove("description");
        let description = description.unwrap_or_else(|| format!("keyring:{user}@{service}"));
        let names = Names::new(service, user);
        Ok(Entry::new_with_credential(Arc::new(KernelEntry { names, description })))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn persistence(&self) -> CredentialPersistence {
        CredentialPersistence::UntilReboot
    }
}

/// An entry: one key.
#[derive(Clone, Debug)]
struct KernelEntry {
    names: Names,
    description: String,
}

impl KernelEntry {
    /// Returns the key in the user keyring, else in the session's, else in the persistent one.
    fn key(&self) -> Result<Option<Key>> {
        for ring in [KeyRingIdentifier::User, KeyRingIdentifier::Session] {
            let search = || KeyRing::from_special_id(ring, false)?.search(&self.description);
            match possessing(search) {
                Ok(key) => return Ok(Some(key)),
                Err(error) if super::is_gone(error) => {}
                Err(error) => return Err(to_family(error)),
            }
        }
        Ok(persistent_keyring().and_then(|ring| ring.search(&self.description)).ok())
    }
}

/// Returns the keyring that outlives a user's sessions by three days, linked to this process's own.
/// Not every kernel has one.
fn persistent_keyring() -> std::result::Result<KeyRing, KeyError> {
    KeyRing::from_special_id(KeyRingIdentifier::Process, true)?;
    KeyRing::get_persistent(KeyRingIdentifier::Process)
}

impl CredentialApi for KernelEntry {
    fn set_secret(&self, secret: &[u8]) -> Result<()> {
        if secret.is_empty() {
            return Err(Error::Invalid("secret".to_owned(), "a key cannot be empty".to_owned()));
        }
        if secret.len() >= MAX_PAYLOAD {
            return Err(Error::TooLong("secret".to_owned(), 32_767));
        }
        if let Some(key) = self.key()? {
            return possessing(|| key.update(&secret)).map_err(to_family);
        }
        let add = || user_keyring()?.add_key(&self.description, secret);
        possessing(add).map(drop).map_err(to_family)
    }

    fn get_secret(&self) -> Result<Vec<u8>> {
        hardening::hide_memory();
        let key = self.key()?.ok_or(Error::NoEntry)?;
        let payload = possessing(|| read_payload(key)).map_err(to_family)?;
        Ok(payload.to_vec())
    }

    fn delete_credential(&self) -> Result<()> {
        let key = self.key()?.ok_or(Error::NoEntry)?;
        possessing(|| key.invalidate()).map_err(to_family)
    }

    fn get_credential(&self) -> Result<Option<Arc<Credential>>> {
        // A description has one key, so the entry itself is the only one.
        self.key()?.map(|_| None).ok_or(Error::NoEntry)
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        Some(self.names.specifiers())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn to_family(error: KeyError) -> Error {
    entry::convert(convert(error))
}
