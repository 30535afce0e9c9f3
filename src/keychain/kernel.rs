//! The Linux kernel's user keyring (`@u` in keyrings(7)). It is kept in the kernel's memory, never
//! on disk, gone at reboot, and the same for all processes of a user.
//!
//! | here | there |
//! |---|---|
//! | an account | a key of type `user`, described as `git-credential-pat:CONTEXT<TAB>USERNAME` |
//! | write | `add_key`, which replaces the payload of a key with this description in one step |
//! | lifetime | `KEYCTL_SET_TIMEOUT`: the kernel itself removes the key |
//!
//! What is odd there:
//! - A key can be found and described by every process of its user, but read only by one
//!   that *possesses* it, that is, whose own keyrings lead to it. Where the session keyring
//!   does not link `@u` (systemd units, `su`, some cron jobs, `keyctl session -`), reading
//!   gives EACCES. Then `@u` is linked into this process's own keyring, which nobody else
//!   sees and which ends with the process, and the read is tried once more.
//! - Updating a key takes its timeout away. So a key with a lifetime is made in the process
//!   keyring, given its timeout there, and then linked to `@u`, where it displaces the old one: at
//!   no moment is it there without its timeout. The serial that was found then means another key or
//!   none, while the description still finds the present key. So an item is known by its
//!   description.
//! - There are quotas, in `/proc/sys/kernel/keys`: by default 200 keys and 20,000 bytes.

pub(super) mod cache;
mod describe;
pub(super) mod held;
pub mod store;

use crate::context::{Context, unescape};
use crate::credential::{Account, Credential, Username};
use crate::error::Error;
use crate::hardening;
use crate::keychain::{Found, ItemId, Keychain, Kind, Options, item};
use describe::describe;
use linux_keyutils::{Key, KeyError, KeyRing, KeyRingIdentifier, KeySerialId};
use std::mem;
use std::time::Duration;
use zeroize::Zeroizing;

/// The beginning of our keys' descriptions. A context never contains the tab that follows it.
const PREFIX: &str = "git-credential-pat:";

/// More bytes than any payload can have.
const MAX_PAYLOAD: usize = 32 * 1024;

/// More bytes than most payloads have.
const USUAL_PAYLOAD: usize = 4096;

/// How often a search is repeated for a key that was displaced before it was read.
const TRIES: usize = 8;

/// See the [module](self).
pub struct KernelKeyring {
    lifetime: Option<Duration>,
}

impl KernelKeyring {
    /// Returns the keyring. The kernel is not asked before the first call.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        Self { lifetime: options.lifetime }
    }
}

impl Keychain for KernelKeyring {
    fn kind(&self) -> Kind {
        Kind::Kernel
    }

    fn find(
        &mut self,
        contexts: &[Context],
        username: Option<&Username>,
    ) -> Result<Vec<Found>, Error> {
        let mut keys = keys()?;
        keys.retain(|(_, account)| {
            contexts.contains(&account.context) && username.is_none_or(|u| *u == account.username)
        });
        Ok(keys.into_iter().map(|(key, account)| found(key, account.context)).collect())
    }

    fn list(&mut self) -> Result<Vec<(Found, Account)>, Error> {
        let keys = keys()?;
        Ok(keys.into_iter().map(|(key, a)| (found(key, a.context.clone()), a)).collect())
    }

    fn usernames(&mut self, found: &[Found]) -> Result<Vec<Username>, Error> {
        let username = |found: &Found| {
            let account = parse_description(&found.id.0);
            account.map(|a| a.username).ok_or(Error::Keychain("not a key of ours"))
        };
        found.iter().map(username).collect()
    }

    fn read(&mut self, found: &[Found]) -> Result<Vec<(Found, Credential)>, Error> {
        let mut credentials = Vec::with_capacity(found.len());
        for found in found {
            if let Some(content) = held::recall(&found.id.0)? {
                credentials.push((found.clone(), item::decode(&content.into())?));
            }
        }
        Ok(credentials)
    }

    fn write(&mut self, _at: Option<&Found>, credential: &Credential) -> Result<(), Error> {
        // A key with this description is replaced, whatever its serial.
        let description = description(&credential.account());
        let content = item::Content::of(credential);
        if content.len() >= MAX_PAYLOAD || description.len() >= MAX_PAYLOAD / 8 {
            return Err(Error::TooLong);
        }
        held::hold(&description, || content.to_bytes(), self.lifetime)
    }

    fn delete(&mut self, found: &Found) -> Result<(), Error> {
        held::let_go(&found.id.0).map(drop)
    }
}

fn found(description: String, context: Context) -> Found {
    Found { id: ItemId(description), context, locked: false }
}

