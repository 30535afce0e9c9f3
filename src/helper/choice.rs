//! The choice of the account that answers a request.
//!
//! These rules apply in this order. The account has the username that the request names, byte for
//! byte. It has the most specific scope. If no username is named, accounts that a person made come
//! before those that git brought; among these the account without a username comes first, else the
//! only one there is. Where several are left, none is picked. An account marked to answer any
//! username comes after one that has exactly the name.
//!
//! Expired and rejected accounts take part: if one of them is chosen, there is no answer, never
//! another account's. But an account that was put away, or is gone after its 30 days, hides no
//! other. Nor does a dead account of git's hide a person's live one of the same username at a wider
//! scope.

use crate::context::Context;
use crate::credential::{Account, Credential, Maker, State, Username};
use crate::error::Error;
use crate::keychain::{Found, ItemId, Keychain};
use std::collections::{BTreeMap, HashMap};

/// An item of a keychain with the credential in it.
pub type Item = (Found, Credential);

/// The result of the choice.
pub(crate) enum Choice {
    /// No account fits the request.
    None,
    /// Accounts of these names fit, at this context, and nothing tells which is meant.
    Ambiguous(Context, Vec<Username>),
    /// This account is meant.
    Account(Box<Item>),
}

/// Chooses the account for a request with this username at `now`, in seconds since 1970 UTC.
/// `contexts` are those from which it may be answered, the most specific first
/// ([`Context::answering`]).
///
/// # Errors
/// Where the keychain fails or stays locked, or an item's content belongs to another key.
pub(crate) fn choose(
    keychain: &mut dyn Keychain,
    contexts: &[Context],
    username: Option<&Username>,
    now: u64,
) -> Result<Choice, Error> {
    let accounts = match username {
        Some(username) => named(keychain, contexts, username, now)?,
        None => match unnamed(keychain, contexts, now)? {
            Unnamed::Accounts(accounts) => accounts,
            Unnamed::Several(at, names) => return Ok(Choice::Ambiguous(at, names)),
        },
    };
    Ok(latest(accounts).map_or(Choice::None, |account| Choice::Account(Box::new(account))))
}

/// Returns the item that counts. Some keychains hold two for one account after a race: the later
/// one counts.
pub(super) fn latest(accounts: Vec<Item>) -> Option<Item> {
    accounts.into_iter().max_by_key(|(_, credential)| credential.stored_at)
}

/// Returns the item that counts of each account.
pub(super) fn without_older_copies(accounts: Vec<Item>) -> Vec<Item> {
    let mut copies: BTreeMap<Account, Vec<Item>> = BTreeMap::new();
    for item in accounts {
        copies.entry(item.1.account()).or_default().push(item);
    }
    copies.into_values().filter_map(latest).collect()
}

/// Returns the account of this name at the most specific scope that has one. If there is none,
/// returns the account that answers any username at the most specific scope that has one of those.
/// One account may have several items.
pub(super) fn named(
    keychain: &mut dyn Keychain,
    contexts: &[Context],
    username: &Username,
    now: u64,
) -> Result<Vec<Item>, Error> {
    let of_name = |_: &Credential| true;
    let accounts = nearest(keychain, contexts, Some(username), now, of_name)?.accounts;
    if !accounts.is_empty() {
        return unless_hiding(keychain, contexts, accounts, now);
    }
    if username.is_empty() {
        return Ok(accounts);
    }
    let nobody = Username::default();
    let of_any_name = |credential: &Credential| credential.any_username;
    Ok(nearest(keychain, contexts, Some(&nobody), now, of_any_name)?.accounts)
}

/// Returns all accounts at the most specific scope that has any.
pub(super) fn everybodys(
    keychain: &mut dyn Keychain,
    contexts: &[Context],
    now: u64,
) -> Result<Vec<Item>, Error> {
    Ok(nearest(keychain, contexts, None, now, |_| true)?.accounts)
}

/// Returns the usernames of the accounts at exactly this context that a person made, or that cannot
/// be read. A request without a username cannot choose between several of them.
///
/// # Errors
/// Where the keychain fails.
pub(crate) fn names_of_persons(
    keychain: &mut dyn Keychain,
    context: &Context,
    now: u64,
) -> Result<Vec<Username>, Error> {
    let found = keychain.find(std::slice::from_ref(context), None)?;
    let (closed, open): (Vec<_>, Vec<_>) = found.into_iter().partition(|item| item.locked);
    let (accounts, mut unread) = read_sound(keychain, &open)?;
    unread.extend(closed);
    let is_a_persons = |credential: &Credential| {
        credential.made_by == Maker::Person && counts(credential, now) && !is_sign(credential)
    };
    let accounts = accounts.into_iter().filter(|(_, credential)| is_a_persons(credential));
    let mut names: Vec<Username> = accounts.map(|(_, c)| c.account().username).collect();
    names.extend(keychain.usernames(&unread)?);
    Ok(names)
}

