//! A keychain in this process's memory, for tests and for programs that use the library.
//!
//! It keeps items as the other keychains do, encoded and under the same keys, and it can be told to
//! misbehave: [`MemoryKeychain::fail_on`].

use crate::context::Context;
use crate::credential::{Account, Credential, Username};
use crate::error::Error;
use crate::keychain::lock::Lock;
use crate::keychain::{Found, ItemId, Keychain, Kind, item};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// See the [module](self).
#[derive(Default)]
pub struct MemoryKeychain {
    items: BTreeMap<u64, Item>,
    next_id: u64,
    failures: Vec<(&'static str, Error)>,
    calls: Vec<&'static str>,
}

struct Item {
    account: Account,
    content: Zeroizing<Vec<u8>>,
    locked: bool,
}

impl MemoryKeychain {
    /// Makes the next call of this name fail before it does anything. Several orders for one name
    /// make so many calls fail.
    pub fn fail_on(&mut self, call: &'static str, error: Error) {
        self.failures.push((call, error));
    }

    /// Returns every item's raw content, in the order in which the items were added.
    #[must_use]
    pub fn contents(&self) -> Vec<Zeroizing<Vec<u8>>> {
        self.items.values().map(|item| item.content.clone()).collect()
    }

    /// Locks every item.
    pub fn lock(&mut self) {
        self.items.values_mut().for_each(|item| item.locked = true);
    }

    /// Plants raw content under a key, as another program could.
    pub fn plant(&mut self, account: Account, content: &[u8]) {
        let content = Zeroizing::new(content.to_vec());
        self.items.insert(self.next_id, Item { account, content, locked: false });
        self.next_id += 1;
    }

    /// Returns the names of the calls since this was last asked.
    pub fn take_calls(&mut self) -> Vec<&'static str> {
        std::mem::take(&mut self.calls)
    }

    fn called(&mut self, name: &'static str) -> Result<(), Error> {
        self.calls.push(name);
        let ordered = self.failures.iter().position(|(call, _)| *call == name);
        ordered.map_or(Ok(()), |index| Err(self.failures.remove(index).1))
    }

    fn item(&self, found: &Found) -> Option<&Item> {
        self.items.get(&key(found)?)
    }
}

fn key(found: &Found) -> Option<u64> {
    found.id.0.parse().ok()
}

fn found(id: u64, item: &Item) -> Found {
    Found { id: ItemId(id.to_string()), context: item.account.context.clone(), locked: item.locked }
}

impl Keychain for MemoryKeychain {
    fn kind(&self) -> Kind {
        Kind::Memory
    }

    fn find(
        &mut self,
        contexts: &[Context],
        username: Option<&Username>,
    ) -> Result<Vec<Found>, Error> {
        self.called("find")?;
        let matches = |account: &Account| {
            contexts.contains(&account.context) && username.is_none_or(|u| *u == account.username)
        };
        Ok(self
            .items
            .iter()
            .filter(|(_, item)| matches(&item.account))
            .map(|(&id, item)| found(id, item))
            .collect())
    }

    fn list(&mut self) -> Result<Vec<(Found, Account)>, Error> {
        self.called("list")?;
        Ok(self.items.iter().map(|(&id, item)| (found(id, item), item.account.clone())).collect())
    }

    fn usernames(&mut self, found: &[Found]) -> Result<Vec<Username>, Error> {
        self.called("usernames")?;
        let name = |found| self.item(found).map(|item| item.account.username.clone());
        found.iter().map(name).collect::<Option<_>>().ok_or(Error::Transient("an item is gone"))
    }

    fn unlock(&mut self, found: &[Found]) -> Result<(), Error> {
        self.called("unlock")?;
        for id in found.iter().filter_map(key) {
            if let Some(item) = self.items.get_mut(&id) {
                item.locked = false;
            }
        }
        Ok(())
    }

    fn read(&mut self, found: &[Found]) -> Result<Vec<(Found, Credential)>, Error> {
        self.called("read")?;
        let present = found.iter().filter_map(|f| Some((f, self.item(f)?)));
        present
            .map(|(found, item)| {
                if item.locked {
                    Err(Error::Locked)
                } else {
                    Ok((found.clone(), item::decode(&item.content.clone().into())?))
                }
            })
            .collect()
    }

    fn write(&mut self, at: Option<&Found>, credential: &Credential) -> Result<(), Error> {
        self.called("write")?;
        let id = at.and_then(key).unwrap_or(self.next_id);
        self.next_id = self.next_id.max(id + 1);
        let content = item::Content::of(credential).to_bytes();
        self.items.insert(id, Item { account: credential.account(), content, locked: false });
        Ok(())
    }

    fn exclusive(&mut self, _host: Option<&Context>) -> Option<Lock> {
        None
    }

    fn delete(&mut self, found: &Found) -> Result<(), Error> {
        self.called("delete")?;
        if let Some(id) = key(found) {
            self.items.remove(&id);
        }
        Ok(())
    }
}
