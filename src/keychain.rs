//! The keychains: the trait that each of them implements, and the choice of one.
//!
//! A keychain files one item for an account ([`Account`]: context and username). It knows nothing
//! of matching, expiry or rejection: the meaning of an operation stands once, in
//! [`helper`](crate::helper). To add a keychain, write one file that opens with how it maps onto
//! the system and what is odd there, one case of [`Kind`] with its row, and one arm in [`open`].

#[cfg(target_os = "linux")]
mod auto;
#[cfg(target_os = "linux")]
mod cached;
#[cfg(windows)]
pub mod credential_manager;
pub(crate) mod family;
#[doc(hidden)]
pub mod item;
#[cfg(target_os = "linux")]
pub mod kernel;
mod kind;
pub mod lock;
#[cfg(target_os = "macos")]
pub mod login_keychain;
// The login keychain's names and errors are tested on every system.
#[cfg(all(test, not(target_os = "macos")))]
#[path = "keychain/login_keychain/terms.rs"]
mod login_keychain_terms;
pub mod memory;
pub mod prompts;
#[cfg(unix)]
mod random;
#[cfg(all(unix, not(target_os = "macos")))]
pub mod secret_service;
#[cfg_attr(not(unix), path = "keychain/vault/elsewhere.rs")]
pub mod vault;

pub use kind::Kind;

use crate::context::Context;
use crate::credential::{Account, Credential, Username};
use crate::error::Error;
use lock::Lock;
use prompts::Prompts;
use std::path::PathBuf;
use std::time::Duration;

/// A keychain's own name of an item: an object path, a key's serial. Only that keychain, in this
/// process, knows what it means.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ItemId(pub String);

/// A keychain's error for an identifier that it does not understand.
const NOT_OURS: Error = Error::Keychain("an item of another keychain was given");

/// An item that a search has found, not yet read.
#[derive(Clone, PartialEq, Eq)]
pub struct Found {
    /// The keychain's name of the item, by which it is read.
    pub id: ItemId,
    /// The context under which it is filed.
    pub context: Context,
    /// Whether it must be unlocked before it can be read.
    pub locked: bool,
}

/// A keychain of the system's, or of ours.
///
/// The order of use is find, (unlock, find again,) read, write or delete. An item that was found
/// may be gone or changed a moment later: an [`Error::is_transient`] means that the caller should
/// begin again from `find`.
pub trait Keychain {
    /// Returns the kind of this keychain.
    fn kind(&self) -> Kind;

    /// Returns the items filed under these contexts, and under this username if one is given (the
    /// empty one finds accounts without a username). The order is not defined.
    ///
    /// # Errors
    /// Where the keychain cannot be asked. To find nothing is no error.
    fn find(
        &mut self,
        contexts: &[Context],
        username: Option<&Username>,
    ) -> Result<Vec<Found>, Error>;

    /// Returns the accounts of all our items, with what is needed to read them.
    ///
    /// # Errors
    /// Where the keychain cannot be asked.
    fn list(&mut self) -> Result<Vec<(Found, Account)>, Error>;

    /// Returns how many items the last [`list`](Self::list) has left out, because they are damaged
    /// and nobody can tell whose they are.
    fn left_out(&self) -> usize {
        0
    }

    /// Returns whether it is so locked that [`find`](Self::find) and [`list`](Self::list) would
    /// make it ask a person. A caller that only looks asks this first.
    ///
    /// # Errors
    /// Where the keychain cannot be asked.
    fn asks_before_it_searches(&mut self) -> Result<bool, Error> {
        Ok(false)
    }

    /// Unlocks what a new item would come into, and asks a person where one can be asked.
    ///
    /// # Errors
    /// Where nothing could be kept.
    fn make_ready(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// Returns the usernames under which these items are filed, in the items' order.
    ///
    /// # Errors
    /// Where the keychain cannot be asked, or an item is gone.
    fn usernames(&mut self, found: &[Found]) -> Result<Vec<Username>, Error>;

    /// Unlocks these items, or the collection that holds them, and asks a person where one can be
    /// asked.
    ///
    /// # Errors
    /// [`Error::Locked`] where nobody can be asked, [`Error::Denied`] where the person said no.
    fn unlock(&mut self, found: &[Found]) -> Result<(), Error> {
        let _ = found;
        Err(Error::Locked)
    }

    /// Reads items, in their order. An item that is gone is left out.
    ///
    /// # Errors
    /// [`Error::Damaged`] where an item's content cannot be understood.
    fn read(&mut self, found: &[Found]) -> Result<Vec<(Found, Credential)>, Error>;

    /// Writes a credential in one step: into the item `at`, which is filed under the same
    /// account, or as a new item.
    ///
    /// # Errors
    /// Where it could not be written. The old content, if there was one, is then unchanged.
    fn write(&mut self, at: Option<&Found>, credential: &Credential) -> Result<(), Error>;

    /// Keeps other processes of ours from writing until the guard is dropped, so that nothing comes
    /// between comparing and writing: at one host, or at any where none is given. Returns none
    /// where no guard can be had; the write then goes on without.
    fn exclusive(&mut self, host: Option<&Context>) -> Option<Lock> {
        lock::acquire(host)
    }

    /// Deletes an item. One that is already gone is no error.
    ///
    /// # Errors
    /// Where it could not be deleted.
    fn delete(&mut self, found: &Found) -> Result<(), Error>;
}

/// A keychain that is lent to a wrapper which takes one.
impl<K: Keychain + ?Sized> Keychain for &mut K {
    fn kind(&self) -> Kind {
        (**self).kind()
    }

