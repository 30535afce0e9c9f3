//! Whether a keychain keeps a token: one is stored, read back and deleted again.

use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::helper::{self, Choice};
use crate::keychain::Keychain;
use crate::secret::Secret;
use crate::time::now;
use std::time::{SystemTime, UNIX_EPOCH};

/// Proves it.
///
/// # Errors
/// The keychain's own, and [`Error::Keychain`] where it does not give back what it took.
pub(super) fn prove(keychain: &mut dyn Keychain) -> Result<(), Error> {
    let credential = throw_away()?;
    let contexts = std::slice::from_ref(&credential.context);
    let result = helper::with_retries(|| helper::put(keychain, &credential)).and_then(|()| {
        match helper::with_retries(|| helper::choose(keychain, contexts, None, now()))? {
            Choice::Account(found) if found.1.token == credential.token => Ok(()),
            _ => Err(Error::Keychain("a token that was stored does not come back")),
        }
    });
    // Also after an error: it may have come too late. Where it was locked or said no, asking on
    // would raise the same window again.
    if matches!(result, Err(Error::Locked | Error::Denied)) {
        return result;
    }
    let deleted = helper::with_retries(|| helper::delete(keychain, &credential.context, None));
    result?;
    match deleted? {
        0 => Err(Error::Keychain("a token that was stored cannot be deleted")),
        _ => Ok(()),
    }
}

/// A token for a place that does not exist (RFC 2606) and that no other run has.
fn throw_away() -> Result<Credential, Error> {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
    let name = format!("configure-{}-{time:x}", std::process::id());
    let context = Context::of_host(b"https", format!("{name}.invalid").as_bytes());
    Ok(Credential::new(
        context.ok_or(Error::Keychain("the test's own place cannot be named"))?,
        Some(Username::new(b"configure-test")),
        Secret::new(name.as_bytes()),
        now(),
    ))
}
