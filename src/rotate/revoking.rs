//! Ends an old token that lives on at its forge when the new one is known to be good.
//!
//! Where the forge has a way, it is used, but what is final and mailed to the owner only where that
//! is wanted. Where it has none, a person does it on the forge's page.

use super::online::subject;
use super::{Old, Outside};
use crate::api::renewal::Outcome;
use crate::api::state::Standing;
use crate::check::Options;
use crate::check::api_layer::ApiLayer;
use crate::context::Context;
use crate::credential::Credential;
use crate::error::Error;
use crate::forge::Id;
use crate::keychain::Keychain;
use crate::keychain::lock::Lock;
use crate::revoke;
use std::cell::Cell;
use std::time::Duration;

/// The forge, which revokes what was replaced.
pub(crate) struct Revoking<'a> {
    pub(crate) outside: &'a dyn Outside,
    pub(crate) options: &'a Options,
    /// Says whether this forge is to revoke the old token.
    pub(crate) is_wanted: &'a dyn Fn(Id) -> Result<bool, Error>,
    lives_on: Cell<bool>,
}

impl<'a> Revoking<'a> {
    pub(crate) fn new(
        outside: &'a dyn Outside,
        options: &'a Options,
        is_wanted: &'a dyn Fn(Id) -> Result<bool, Error>,
    ) -> Self {
        Self { outside, options, is_wanted, lives_on: Cell::new(false) }
    }

    /// Returns whether the old token was left alive, because the forge has no way to end it or
    /// nobody wanted that.
    pub(crate) fn has_left_old_alive(&self) -> bool {
        self.lives_on.get()
    }
}

impl Outside for Revoking<'_> {
    fn ask(&self, credential: &Credential) -> ApiLayer {
        self.outside.ask(credential)
    }

    fn renew(&self, credential: &Credential) -> Outcome {
        self.outside.renew(credential)
    }

    fn old(&self) -> Old {
        self.outside.old()
    }

    fn revoke(&self, old: &Credential) -> Option<Standing> {
        let subject = subject(old);
        let forge = revoke::forge_that_can(&subject, self.options);
        // Who gives up at the question does not want it.
        if !forge.is_some_and(|forge| (self.is_wanted)(forge).unwrap_or(false)) {
            self.lives_on.set(true);
            return None;
        }
        match revoke::revoke(&subject, self.options, &mut || {}) {
            revoke::Outcome::Confirmed | revoke::Outcome::AlreadyDead(_) => None,
            revoke::Outcome::NoWay => {
                self.lives_on.set(true);
                None
            }
            revoke::Outcome::NotInForce(standing)
            | revoke::Outcome::Unasked(standing)
            | revoke::Outcome::NotReached(standing)
            | revoke::Outcome::Denied(standing) => Some(standing),
        }
    }

    fn lock(&self, keychain: &mut dyn Keychain, host: &Context) -> Option<Lock> {
        self.outside.lock(keychain, host)
    }

    fn refuge(&self) -> Option<Box<dyn Keychain>> {
        self.outside.refuge()
    }

    fn now(&self) -> u64 {
        self.outside.now()
    }

    fn wait(&self, time: Duration) {
        self.outside.wait(time);
    }
}
