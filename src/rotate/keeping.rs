//! Keeps a token that a forge has just given, of which there is no other copy.

use super::Outside;
use crate::credential::{Aside, Credential};
use crate::error::Error;
use crate::helper;
use crate::keychain::{self, Keychain, Kind, Options};
use std::time::Duration;

/// How often the keychain is tried.
const TRIES: usize = 4;

/// The time between two tries.
const PAUSE: Duration = Duration::from_millis(300);

/// A new token that its keychain did not take.
pub(super) enum Unkept {
    /// The kernel's keyring has it.
    InRefuge(Error),
    /// Nobody has it.
    Nowhere(Box<Credential>, Error),
}

/// Returns the keychain that takes a new token where its own cannot: the kernel's, where there is
/// one.
pub(super) fn refuge() -> Option<Box<dyn Keychain>> {
    let options = Options { kind: Some(Kind::Kernel), patient: true, ..Options::default() };
    keychain::open(&options).ok()
}

/// Writes the account with its new token, and reads it back. Returns what is there now, and whether
/// the account had another token meanwhile, so that the new one is set aside.
pub(super) fn keep(
    keychain: &mut dyn Keychain,
    noted: &Credential,
    new: Credential,
    outside: &dyn Outside,
) -> Result<(Box<Credential>, bool), Unkept> {
    let mut last = Error::Keychain("the new token could not be read back");
    for attempt in 0..TRIES {
        if attempt > 0 {
            outside.wait(PAUSE);
        }
        match helper::with_retries(|| write(keychain, noted, &new)) {
            Ok(Some(kept)) => return Ok(kept),
            Ok(None) => {}
            Err(error) => last = error,
        }
    }
    let is_its_own = keychain.kind() == Kind::Kernel;
    let refuge = outside.refuge().filter(|_| !is_its_own);
    let is_kept = refuge.is_some_and(|mut refuge| is_written(&mut *refuge, &new));
    Err(if is_kept { Unkept::InRefuge(last) } else { Unkept::Nowhere(Box::new(new), last) })
}

/// Brings a new token home from the refuge, where one waits that replaces this account's. Returns
/// the account with it.
///
/// # Errors
/// Where the account's own keychain fails. The token stays in the refuge.
pub(super) fn bring_home(
    keychain: &mut dyn Keychain,
    noted: &Credential,
    outside: &dyn Outside,
) -> Result<Option<Box<Credential>>, Error> {
    if keychain.kind() == Kind::Kernel {
        return Ok(None);
    }
    let Some(mut refuge) = outside.refuge() else { return Ok(None) };
    let account = noted.account();
    let Ok(Some(waiting)) = helper::kept_at(&mut *refuge, &account) else { return Ok(None) };
    let is_its = waiting.previous.as_deref().is_some_and(|old| old.secret == noted.token);
    if !is_its {
        return Ok(None);
    }
    let home = helper::with_retries(|| write(keychain, noted, &waiting))?;
    let Some((home, _)) = home else {
        return Err(Error::Keychain("the new token could not be read back"));
    };
    let delete = || helper::delete(&mut *refuge, &account.context, Some(&account.username));
    let _ = helper::with_retries(delete);
    Ok(Some(home))
}

/// Writes the account with its new token. Where it has another token than when the rotation began,
/// a person has given it one meanwhile, which stays. Returns nothing where what was written cannot
/// be read back.
fn write(
    keychain: &mut dyn Keychain,
    noted: &Credential,
    new: &Credential,
) -> Result<Option<(Box<Credential>, bool)>, Error> {
    let account = new.account();
    let there = helper::kept_at(keychain, &account)?;
    let other = there.filter(|there| there.token != noted.token && there.token != new.token);
    let (is_other, written) = match other {
        None => (false, new.clone()),
        Some(there) => {
            let aside = Aside { token: new.answering(), since: new.stored_at };
            (true, Credential { aside: Some(Box::new(aside)), ..there })
        }
    };
    helper::put(keychain, &written)?;
    let read = helper::kept_at(keychain, &account)?;
    let is_there = read.is_some_and(|read| {
        let aside = read.aside.as_deref().map(|aside| &aside.token.secret);
        read.token == new.token || (is_other && aside == Some(&new.token))
    });
    Ok(is_there.then(|| (Box::new(written), is_other)))
}

fn is_written(keychain: &mut dyn Keychain, new: &Credential) -> bool {
    let written = helper::with_retries(|| helper::put(keychain, new));
    let read = written.and_then(|()| helper::kept_at(keychain, &new.account()));
    read.is_ok_and(|read| read.is_some_and(|read| read.token == new.token))
}
