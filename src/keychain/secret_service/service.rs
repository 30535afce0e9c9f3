//! The Secret Service's calls: items with any attributes and any content. How they hold our
//! accounts stands in [the module above](super).
//!
//! The order of calls matters. gnome-keyring aborts (a known race) when a connection's first call
//! is `OpenSession`, `Unlock` or `CreateItem`. So a search always goes first, and its reply is
//! awaited. A connection that breaks is dropped, and the next call makes another.

use super::SERVICE;
use super::address::Address;
use super::client::{Client, Replied};
use super::flatpak;
use super::message::{Call, Message};
use super::prompt;
use super::remote::Remote;
use super::session::{ALGORITHM, KeyPair, Sealed, Session};
use super::wire::{Malformed, ObjectPath, Reader, Writer};
use crate::error::Error;
use crate::hardening;
use crate::keychain::prompts::Prompts;
use std::time::Duration;
use zeroize::Zeroizing;

const SERVICE_PATH: &str = "/org/freedesktop/secrets";
const SERVICE_INTERFACE: &str = "org.freedesktop.Secret.Service";
pub(super) const COLLECTION_INTERFACE: &str = "org.freedesktop.Secret.Collection";
const ITEM_INTERFACE: &str = "org.freedesktop.Secret.Item";
pub(super) const PROPERTIES_INTERFACE: &str = "org.freedesktop.DBus.Properties";

/// The collection where new items go.
pub(super) const DEFAULT_COLLECTION: &str = "/org/freedesktop/secrets/aliases/default";

/// The declared type of secrets that are text, as nearly all are: people see them as passwords.
const TEXT: &str = "text/plain";

/// The declared type of all other secrets: `KWallet` and `KeePassXC` damage a secret that is
/// declared as text and is none.
const BYTES: &str = "application/octet-stream";

/// How many calls go out before their replies are read, and how many items go into one
/// `GetSecrets`. A bus limits the replies that may be pending, and we limit the length of one.
const BATCH: usize = 128;

/// How often a session is opened anew because the two sides may disagree about the key. That
/// happens by chance once in 256 times.
const KEY_TRIES: usize = 8;

const NO_KEY: Error = Error::Keychain("no session key could be agreed upon");

/// The result of a search.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Listing {
    /// Items whose secrets can be read.
    pub open: Vec<ObjectPath>,
    /// Items that must be unlocked first.
    pub locked: Vec<ObjectPath>,
}

impl Listing {
    /// Returns whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.locked.is_empty()
    }

    fn has(&self, item: &ObjectPath) -> bool {
        self.open.contains(item) || self.locked.contains(item)
    }
}

/// An item's attributes.
pub type Attributes = Vec<(String, String)>;

/// A secret, decrypted.
pub type Plaintext = Zeroizing<Vec<u8>>;

/// A client of the program that provides the Secret Service on a bus.
pub struct Service {
    pub(super) client: Client,
    prompts: Prompts,
}

impl Service {
    /// Returns a client of the bus at one of these addresses. Nothing is asked of it yet.
    #[must_use]
    pub fn new(addresses: Vec<Address>, prompts: Prompts, patient: bool) -> Self {
        Self { client: Client::new(addresses, patient), prompts }
    }

    /// Changes whether prompts may be shown.
    pub fn set_prompts(&mut self, prompts: Prompts) {
        self.prompts = prompts;
    }

    /// Counts a wait for the service's other clients as time of the service.
    pub fn note_wait(&mut self, time: Duration) {
        self.client.note_wait(time);
    }

    /// Searches for items that have at least these attributes. The first search is awaited; the
    /// others follow in one write.
    ///
    /// # Errors
    /// Where the service cannot be asked.
    pub fn search(&mut self, queries: &[Vec<(&str, &str)>]) -> Result<Vec<Listing>, Error> {
        let Some((first, others)) = queries.split_first() else { return Ok(Vec::new()) };
        // The items will be read next, so a key pair is drawn while the service searches.
        let connection = self.client.connection()?;
        let is_first = connection.pair.is_none() && connection.session.is_none();
        let mut pair = None;
        let draw = || pair = is_first.then(KeyPair::generate).and_then(Result::ok);
        let reply = self.client.call_and_meanwhile(search_call(first), draw)?;
        // From here on secrets may arrive. It is not done before: a password manager that asks its
        // user wants to name the program that asks.
        hardening::hide_memory();
        let mut listings = vec![listing(reply)?];
        self.client.note_search()?;
        if pair.is_some() {
            self.client.connection()?.pair = pair;
        }
        for batch in others.chunks(BATCH) {
            let calls = batch.iter().map(|query| search_call(query)).collect();
            for reply in self.client.exchange(calls)? {
                listings.push(listing(reply)?);
            }
        }
        Ok(listings)
    }