/// Returns the payload of the key with this description, or nothing where there is none. A key that
/// is displaced after it was found may no longer be read: then another has come in its place.
fn read_described(description: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeyError> {
    let mut result = Ok(None);
    for _ in 0..TRIES {
        let key = match possessing(|| user_keyring()?.search(description)) {
            Err(error) if is_gone(error) => return Ok(None),
            key => key?,
        };
        result = possessing(|| read_payload(key)).map(Some);
        match result {
            Err(error) if error == KeyError::AccessDenied || is_gone(error) => {}
            _ => break,
        }
    }
    result
}

/// Runs a call. Where it was denied, runs it once more as a possessor of the user's keys, which the
/// session is not.
fn possessing<T>(mut call: impl FnMut() -> Result<T, KeyError>) -> Result<T, KeyError> {
    match call() {
        Err(KeyError::AccessDenied) => {
            let own = KeyRing::from_special_id(KeyRingIdentifier::Process, true)?;
            own.link_keyring_id(KeyRingIdentifier::User)?;
            call()
        }
        result => result,
    }
}

fn user_keyring() -> Result<KeyRing, KeyError> {
    KeyRing::from_special_id(KeyRingIdentifier::User, true)
}

/// Adds a key that the kernel removes after this time, in place of the present one.
fn add_until(
    description: &str,
    content: impl Fn() -> Zeroizing<Vec<u8>>,
    lifetime: Duration,
) -> Result<(), KeyError> {
    let own = KeyRing::from_special_id(KeyRingIdentifier::Process, true)?;
    let key = own.add_key(description, &*content())?;
    key.set_timeout(usize::try_from(lifetime.as_secs()).unwrap_or(usize::MAX))?;
    possessing(|| user_keyring()?.link_key(key))
}

/// Returns the description of every key of ours in the user keyring. From here on no other process
/// may read this one's memory.
fn keys() -> Result<Vec<(String, Account)>, Error> {
    hardening::hide_memory();
    let mut keys = Vec::new();
    for _ in 0..TRIES {
        let is_whole;
        (keys, is_whole) = described().map_err(convert)?;
        if is_whole {
            break;
        }
    }
    Ok(keys)
}

/// Returns the same from one listing, and whether every listed key could still be described. A key
/// that displaced another is only in a new listing.
fn described() -> Result<(Vec<(String, Account)>, bool), KeyError> {
    let mut keys = Vec::new();
    let mut is_whole = true;
    for serial in serials()? {
        let description = match describe(serial) {
            Err(KeyError::KeyDoesNotExist) => {
                is_whole = false;
                continue;
            }
            description => description?.and_then(|text| String::from_utf8(text).ok()),
        };
        if let Some(description) = description
            && let Some(account) = parse_description(&description)
        {
            keys.push((description, account));
        }
    }
    Ok((keys, is_whole))
}

/// Returns the serials in the user keyring, which the kernel gives as the keyring's payload.
fn serials() -> Result<Vec<KeySerialId>, KeyError> {
    let ring = Key::from_id(KeySerialId(KeyRingIdentifier::User as i32));
    // They are no secret, so that they need not be wiped byte by byte.
    let payload = mem::take(&mut *read_payload(ring)?);
    let (serials, _) = payload.as_chunks();
    Ok(serials.iter().map(|serial| KeySerialId(i32::from_ne_bytes(*serial))).collect())
}

/// Reads a payload. Where it is longer than the buffer, the kernel says how long it is.
fn read_payload(key: Key) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let mut length = USUAL_PAYLOAD;
    loop {
        let mut payload = Zeroizing::new(vec![0; length]);
        length = key.read(&mut *payload)?;
        if length <= payload.len() {
            payload.truncate(length);
            return Ok(payload);
        }
    }
}

fn description(account: &Account) -> String {
    format!("{PREFIX}{}\t{}", account.context, account.username.filed())
}

fn parse_description(description: &str) -> Option<Account> {
    let text = description.strip_prefix(PREFIX)?;
    let (context, username) = text.split_once('\t')?;
    Some(Account {
        context: Context::from_canonical(context)?,
        username: Username::new(&unescape(username)?),
    })
}

/// Returns whether the error says that there is no such key, or no longer.
fn is_gone(error: KeyError) -> bool {
    matches!(
        error,
        KeyError::KeyDoesNotExist
            | KeyError::MissingFileOrDirectory
            | KeyError::KeyExpired
            | KeyError::KeyRevoked
            | KeyError::KeyRejected
    )
}

fn convert(error: KeyError) -> Error {
    match error {
        KeyError::AccessDenied => Error::KernelKeyringDenied,
        KeyError::PermissionDenied
        | KeyError::OperationNotSupported
        | KeyError::Unknown(libc::ENOSYS) => Error::NoKernelKeyring,
        KeyError::QuotaExceeded => Error::KernelKeyringFull,
        error if is_gone(error) => Error::KernelKeyExpired,
        KeyError::InvalidArguments | KeyError::InvalidDescription => Error::TooLong,
        _ => Error::Keychain("the kernel refused the call"),
    }
}

#[cfg(test)]
mod tests {
    use super::{description, parse_description};
    use crate::context::Context;
    use crate::credential::{Account, Username};

    #[test]
    fn a_description_reads_back_whatever_the_names_hold() {
        let host = Context::of_host(b"https", b"[::1]:8443").expect("a host");
        for (path, username) in [(&b""[..], &b""[..]), (b"a;b\t/c d", b"x;y\tz@%41\xFF\n")] {
            let context = host.scoped(path).expect("a scope");
            let account = Account { context, username: Username::new(username) };
            let read = parse_description(&description(&account));
            assert!(read == Some(account));
        }
    }

    #[test]
    fn what_others_put_there_is_not_ours() {
        for text in
            ["", "git-credential-pat:", "keyring:a@b", "git-credential-pat:https://h.example"]
        {
            assert!(parse_description(text).is_none(), "{text}");
        }
    }
}
