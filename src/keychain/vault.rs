//! The vault keeps accounts in encrypted files, for machines without a desktop. They outlive a
//! reboot, and are opened once.
//!
//! | here | there |
//! |---|---|
//! | an account | a file in the age format (`item`), named by keyed digests (`keys`) |
//! | several in one context | files in one folder (`folder`) |
//! | locked | the vault's key is only in `identity.age`, encrypted (`identity`) |
//! | unlocked | the key is in the kernel's keyring (`unlocking`), or a file or command gives it |
//!
//! What is odd there:
//! - Nothing can be searched: names can be computed, but not read back. So the account of an item
//!   is known only when it is decrypted, and that of a damaged one never.
//! - A search needs the key. A locked vault cannot even say that an account does not exist.
//! - A get without a username reads one folder. Of several items there, damaged ones are passed
//!   over: they must not hide the others.
//! - The folder may be on a volume that several machines or containers share. So it has a lock of
//!   its own, beside the local one. A process that waited for the lock checks again whether its
//!   key is still the vault's.

pub mod age;
mod bech32;
mod changing;
mod folder;
mod format;
mod identity;
mod item;
mod keys;
mod making;
mod memory;
mod state;
mod unlocking;

pub use changing::Changed;
pub use making::{Beginning, judge_passphrase};
pub use state::State;
pub use unlocking::USUAL_TIME;

use crate::context::Context;
use crate::credential::{Account, Credential, Username};
use crate::error::{Error, VaultTrouble};
use crate::hardening;
use crate::keychain::lock::{self, Lock};
use crate::keychain::{Found, Identity, ItemId, Keychain, Kind, NOT_OURS, Options};
use crate::terminal;
use folder::{Folder, Stamp};
use identity::Sealed;
use keys::Keys;
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

/// The user's vault, see the [module](self).
pub struct Vault {
    place: Result<PathBuf, Error>,
    identity: Option<Identity>,
    asks: bool,
    opened: Option<Box<Opened>>,
    /// The items that the last list has read, so that they are not decrypted again at once.
    listed: HashMap<ItemId, Listed>,
    damaged: usize,
    /// Whether it has been said that the file system has no locks.
    has_said: bool,
}

struct Listed {
    stamp: Option<Stamp>,
    credential: Credential,
}

struct Opened {
    folder: Folder,
    check: String,
    keys: Keys,
}