/// Returns the usernames of the other live accounts that could answer from these contexts, if a
/// request named them. Locked accounts are left out. Where the keychain fails, the list is empty: the message
/// about the chosen account does not depend on it.
pub(super) fn names_of_others(
    keychain: &mut dyn Keychain,
    contexts: &[Context],
    chosen: &Credential,
    now: u64,
) -> Vec<Username> {
    let Ok(mut found) = keychain.find(contexts, None) else { return Vec::new() };
    found.retain(|item| !item.locked);
    let Ok((accounts, _)) = read_sound(keychain, &found) else { return Vec::new() };
    let chosen = chosen.account().username;
    let is_other = |credential: &Credential| {
        counts(credential, now) && credential.is_live(now) && !is_sign(credential)
    };
    let accounts = accounts.into_iter().filter(|(_, credential)| is_other(credential));
    let mut names: Vec<Username> = accounts.map(|(_, c)| c.account().username).collect();
    names.retain(|name| *name != chosen && !name.is_empty());
    names.sort();
    names.dedup();
    names
}

/// The accounts for a request that names no username.
enum Unnamed {
    /// One account, in one or more items, or none.
    Accounts(Vec<Item>),
    /// Accounts of several names, at this context.
    Several(Context, Vec<Username>),
}

fn unnamed(keychain: &mut dyn Keychain, contexts: &[Context], now: u64) -> Result<Unnamed, Error> {
    let is_wanted = |credential: &Credential| !is_sign(credential);
    let Scope { mut accounts, damaged, others } =
        nearest(keychain, contexts, None, now, is_wanted)?;
    if accounts.is_empty() {
        // git's sign for single sign-on answers where no account does.
        return Ok(Unnamed::Accounts(others));
    }
    if accounts.len() + damaged.len() > 1 {
        accounts = without_older_copies(accounts);
        if accounts.iter().any(|(_, credential)| credential.made_by == Maker::Person) {
            accounts.retain(|(_, credential)| credential.made_by == Maker::Person);
        }
        let name = |(_, credential): &Item| credential.account().username;
        let mut names: Vec<Username> = accounts.iter().map(name).collect();
        if names.iter().any(Username::is_empty) {
            accounts.retain(|account| name(account).is_empty());
        } else {
            if !damaged.is_empty() {
                // The accounts of damaged items are known only by their usernames.
                names.extend(keychain.usernames(&damaged)?);
            }
            names.sort();
            names.dedup();
            if names.len() > 1 {
                let at = accounts.swap_remove(0).1.context;
                return Ok(Unnamed::Several(at, names));
            }
        }
    }
    unless_hiding(keychain, contexts, accounts, now).map(Unnamed::Accounts)
}

/// The accounts of one scope.
#[derive(Default)]
struct Scope {
    accounts: Vec<Item>,
    /// The items of this scope that cannot be understood.
    damaged: Vec<Found>,
    /// Where no scope has a wanted account: the unwanted ones of the most specific scope.
    others: Vec<Item>,
}

/// Returns the accounts of this name, or of all, at the most specific scope that has a wanted one.
/// Accounts that were put away or are gone do not count.
fn nearest(
    keychain: &mut dyn Keychain,
    contexts: &[Context],
    username: Option<&Username>,
    now: u64,
    is_wanted: impl Fn(&Credential) -> bool,
) -> Result<Scope, Error> {
    let mut found = keychain.find(contexts, username)?;
    let mut others = Vec::new();
    for context in contexts {
        if found.is_empty() {
            break;
        }
        let here: Vec<Found> = found.extract_if(.., |item| item.context == *context).collect();
        let (mut accounts, damaged) = read_unlocked(keychain, here, context, username)?;
        accounts.retain(|(_, credential)| counts(credential, now));
        if accounts.is_empty() && !damaged.is_empty() {
            return Err(Error::Damaged);
        }
        let unwanted: Vec<Item> =
            accounts.extract_if(.., |(_, credential)| !is_wanted(credential)).collect();
        if !accounts.is_empty() {
            return Ok(Scope { accounts, damaged, others: Vec::new() });
        }
        if others.is_empty() {
            others = unwanted;
        }
    }
    Ok(Scope { others, ..Scope::default() })
}

/// Returns whether an account can be chosen: it is not put away, not gone, and has a token. An
/// empty token is none, except in git's sign for single sign-on.
pub(crate) fn counts(credential: &Credential, now: u64) -> bool {
    let has_token = || {
        let is_empty = credential.token.expose().is_empty();
        !is_empty || credential.linked_to.is_some() || is_sign(credential)
    };
    credential.state(now) != State::PutAway && !credential.is_gone(now) && has_token()
}

/// Returns whether it is what git stores after single sign-on: the sign that nobody needs to be
/// asked for a username and a password.
pub(super) fn is_sign(credential: &Credential) -> bool {
    credential.token.expose().is_empty()
        && credential.account().username.is_empty()
        && !credential.any_username
        && credential.authtype.is_none()
        && credential.linked_to.is_none()
}

