//! How a vault's key comes into a process.
//!
//! `unlock` opens `identity.age` with the passphrase and leaves the key in the kernel's keyring for
//! a while: its description names the vault, its payload is all that [`Keys`] are, and when its
//! time is over. A get that finds nothing there asks by itself, where git would ask as well: one
//! process at a time, and the others then find the key.

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

/// How long a vault stays unlocked where nobody says otherwise.
pub const USUAL_TIME: Duration = Duration::from_secs(12 * HOUR);

/// How often somebody may mistype.
const TRIES: usize = 3;

/// What the key's description begins with; then comes the vault's check.
#[cfg(target_os = "linux")]
const PREFIX: &str = "git-credential-pat-vault:";

/// Keys that the kernel holds.
pub(super) struct Held {
    pub(super) keys: Keys,
    /// Until when; none is until reboot.
    pub(super) until: Option<u64>,
}

/// The keys of the vault with this check, if they are held.
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

/// Leaves the keys with the kernel, for so long or until reboot.
///
/// # Errors
/// Where it does not take them.
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
/// Where it does not give them up.
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
/// [`VaultTrouble::Locked`] where nobody can be asked, or gives up, or knows it.
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
    // Whoever said no to one process of a command has said it to all of them.
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

/// The keys of the vault with this check, by its passphrase.
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
    // A change of the key that was broken off.
    changing::finish(folder, check, &keys, passphrase, sealed.work)
}
