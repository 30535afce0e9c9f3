//! The step of a login that changes the keychain.

use crate::check::kept::Kept;
use crate::cli::accounts::existing;
use crate::credential::Credential;
use crate::error::Error;
use crate::helper;
use crate::keychain::Keychain;
use crate::secret::Secret;

/// The result of saving a token.
pub(super) enum Saved {
    /// The token is in the keychain, and was read back.
    Stored,
    /// The same token with the same expiry was there before.
    AlreadyThere,
}

/// Returns what is known of a token that was there before. Where its forge has not answered now, what
/// it told before stays.
fn known(new: &Credential, old: &Credential) -> Option<Secret> {
    let (now, mut kept) = (Kept::of(new), Kept::of(old));
    if new.known.is_none() || now.checked_at.is_some() {
        return new.known.clone().or_else(|| old.known.clone());
    }
    kept.forge = now.forge.or(kept.forge);
    kept.put(old.clone()).known
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
        let (expiry, known) = (new.expiry.or(old.expiry), known(&new, &old));
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
