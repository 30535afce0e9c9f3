//! Reads another of our own keychains. Tokens move from one keychain to the other as they are, with
//! all their details.

use super::found::{Entry, Removal, Source};
use crate::cli::KeychainArguments;
use crate::credential::Credential;
use crate::error::Error;
use crate::helper;
use crate::keychain::{self, Found, Keychain, Kind, Options};
use std::cell::RefCell;

/// Returns the items of this keychain, or nothing where there are none.
///
/// # Errors
/// Where the keychain fails.
pub(super) fn read(kind: Kind) -> Result<Option<Source>, Error> {
    let options = KeychainArguments { keychain: Some(kind) }.setups()?.at(None)?.options;
    let mut keychain = keychain::open(&Options { cache: None, ..options })?;
    let mut items = helper::with_retries(|| items(&mut *keychain))?;
    items.sort_by_key(|(_, credential)| credential.account());
    let mut found = Vec::with_capacity(items.len());
    let mut entries = Vec::with_capacity(items.len());
    for (number, (item, credential)) in items.into_iter().enumerate() {
        let label = format!("item {}", number + 1);
        let token = match credential.rejected_at {
            Some(_) => Err("the host rejected it"),
            None => Ok(credential),
        };
        entries.push(Entry::new(number, label, token));
        found.push(item);
    }
    Ok((!entries.is_empty()).then(|| Source {
        name: kind.in_a_sentence(),
        entries,
        removal: Some(Box::new(Items { kind, keychain: RefCell::new(keychain), found })),
        remark: None,
        sends_path: false,
    }))
}

/// Returns every sound item.
fn items(keychain: &mut dyn Keychain) -> Result<Vec<(Found, Credential)>, Error> {
    let mut found = found(keychain)?;
    if found.iter().any(|found| found.locked) {
        keychain.unlock(&found)?;
        found = self::found(keychain)?;
    }
    if found.iter().any(|found| found.locked) {
        return Err(Error::Locked);
    }
    Ok(helper::read_sound(keychain, &found)?.0)
}

fn found(keychain: &mut dyn Keychain) -> Result<Vec<Found>, Error> {
    Ok(keychain.list()?.into_iter().map(|(found, _)| found).collect())
}

struct Items {
    kind: Kind,
    keychain: RefCell<Box<dyn Keychain>>,
    found: Vec<Found>,
}

impl Removal for Items {
    fn keychain(&self) -> Option<Kind> {
        Some(self.kind)
    }

    fn check(&self, _: &[usize]) -> Result<(), Error> {
        Ok(())
    }

    fn remove(&self, numbers: &[usize]) -> Result<(), Error> {
        let mut keychain = self.keychain.borrow_mut();
        let _guard = keychain.exclusive(None);
        for found in numbers.iter().filter_map(|&number| self.found.get(number)) {
            keychain.delete(found)?;
        }
        Ok(())
    }
}
