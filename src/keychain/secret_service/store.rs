//! The Secret Service as a store of the keyring family (keyring-core), for other programs.
//!
//! An entry is an item with the attributes `service` and `username`, as in the family's own Secret
//! Service stores and in python-keyring and go-keyring, so that each finds the entries of the
//! others; some add attributes of their own. Unlike them, this store never hangs, never prompts
//! where nobody sees it or for another entry, and draws its session keys from the operating system.

use super::address;
use super::service::{Attributes, Listing, Plaintext, Service};
use super::wire::ObjectPath;
use crate::error::Error;
use crate::keychain::family::entry::{Names, convert};
use crate::keychain::prompts::Prompts;
use keyring_core::api::{CredentialApi, CredentialPersistence, CredentialStoreApi};
use keyring_core::attributes::parse_attributes;
use keyring_core::{Credential, Entry, Error as FamilyError, Result};
use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

/// See the [module](self).
#[derive(Clone, Debug, Default)]
pub struct Store {
    /// The bus's address in D-Bus's notation, or none for the session's bus.
    address: Option<Arc<str>>,
}

impl Store {
    /// Returns a store on the session's bus, as the environment names it when it is used.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a store on the bus at this address, in D-Bus's notation.
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
        parse_attributes(&[], modifiers)?;
        let names = Names::new(service, user);
        Ok(Entry::new_with_credential(Arc::new(ServiceEntry { store: self.clone(), names })))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn persistence(&self) -> CredentialPersistence {
        CredentialPersistence::UntilDelete
    }
}

/// An entry: one item.
#[derive(Clone, Debug)]
struct ServiceEntry {
    store: Store,
    names: Names,
}

impl ServiceEntry {
    fn attributes(&self) -> [(&str, &str); 2] {
        [("service", &self.names.service), ("username", &self.names.user)]
    }

    /// Returns the entry's items. A search finds items that have at least these attributes, and no
    /// service promises how it compares them: an item with other names is neither unlocked nor
    /// touched.
    fn search(&self, service: &mut Service) -> std::result::Result<Listing, Error> {
        let mut ours = Listing::default();
        for found in service.search(&[self.attributes().to_vec()])? {
            ours.open.extend(self.of_these_names(service, found.open)?);
            ours.locked.extend(self.of_these_names(service, found.locked)?);
        }
        Ok(ours)
    }

    fn of_these_names(
        &self,
        service: &mut Service,
        items: Vec<ObjectPath>,
    ) -> std::result::Result<Vec<ObjectPath>, Error> {
        let attributes = service.attributes(&items)?;
        let items = items.into_iter().zip(attributes);
        Ok(items.filter_map(|(item, has)| self.is_named(&has?).then_some(item)).collect())
    }

    /// Returns whether an item with these attributes is the entry's.
    fn is_named(&self, has: &Attributes) -> bool {
        let has = |(name, value)| has.iter().any(|(n, v)| n == name && v == value);
        self.attributes().into_iter().all(has)
    }

    /// Returns the entry's items, unlocked.
    fn find_all(&self, service: &mut Service) -> std::result::Result<Vec<ObjectPath>, Error> {
        let mut found = self.search(service)?;
        if found.is_empty() && service.hides_what_is_locked()? {
            service.unlock_default()?;
            found = self.search(service)?;
        } else if !found.locked.is_empty() {
            service.unlock(&found.locked)?;
            found = self.search(service)?;
        }
        if found.locked.is_empty() { Ok(found.open) } else { Err(Error::Locked) }
    }

    /// Returns the entry's item, unlocked. Where there are several, none is picked.
    fn find(&self, service: &mut Service) -> std::result::Result<Option<ObjectPath>, Error> {
        let mut items = self.find_all(service)?;
        if items.len() > 1 {
            return Err(Error::SeveralEntries);
        }
        Ok(items.pop())
    }

    /// Returns the entry's secret. Several items with the same secret are as good as one: two
    /// libraries have been used.
    fn read(&self, service: &mut Service) -> std::result::Result<Option<Plaintext>, Error> {
        let items = self.find_all(service)?;
        match items.as_slice() {
            [] => return Ok(None),
            [item] => return Ok(Some(service.secret(item)?.map_err(Error::from)?)),
            _ => {}
        }
        let secrets = service.secrets(&items)?.into_iter().map(|(_, secret)| secret);
        let mut secrets: Vec<Plaintext> = secrets.collect();
        let first = secrets.pop();
        if secrets.iter().any(|secret| Some(secret) != first.as_ref()) {
            return Err(Error::SeveralEntries);
        }
        Ok(first)
    }

    /// Runs a call, and once more where that may help.
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
        self.run(|service| self.read(service)).map(|mut secret| std::mem::take(&mut *secret))
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

#[cfg(test)]
mod tests {
    use super::{Names, ServiceEntry, Store};

    #[test]
    fn an_item_of_other_names_is_not_the_entrys() {
        let entry = ServiceEntry { store: Store::new(), names: Names::new("app", "alice") };
        let is_named = |has: &[(&str, &str)]| {
            let has = has.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            entry.is_named(&has.collect())
        };
        assert!(is_named(&[("username", "alice"), ("target", "default"), ("service", "app")]));
        assert!(!is_named(&[("username", "Alice"), ("service", "app")]));
        assert!(!is_named(&[("username", "alice"), ("service", "app2")]));
        assert!(!is_named(&[("username", "alice")]));
        assert!(!is_named(&[]));
    }
}
