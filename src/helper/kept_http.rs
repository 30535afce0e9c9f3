//! Unencrypted http that a person has allowed for one host, by keeping an account there after a
//! warning: the password of a proxy, for which git asks as `http` at `proxy:3128`.

use super::choice::read_sound;
use crate::context::Context;
use crate::credential::Maker;
use crate::keychain::Keychain;

/// Returns whether a person keeps an account at exactly this protocol, host and port. Nobody is
/// asked for it; where the keychain cannot be read, the answer is no.
pub(crate) fn is_kept(keychain: &mut dyn Keychain, context: &Context) -> bool {
    let host = context.host_level();
    if !host.exposes_secrets() {
        return false;
    }
    let Ok(mut found) = keychain.find(std::slice::from_ref(&host), None) else { return false };
    found.retain(|item| !item.locked);
    if found.is_empty() {
        return false;
    }
    let Ok((read, _)) = read_sound(keychain, &found) else { return false };
    read.iter().any(|(_, kept)| kept.context == host && kept.made_by == Maker::Person)
}
