//! erase: marks a token that the host has refused as rejected; without a token, puts away the
//! accounts that are named. Nothing is deleted: a refusal can come from a server's mood, other
//! programs call erase at every login of theirs, and a token cannot be shown again.

use super::choice::{everybodys, named, read_sound, unlocked};
use super::two_tokens::{put_away, refused};
use crate::context::Context;
use crate::credential::{Account, Username};
use crate::error::Error;
use crate::keychain::Keychain;
use crate::protocol::Request;
use crate::secret::Secret;

/// Returns the token that an erase names, with its scheme if it is not Basic.
pub(super) fn named_token(request: &Request) -> Option<(Option<&[u8]>, &Secret)> {
    match (&request.credential, &request.password) {
        (Some(credential), _) => Some((request.authtype.as_deref(), credential)),
        (None, Some(password)) => Some((None, password)),
        (None, None) => None,
    }
}

/// Marks this token as rejected in the accounts that match. Returns the last of these, if there is
/// one.
pub(super) fn reject(
    keychain: &mut dyn Keychain,
    contexts: &[Context],
    username: Option<&Username>,
    token: (Option<&[u8]>, &Secret),
    now: u64,
) -> Result<Option<Account>, Error> {
    let accounts = match username {
        Some(username) => named(keychain, contexts, username, now)?,
        None => everybodys(keychain, contexts, now)?,
    };
    let mut written = None;
    let mut is_rotating = false;
    for (at, old) in accounts {
        if let Some(new) = refused(&old, token, now) {
            keychain.write(Some(&at), &new)?;
            written = Some(new.into_account());
        }
        is_rotating |= old.rotating_at.is_some()
            && old.token == *token.1
            && old.authtype.as_deref() == token.0;
    }
    if is_rotating { Err(Error::Rotating) } else { Ok(written) }
}

/// Puts away the account of this name, or without one all accounts, of exactly this context.
/// Returns whether there was any. A damaged item stays as it is.
pub(super) fn put_accounts_away(
    keychain: &mut dyn Keychain,
    context: &Context,
    username: Option<&Username>,
    now: u64,
) -> Result<bool, Error> {
    let found = keychain.find(std::slice::from_ref(context), username)?;
    let found = unlocked(keychain, found, context, username)?;
    if found.is_empty() {
        return Ok(false);
    }
    let mut any = false;
    let mut is_rotating = false;
    for (at, old) in read_sound(keychain, &found)?.0 {
        if old.is_gone(now) {
            keychain.delete(&at)?;
            continue;
        }
        any = true;
        if let Some(new) = put_away(&old, now) {
            keychain.write(Some(&at), &new)?;
        }
        is_rotating |= old.rotating_at.is_some();
    }
    if is_rotating { Err(Error::Rotating) } else { Ok(any) }
}