    /// Returns the attributes of items, in the items' order, with nothing for an item that is gone.
    /// Locked items have attributes as well.
    ///
    /// # Errors
    /// Where the service cannot be asked.
    pub fn attributes(&mut self, items: &[ObjectPath]) -> Result<Vec<Option<Attributes>>, Error> {
        self.make_ready()?;
        let mut attributes = Vec::with_capacity(items.len());
        for batch in items.chunks(BATCH) {
            for reply in self.client.exchange(batch.iter().map(attributes_call).collect())? {
                attributes.push(match reply {
                    Err(remote) if remote.is_gone() => None,
                    reply => Some(read_attributes(&reply?)?),
                });
            }
        }
        Ok(attributes)
    }

    /// Returns the secret of one item.
    ///
    /// # Errors
    /// [`Error::Damaged`] where it could not be decrypted.
    pub fn secret(&mut self, item: &ObjectPath) -> Result<Result<Plaintext, Remote>, Error> {
        for _ in 0..KEY_TRIES {
            let mut session = self.opened_session()?;
            let mut body = Writer::new();
            body.path(session.path());
            let call = item_call(item, "GetSecret", "o", body);
            // The service needs no key of ours to find the secret and to encrypt it.
            let mut agreed = Ok(false);
            let reply = self.client.call_and_meanwhile(call, || agreed = session.agree())?;
            if agreed? {
                self.client.keep_session(session);
                return match reply {
                    Ok(reply) => self.open_secret(&mut reply.body("(oayays)")?).map(Ok),
                    Err(remote) => Ok(Err(remote)),
                };
            }
        }
        Err(NO_KEY)
    }

    /// Returns the secrets of several open items. Items that are gone or locked meanwhile are left
    /// out.
    ///
    /// # Errors
    /// [`Error::Damaged`] where one could not be decrypted.
    pub fn secrets(&mut self, items: &[ObjectPath]) -> Result<Vec<(ObjectPath, Plaintext)>, Error> {
        let session = self.session()?.path().clone();
        let mut secrets = Vec::with_capacity(items.len());
        for batch in items.chunks(BATCH) {
            let mut body = Writer::new();
            body.paths(batch);
            body.path(&session);
            let reply = match self.client.call(service_call("GetSecrets", "aoo", body))? {
                // KWallet fails the whole call where one of the items is gone.
                Err(Remote::InvalidArguments) => {
                    return Err(Error::Transient("an item is gone"));
                }
                reply => reply?,
            };
            let mut entries = reply.body("a{o(oayays)}")?.array(8)?;
            while !entries.is_at_end() {
                entries.align(8)?;
                let item = entries.path()?;
                secrets.push((item, self.open_secret(&mut entries)?));
            }
        }
        Ok(secrets)
    }

    /// Replaces the secret of an item. The new one comes in pieces, which are one secret.
    ///
    /// # Errors
    /// Where it could not be replaced.
    pub fn set_secret(&mut self, item: &ObjectPath, secret: &[&[u8]]) -> Result<(), Error> {
        let mut body = Writer::new();
        self.write_secret(&mut body, secret)?;
        self.client.call(item_call(item, "SetSecret", "(oayays)", body))??;
        Ok(())
    }

