//! Keeps with an account what `check` and `login` have learnt of its token, and marks a token as
//! rejected.

use crate::cli::accounts::existing;
use crate::credential::Credential;
use crate::error::Error;
use crate::forge;
use crate::helper::{self, Policy};
use crate::keychain::{Keychain, Kind};
use crate::protocol::Request;
use crate::terminal;
use crate::time::now;

/// Keeps what was learnt of a token with its account, unless the account has another token by now.
/// A source keeps nothing.
///
/// # Errors
/// Where the keychain fails.
fn keep(keychain: &mut dyn Keychain, learnt: &Credential) -> Result<(), Error> {
    if keychain.kind() == Kind::Source {
        return Ok(());
    }
    let _guard = keychain.exclusive(Some(&learnt.context.host_level()));
    let Some(there) = existing(keychain, &learnt.account())? else { return Ok(()) };
    if there.token != learnt.token || there.authtype != learnt.authtype {
        return Ok(());
    }
    let new = Credential { expiry: learnt.expiry, known: learnt.known.clone(), ..there.clone() };
    if new == there {
        return Ok(());
    }
    helper::with_retries(|| helper::put(keychain, &new))
}

/// Keeps what was learnt of a token, as [`keep`] does. Where that fails, the `command` says so: the
/// answer itself is none the worse.
pub(in crate::cli) fn keep_or_say(command: &str, keychain: &mut dyn Keychain, learnt: &Credential) {
    if let Err(error) = keep(keychain, learnt) {
        let place = forge::shown_context(&learnt.context);
        terminal::say(command, &format!("what was learnt of {place} is not kept: {error}"));
    }
}

/// Marks a token as rejected by its host, as git's erase does.
///
/// # Errors
/// Where the keychain fails.
pub(super) fn reject(keychain: &mut dyn Keychain, credential: &Credential) -> Result<(), Error> {
    let host = credential.context.host_level().to_string();
    let (protocol, host) = host.split_once("://").unwrap_or_default();
    let request = Request {
        protocol: Some(protocol.as_bytes().to_vec()),
        host: Some(host.as_bytes().to_vec()),
        path: Some(credential.context.path()).filter(|path| !path.is_empty()),
        username: credential.username.clone(),
        password: Some(credential.token.clone()),
        ..Request::default()
    };
    let policy = Policy { allow_http: true, now: now() };
    helper::erase(&request, policy, keychain).map(|_| ())
}
