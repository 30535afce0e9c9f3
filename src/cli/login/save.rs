//! The step of a login that changes the keychain.

use crate::cli::accounts::existing;
use crate::credential::Credential;
use crate::error::Error;
use crate::helper;
use crate::keychain::Keychain;

/// The result of saving a token.
pub(super) enum Saved {
    /// The token is in the keychain, and was read back.
    Stored,
    /// The same token with the same expiry was there before.
    AlreadyThere,
}

/// Writes the account and reads it back. Returns the credential that is there now: account and
/// token are the person's, and no other token is set aside. A token that was there before keeps
/// the details that the new login does not give.
///
/// # Errors
/// [`Error::Exists`] where another token that serves would be lost without `replace`.
pub(super) fn save(
    keychain: &mut dyn Keychain,
    mut new: Credential,
    replace: bool,
) -> Result<(Saved, Credential), Error> {
    let _guard = keychain.exclusive(None);
    let old = existing(keychain, &new.account())?.filter(|old| old.is_live(new.stored_at));
    let mut saved = Saved::Stored;
    if let Some(old) = old
        && !replace
    {
        if old.token != new.token || old.authtype.is_some() {
            return Err(Error::Exists);
        }
        let (expiry, known) = (new.expiry.or(old.expiry), new.known.or(old.known.clone()));
        new = Credential { expiry, known, ..old.clone() }.as_a_persons();
        if new.expiry == old.expiry {
            saved = Saved::AlreadyThere;
        }
        if new == old {
            return Ok((saved, new));
        }
    }
    helper::with_retries(|| helper::put(keychain, &new))?;
    match existing(keychain, &new.account())? {
        Some(read) if read.token == new.token => Ok((saved, new)),
        _ => Err(Error::Keychain("the token could not be read back")),
    }
}
