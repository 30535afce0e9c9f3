//! store: git brings a credential that has just worked, or that stands in a URL. This module says
//! which account gets it; [`two_tokens`](super::two_tokens) says what becomes of that account's
//! tokens.

use super::choice::{Choice, choose, counts, latest, read_sound, unlocked};
use super::two_tokens::brought;
use crate::context::Context;
use crate::credential::{Account, Credential, Maker, Token, Username};
use crate::error::Error;
use crate::keychain::{Found, Keychain};
use crate::protocol::Request;
use crate::secret::Secret;

/// The most accounts of a context with which git's new usernames are still kept. Every URL can name
/// one, each is an item of its own, and a get without a username reads them all.
const MOST_ACCOUNTS: usize = 16;

/// Returns the token that a store brings, with its scheme if it is not Basic. An incomplete
/// credential brings none, and neither does an empty token. But a username and a password that are
/// both empty are git's sign that nobody needs to be asked for them.
pub(super) fn offered(request: &Request) -> Option<(Option<&[u8]>, &Secret)> {
    let is_empty = |secret: &Secret| secret.expose().is_empty();
    if let (Some(authtype), Some(credential)) = (&request.authtype, &request.credential) {
        return Some((Some(&**authtype), credential)).filter(|_| !is_empty(credential));
    }
    let (username, password) = (request.username.as_ref()?, request.password.as_ref()?);
    (!is_empty(password) || username.is_empty()).then_some((None, password))
}

/// A credential that git brings.
pub(super) struct Brought<'a> {
    pub(super) request: &'a Request,
    pub(super) host: &'a Context,
    pub(super) authtype: Option<&'a [u8]>,
    pub(super) token: &'a Secret,
    pub(super) now: u64,
}

impl Brought<'_> {
    /// Keeps the credential, where that is right. Returns the account that was written, if one was.
    pub(super) fn store(&self, keychain: &mut dyn Keychain) -> Result<Option<Account>, Error> {
        let contexts = self.host.answering(self.request.path.as_deref());
        let own = self.host.scoped(self.request.path.as_deref().unwrap_or_default());
        // The account that would answer this very request.
        if let Choice::Account(account) =
            choose(keychain, &contexts, self.request.username.as_ref(), self.now)?
        {
            let (at, old) = *account;
            let is_same = self.new_token().is(old.authtype.as_deref(), &old.token);
            let is_own = old.any_username || old.account().username == self.username();
            let is_here = own.as_ref() == Some(&old.context);
            let is_its = is_here || old.any_username || !old.is_live(self.now);
            if is_same || (is_own && is_its && !self.is_sign()) {
                return self.bring_to(keychain, &at, &old);
            }
        }
        // Where a path can be no scope, the token must not widen to the whole host.
        let Some(context) = own else { return Ok(None) };
        self.store_at(keychain, &context)
    }

    /// Keeps the credential in the account of its name at exactly this context, which may be put
    /// away or hidden, or as a new account.
    fn store_at(
        &self,
        keychain: &mut dyn Keychain,
        context: &Context,
    ) -> Result<Option<Account>, Error> {
        let username = self.username();
        let found = keychain.find(std::slice::from_ref(context), Some(&username))?;
        let found = unlocked(keychain, found, context, Some(&username))?;
        let mut at = None;
        if !found.is_empty() {
            let (mut accounts, damaged) = read_sound(keychain, &found)?;
            // An item that is gone or damaged only says where to write.
            at = damaged.first().or(accounts.first().map(|(found, _)| found)).cloned();
            accounts.retain(|(_, credential)| !credential.is_gone(self.now));
            if let Some((found, old)) = latest(accounts) {
                let is_kept = !self.is_sign() || old.token == *self.token;
                return if is_kept { self.bring_to(keychain, &found, &old) } else { Ok(None) };
            }
        }
        if at.is_none() && !self.has_room(keychain, context)? {
            return Ok(None);
        }
        let new = Credential {
            made_by: Maker::Git,
            ..Credential::new(
                context.clone(),
                self.request.username.clone(),
                self.token.clone(),
                self.now,
            )
        };
        let new = new.with_answering(self.new_token());
        keychain.write(at.as_ref(), &new)?;
        Ok(Some(new.into_account()))
    }

    fn bring_to(
        &self,
        keychain: &mut dyn Keychain,
        at: &Found,
        old: &Credential,
    ) -> Result<Option<Account>, Error> {
        let username = self.request.username.as_ref();
        let new_token = self.new_token();
        let Some(new) = brought(old, username, &new_token, self.now) else {
            // What is known already, or was replaced, is nothing to speak of.
            let is_old = |token: &Token| new_token.is(token.authtype.as_deref(), &token.secret);
            let is_known = is_old(&old.answering()) || old.previous.as_deref().is_some_and(is_old);
            let is_lost = old.rotating_at.is_some() && !is_known;
            return if is_lost { Err(Error::Rotating) } else { Ok(None) };
        };
        keychain.write(Some(at), &new)?;
        Ok(Some(new.into_account()))
    }

    /// Returns whether a new account may be made at this context. Accounts that are gone make room.
    fn has_room(&self, keychain: &mut dyn Keychain, context: &Context) -> Result<bool, Error> {
        let found = keychain.find(std::slice::from_ref(context), None)?;
        if self.is_sign() {
            return Ok(found.is_empty());
        }
        if found.len() < MOST_ACCOUNTS {
            return Ok(true);
        }
        let found = unlocked(keychain, found, context, None)?;
        let (accounts, damaged) = read_sound(keychain, &found)?;
        for (item, _) in accounts.iter().filter(|(_, credential)| credential.is_gone(self.now)) {
            keychain.delete(item)?;
        }
        let there = accounts.iter().filter(|(_, credential)| counts(credential, self.now)).count();
        Ok(there + damaged.len() < MOST_ACCOUNTS)
    }

    /// Returns whether the credential is git's sign that nobody needs to be asked for one.
    fn is_sign(&self) -> bool {
        self.token.expose().is_empty()
    }

    fn username(&self) -> Username {
        self.request.username.clone().unwrap_or_default()
    }

    /// Returns the credential as a token that git has made.
    fn new_token(&self) -> Token {
        Token {
            secret: self.token.clone(),
            authtype: self.authtype.map(<[u8]>::to_vec),
            expiry: self.request.expiry,
            refresh_token: self.request.refresh_token.clone(),
            stored_at: self.now,
            rejected_at: None,
            known: None,
            made_by: Maker::Git,
        }
    }
}
