//! Derives three things from a vault's one key: the names of its files, a digest by which each file
//! shows that it was written here and under its name, and a check by which the vault knows its key.
//!
//! Without the key, a name tells nothing of its account, and cannot be computed. Nor does anybody
//! without the key know to which public key a file would have to be encrypted: that half is in no
//! file.

use super::age::Key;
use crate::context::Context;
use crate::credential::Account;
use crate::error::Error;
use crate::hex;
use crate::keychain::random::random;
use crate::secret::FixedBytes;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The number of bytes of a digest that are kept. As text they are twice as many digits.
const DIGEST: usize = 16;

/// The number of digits in a name, and in every other digest.
pub(super) const DIGITS: usize = 2 * DIGEST;

/// The number of bytes of [`Keys::to_bytes`].
const LENGTH: usize = 96;

/// A vault's key, and the key of its digests, see the [module](self).
pub(super) struct Keys {
    pub(super) age: Key,
    digests: FixedBytes<32>,
}

impl Keys {
    /// Returns the keys of a new vault.
    ///
    /// # Errors
    /// Where there are no random numbers.
    pub(super) fn generate() -> Result<Self, Error> {
        random().map(Self::new)
    }

    /// Returns the keys of the vault with this key.
    pub(super) fn new(secret: FixedBytes<32>) -> Self {
        let mut digests = FixedBytes::new([0; 32]);
        // This fails only for more than 8,160 bytes.
        let _ =
            Hkdf::<Sha256>::new(None, &*secret).expand(b"git-credential-pat vault", &mut *digests);
        Self { age: Key::new(secret), digests }
    }

    /// Returns all keys as bytes, so that none must be computed again.
    pub(super) fn to_bytes(&self) -> FixedBytes<LENGTH> {
        let mut bytes = FixedBytes::new([0; LENGTH]);
        let (secret, rest) = bytes.split_at_mut(32);
        let (public, digests) = rest.split_at_mut(32);
        secret.copy_from_slice(self.age.expose());
        public.copy_from_slice(self.age.public());
        digests.copy_from_slice(&*self.digests);
        bytes
    }

    /// Returns the keys of the bytes that [`Self::to_bytes`] has made.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; LENGTH] = bytes.try_into().ok()?;
        let (parts, _) = bytes.as_chunks::<32>();
        let secret = FixedBytes::new(parts[0]);
        Some(Self { age: Key::with_public(secret, parts[1]), digests: FixedBytes::new(parts[2]) })
    }

    /// Returns the check by which the vault knows its key.
    pub(super) fn check(&self) -> String {
        self.digest("vault", &[])
    }

    /// Returns the name of the folder of a context's items.
    pub(super) fn context(&self, context: &Context) -> String {
        self.digest("context", &[context.to_string().as_bytes()])
    }

    /// Returns the name of an account's item in that folder.
    pub(super) fn account(&self, account: &Account) -> String {
        let context = account.context.to_string();
        self.digest("account", &[context.as_bytes(), account.username.as_bytes()])
    }

    /// Returns the digest of the content of an item with this name.
    pub(super) fn content(&self, name: &str, content: &[u8]) -> String {
        self.digest("content", &[name.as_bytes(), content])
    }

    fn digest(&self, label: &str, fields: &[&[u8]]) -> String {
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&*self.digests);
        // Any length of key will do.
        let mut mac = mac.unwrap_or_else(|_| unreachable!());
        // No two lists of fields give the same bytes.
        for field in [label.as_bytes()].iter().chain(fields) {
            mac.update(&(field.len() as u64).to_be_bytes());
            mac.update(field);
        }
        let digest = mac.finalize().into_bytes();
        let mut text = String::with_capacity(DIGITS);
        hex::push(&mut text, &digest[..DIGEST]);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{DIGITS, Keys};
    use crate::context::Context;
    use crate::credential::{Account, Username};
    use crate::secret::FixedBytes;
    use std::collections::HashSet;

    fn keys(byte: u8) -> Keys {
        Keys::new(FixedBytes::new([byte; 32]))
    }

    fn account(context: &str, username: &str) -> Account {
        let context = Context::from_canonical(context).expect("canonical");
        Account { context, username: Username::new(username.as_bytes()) }
    }

    #[test]
    fn each_account_has_a_name_of_its_own_in_each_vault() {
        let accounts = [
            account("https://h.example", ""),
            account("https://h.example", "a"),
            account("https://h.example/a", ""),
            account("https://h.example:8443", "a"),
            account("http://127.0.0.1", "a"),
            account("https://h.example", "A"),
        ];
        let mut names = HashSet::new();
        for keys in [keys(1), keys(2)] {
            for account in &accounts {
                names.insert(keys.account(account));
                names.insert(keys.context(&account.context));
            }
            names.insert(keys.check());
            names.insert(keys.content("", b""));
        }
        // Each vault has six accounts, four contexts and two more digests.
        assert_eq!(names.len(), 2 * (6 + 4 + 2));
        assert!(names.iter().all(|name| name.len() == DIGITS));
    }

    #[test]
    fn what_is_kept_of_the_keys_is_all_of_them() {
        let made = keys(3);
        let read = Keys::from_bytes(&*made.to_bytes()).expect("keys");
        assert!(read.age == made.age);
        assert_eq!(read.check(), made.check());
        for length in [0, 32, 95, 97] {
            assert!(Keys::from_bytes(&vec![0; length]).is_none());
        }
    }

    #[test]
    fn a_digest_is_of_the_name_as_well_as_of_the_content() {
        let keys = keys(1);
        assert_ne!(keys.content("a", b"bc"), keys.content("ab", b"c"));
        assert_ne!(keys.content("a", b"b"), keys.content("b", b"b"));
    }
}
