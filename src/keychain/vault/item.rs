//! An account's file has the item as every keychain has it, and two lines below.
//!
//! ```text
//! ghp_TESTONLY…
//! context=https://github.com
//! …
//! pad=............................    as many as make the length a multiple of 256 bytes
//! mac=0f1e2d3c4b5a69788796a5b4c3d2e1f0
//! ```
//!
//! The padding keeps the file's length from telling the kind of token. The last line is a digest
//! of the file's name and of all lines above, under the vault's key. Encryption alone would not
//! show who has encrypted a file, and a file under another's name would open as well.

use super::age::{self, Recipient};
use super::folder::ITEMS;
use super::keys::{DIGITS, Keys};
use crate::credential::Credential;
use crate::error::Error;
use crate::hardening;
use crate::keychain::item::{self, Content};
use crate::secret::Buffer;
use zeroize::Zeroizing;

/// The number of bytes of which a content's length is a multiple.
const STEP: usize = 256;

const PAD: &[u8] = b"pad=";
const MAC: &[u8] = b"mac=";

/// The number of bytes of the last line.
const LAST_LINE: usize = MAC.len() + DIGITS + 1;

const EXTENSION: &str = ".age";

/// Returns the name of the file of an account with this name.
pub(super) fn file_name(name: &str) -> String {
    format!("{name}{EXTENSION}")
}

/// Returns the path of that file in the vault's folder.
pub(super) fn path(of_context: &str, name: &str) -> String {
    format!("{ITEMS}/{of_context}/{name}{EXTENSION}")
}

/// Returns the account's name in the name of a file, or nothing where that is no item's.
pub(super) fn name_in(file_name: &str) -> Option<&str> {
    let name = file_name.strip_suffix(EXTENSION)?;
    let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    (name.len() == DIGITS && name.bytes().all(is_digit)).then_some(name)
}

/// Returns the content of the file for a credential.
///
/// # Errors
/// [`Error::TooLong`]; where there are no random numbers.
pub(super) fn seal(keys: &Keys, credential: &Credential) -> Result<Vec<u8>, Error> {
    let content = Content::of(credential);
    let length = content.len() + PAD.len() + 1 + LAST_LINE;
    let length = length.next_multiple_of(STEP);
    let mut bytes = Zeroizing::new(Vec::with_capacity(length));
    for piece in content.pieces() {
        bytes.extend_from_slice(piece);
    }
    bytes.extend_from_slice(PAD);
    bytes.resize(length - LAST_LINE - 1, b'.');
    bytes.push(b'\n');
    let name = keys.account(&credential.account());
    let mac = keys.content(&name, &bytes);
    bytes.extend_from_slice(MAC);
    bytes.extend_from_slice(mac.as_bytes());
    bytes.push(b'\n');
    age::encrypt(&bytes, &Recipient::Key(keys.age.public()))
}

/// Returns the credential in the file of the account with this name.
///
/// # Errors
/// [`Error::Damaged`] where the file was not written under this name.
pub(super) fn open(keys: &Keys, name: &str, file: &[u8]) -> Result<Credential, Error> {
    let credential = open_on_the_stack(keys, name, file);
    hardening::wipe_stack();
    credential
}

// The cipher and the digest leave blocks of the token on the stack. In a function of its own they
// are below the caller's frame, where `wipe_stack` reaches them.
#[inline(never)]
fn open_on_the_stack(keys: &Keys, name: &str, file: &[u8]) -> Result<Credential, Error> {
    let opened = age::File::parse(file).and_then(|file| file.open(&keys.age));
    let bytes = opened.map_err(|_| Error::Damaged)?;
    let (content, last) = bytes.split_last_chunk::<LAST_LINE>().ok_or(Error::Damaged)?;
    let mac = last.strip_prefix(MAC).and_then(|rest| rest.strip_suffix(b"\n"));
    let expected = keys.content(name, content);
    if !mac.is_some_and(|mac| is_same(mac, expected.as_bytes())) {
        return Err(Error::Damaged);
    }
    item::decode(&Buffer::from(bytes))
}

/// Returns whether two digests are the same, in a time that does not tell where they differ.
fn is_same(left: &[u8], right: &[u8]) -> bool {
    let differences = left.iter().zip(right).fold(0, |all, (a, b)| all | (a ^ b));
    left.len() == right.len() && differences == 0
}

#[cfg(test)]
mod tests {
    use super::{STEP, open, seal};
    use crate::context::Context;
    use crate::credential::{Credential, Username};
    use crate::error::Error;
    use crate::keychain::vault::age::{self, File, MAX_CONTENT, Recipient};
    use crate::keychain::vault::keys::Keys;
    use crate::secret::FixedBytes;
    use crate::secret::Secret;

    fn keys(byte: u8) -> Keys {
        Keys::new(FixedBytes::new([byte; 32]))
    }

    fn credential(username: &str, token: &str) -> Credential {
        let context = Context::from_canonical("https://h.example").expect("canonical");
        let username = Some(Username::new(username.as_bytes()));
        Credential::new(context, username, Secret::new(token.as_bytes()), 1)
    }

    fn damaged(keys: &Keys, name: &str, file: &[u8]) {
        assert!(matches!(open(keys, name, file), Err(Error::Damaged)));
    }

    #[test]
    fn a_credential_reads_back_under_its_own_name_only() {
        let (keys, alice) = (keys(1), credential("alice", "ghp_TESTONLY"));
        let file = seal(&keys, &alice).expect("sealed");
        let name = keys.account(&alice.account());
        assert!(open(&keys, &name, &file).is_ok_and(|read| read == alice));
        damaged(&keys, &keys.account(&credential("bob", "").account()), &file);
        damaged(&keys, "", &file);
    }

    #[test]
    fn what_is_encrypted_for_the_vault_elsewhere_is_damaged() {
        let (keys, alice) = (keys(1), credential("alice", "ghp_TESTONLY"));
        let name = keys.account(&alice.account());
        let planted = b"ghp_TESTONLY\ncontext=https://h.example\nusername=alice\n";
        let mac_of = |keys: &Keys| format!("mac={}\n", keys.content(&name, planted));
        let of = |mac: &str| {
            let content = [planted, mac.as_bytes()].concat();
            age::encrypt(&content, &Recipient::Key(keys.age.public())).expect("encrypted")
        };
        let ours = of(&mac_of(&keys));
        assert!(open(&keys, &name, &ours).is_ok());
        let other = super::super::keys::Keys::new(FixedBytes::new([2; 32]));
        for mac in ["", "mac=\n", &mac_of(&other), &mac_of(&keys).to_uppercase()] {
            damaged(&keys, &name, &of(mac));
        }
    }

    #[test]
    fn the_length_tells_no_more_than_steps_of_256() {
        let keys = keys(1);
        let length = |token: &str| {
            let file = seal(&keys, &credential("alice", token)).expect("sealed");
            File::parse(&file).and_then(|file| file.open(&keys.age)).expect("opened").len()
        };
        for count in [0, 40, 93, 255, 256, 257] {
            assert_eq!(length(&"x".repeat(count)) % STEP, 0);
        }
        assert_eq!(length(&"x".repeat(40)), length(&"x".repeat(93)));
    }

    #[test]
    fn the_longest_content_is_kept_and_a_longer_one_refused() {
        let keys = keys(1);
        let longest = "x".repeat(MAX_CONTENT - STEP);
        assert!(seal(&keys, &credential("a", &longest)).is_ok());
        let longer = "x".repeat(MAX_CONTENT);
        assert_eq!(seal(&keys, &credential("a", &longer)).err(), Some(Error::TooLong));
    }
}
