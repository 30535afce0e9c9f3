//! The desktop's keychain with a cache, for `--cache SECONDS`.
//!
//! A get that found exactly one account and read it keeps a copy of it in the kernel's keyring
//! ([`kernel::cache`](super::kernel)). The kernel removes the copy after that time, or at the
//! token's own end if that comes first. The next get with the very same query takes the copy and
//! asks nothing of the desktop. A get never writes anything else.
//!
//! A write or a deletion first removes every copy of that host, and once more when it is done,
//! because a get may have read the old content meanwhile. An erase removes them even where it finds
//! nothing to change: the token that the host has refused may be the copy. A store that changes
//! nothing leaves them: else a git that does not send `state[]` back would end them after each
//! fetch.
//!
//! The manual says what is traded for it: while there is a copy, nobody notices that the keychain
//! was locked, or that another program changed it.

use super::kernel::cache::{self, Query};
use crate::context::Context;
use crate::credential::{Account, Credential, Username};
use crate::error::Error;
use crate::keychain::lock::Lock;
use crate::keychain::{Cache, Found, ItemId, Keychain, Kind};
use crate::time::now;
use std::time::Duration;

/// See the [module](self).
pub(super) struct Cached {
    keychain: Box<dyn Keychain>,
    cache: Cache,
    /// The name that tells this keychain's copies from another's.
    origin: Vec<u8>,
    /// The last search, if its only hit may be kept once it is read.
    asked: Option<Query>,
    /// The copy that the last search has found.
    copy: Option<(Found, Credential)>,
}

impl Cached {
    pub(super) fn new(keychain: Box<dyn Keychain>, cache: Cache, origin: Vec<u8>) -> Self {
        Self { keychain, cache, origin, asked: None, copy: None }
    }

    fn recall(&mut self, query: &Query) -> Option<Found> {
        let credential = cache::recall(query).filter(|credential| credential.is_live(now()))?;
        let context = credential.context.clone();
        let found = Found { id: ItemId("copy".to_owned()), context, locked: false };
        self.copy = Some((found.clone(), credential));
        Some(found)
    }

    fn keep(&mut self, lifetime: Duration, read: &[(Found, Credential)]) {
        let (Some(query), [(_, credential)]) = (self.asked.take(), read) else { return };
        let now = now();
        // The kernel's keyring needs no copy of its own content.
        let is_elsewhere = self.keychain.kind() != Kind::Kernel;
        if is_elsewhere && credential.is_live(now) && query.is_answered_by(credential) {
            let left = credential.expiry.map(|expiry| Duration::from_secs(expiry - now));
            cache::keep(&query, credential, left.map_or(lifetime, |left| left.min(lifetime)));
        }
    }
}

impl Keychain for Cached {
    fn kind(&self) -> Kind {
        self.keychain.kind()
    }

    fn find(
        &mut self,
        contexts: &[Context],
        username: Option<&Username>,
    ) -> Result<Vec<Found>, Error> {
        (self.asked, self.copy) = (None, None);
        match self.cache {
            Cache::Answers(_) => {
                let query = Query {
                    origin: self.origin.clone(),
                    contexts: contexts.to_vec(),
                    username: username.cloned(),
                };
                if let Some(found) = self.recall(&query) {
                    return Ok(vec![found]);
                }
                let found = self.keychain.find(contexts, username)?;
                self.asked = Some(query).filter(|_| found.len() == 1);
                Ok(found)
            }
            Cache::EndsAtOnce => {
                contexts.iter().take(1).for_each(cache::forget);
                self.keychain.find(contexts, username)
            }
            Cache::EndsAtWrite => self.keychain.find(contexts, username),
        }
    }

    fn list(&mut self) -> Result<Vec<(Found, Account)>, Error> {
        self.keychain.list()
    }

    fn asks_before_it_searches(&mut self) -> Result<bool, Error> {
        self.keychain.asks_before_it_searches()
    }

    fn make_ready(&mut self) -> Result<(), Error> {
        self.keychain.make_ready()
    }

    fn usernames(&mut self, found: &[Found]) -> Result<Vec<Username>, Error> {
        match &self.copy {
            Some((copy, credential)) if found == [copy.clone()] => {
                Ok(vec![credential.account().username])
            }
            _ => self.keychain.usernames(found),
        }
    }

    fn unlock(&mut self, found: &[Found]) -> Result<(), Error> {
        self.keychain.unlock(found)
    }

    fn read(&mut self, found: &[Found]) -> Result<Vec<(Found, Credential)>, Error> {
        match &self.copy {
            Some(copy) if found == [copy.0.clone()] => Ok(vec![copy.clone()]),
            _ => {
                let read = self.keychain.read(found)?;
                if let Cache::Answers(lifetime) = self.cache {
                    self.keep(lifetime, &read);
                }
                Ok(read)
            }
        }
    }

    fn write(&mut self, at: Option<&Found>, credential: &Credential) -> Result<(), Error> {
        cache::forget(&credential.context);
        let result = self.keychain.write(at, credential);
        cache::forget(&credential.context);
        result
    }

    fn exclusive(&mut self, host: Option<&Context>) -> Option<Lock> {
        self.keychain.exclusive(host)
    }

    fn delete(&mut self, found: &Found) -> Result<(), Error> {
        cache::forget(&found.context);
        let result = self.keychain.delete(found);
        cache::forget(&found.context);
        result
    }
}