    fn find(
        &mut self,
        contexts: &[Context],
        username: Option<&Username>,
    ) -> Result<Vec<Found>, Error> {
        (**self).find(contexts, username)
    }

    fn list(&mut self) -> Result<Vec<(Found, Account)>, Error> {
        (**self).list()
    }

    fn left_out(&self) -> usize {
        (**self).left_out()
    }

    fn asks_before_it_searches(&mut self) -> Result<bool, Error> {
        (**self).asks_before_it_searches()
    }

    fn make_ready(&mut self) -> Result<(), Error> {
        (**self).make_ready()
    }

    fn usernames(&mut self, found: &[Found]) -> Result<Vec<Username>, Error> {
        (**self).usernames(found)
    }

    fn unlock(&mut self, found: &[Found]) -> Result<(), Error> {
        (**self).unlock(found)
    }

    fn read(&mut self, found: &[Found]) -> Result<Vec<(Found, Credential)>, Error> {
        (**self).read(found)
    }

    fn write(&mut self, at: Option<&Found>, credential: &Credential) -> Result<(), Error> {
        (**self).write(at, credential)
    }

    fn exclusive(&mut self, host: Option<&Context>) -> Option<Lock> {
        (**self).exclusive(host)
    }

    fn delete(&mut self, found: &Found) -> Result<(), Error> {
        (**self).delete(found)
    }
}

/// The way in which a keychain is to be used.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The kind, or none where the system's own is taken, see [`open`].
    pub kind: Option<Kind>,
    /// How long the kernel keeps a token in its keyring, or none for until reboot.
    pub lifetime: Option<Duration>,
    /// Whether the operation may take more than five seconds once the keychain has
    /// answered: one that writes may, git's get may not.
    pub patient: bool,
    /// How copies of the desktop keychain's answers are dealt with, or none to leave them alone.
    pub cache: Option<Cache>,
    /// The source of the vault's key, or none where a passphrase or systemd gives it.
    pub identity: Option<Identity>,
    /// Whether the person at the terminal may be asked for the vault's passphrase.
    pub asks: bool,
    /// Whether the desktop's keychain may show a window that asks.
    pub prompts: Prompts,
}

/// A source that gives the vault's key without asking anybody: one line `AGE-SECRET-KEY-1…`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Identity {
    /// A file that only its owner can read.
    File(PathBuf),
    /// The output of a command, given as words with a shell's quotes, but run without a shell.
    Command(String),
}

/// How an operation deals with the copies in the kernel's keyring of the answers that the desktop's
/// keychain, or a source, gave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cache {
    /// Copies answer, and are made, for this time.
    Answers(Duration),
    /// A host's copies are removed as soon as a search is made for that host.
    EndsAtOnce,
    /// A host's copies are removed when an item of that host is written or deleted.
    EndsAtWrite,
}

/// Opens the keychain that the options name, else the system's own: on macOS the login keychain; on
/// Windows the Credential Manager; elsewhere the Secret Service of the session's bus, or on Linux the
/// kernel's keyring where there is no bus or nobody on it provides one. The keychain is not asked
/// before the first call.
///
/// # Errors
/// [`Error::Unsupported`] where this system has no such keychain.
pub fn open(options: &Options) -> Result<Box<dyn Keychain>, Error> {
    let keychain: Box<dyn Keychain> = match options.kind {
        #[cfg(all(unix, not(target_os = "macos")))]
        Some(Kind::SecretService) => Box::new(secret_service::SecretService::new(options)),
        #[cfg(target_os = "linux")]
        Some(Kind::Kernel) => Box::new(kernel::KernelKeyring::new(options)),
        #[cfg(unix)]
        Some(Kind::Vault) => Box::new(vault::Vault::new(options)),
        Some(Kind::Memory) => Box::new(memory::MemoryKeychain::default()),
        #[cfg(target_os = "linux")]
        None => auto::open(options),
        #[cfg(all(unix, not(any(target_os = "linux", target_os = "macos"))))]
        None => Box::new(secret_service::SecretService::new(options)),
        #[cfg(target_os = "macos")]
        Some(Kind::LoginKeychain) | None => {
            Box::new(login_keychain::LoginKeychain::with_prompts(options.prompts))
        }
        #[cfg(windows)]
        Some(Kind::CredentialManager) | None => Box::new(credential_manager::CredentialManager),
        #[allow(unreachable_patterns, reason = "not on every system")]
        _ => return Err(Error::Unsupported),
    };
    if keychain.kind() == Kind::SecretService {
        return Ok(with_copies(keychain, options.cache, Vec::new()));
    }
    Ok(keychain)
}

/// Returns the keychain with a cache, if it is to have one. The origin tells its copies from those
/// of another keychain with the same contexts.
#[must_use]
pub(crate) fn with_copies(
    keychain: Box<dyn Keychain>,
    cache: Option<Cache>,
    origin: Vec<u8>,
) -> Box<dyn Keychain> {
    #[cfg(target_os = "linux")]
    if let Some(cache) = cache {
        return Box::new(cached::Cached::new(keychain, cache, origin));
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (cache, origin);
    keychain
}
