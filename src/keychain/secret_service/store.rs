//! The Secret Service as a store of the keyring family (keyring-core), for other programs.
//!
//! An entry is an item with the attributes `service` and `username`, as in the family's own
//! Secret Service stores, so that each finds what the others wrote. What this one has before
//! them: it never hangs, never prompts where nobody sees it, and draws its session keys from
//! the operating system.

use super::address;
use super::service::Service;
use super::wire::ObjectPath;
use crate::error::Error;
use crate::keychain::family::{Names, convert};
use crate::keychain::prompts::Prompts;
use keyring_core::api::{CredentialApi, CredentialPersistence, CredentialStoreApi};
use keyring_core::{Credential, Entry, Error as FamilyError, Result};
use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

/// See the [module](self).
#[derive(Clone, Debug, Default)]
pub struct Store {
    /// In D-Bus's notation; none is the session's bus.
    address: Option<Arc<str>>,
}

impl Store {
    /// A store on the session's bus, as the environment names it when it is used.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A store on the bus at this address, in D-Bus's notation.
    #[must_use]
    pub fn at(address: &str) -> Self {
        Self { address: Some(address.into()) }
    }

    fn connect(&self) -> std::result::Result<Service, Error> {
        let addresses = match &self.address {
            Some(address) => address::parse(address.as_bytes(), None)?,
            None => address::from_environment()?
                .ok_or(Error::Unreachable("no session bus is named in the environment"))?,
        };
        Ok(Service::new(addresses, Prompts::default(), true))
    }
}

impl CredentialStoreApi for Store {
    fn vendor(&self) -> String {
        "git-credential-pat: the Secret Service".to_owned()
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
        let names = Names::new(service, user, modifiers)?;
        Ok(Entry::new_with_credential(Arc::new(ServiceEntry { store: self.clone(), names })))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn persistence(&self) -> CredentialPersistence {
        CredentialPersistence::UntilDelete
    }
}

/// One item.
#[derive(Clone, Debug)]
struct ServiceEntry {
    store: Store,
    names: Names,
}

impl ServiceEntry {
    fn attributes(&self) -> [(&str, &str); 2] {
        [("service", &self.names.service), ("username", &self.names.user)]
    }

    /// The entry's item, unlocked. Of several it is not known which is meant.
    fn find(&self, service: &mut Service) -> std::result::Result<Option<ObjectPath>, Error> {
        let queries = [self.attributes().to_vec()];
        let mut found = service.search(&queries)?.remove(0);
        if !found.locked.is_empty() {
            service.unlock(&found.locked)?;
            found = service.search(&queries)?.remove(0);
        }
        match (found.open.as_slice(), found.locked.as_slice()) {
            ([], []) => Ok(None),
            ([item], []) => Ok(Some(item.clone())),
            (_, []) => Err(Error::Keychain("several items are there for one entry")),
            _ => Err(Error::Locked),
        }
    }

    /// Runs a call, begun again once where that may help.
    fn run<T>(
        &self,
        call: impl Fn(&mut Service) -> std::result::Result<Option<T>, Error>,
    ) -> Result<T> {
        let mut service = self.store.connect().map_err(convert)?;
        let result = match call(&mut service) {
            Err(error) if error.is_transient() => call(&mut service),
            result => result,
        };
        result.map_err(convert)?.ok_or(FamilyError::NoEntry)
    }
}

impl CredentialApi for ServiceEntry {
    fn set_secret(&self, secret: &[u8]) -> Result<()> {
        self.run(|service| {
            if let Some(item) = self.find(service)? {
                return service.set_secret(&item, &[secret]).map(Some);
            }
            let label = format!("keyring:{}@{}", self.names.user, self.names.service);
            service.create(&label, &self.attributes(), &[secret]).map(Some)
        })
    }

    fn get_secret(&self) -> Result<Vec<u8>> {
        self.run(|service| {
            let Some(item) = self.find(service)? else { return Ok(None) };
            let secret = service.secret(&item)?.map_err(Error::from)?;
            Ok(Some(secret.to_vec()))
        })
    }

    fn delete_credential(&self) -> Result<()> {
        self.run(|service| {
            let Some(item) = self.find(service)? else { return Ok(None) };
            service.delete(&item, &self.attributes()).map(Some)
        })
    }

    fn get_credential(&self) -> Result<Option<Arc<Credential>>> {
        self.run(|service| self.find(service)).map(|_| None)
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        Some(self.names.specifiers())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
