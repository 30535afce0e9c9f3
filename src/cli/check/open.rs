//! Says what has become of a rotation that was cut off, and mends what can be mended, before the
//! account is asked about.

use super::Held;
use crate::check::{Options, account_standing};
use crate::cli::rotate::words;
use crate::helper;
use crate::keychain::Keychain;
use crate::rotate::online::Online;
use crate::rotate::{self, Resumed, Stage};
use crate::terminal;
use crate::time::now;

/// Settles a rotation of the account's token that was cut off, if there is one. While nobody can
/// know what has become of it, nothing is asked, and the account stays as it is.
pub(super) fn settle(held: &mut Held, options: &Options, keychains: &mut [Box<dyn Keychain>]) {
    let keychain = held.keychain.and_then(|at| keychains.get_mut(at));
    let (Some(keychain), Some(credential)) = (keychain, &held.subject.credential) else { return };
    if Stage::of(credential).is_none() || options.offline {
        return;
    }
    let account = credential.account();
    let online = Online { options, expiry: 0 };
    match rotate::resume(&mut **keychain, &account, false, &online) {
        Ok(Resumed::Nothing) => {}
        Ok(resumed) => drop(words::of_resumed("check", credential, &resumed)),
        Err(error) => terminal::say("check", &error.to_string()),
    }
    let there = helper::kept_at(&mut **keychain, &account).ok().flatten();
    let Some(there) = there else { return };
    held.subject.account = account_standing(&there, now());
    // A request that may still be on its way must not be judged by its old token.
    let is_unsettled = there.awaits_new_token();
    held.subject.credential = Some(there).filter(|_| !is_unsettled);
}
