//! Brings a vault's key into a process.
//!
//! `unlock` opens `identity.age` with the passphrase and leaves the key in the kernel's keyring for
//! a while. The description there names the vault, the payload has the bytes of [`Keys`] and the
//! end of the time. A get that finds no key there asks by itself, where git would ask as well. One
//! process asks at a time, and the others then find the key.

use super::changing;
use super::folder::Folder;
use super::identity::Sealed;
use super::keys::Keys;
use crate::error::{Error, VaultTrouble};
use crate::git::interactive;
#[cfg(target_os = "linux")]
use crate::keychain::kernel::held;
use crate::keychain::lock;
use crate::keychain::prompts::PATIENCE;
use crate::terminal::prompt::Terminal;
use crate::time::{HOUR, now};
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

/// How long a vault stays unlocked by default.
pub const USUAL_TIME: Duration = Duration::from_secs(12 * HOUR);

/// The number of times that a person may type the passphrase.
const TRIES: usize = 3;

/// The beginning of the key's description. The vault's check follows it.
#[cfg(target_os = "linux")]
const PREFIX: &str = "git-credential-pat-vault:";

/// The keys that the kernel holds.
pub(super) struct Held {
    pub(super) keys: Keys,
    /// The end of the time, in seconds since 1970 UTC. None stands for the next reboot.
    pub(super) until: Option<u64>,
}

/// Returns the keys of the vault with this check, if the kernel holds them.
///
/// # Errors
/// [`VaultTrouble::NowhereToHold`] where nothing could hold them.
pub(super) fn recall(check: &str) -> Result<Option<Held>, Error> {
    let Some(payload) = recall_payload(check)? else { return Ok(None) };
    let held = payload.split_last_chunk::<8>().and_then(|(keys, until)| {
        let until = Some(u64::from_be_bytes(*until)).filter(|&until| until > 0);
        Some(Held { keys: Keys::from_bytes(keys)?, until })
    });
    // Another program of the user may have put anything there.
    Ok(held.filter(|held| held.keys.check() == check))
}

/// Leaves the keys with the kernel, for this time or until reboot.
///
/// # Errors
/// Where the kernel does not take them.
pub(super) fn hold(keys: &Keys, lifetime: Option<Duration>) -> Result<(), Error> {
    let until = lifetime.map_or(0, |lifetime| now().saturating_add(lifetime.as_secs()));
    let bytes = keys.to_bytes();
    let mut payload = Zeroizing::new(Vec::with_capacity(bytes.len() + 8));
    payload.extend_from_slice(&*bytes);
    payload.extend_from_slice(&until.to_be_bytes());
    hold_payload(&keys.check(), &payload, lifetime)
}

#[cfg(target_os = "linux")]
fn recall_payload(check: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    held::recall(&format!("{PREFIX}{check}")).map_err(trouble)
}

#[cfg(target_os = "linux")]
fn hold_payload(check: &str, payload: &[u8], lifetime: Option<Duration>) -> Result<(), Error> {
    held::hold(&format!("{PREFIX}{check}"), || Zeroizing::new(payload.to_vec()), lifetime)
        .map_err(trouble)
}

/// Takes the keys of the vault with this check away from the kernel. Returns whether it had them.
///
/// # Errors
/// Where the kernel does not give them up.
#[cfg(target_os = "linux")]
pub(super) fn let_go(check: &str) -> Result<bool, Error> {
    held::let_go(&format!("{PREFIX}{check}")).map_err(trouble)
}

#[cfg(target_os = "linux")]
fn trouble(error: Error) -> Error {
    match error {
        Error::NoKernelKeyring => VaultTrouble::NowhereToHold.into(),
        error => error,
    }
}

#[cfg(not(target_os = "linux"))]
fn recall_payload(_: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    Err(VaultTrouble::NowhereToHold.into())
}

#[cfg(not(target_os = "linux"))]
fn hold_payload(_: &str, _: &[u8], _: Option<Duration>) -> Result<(), Error> {
    Err(VaultTrouble::NowhereToHold.into())
}

#[cfg(not(target_os = "linux"))]
pub(super) fn let_go(_: &str) -> Result<bool, Error> {
    Err(VaultTrouble::NowhereToHold.into())
}

/// Asks the person at the terminal for the passphrase, if git would ask there as well, and leaves
/// the keys with the kernel.
///
/// # Errors
/// [`VaultTrouble::Locked`] where nobody can be asked, or the person gives up or does not know it.
pub(super) fn ask(folder: &Folder, check: &str) -> Result<Keys, Error> {
    const LOCKED: Error = Error::Vault(VaultTrouble::Locked);
    let start = SystemTime::now();
    let mut terminal = Terminal::open_in_front().ok_or(LOCKED)?;
    if !interactive::asks_on_terminal() {
        return Err(LOCKED);
    }
    let turn = lock::acquire_question(PATIENCE).ok_or(LOCKED)?;
    if let Some(held) = recall(check)? {
        return Ok(held.keys);
    }
    // A person who said no to one process of a command has said it to all of them.
    if turn.is_marked_since(start) {
        return Err(LOCKED);
    }
    let sealed = Sealed::read(folder)?;
    for _ in 0..TRIES {
        let question = "Passphrase of git-credential-pat's vault: ";
        let Ok(passphrase) = terminal.ask_passphrase(question, PATIENCE) else { break };
        if passphrase.expose().is_empty() {
            break;
        }
        match open(folder, check, &sealed, passphrase.expose()) {
            Ok(keys) => {
                hold(&keys, Some(USUAL_TIME))?;
                terminal.show("The vault is unlocked for 12 hours.")?;
                return Ok(keys);
            }
            Err(error @ Error::Vault(VaultTrouble::WrongPassphrase)) => {
                terminal.show(&error.to_string())?;
            }
            Err(error) => return Err(error),
        }
    }
    turn.mark();
    Err(LOCKED)
}

/// Returns the keys of the vault with this check, which its passphrase opens.
///
/// # Errors
/// [`VaultTrouble::WrongPassphrase`]; [`VaultTrouble::WrongKey`] where the passphrase opens
/// something else.
pub(super) fn open(
    folder: &Folder,
    check: &str,
    sealed: &Sealed,
    passphrase: &[u8],
) -> Result<Keys, Error> {
    let keys = Keys::new(sealed.open(passphrase)?);
    if keys.check() == check {
        return Ok(keys);
    }
    // The keys are the old ones, because a change of the key was broken off.
    changing::finish(folder, check, &keys, passphrase, sealed.work)
}
