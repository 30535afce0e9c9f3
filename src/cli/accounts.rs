//! Finds the account that people mean: one at exactly the named context, and never one at a wider
//! or narrower scope.

use crate::context::Context;
use crate::credential::{Account, Credential, Username};
use crate::error::Error;
use crate::helper;
use crate::keychain::Keychain;
use crate::time::now;

/// Returns the key under which an account is filed.
pub(super) fn key(context: &Context, username: &Username, any_username: bool) -> Account {
    let username = if any_username { Username::default() } else { username.clone() };
    Account { context: context.clone(), username }
}

/// Returns the credential that is kept under this key. A damaged item counts as none: it holds
/// nothing that could be lost.
pub(super) fn existing(
    keychain: &mut dyn Keychain,
    account: &Account,
) -> Result<Option<Credential>, Error> {
    let credential = chosen(keychain, &account.context, Some(&account.username))?;
    Ok(credential.filter(|credential| credential.account() == *account))
}

/// Returns the username of the only account at exactly this context, if it has one, and whether
/// the account answers for any.
pub(super) fn only_account(
    keychain: &mut dyn Keychain,
    context: &Context,
) -> Result<Option<(Username, bool)>, Error> {
    let only = chosen(keychain, context, None)?;
    Ok(only.and_then(|only| Some((only.username?, only.any_username))))
}

/// Returns whether the account of this username answers for any username.
pub(super) fn answers_any(
    keychain: &mut dyn Keychain,
    context: &Context,
    username: &Username,
) -> Result<bool, Error> {
    let credential = chosen(keychain, context, Some(username))?;
    let is_it = |c: Credential| c.any_username && c.username.as_ref() == Some(username);
    Ok(credential.is_some_and(is_it))
}

/// Returns whether an account with this username, or one that answers for any, could answer at this
/// context.
pub(super) fn is_there(
    keychain: &mut dyn Keychain,
    context: &Context,
    username: &Username,
) -> Result<bool, Error> {
    let contexts = context.outwards();
    let choose = || helper::choose(keychain, &contexts, Some(username), now());
    match helper::with_retries(choose) {
        Ok(choice) => Ok(!matches!(choice, helper::Choice::None)),
        Err(Error::Damaged) => Ok(true),
        Err(error) => Err(error),
    }
}

fn chosen(
    keychain: &mut dyn Keychain,
    context: &Context,
    username: Option<&Username>,
) -> Result<Option<Credential>, Error> {
    let contexts = std::slice::from_ref(context);
    match helper::with_retries(|| helper::choose(keychain, contexts, username, now())) {
        Ok(helper::Choice::Account(account)) => Ok(Some(account.1)),
        Ok(_) | Err(Error::Damaged) => Ok(None),
        Err(error) => Err(error),
    }
}
