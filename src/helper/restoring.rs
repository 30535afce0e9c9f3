//! Bringing back: a person's wish for an account that was put away, or a token that was refused.

use super::choice::{Item, read_sound, unlocked, without_older_copies};
use super::two_tokens::restored;
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::keychain::Keychain;

/// The result of bringing back.
pub enum Restored {
    /// This account serves again.
    Account(Box<Credential>),
    /// No account fits the context and the username.
    Nobody,
    /// Nothing of the account was put away or refused.
    Nothing,
    /// Several accounts could be brought back, and none was picked.
    Several,
}

/// Brings back the account of this name, or without one the only one that can be, of exactly this
/// context, at `now` in seconds since 1970 UTC. It is a person's account from then on.
///
/// # Errors
/// Where the keychain fails, and [`Error::Expired`] where the token's time is over.
pub fn restore(
    keychain: &mut dyn Keychain,
    context: &Context,
    username: Option<&Username>,
    now: u64,
) -> Result<Restored, Error> {
    let accounts = accounts_at(keychain, context, username, now)?;
    if accounts.is_empty() {
        return Ok(Restored::Nobody);
    }
    let can_be = |(at, old): Item| Some((at, restored(&old, now)?));
    let mut restorable = accounts.into_iter().filter_map(can_be);
    let Some((at, new)) = restorable.next() else { return Ok(Restored::Nothing) };
    if restorable.next().is_some() {
        return Ok(Restored::Several);
    }
    if !new.is_live(now) {
        return Err(Error::Expired);
    }
    keychain.write(Some(&at), &new)?;
    Ok(Restored::Account(Box::new(new)))
}

/// Returns the accounts of this name at this context, with those that are put away: of each the
/// item that counts. An account that answers any username is also found by the username in it.
///
/// # Errors
/// Where the keychain fails, or has nothing there but damaged items.
pub(crate) fn accounts_at(
    keychain: &mut dyn Keychain,
    context: &Context,
    username: Option<&Username>,
    now: u64,
) -> Result<Vec<Item>, Error> {
    let found = keychain.find(std::slice::from_ref(context), None)?;
    let found = unlocked(keychain, found, context, None)?;
    let (read, damaged) = read_sound(keychain, &found)?;
    if read.is_empty() && !damaged.is_empty() {
        return Err(Error::Damaged);
    }
    let mut accounts = read;
    accounts.retain(|(_, credential)| {
        let is_meant = |name: &Username| {
            let own = credential.account().username;
            own == *name || (credential.any_username && credential.username.as_ref() == Some(name))
        };
        let is_here = credential.context == *context && !credential.is_gone(now);
        is_here && username.is_none_or(is_meant)
    });
    Ok(without_older_copies(accounts))
}