/// Returns the account that was chosen. But where that is a dead one of git's, returns a person's
/// live one of the same username, if the next scope outwards has one.
fn unless_hiding(
    keychain: &mut dyn Keychain,
    contexts: &[Context],
    chosen: Vec<Item>,
    now: u64,
) -> Result<Vec<Item>, Error> {
    let is_a_persons = |item: &Item| item.1.made_by == Maker::Person;
    let is_gits_and_dead = |item: &Item| !is_a_persons(item) && !item.1.is_live(now);
    let counting = chosen.iter().max_by_key(|(_, credential)| credential.stored_at);
    let Some((found, credential)) = counting.filter(|item| is_gits_and_dead(item)) else {
        return Ok(chosen);
    };
    let wider = contexts.iter().skip_while(|context| **context != found.context).skip(1);
    let wider: Vec<Context> = wider.cloned().collect();
    if wider.is_empty() {
        return Ok(chosen);
    }
    let username = credential.account().username;
    let is_wanted =
        |credential: &Credential| credential.made_by == Maker::Person || credential.is_live(now);
    let hidden = match nearest(keychain, &wider, Some(&username), now, is_wanted) {
        Err(Error::Damaged) => Vec::new(),
        scope => scope?.accounts,
    };
    let is_hidden = hidden.iter().any(|item| is_a_persons(item) && item.1.is_live(now));
    Ok(if is_hidden { hidden } else { chosen })
}

/// Unlocks and reads the items that were found at this context, and compares their content with
/// what was asked: a token that was stored for another context, or for a username other than the
/// one that the request names, is not used. Returns the sound items and the damaged ones.
fn read_unlocked(
    keychain: &mut dyn Keychain,
    found: Vec<Found>,
    context: &Context,
    username: Option<&Username>,
) -> Result<(Vec<Item>, Vec<Found>), Error> {
    let found = unlocked(keychain, found, context, username)?;
    if found.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let is_another = |(_, credential): &mut Item| {
        credential.context != *context || username.is_some_and(|name| !credential.is_of(name))
    };
    let (mut accounts, mut damaged) = read_sound(keychain, &found)?;
    damaged.extend(accounts.extract_if(.., is_another).map(|(found, _)| found));
    let is_sound = damaged.is_empty() || !accounts.is_empty();
    if is_sound { Ok((accounts, damaged)) } else { Err(Error::Damaged) }
}

/// Reads items. Where one of them is damaged, reads each by itself, so that it does not hide the
/// others. Returns the items that were read, and the damaged ones.
///
/// # Errors
/// Where the keychain fails.
pub(crate) fn read_sound(
    keychain: &mut dyn Keychain,
    found: &[Found],
) -> Result<(Vec<Item>, Vec<Found>), Error> {
    match keychain.read(found) {
        Ok(accounts) => return Ok((accounts, Vec::new())),
        Err(Error::Damaged) => {}
        Err(error) => return Err(error),
    }
    let (mut accounts, mut damaged) = (Vec::new(), Vec::new());
    for item in found {
        match keychain.read(std::slice::from_ref(item)) {
            Ok(read) => accounts.extend(read),
            Err(Error::Damaged) => damaged.push(item.clone()),
            Err(error) => return Err(error),
        }
    }
    Ok((accounts, damaged))
}

/// Returns each listed item with its account and its content. Locked and damaged items have none.
///
/// # Errors
/// Where the keychain fails.
pub(crate) fn with_contents(
    keychain: &mut dyn Keychain,
    listed: Vec<(Found, Account)>,
) -> Result<Vec<(Found, Account, Option<Credential>)>, Error> {
    let open: Vec<Found> =
        listed.iter().map(|(found, _)| found).filter(|found| !found.locked).cloned().collect();
    let (read, _) = read_sound(keychain, &open)?;
    let mut contents: HashMap<ItemId, Credential> =
        read.into_iter().map(|(found, credential)| (found.id, credential)).collect();
    let items = listed.into_iter().map(|(found, account)| {
        let content = contents.remove(&found.id).filter(|content| content.account() == account);
        (found, account, content)
    });
    Ok(items.collect())
}

/// Returns each item of a keychain with its account and its content, see [`with_contents`].
///
/// # Errors
/// Where the keychain fails.
pub(crate) fn all_with_contents(
    keychain: &mut dyn Keychain,
) -> Result<Vec<(Found, Account, Option<Credential>)>, Error> {
    let listed = keychain.list()?;
    with_contents(keychain, listed)
}

/// Returns the items at this context, unlocked. After an unlocking the search is made again,
/// because the earlier result counts no more.
pub(super) fn unlocked(
    keychain: &mut dyn Keychain,
    found: Vec<Found>,
    context: &Context,
    username: Option<&Username>,
) -> Result<Vec<Found>, Error> {
    if !found.iter().any(|item| item.locked) {
        return Ok(found);
    }
    keychain.unlock(&found)?;
    let again = keychain.find(std::slice::from_ref(context), username)?;
    if again.iter().any(|item| item.locked) { Err(Error::Locked) } else { Ok(again) }
}
