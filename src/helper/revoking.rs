//! A token that its forge has revoked, or that must not be served any more, is taken out of its
//! accounts or marked there. An account that holds another token by now stays as it is.

use super::choice::{Item, read_sound, unlocked};
use super::two_tokens::{Rest, disowned, without};
use crate::credential::{Account, TokenPlace};
use crate::error::Error;
use crate::keychain::Keychain;
use crate::secret::Secret;

/// What became of an account whose token was taken out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Dropped {
    /// It does not hold the token, or does not exist.
    Nothing,
    /// It was deleted.
    Account,
    /// It keeps its other token. Where that lay aside, it is put away now.
    Token { other_is_put_away: bool },
}

/// Takes a token out of an account, with whatever scheme it is kept. The account is deleted, unless
/// another token was set aside there: a token that lay aside never answers by itself, so the
/// account is then put away with it.
///
/// # Errors
/// Where the keychain fails. A locked item is not changed.
pub(crate) fn drop_token(
    keychain: &mut dyn Keychain,
    account: &Account,
    token: &Secret,
    now: u64,
) -> Result<Dropped, Error> {
    let mut dropped = Dropped::Nothing;
    for (at, old) in items(keychain, account)? {
        match without(&old, token, now) {
            None => {}
            Some(Rest::Nothing) => {
                keychain.delete(&at)?;
                dropped = Dropped::Account;
            }
            Some(Rest::Account(new)) => {
                keychain.write(Some(&at), &new)?;
                let other_is_put_away = old.place_of(token) == Some(TokenPlace::Answering);
                dropped = Dropped::Token { other_is_put_away };
            }
        }
    }
    Ok(dropped)
}

/// Marks a token as rejected in an account, with whatever scheme it is kept, as git's erase does,
/// also while a rotation is open. Returns whether the account holds it.
///
/// # Errors
/// Where the keychain fails.
pub(crate) fn mark_rejected(
    keychain: &mut dyn Keychain,
    account: &Account,
    token: &Secret,
    now: u64,
) -> Result<bool, Error> {
    let mut holds = false;
    for (at, old) in items(keychain, account)? {
        holds |= old.place_of(token).is_some();
        if let Some(new) = disowned(&old, |_, own| own == token, now) {
            keychain.write(Some(&at), &new)?;
        }
    }
    Ok(holds)
}

/// Returns every item of an account.
fn items(keychain: &mut dyn Keychain, account: &Account) -> Result<Vec<Item>, Error> {
    let found = keychain.find(std::slice::from_ref(&account.context), Some(&account.username))?;
    let found = unlocked(keychain, found, &account.context, Some(&account.username))?;
    let mut items = read_sound(keychain, &found)?.0;
    items.retain(|(_, credential)| credential.account() == *account);
    Ok(items)
}
