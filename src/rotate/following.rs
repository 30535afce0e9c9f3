//! Gives the new token to the other accounts that had the old one: for another name of the host, for
//! a part of it, for a registry.

use crate::credential::{Account, Credential, TokenPlace};
use crate::error::Error;
use crate::helper;
use crate::keychain::Keychain;
use crate::secret::Secret;

/// Puts the token of `new` in the place of the old one in this account. Returns whether it was
/// there: an account that has another token by now keeps that.
///
/// # Errors
/// Where the keychain fails.
pub(crate) fn follow(
    keychain: &mut dyn Keychain,
    account: &Account,
    old: &Secret,
    new: &Credential,
) -> Result<bool, Error> {
    let _guard = keychain.exclusive(Some(&account.context.host_level()));
    let there = helper::kept_at(keychain, account)?;
    let answers = |there: &Credential| there.place_of(old) == Some(TokenPlace::Answering);
    let Some(there) = there.filter(answers) else { return Ok(false) };
    let mut token = new.answering();
    token.stored_at = token.stored_at.max(there.stored_at.saturating_add(1));
    token.authtype.clone_from(&there.authtype);
    let followed = Credential { rotating_at: None, previous: None, ..there }.with_answering(token);
    helper::with_retries(|| helper::put(keychain, &followed))?;
    Ok(true)
}
