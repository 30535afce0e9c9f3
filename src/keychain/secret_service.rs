//! The desktop's keychain (GNOME Keyring, `KWallet`, `KeePassXC`), through a client of our own.
//!
//! One account is one item with three searchable attributes that never change:
//!
//! | attribute | value |
//! |---|---|
//! | `xdg:schema` | [`item::SCHEMA`] |
//! | `context` | `https://host[:port][/scope]`, as one string |
//! | `username` | the username as [`escape`](crate::context::escape) writes it; empty for none |
//!
//! None is ever left out: a search finds items that have *at least* the attributes asked for, and a
//! service that replaces by the same rule would hit another account's item. Everything that changes
//! is in the secret ([`item::Content`]).
//!
//! The client is small and synchronous: one socket, no threads, every wait within a deadline. A get
//! is four calls: `Hello`, `SearchItems`, `OpenSession`, `GetSecret`. A get that finds nothing is
//! the first two, and asks the bus who was asked. Differences between the services are explained in
//! the file that meets them:
//!
//! - [`address`]: the bus's addresses. [`wire`], [`message`]: D-Bus in bytes.
//! - `socket`: bytes in and out. `greeting`: the way to the bus. `peer`: its owner. `bus`: a
//!   connection.
//! - `client`: keeps the connection, and the deadlines. `remote`: errors by name. `flatpak`: what a
//!   sandbox makes of them.
//! - `session`: the key agreement and the cipher. `prompt`: windows that ask a person. `hidden`:
//!   what is not shown while it is locked.
//! - [`service`]: the Secret Service's calls, for any items; this file: for our accounts.

#[doc(hidden)]
pub mod address;
mod bus;
mod client;
pub(super) mod flatpak;
mod greeting;
mod hidden;
#[doc(hidden)]
pub mod message;
mod notification;
mod peer;
mod prompt;
mod remote;
#[doc(hidden)]
pub mod service;
mod session;
mod socket;
pub mod store;
#[doc(hidden)]
pub mod wire;

pub use super::prompts::Prompts;
#[doc(hidden)]
pub use remote::Remote;

use crate::context::{Context, unescape};
use crate::credential::{Account, Credential, Username};
use crate::error::Error;
use crate::keychain::lock::{self, Lock};
use crate::keychain::{Found, ItemId, Keychain, Kind, NOT_OURS, Options, item};
use address::Address;
pub(crate) use notification::notify;
use service::{Attributes, Listing, Plaintext, Service};
use std::time::Instant;
use wire::ObjectPath;

/// The service's name on the bus.
const SERVICE: &str = "org.freedesktop.secrets";

const SCHEMA: &str = "xdg:schema";
const CONTEXT: &str = "context";
const USERNAME: &str = "username";

/// See the [module](self).
pub struct SecretService {
    /// The service, or an error for the first call: until then the keychain is not asked.
    service: Result<Service, Error>,
    /// Items that a search found and a read did not. Once means that the item is being replaced,
    /// and the caller searches again; twice means that it is gone.
    missed: Vec<ItemId>,
}

impl SecretService {
    /// Returns the service on the session's bus, as the environment names it. Nothing is asked of
    /// it before the first call.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        let addresses = address::from_environment();
        let addresses = addresses.and_then(|found| {
            found.ok_or(Error::Unreachable("no session bus is named in the environment"))
        });
        Self::with_addresses(addresses, options)
    }

    /// Returns the service on the bus at this address, in D-Bus's notation.
    #[must_use]
    pub fn at(address: &str, options: &Options) -> Self {
        Self::with_addresses(address::parse(address.as_bytes(), None), options)
    }

    /// Returns the service with another rule for prompts than the environment's and git's.
    #[must_use]
    pub fn with_prompts(mut self, prompts: Prompts) -> Self {
        if let Ok(service) = &mut self.service {
            service.set_prompts(prompts);
        }
        self
    }

    pub(super) fn with_addresses(
        addresses: Result<Vec<Address>, Error>,
        options: &Options,
    ) -> Self {
        let Options { patient, prompts, .. } = *options;
        let service = addresses.map(|found| Service::new(found, prompts, patient));
        Self { service, missed: Vec::new() }
    }

    fn service(&mut self) -> Result<&mut Service, Error> {
        self.service.as_mut().map_err(|error| *error)
    }

    /// Decodes a secret as a credential. Content that cannot be understood may come from a wrong
    /// session key: the next try has another session.
    fn decode(&mut self, secret: Plaintext) -> Result<Credential, Error> {
        let decoded = item::decode(&secret.into());
        if decoded.is_err() {
            self.service()?.forget_session();
        }
        decoded
    }

    /// Reads one item with the call that reads one. Returns none if it is gone.
    fn read_one(&mut self, found: &Found) -> Result<Option<Plaintext>, Error> {
        match self.service()?.secret(&path(found)?)? {
            Ok(secret) => Ok(Some(secret)),
            Err(Remote::NoSuchObject) => Ok(None),
            Err(remote) if remote.is_gone() && self.missed.contains(&found.id) => Ok(None),
            Err(remote) => {
                if remote.is_gone() {
                    self.missed.push(found.id.clone());
                }
                Err(remote.into())
            }
        }
    }
}

impl Keychain for SecretService {
    fn kind(&self) -> Kind {
        Kind::SecretService
    }