impl Vault {
    /// Returns the user's vault. No file is read before the first call.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        Self {
            place: folder::place(),
            identity: options.identity.clone(),
            asks: options.asks,
            opened: None,
            listed: HashMap::new(),
            damaged: 0,
            has_said: false,
        }
    }

    /// Returns the same vault in this folder.
    #[must_use]
    pub fn at(self, place: PathBuf) -> Self {
        Self { place: Ok(place), ..self }
    }

    /// Returns whether the vault can be read now.
    ///
    /// # Errors
    /// Where that cannot be told.
    pub fn state(&self) -> Result<State, Error> {
        let check = match self.folder().and_then(|folder| format::read(&folder)) {
            Err(Error::Vault(VaultTrouble::Absent)) => return Ok(State::Absent),
            check => check?,
        };
        if identity::is_given(self.identity.as_ref()) {
            return Ok(State::Given);
        }
        let held = unlocking::recall(&check)?;
        Ok(held.map_or(State::Locked, |held| State::Unlocked(held.until)))
    }

    /// Returns whether the file with the vault's key is on the same device: a thief of the disk
    /// then has both.
    #[must_use]
    pub fn lies_beside_its_key(&self) -> bool {
        let Some(Identity::File(file)) = &self.identity else { return false };
        self.folder().is_ok_and(|folder| folder.is_beside(file))
    }

    /// Unlocks the vault for this time, or until reboot.
    ///
    /// # Errors
    /// [`VaultTrouble::WrongPassphrase`]; where nothing can hold the key.
    pub fn unlock_with(&self, passphrase: &[u8], time: Option<Duration>) -> Result<(), Error> {
        let folder = self.folder()?;
        let check = format::read(&folder)?;
        // This fails where nothing can hold the key, before a passphrase takes its memory.
        unlocking::recall(&check)?;
        let keys = unlocking::open(&folder, &check, &Sealed::read(&folder)?, passphrase)?;
        unlocking::hold(&keys, time)
    }

    /// Checks that there is an `identity.age` that a passphrase opens, and the memory to try one.
    ///
    /// # Errors
    /// The obstacle that keeps a passphrase from being tried.
    pub fn takes_passphrase(&self) -> Result<(), Error> {
        Sealed::read(&self.folder()?).map(drop)
    }

    /// Locks the vault. Returns whether it was unlocked.
    ///
    /// # Errors
    /// Where the kernel does not give the key up.
    pub fn lock(&mut self) -> Result<bool, Error> {
        self.opened = None;
        unlocking::let_go(&format::read(&self.folder()?)?)
    }

    /// Gives the vault another passphrase.
    ///
    /// # Errors
    /// [`VaultTrouble::WrongPassphrase`] where the old one is wrong.
    pub fn change_passphrase(&self, old: &[u8], new: &[u8], low_memory: bool) -> Result<(), Error> {
        changing::passphrase(&self.folder()?, old, new, identity::work(low_memory))
    }

    /// Gives the vault another key, encrypts all items anew, and unlocks it for this time.
    ///
    /// # Errors
    /// [`VaultTrouble::WrongPassphrase`]; where something cannot be written.
    pub fn change_key(&self, passphrase: &[u8], time: Option<Duration>) -> Result<Changed, Error> {
        let (keys, changed) = changing::key(&self.folder()?, passphrase)?;
        unlocking::hold(&keys, time)?;
        Ok(changed)
    }

    /// Returns the path of the vault's folder.
    ///
    /// # Errors
    /// Where the environment does not tell it.
    pub fn place(&self) -> Result<&PathBuf, Error> {
        self.place.as_ref().map_err(|&error| error)
    }

    fn folder(&self) -> Result<Folder, Error> {
        let folder = Folder::open(self.place()?)?;
        folder.ok_or(Error::Vault(VaultTrouble::Absent))
    }

    fn opened(&mut self) -> Result<&Opened, Error> {
        if self.opened.is_none() {
            // From here on, no other process can read this one's memory.
            hardening::hide_memory();
            let opened = self.open_on_the_stack();
            hardening::wipe_stack();
            self.opened = Some(opened?);
        }
        self.opened.as_deref().ok_or(Error::Vault(VaultTrouble::Locked))
    }

    // Each move of the keys leaves a copy of them on the stack. In a function of its own the copy
    // is below the caller's frame, where `wipe_stack` reaches it.
    #[inline(never)]
    fn open_on_the_stack(&self) -> Result<Box<Opened>, Error> {
        let folder = self.folder()?;
        let check = format::read(&folder)?;
        let keys = self.keys(&folder, &check)?;
        Ok(Box::new(Opened { folder, check, keys }))
    }

    fn keys(&self, folder: &Folder, check: &str) -> Result<Keys, Error> {
        if let Some(secret) = identity::given(self.identity.as_ref())? {
            let keys = Keys::new(secret);
            let is_its = keys.check() == check;
            return if is_its { Ok(keys) } else { Err(VaultTrouble::WrongKey.into()) };
        }
        match unlocking::recall(check)? {
            Some(held) => Ok(held.keys),
            None if self.asks => unlocking::ask(folder, check),
            None => Err(VaultTrouble::Locked.into()),
        }
    }

    /// Forgets the key if it is no longer the vault's. Returns whether it still is.
    fn is_current(&mut self) -> bool {
        let is_current = self.opened.as_ref().is_none_or(|opened| {
            format::read(&opened.folder).is_ok_and(|check| check == opened.check)
        });
        if !is_current {
            self.opened = None;
        }
        is_current
    }
}

/// The error where the vault got another key while the old one was in use. The caller begins again.
const CHANGED: Error = Error::Transient("the vault has got another key");

impl Opened {
    fn read(&self, found: &Found) -> Result<Option<Credential>, Error> {
        let (of_context, name) = parts(found)?;
        let file = self.folder.read(&item::path(of_context, name))?;
        file.map(|file| item::open(&self.keys, name, &file)).transpose()
    }

    /// Returns whether an item still is what the list has read.
    fn has_still(&self, found: &Found, known: &Listed) -> bool {
        let path = parts(found).map(|(of_context, name)| item::path(of_context, name));
        let stamp = path.ok().and_then(|path| self.folder.stamp(&path));
        stamp.is_some() && stamp == known.stamp
    }

    fn in_context(&self, context: &Context) -> Result<Vec<Found>, Error> {
        let of_context = self.keys.context(context);
        let files = self.folder.names(&format!("{}/{of_context}", folder::ITEMS))?;
        let names = files.iter().filter_map(|file| item::name_in(file));
        let mut found: Vec<Found> = names.map(|name| found(&of_context, name, context)).collect();
        if found.len() > 1 {
            let is_damaged = |found: &Found| self.read(found).is_err_and(is_damage);
            let (damaged, sound): (Vec<_>, Vec<_>) = found.into_iter().partition(is_damaged);
            found = if sound.is_empty() { damaged } else { sound };
        }
        Ok(found)
    }
}

impl Keychain for Vault {
    fn kind(&self) -> Kind {
        Kind::Vault
    }

