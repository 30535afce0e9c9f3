//! Which account answers.
//!
//! In this order: the username that the request names, byte for byte; then the most
//! specific scope; then, if no username is named, the account without one, else the only
//! one there is. Where several are left, none is picked. An account marked to answer any
//! username comes after one that has exactly the name.
//!
//! Expired and rejected accounts take part: if one of them is chosen, there is no answer,
//! never somebody else's.

use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::keychain::{Found, Keychain};

/// What the choice came to.
pub(crate) enum Choice {
    /// No account is there for the request.
    None,
    /// Several are, and nothing tells which is meant.
    Ambiguous,
    /// The one that is meant.
    Account(Box<(Found, Credential)>),
}

/// Chooses the account for a request with this username; `contexts` are those it may be
/// answered from, the most specific first ([`Context::answering`]).
///
/// # Errors
/// Where the keychain fails or stays locked, or an item's content belongs to another key.
pub(crate) fn choose(
    keychain: &mut dyn Keychain,
    contexts: &[Context],
    username: Option<&Username>,
) -> Result<Choice, Error> {
    let accounts = if username.is_some() {
        named(keychain, contexts, username)?
    } else {
        let found = at_most_specific(contexts, keychain.find(contexts, None)?);
        match found.as_slice() {
            [] => return Ok(Choice::None),
            [_] => read_unlocked(keychain, found, contexts, None)?,
            [first, ..] => match unnamed(keychain, &first.context.clone(), found)? {
                Some(accounts) => accounts,
                None => return Ok(Choice::Ambiguous),
            },
        }
    };
    // Some keychains hold two items for one account after a race: the later one counts.
    let latest = accounts.into_iter().max_by_key(|(_, credential)| credential.stored_at);
    Ok(latest.map_or(Choice::None, |account| Choice::Account(Box::new(account))))
}

/// Of the accounts with this username (or of all, if none is named), those at the most
/// specific scope that has any; if there is none of that name, the same of the accounts
/// that answer any username.
pub(super) fn named(
    keychain: &mut dyn Keychain,
    contexts: &[Context],
    username: Option<&Username>,
) -> Result<Vec<(Found, Credential)>, Error> {
    let found = at_most_specific(contexts, keychain.find(contexts, username)?);
    let accounts = read_unlocked(keychain, found, contexts, username)?;
    if !accounts.is_empty() || username.is_none_or(Username::is_empty) {
        return Ok(accounts);
    }
    let nobody = Username::default();
    let found = keychain.find(contexts, Some(&nobody))?;
    let mut accounts = read_unlocked(keychain, found, contexts, Some(&nobody))?;
    accounts.retain(|(_, credential)| credential.any_username);
    let most_specific =
        contexts.iter().find(|context| accounts.iter().any(|(f, _)| f.context == **context));
    accounts.retain(|(found, _)| Some(&found.context) == most_specific);
    Ok(accounts)
}

/// Reads what was found, once unlocked, and compares what is inside with what was asked: a
/// token that was stored for another context, or for another username than the one that the
/// request names, is not used.
pub(super) fn read_unlocked(
    keychain: &mut dyn Keychain,
    found: Vec<Found>,
    contexts: &[Context],
    username: Option<&Username>,
) -> Result<Vec<(Found, Credential)>, Error> {
    let found = unlocked(keychain, found, contexts, username)?;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let is_meant = |(found, credential): &(Found, Credential)| {
        let account = credential.account();
        account.context == found.context && username.is_none_or(|u| *u == account.username)
    };
    let (accounts, damaged) = read_sound(keychain, &found)?;
    let (meant, others): (Vec<_>, Vec<_>) = accounts.into_iter().partition(is_meant);
    let nothing_sound = meant.is_empty() && (damaged || !others.is_empty());
    if nothing_sound { Err(Error::Damaged) } else { Ok(meant) }
}

/// Reads items and leaves out the damaged ones, so that one of them does not hide the
/// others; whether there was any.
///
/// # Errors
/// Where the keychain fails.
pub(crate) fn read_sound(
    keychain: &mut dyn Keychain,
    found: &[Found],
) -> Result<(Vec<(Found, Credential)>, bool), Error> {
    match keychain.read(found) {
        Ok(accounts) => return Ok((accounts, false)),
        Err(Error::Damaged) => {}
        Err(error) => return Err(error),
    }
    let mut accounts = Vec::new();
    for item in found {
        match keychain.read(std::slice::from_ref(item)) {
            Ok(read) => accounts.extend(read),
            Err(Error::Damaged) => {}
            Err(error) => return Err(error),
        }
    }
    Ok((accounts, true))
}

/// What was found, unlocked. After an unlocking, what was found before counts no more, and
/// the search is made again.
pub(super) fn unlocked(
    keychain: &mut dyn Keychain,
    found: Vec<Found>,
    contexts: &[Context],
    username: Option<&Username>,
) -> Result<Vec<Found>, Error> {
    if !found.iter().any(|item| item.locked) {
        return Ok(found);
    }
    keychain.unlock(&found)?;
    let again = keychain.find(contexts, username)?;
    let again: Vec<Found> =
        again.into_iter().filter(|item| found.iter().any(|f| f.context == item.context)).collect();
    if again.iter().any(|item| item.locked) { Err(Error::Locked) } else { Ok(again) }
}

/// Of several accounts at one context, the one without a username, or the one of which
/// these are copies; nothing where they are different people's.
fn unnamed(
    keychain: &mut dyn Keychain,
    context: &Context,
    found: Vec<Found>,
) -> Result<Option<Vec<(Found, Credential)>>, Error> {
    let contexts = std::slice::from_ref(context);
    let nobody = Username::default();
    let without = keychain.find(contexts, Some(&nobody))?;
    if !without.is_empty() {
        return read_unlocked(keychain, without, contexts, Some(&nobody)).map(Some);
    }
    let names = keychain.usernames(&found)?;
    match names.first() {
        Some(name) if names.iter().all(|n| n == name) => {
            read_unlocked(keychain, found, contexts, Some(name)).map(Some)
        }
        _ => Ok(None),
    }
}

fn at_most_specific(contexts: &[Context], mut found: Vec<Found>) -> Vec<Found> {
    let most_specific =
        contexts.iter().find(|context| found.iter().any(|f| f.context == **context)).cloned();
    found.retain(|item| Some(&item.context) == most_specific.as_ref());
    found
}