    fn find(
        &mut self,
        contexts: &[Context],
        username: Option<&Username>,
    ) -> Result<Vec<Found>, Error> {
        let service = self.service()?;
        let username = username.map(Username::filed);
        // Most accounts are filed under the host level, so it is searched first.
        let texts: Vec<String> = contexts.iter().rev().map(ToString::to_string).collect();
        let queries: Vec<Vec<(&str, &str)>> = texts
            .iter()
            .map(|context| {
                let mut query = vec![(SCHEMA, item::SCHEMA), (CONTEXT, context.as_str())];
                query.extend(username.as_deref().map(|username| (USERNAME, username)));
                query
            })
            .collect();
        let mut listings = service.search(&queries)?;
        if listings.iter().all(Listing::is_empty) && service.hides_what_is_locked()? {
            service.unlock_default()?;
            listings = service.search(&queries)?;
        }
        let mut found = Vec::new();
        for (listing, context) in listings.into_iter().zip(contexts.iter().rev()) {
            let open = listing.open.into_iter().map(|path| (path, false));
            let locked = listing.locked.into_iter().map(|path| (path, true));
            found.extend(open.chain(locked).map(|(path, locked)| Found {
                id: id(&path),
                context: context.clone(),
                locked,
            }));
        }
        Ok(found)
    }

    fn list(&mut self) -> Result<Vec<(Found, Account)>, Error> {
        let service = self.service()?;
        let listings = service.search(&[vec![(SCHEMA, item::SCHEMA)]])?;
        if listings.iter().all(Listing::is_empty) && service.hides_what_is_locked()? {
            return Err(Error::Locked);
        }
        let mut paths = Vec::new();
        let mut locked = Vec::new();
        for listing in listings {
            locked.resize(locked.len() + listing.open.len(), false);
            locked.resize(locked.len() + listing.locked.len(), true);
            paths.extend(listing.open.into_iter().chain(listing.locked));
        }
        let attributes = service.attributes(&paths)?;
        let items = paths.iter().zip(locked).zip(attributes);
        Ok(items
            .filter_map(|((path, locked), attributes)| {
                let account = account(&attributes?)?;
                let context = account.context.clone();
                Some((Found { id: id(path), context, locked }, account))
            })
            .collect())
    }

    fn asks_before_it_searches(&mut self) -> Result<bool, Error> {
        self.service()?.asks_before_it_searches()
    }

    fn make_ready(&mut self) -> Result<(), Error> {
        let service = self.service()?;
        if service.is_default_locked()? { service.unlock_default() } else { Ok(()) }
    }

    fn usernames(&mut self, found: &[Found]) -> Result<Vec<Username>, Error> {
        let paths = found.iter().map(path).collect::<Result<Vec<_>, _>>()?;
        let attributes = self.service()?.attributes(&paths)?;
        attributes
            .into_iter()
            .map(|attributes| {
                let attributes = attributes.ok_or(Error::Transient("an item is gone"))?;
                username(&attributes).ok_or(Error::Damaged)
            })
            .collect()
    }

    fn unlock(&mut self, found: &[Found]) -> Result<(), Error> {
        let paths = found.iter().map(path).collect::<Result<Vec<_>, _>>()?;
        self.service()?.unlock(&paths)
    }

    fn read(&mut self, found: &[Found]) -> Result<Vec<(Found, Credential)>, Error> {
        if found.iter().any(|found| found.locked) {
            return Err(Error::Locked);
        }
        let secrets = match found {
            [] => Vec::new(),
            [one] => {
                let secret = self.read_one(one)?;
                secret.map(|secret| (one, secret)).into_iter().collect()
            }
            several => {
                let paths = several.iter().map(path).collect::<Result<Vec<_>, _>>()?;
                let mut secrets = self.service()?.secrets(&paths)?;
                // Match by path, not by position: items that are gone were left out.
                let mut take = |found: &Found| {
                    let place = secrets.iter().position(|(path, _)| id(path) == found.id)?;
                    Some(secrets.swap_remove(place).1)
                };
                several.iter().filter_map(|found| Some((found, take(found)?))).collect()
            }
        };
        secrets
            .into_iter()
            .map(|(found, secret)| Ok((found.clone(), self.decode(secret)?)))
            .collect()
    }

    fn write(&mut self, at: Option<&Found>, credential: &Credential) -> Result<(), Error> {
        let service = self.service()?;
        let secret = item::Content::of(credential);
        let secret = secret.pieces();
        if let Some(found) = at {
            if found.locked {
                return Err(Error::Locked);
            }
            return service.set_secret(&path(found)?, &secret);
        }
        let account = credential.account();
        let (context, username) = (account.context.to_string(), account.username.filed());
        let attributes =
            [(SCHEMA, item::SCHEMA), (CONTEXT, context.as_str()), (USERNAME, username.as_str())];
        service.create(&item::label(&account), &attributes, &secret)
    }

    fn exclusive(&mut self, host: Option<&Context>) -> Option<Lock> {
        let started = Instant::now();
        let lock = lock::acquire(host);
        if let Ok(service) = &mut self.service {
            service.note_wait(started.elapsed());
        }
        lock
    }

    fn delete(&mut self, found: &Found) -> Result<(), Error> {
        if found.locked {
            return Err(Error::Locked);
        }
        let context = found.context.to_string();
        let found_by = [(SCHEMA, item::SCHEMA), (CONTEXT, context.as_str())];
        self.service()?.delete(&path(found)?, &found_by)
    }
}

fn id(path: &ObjectPath) -> ItemId {
    ItemId(path.as_str().to_owned())
}

fn path(found: &Found) -> Result<ObjectPath, Error> {
    ObjectPath::new(&found.id.0).ok_or(NOT_OURS)
}

/// Looks up one of our attributes by its name: `KeePassXC` adds attributes of its own.
fn attribute<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a str> {
    attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn username(attributes: &Attributes) -> Option<Username> {
    Some(Username::new(&unescape(attribute(attributes, USERNAME)?)?))
}

fn account(attributes: &Attributes) -> Option<Account> {
    let context = Context::from_canonical(attribute(attributes, CONTEXT)?)?;
    Some(Account { context, username: username(attributes)? })
}
