//! Brings a rotation to its end that was cut off, or says what has become of it.

use super::{Outside, Stage, Verified, is_alive, keeping, verify, without_note};
use crate::api::state::Standing;
use crate::credential::{Account, Credential};
use crate::error::Error;
use crate::helper;
use crate::keychain::Keychain;

/// What has become of a rotation.
pub(crate) enum Resumed {
    /// None was under way.
    Nothing,
    /// Nobody knows yet, for so many seconds.
    NotYet(u64),
    /// It did not happen: the old token lives. The note is gone.
    DidNotHappen,
    /// It happened, and the answer was lost: the old token lives no more, and nobody has the new
    /// one. The token is marked as rejected, and the note is gone.
    Lost,
    /// The old token was asked about, and nobody knows. The note stays.
    Unclear(Standing),
    /// It happened, and the new token is here.
    Here(Box<Credential>, Verified),
}

/// Says what has become of an account's rotation, and mends what can be mended. A second request is
/// never sent. Who `has_waited` long enough, whatever the clock says, is told at once.
///
/// # Errors
/// Where the keychain fails.
pub(crate) fn resume(
    keychain: &mut dyn Keychain,
    account: &Account,
    has_waited: bool,
    outside: &dyn Outside,
) -> Result<Resumed, Error> {
    let Some(there) = helper::kept_at(keychain, account)? else { return Ok(Resumed::Nothing) };
    let Some(stage) = Stage::of(&there) else { return Ok(Resumed::Nothing) };
    if stage != Stage::Unverified && stage != Stage::Unrevoked {
        if let Some(home) = keeping::bring_home(keychain, &there, outside)? {
            return here(keychain, *home, outside);
        }
        let seconds = stage.unsettled_for(outside.now());
        if seconds > 0 && !has_waited {
            return Ok(Resumed::NotYet(seconds));
        }
        return begun(keychain, &there, outside);
    }
    here(keychain, there, outside)
}

/// Asks about the old token, which tells what has become of the request.
fn begun(
    keychain: &mut dyn Keychain,
    there: &Credential,
    outside: &dyn Outside,
) -> Result<Resumed, Error> {
    let standing = outside.ask(there).standing;
    let account = there.account();
    let _guard = keychain.exclusive(Some(&account.context.host_level()));
    if is_alive(&standing) {
        without_note(keychain, &account, &there.token)?;
        return Ok(Resumed::DidNotHappen);
    }
    if !standing.is_refused() {
        return Ok(Resumed::Unclear(standing));
    }
    // Another process may have found the answer meanwhile.
    let now_there = helper::kept_at(keychain, &account)?;
    let is_same = |now: &Credential| now.token == there.token && now.awaits_new_token();
    let Some(old) = now_there.filter(is_same) else { return Ok(Resumed::Nothing) };
    let rejected_at = old.rejected_at.or(Some(outside.now().max(old.stored_at)));
    let old = Credential { rotating_at: None, rejected_at, ..old };
    helper::with_retries(|| helper::put(keychain, &old))?;
    Ok(Resumed::Lost)
}

fn here(
    keychain: &mut dyn Keychain,
    new: Credential,
    outside: &dyn Outside,
) -> Result<Resumed, Error> {
    let verified = verify(keychain, &new, false, outside)?;
    Ok(Resumed::Here(Box::new(new), verified))
}