    /// Makes a new item in the default collection, or replaces one that has exactly these
    /// attributes, all in one call.
    ///
    /// # Errors
    /// [`Error::NoDefaultCollection`] where there is none, [`Error::Locked`] where it is
    /// locked and no prompt may be shown.
    pub fn create(
        &mut self,
        label: &str,
        attributes: &[(&str, &str)],
        secret: &[&[u8]],
    ) -> Result<(), Error> {
        let reply = match self.try_create(label, attributes, secret)? {
            Err(Remote::IsLocked) => {
                self.unlock(&[default_collection()?])?;
                self.try_create(label, attributes, secret)?
            }
            reply => reply,
        };
        match reply {
            Ok(reply) => {
                let mut body = reply.body("oo")?;
                let _item = body.path()?;
                let prompt = body.path()?;
                self.prompt(&prompt)
            }
            // A race inside the service gives the same error: ask which of the two it is.
            Err(remote) if remote.is_gone() && !self.has_default_collection()? => {
                Err(Error::NoDefaultCollection)
            }
            Err(remote) => Err(remote.into()),
        }
    }

    /// Deletes an item that a search with these attributes has found. It must not be a locked one:
    /// `KWallet` would delete it all the same. It is no error if the item is gone.
    ///
    /// A service also says that an object is not there when it has just started in place of another
    /// and its keyring is locked. So a search tells whether the item is gone.
    ///
    /// # Errors
    /// Where it could not be deleted.
    pub fn delete(&mut self, item: &ObjectPath, found_by: &[(&str, &str)]) -> Result<(), Error> {
        self.make_ready()?;
        let reply = match self.client.call(item_call(item, "Delete", "", Writer::new()))? {
            Err(Remote::NoSuchObject) => return Ok(()),
            Err(remote) if remote.is_gone() => {
                let listings = self.search(&[found_by.to_vec()])?;
                let is_there = listings.iter().any(|listing| listing.has(item));
                return if is_there { Err(remote.into()) } else { Ok(()) };
            }
            reply => reply?,
        };
        let prompt = reply.body("o")?.path()?;
        self.prompt(&prompt)
    }

    /// Unlocks items or collections, with a prompt where one is needed.
    ///
    /// # Errors
    /// [`Error::Locked`] where a prompt is needed and none may be shown, [`Error::Denied`] where it
    /// was dismissed.
    pub fn unlock(&mut self, objects: &[ObjectPath]) -> Result<(), Error> {
        self.make_ready()?;
        let mut body = Writer::new();
        body.paths(objects);
        let reply = self.client.call(service_call("Unlock", "ao", body))??;
        let mut body = reply.body("aoo")?;
        let _unlocked = body.paths()?;
        let prompt = body.path()?;
        self.prompt(&prompt)
    }

    fn try_create(
        &mut self,
        label: &str,
        attributes: &[(&str, &str)],
        secret: &[&[u8]],
    ) -> Result<Replied, Error> {
        let mut body = Writer::new();
        let properties = body.open_array(8);
        body.align(8);
        body.string("org.freedesktop.Secret.Item.Label");
        body.signature("s");
        body.string(label);
        body.align(8);
        body.string("org.freedesktop.Secret.Item.Attributes");
        body.signature("a{ss}");
        body.string_map(attributes.iter().copied());
        body.close_array(&properties);
        self.write_secret(&mut body, secret)?;
        body.boolean(true);
        self.client.call(Call {
            destination: SERVICE,
            path: DEFAULT_COLLECTION,
            interface: COLLECTION_INTERFACE,
            member: "CreateItem",
            signature: "a{sv}(oayays)b",
            body,
        })
    }

    fn has_default_collection(&mut self) -> Result<bool, Error> {
        let mut body = Writer::new();
        body.string("default");
        let reply = self.client.call(service_call("ReadAlias", "s", body))??;
        Ok(!reply.body("o")?.path()?.is_none())
    }

    /// Runs the prompt that a call returned, if there is one.
    fn prompt(&mut self, path: &ObjectPath) -> Result<(), Error> {
        if path.is_none() {
            return Ok(());
        }
        if !self.prompts.allowed() {
            return Err(Error::Locked);
        }
        let dismissed = self.client.with_bus(|bus| prompt::run(bus, path))?;
        if dismissed { Err(Error::Denied) } else { Ok(()) }
    }

