//! Makes a vault where there is none.

use super::folder::{FORMAT, Folder, IDENTITY};
use super::identity::{self, Sealed};
use super::keys::Keys;
use super::{Vault, changing, format, item, unlocking};
use crate::error::{Error, VaultTrouble};
use std::time::Duration;

/// The shortest passphrase, in characters.
const SHORTEST: usize = 8;

/// The beginning of a vault, before it is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Beginning {
    /// There is nothing: a new passphrase is needed.
    Nothing,
    /// There is an `identity.age` that its owner has made, and that a passphrase opens.
    IdentityAge,
    /// A file, a command or systemd gives a key.
    Given,
}

impl Vault {
    /// Returns with what a new vault would begin.
    ///
    /// # Errors
    /// Where that cannot be told; where there is an `identity.age` that no passphrase opens.
    pub fn beginning(&self) -> Result<Beginning, Error> {
        if identity::is_given(self.identity.as_ref()) {
            return Ok(Beginning::Given);
        }
        match Folder::open(self.place()?)? {
            Some(folder) if folder.has(IDENTITY)? => {
                Sealed::read(&folder)?;
                Ok(Beginning::IdentityAge)
            }
            _ => Ok(Beginning::Nothing),
        }
    }

    /// Makes the vault for the key that the options give.
    ///
    /// # Errors
    /// Where there is no key, or the folder cannot be made.
    pub fn make_with_given_key(&self) -> Result<(), Error> {
        let secret = identity::given(self.identity.as_ref())?.ok_or(VaultTrouble::NoIdentity)?;
        let folder = Folder::make(self.place()?)?;
        begin(&folder, &Keys::new(secret))
    }

    /// Makes the vault with a new key, which this passphrase opens, or with the key of an existing
    /// `identity.age`. Unlocks it for this time, or until reboot.
    ///
    /// # Errors
    /// [`VaultTrouble::WrongPassphrase`] for an existing `identity.age`; where the folder cannot be
    /// made, or nothing can hold the key.
    pub fn make_with_passphrase(
        &self,
        passphrase: &[u8],
        low_memory: bool,
        time: Option<Duration>,
    ) -> Result<(), Error> {
        let folder = Folder::make(self.place()?)?;
        let keys = if folder.has(IDENTITY)? {
            Keys::new(Sealed::read(&folder)?.open(passphrase)?)
        } else {
            let keys = Keys::generate()?;
            // This fails where the vault could never be unlocked.
            unlocking::recall(&keys.check())?;
            let work = identity::work(low_memory);
            folder.replace(IDENTITY, &identity::seal(&keys.age, passphrase, work)?)?;
            keys
        };
        begin(&folder, &keys)?;
        unlocking::hold(&keys, time)
    }
}

/// Makes a folder the vault of these keys. Of the items that are there already, they must open one.
fn begin(folder: &Folder, keys: &Keys) -> Result<(), Error> {
    let items = changing::items(folder)?;
    let opens = |(of_context, name): &(String, String)| {
        let file = folder.read(&item::path(of_context, name)).ok().flatten();
        file.is_some_and(|file| item::open(keys, name, &file).is_ok())
    };
    if !items.is_empty() && !items.iter().any(opens) {
        return Err(VaultTrouble::WrongKey.into());
    }
    folder.replace(FORMAT, &format::of(keys))
}

/// Checks that a passphrase is fit to guard a vault.
///
/// # Errors
/// [`VaultTrouble::Passphrase`] with the reason.
pub fn judge_passphrase(passphrase: &[u8]) -> Result<(), Error> {
    let text = std::str::from_utf8(passphrase)
        .map_err(|_| VaultTrouble::Passphrase("must be text in UTF-8"))?;
    if text.chars().any(char::is_control) {
        return Err(VaultTrouble::Passphrase("must not have control characters").into());
    }
    if text.chars().count() < SHORTEST {
        return Err(VaultTrouble::Passphrase("needs 8 characters at least").into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::judge_passphrase;

    #[test]
    fn a_passphrase_is_text_of_eight_characters_at_least() {
        for good in ["12345678", " a b c d ", "éééééééé", "correct horse battery staple"] {
            assert_eq!(judge_passphrase(good.as_bytes()), Ok(()), "{good}");
        }
        for bad in [
            &b""[..],
            b"1234567",
            "ééééééé".as_bytes(),
            b"a\tbcdefghi",
            b"\xFF2345678",
            b"12345678\r",
        ] {
            assert!(judge_passphrase(bad).is_err(), "{}", bad.escape_ascii());
        }
    }
}