    fn find(
        &mut self,
        contexts: &[Context],
        username: Option<&Username>,
    ) -> Result<Vec<Found>, Error> {
        let opened = self.opened()?;
        let mut items = Vec::new();
        for context in contexts {
            let Some(username) = username else {
                items.extend(opened.in_context(context)?);
                continue;
            };
            let account = Account { context: context.clone(), username: username.clone() };
            let (of_context, name) = (opened.keys.context(context), opened.keys.account(&account));
            if opened.folder.has(&item::path(&of_context, &name))? {
                items.push(found(&of_context, &name, context));
            }
        }
        if items.is_empty() && !self.is_current() {
            return Err(CHANGED);
        }
        Ok(items)
    }

    fn list(&mut self) -> Result<Vec<(Found, Account)>, Error> {
        let opened = self.opened()?;
        let mut accounts = Vec::new();
        let mut listed = HashMap::new();
        let mut damaged = 0;
        for (of_context, name) in changing::items(&opened.folder)? {
            let path = item::path(&of_context, &name);
            // The stamp is taken before the file is read: a file that comes meanwhile has another
            // stamp.
            let stamp = opened.folder.stamp(&path);
            let file = match opened.folder.read(&path) {
                Ok(Some(file)) => item::open(&opened.keys, &name, &file),
                Ok(None) => continue,
                Err(error) => Err(error),
            };
            match file {
                Ok(credential) => {
                    let account = credential.account();
                    let found = found(&of_context, &name, &account.context);
                    listed.insert(found.id.clone(), Listed { stamp, credential });
                    accounts.push((found, account));
                }
                Err(error) if is_damage(error) => damaged += 1,
                Err(error) => return Err(error),
            }
        }
        (self.listed, self.damaged) = (listed, damaged);
        if accounts.is_empty() && !self.is_current() {
            return Err(CHANGED);
        }
        Ok(accounts)
    }

    fn left_out(&self) -> usize {
        self.damaged
    }

    fn asks_before_it_searches(&mut self) -> Result<bool, Error> {
        Ok(self.state()? == State::Locked)
    }

    fn usernames(&mut self, found: &[Found]) -> Result<Vec<Username>, Error> {
        let opened = self.opened()?;
        let username = |found| match opened.read(found)? {
            Some(credential) => Ok(credential.account().username),
            None => Err(Error::Transient("an item is gone")),
        };
        found.iter().map(username).collect()
    }

    fn read(&mut self, found: &[Found]) -> Result<Vec<(Found, Credential)>, Error> {
        let mut listed = std::mem::take(&mut self.listed);
        let opened = self.opened()?;
        let mut credentials = Vec::with_capacity(found.len());
        for found in found {
            let known = listed.remove(&found.id).filter(|known| opened.has_still(found, known));
            let read = match known {
                Some(known) => Some(known.credential),
                None => opened.read(found)?,
            };
            if let Some(credential) = read {
                credentials.push((found.clone(), credential));
            }
        }
        if credentials.len() < found.len() && !self.is_current() {
            return Err(CHANGED);
        }
        Ok(credentials)
    }

    fn write(&mut self, _at: Option<&Found>, credential: &Credential) -> Result<(), Error> {
        // An existing item is replaced, because its name is the account's.
        let opened = self.opened()?;
        let sealed = item::seal(&opened.keys, credential)?;
        let account = credential.account();
        let (of_context, name) =
            (opened.keys.context(&account.context), opened.keys.account(&account));
        opened.folder.replace_item(&of_context, &item::file_name(&name), &sealed)
    }

    /// Takes the local lock, and the vault's own.
    fn exclusive(&mut self, _host: Option<&Context>) -> Option<Lock> {
        let local = lock::acquire(None);
        let file = self.folder().and_then(|folder| folder.open_lock()).ok()?;
        let Ok(lock) = lock::of_file(file, lock::PATIENCE) else {
            if !self.has_said && terminal::stderr_is_terminal() {
                let text = "its file system has no locks: of two writes at once the last stays";
                terminal::say("vault", text);
            }
            self.has_said = true;
            return None;
        };
        let lock = lock?;
        // This process may have waited for a change of the key.
        self.is_current();
        Some(lock.with(local))
    }

    fn delete(&mut self, found: &Found) -> Result<(), Error> {
        let (of_context, name) = parts(found)?;
        let (of_context, name) = (of_context.to_owned(), item::file_name(name));
        self.opened()?.folder.remove_item(&of_context, &name)
    }
}

/// Returns whether an error is about this file alone, so that the others can be used.
fn is_damage(error: Error) -> bool {
    matches!(error, Error::Damaged | Error::Vault(VaultTrouble::OpenFile))
}

fn found(of_context: &str, name: &str, context: &Context) -> Found {
    Found { id: ItemId(format!("{of_context}/{name}")), context: context.clone(), locked: false }
}

fn parts(found: &Found) -> Result<(&str, &str), Error> {
    found.id.0.split_once('/').ok_or(NOT_OURS)
}