    fn write_secret(&mut self, body: &mut Writer, secret: &[&[u8]]) -> Result<(), Error> {
        let session = self.session()?;
        let Sealed { vector, bytes } = session.seal(secret)?;
        body.align(8);
        body.path(session.path());
        body.byte_array(&vector);
        body.byte_array(&bytes);
        let is_text = secret.iter().all(|piece| std::str::from_utf8(piece).is_ok());
        body.string(if is_text { TEXT } else { BYTES });
        Ok(())
    }

    /// Reads `(oayays)` and decrypts it. Where that fails, drops the session, so that the next try
    /// has another key.
    fn open_secret(&mut self, body: &mut Reader<'_>) -> Result<Plaintext, Error> {
        body.align(8)?;
        let _session = body.path()?;
        let vector = body.byte_array()?;
        let sealed = body.byte_array()?;
        let _content_type = body.string()?;
        let opened = self.session()?.open(vector, sealed);
        if opened.is_err() {
            self.forget_session();
        }
        opened
    }

    /// Drops the session; the next secret crosses the bus in a new one.
    pub fn forget_session(&mut self) {
        self.client.take_session();
    }

    /// Returns the session, with its key, and opens one if there is none.
    fn session(&mut self) -> Result<&Session, Error> {
        for _ in 0..KEY_TRIES {
            let mut session = self.opened_session()?;
            if session.agree()? {
                return Ok(self.client.connection()?.session.insert(session));
            }
        }
        Err(NO_KEY)
    }

    /// Returns the session that is open, else a new one, whose key is not yet computed.
    fn opened_session(&mut self) -> Result<Session, Error> {
        self.make_ready()?;
        if let Some(session) = self.client.take_session() {
            return Ok(session);
        }
        let pair = match self.client.connection()?.pair.take() {
            Some(pair) => pair,
            None => KeyPair::generate()?,
        };
        let mut body = Writer::new();
        body.string(ALGORITHM);
        body.signature("ay");
        body.byte_array(pair.public());
        let reply = self.client.call(service_call("OpenSession", "sv", body))??;
        let mut body = reply.body("vo")?;
        body.variant_of("ay")?;
        let their_public = body.byte_array()?.to_vec();
        Ok(Session::new(body.path()?, pair, their_public))
    }

    /// Ensures that a search has been answered on this connection, see the [module](self).
    fn make_ready(&mut self) -> Result<(), Error> {
        if !self.client.connection()?.searched {
            self.search(&[vec![("xdg:schema", "io.github.git_credential_pat.None")]])?;
        }
        Ok(())
    }
}

pub(super) fn default_collection() -> Result<ObjectPath, Error> {
    ObjectPath::new(DEFAULT_COLLECTION).ok_or(Error::NoDefaultCollection)
}

fn service_call<'a>(member: &'a str, signature: &'a str, body: Writer) -> Call<'a> {
    let (path, interface) = (SERVICE_PATH, SERVICE_INTERFACE);
    Call { destination: SERVICE, path, interface, member, signature, body }
}

fn item_call<'a>(
    item: &'a ObjectPath,
    member: &'a str,
    signature: &'a str,
    body: Writer,
) -> Call<'a> {
    let (path, interface) = (item.as_str(), ITEM_INTERFACE);
    Call { destination: SERVICE, path, interface, member, signature, body }
}

fn search_call<'a>(attributes: &[(&str, &str)]) -> Call<'a> {
    let mut body = Writer::new();
    body.string_map(attributes.iter().copied());
    service_call("SearchItems", "a{ss}", body)
}

fn listing(reply: Replied) -> Result<Listing, Error> {
    let reply = reply.map_err(flatpak::refusal)?;
    let mut body = reply.body("aoao")?;
    Ok(Listing { open: body.paths()?, locked: body.paths()? })
}

fn attributes_call(item: &ObjectPath) -> Call<'_> {
    let mut body = Writer::new();
    body.string(ITEM_INTERFACE);
    body.string("Attributes");
    Call { interface: PROPERTIES_INTERFACE, ..item_call(item, "Get", "ss", body) }
}

fn read_attributes(reply: &Message) -> Result<Attributes, Malformed> {
    let mut body = reply.body("v")?;
    body.variant_of("a{ss}")?;
    let entries = body.string_map()?;
    Ok(entries.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
}
