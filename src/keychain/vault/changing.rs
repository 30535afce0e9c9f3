//! Gives a vault another passphrase or another key, in steps each of which leaves a vault that
//! opens.
//!
//! Another passphrase replaces one file. Another key takes these steps, under the vault's lock:
//!
//! 1. `next.age` is written: the new key, encrypted to the old one.
//! 2. Every item is written again for the new key, under another name, so that the old one stays.
//! 3. `format` names the new key. From here on the old key opens nothing.
//! 4. The old items are removed.
//! 5. `identity.age` gets the new key, and `next.age` is removed.
//!
//! If the change is broken off before the third step, the old key still serves, and the next
//! attempt removes the files of the first. If it is broken off later, the next `unlock` opens
//! `next.age` with the old key, and does the remaining steps.

use super::age::{self, Recipient};
use super::folder::{FORMAT, Folder, IDENTITY, ITEMS, NEXT};
use super::format;
use super::identity::{self, Sealed};
use super::item;
use super::keys::Keys;
use super::unlocking;
use crate::error::{Error, VaultTrouble};
use crate::keychain::lock::{self, Lock};
use std::time::Duration;

/// The longest wait for another process that has the vault's lock.
const PATIENCE: Duration = Duration::from_secs(30);

/// The result of a change of the key.
pub struct Changed {
    /// How many items are encrypted anew.
    pub items: usize,
    /// How many items could not be opened, and stay as they are.
    pub damaged: usize,
}

/// Gives `identity.age` another passphrase.
///
/// # Errors
/// [`VaultTrouble::WrongPassphrase`] where the old one is wrong.
pub(super) fn passphrase(folder: &Folder, old: &[u8], new: &[u8], work: u8) -> Result<(), Error> {
    let _lock = lock(folder)?;
    let sealed = Sealed::read(folder)?;
    let keys = unlocking::open(folder, &format::read(folder)?, &sealed, old)?;
    folder.replace(IDENTITY, &identity::seal(&keys.age, new, work)?)
}

/// Gives the vault another key, and encrypts all items anew.
///
/// # Errors
/// [`VaultTrouble::WrongPassphrase`]; where something cannot be written. The old key then still
/// serves.
pub(super) fn key(folder: &Folder, passphrase: &[u8]) -> Result<(Keys, Changed), Error> {
    let _lock = lock(folder)?;
    let sealed = Sealed::read(folder)?;
    let check = format::read(folder)?;
    let old = unlocking::open(folder, &check, &sealed, passphrase)?;
    if let Some(next) = read(folder, NEXT)? {
        if let Ok(abandoned) = identity::open_with(&next, &old.age) {
            remove_items(folder, &Keys::new(abandoned))?;
        }
        folder.remove(NEXT)?;
    }
    let new = Keys::generate()?;
    // This comes before any change, because it may fail.
    let identity = identity::seal(&new.age, passphrase, sealed.work)?;
    let next = age::encrypt(&identity::text(&new.age), &Recipient::Key(old.age.public()))?;
    folder.replace(NEXT, &next)?;
    let changed = match add_items(folder, &old, &new) {
        Ok(changed) => changed,
        Err(error) => {
            let _ = remove_items(folder, &new).and_then(|()| folder.remove(NEXT));
            return Err(error);
        }
    };
    folder.replace(FORMAT, &format::of(&new))?;
    complete(folder, &old, &identity)?;
    let _ = unlocking::let_go(&check);
    Ok((new, changed))
}

/// Does the remaining steps of a change of the key that was broken off. Returns the new keys.
///
/// # Errors
/// [`VaultTrouble::WrongKey`] where these keys have nothing to do with the vault.
pub(super) fn finish(
    folder: &Folder,
    check: &str,
    old: &Keys,
    passphrase: &[u8],
    work: u8,
) -> Result<Keys, Error> {
    const WRONG: Error = Error::Vault(VaultTrouble::WrongKey);
    let next = folder.read(NEXT)?.ok_or(WRONG)?;
    let new = Keys::new(identity::open_with(&next, &old.age).map_err(|_| WRONG)?);
    if new.check() != check {
        return Err(WRONG);
    }
    complete(folder, old, &identity::seal(&new.age, passphrase, work)?)?;
    Ok(new)
}

fn complete(folder: &Folder, old: &Keys, identity: &[u8]) -> Result<(), Error> {
    remove_items(folder, old)?;
    folder.replace(IDENTITY, identity)?;
    folder.remove(NEXT)
}

fn add_items(folder: &Folder, old: &Keys, new: &Keys) -> Result<Changed, Error> {
    let mut changed = Changed { items: 0, damaged: 0 };
    for (of_context, name) in items(folder)? {
        let Some(file) = read(folder, &item::path(&of_context, &name))? else { continue };
        match item::open(old, &name, &file) {
            Ok(credential) => {
                let account = credential.account();
                let sealed = item::seal(new, &credential)?;
                let (of_context, name) = (new.context(&account.context), new.account(&account));
                folder.replace_item(&of_context, &item::file_name(&name), &sealed)?;
                changed.items += 1;
            }
            Err(_) => changed.damaged += 1,
        }
    }
    Ok(changed)
}

/// Removes the items that these keys open, and no others.
fn remove_items(folder: &Folder, keys: &Keys) -> Result<(), Error> {
    for (of_context, name) in items(folder)? {
        let Some(file) = read(folder, &item::path(&of_context, &name))? else { continue };
        if item::open(keys, &name, &file).is_ok() {
            folder.remove_item(&of_context, &item::file_name(&name))?;
        }
    }
    Ok(())
}

/// Returns the names of all items, each with the name of its folder.
///
/// # Errors
/// Where the folder cannot be read.
pub(super) fn items(folder: &Folder) -> Result<Vec<(String, String)>, Error> {
    let mut items = Vec::new();
    for of_context in folder.names(ITEMS)? {
        for name in folder.names(&format!("{ITEMS}/{of_context}"))? {
            if let Some(name) = item::name_in(&name) {
                items.push((of_context.clone(), name.to_owned()));
            }
        }
    }
    Ok(items)
}

/// Returns a file's content, which is empty where the file is none of ours.
fn read(folder: &Folder, path: &str) -> Result<Option<Vec<u8>>, Error> {
    match folder.read(path) {
        Err(Error::Damaged) => Ok(Some(Vec::new())),
        file => file,
    }
}

/// Takes the vault's lock, without which no change begins.
fn lock(folder: &Folder) -> Result<Lock, Error> {
    match lock::of_file(folder.open_lock()?, PATIENCE) {
        Ok(Some(lock)) => Ok(lock),
        Ok(None) => Err(Error::TimedOut),
        Err(_) => Err(VaultTrouble::NoLocks.into()),
    }
}
