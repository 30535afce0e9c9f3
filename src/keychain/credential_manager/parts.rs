//! The parts of a content that is too long for one credential.
//!
//! The account's own credential leads to them. It holds a NUL, with which no content begins, an
//! identifier that no other write has, the number of the parts, and a digest of the whole.

use super::calls::{self, MAX_BLOB};
use super::name;
use crate::error::Error;
use crate::hex;
use sha2::{Digest, Sha256};
use std::hash::{BuildHasher, RandomState};
use zeroize::Zeroizing;

/// The beginning of the parts' names, in place of an account's. They come after the accounts in
/// every order. So an enumeration of accounts, which Wine makes in two steps and by numbers, does
/// not lose or repeat one when parts come and go.
pub(super) const PREFIX: &str = "git-credential-pat_part:";

/// More parts than a content with the longest token needs.
const MAX_PARTS: usize = 64;

/// The parts of one content.
pub(super) struct Parts {
    id: String,
    count: usize,
    /// The digest of the whole content, which tells whether the parts are those that were written.
    digest: String,
}

impl Parts {
    /// Returns the parts that this content will have.
    ///
    /// # Errors
    /// [`Error::TooLong`] where there would be too many.
    pub(super) fn of(content: &[u8]) -> Result<Self, Error> {
        let count = content.len().div_ceil(MAX_BLOB);
        if count > MAX_PARTS {
            return Err(Error::TooLong);
        }
        // The identifier is random and, in one process, never the same twice.
        let id = format!("{:016x}", RandomState::new().hash_one(count));
        Ok(Self { id, count, digest: digest(content) })
    }

    /// Writes the parts of the content that they were made for, for the account of this name.
    ///
    /// # Errors
    /// Where it could not be written.
    pub(super) fn write(&self, name: &str, content: &[u8]) -> Result<(), Error> {
        for (number, part) in content.chunks(MAX_BLOB).enumerate() {
            let what = format!("part {} of {}", number + 1, self.count);
            calls::write(&self.part(name, number), &what, part)?;
        }
        Ok(())
    }

    /// Returns the content of the account's own credential, which leads to the parts.
    pub(super) fn to_head(&self) -> Vec<u8> {
        format!("\0{} {} {}", self.id, self.count, self.digest).into_bytes()
    }

    /// Reads the account's own credential, or returns nothing where it holds a content itself.
    ///
    /// # Errors
    /// [`Error::Damaged`] where it cannot be understood.
    pub(super) fn from_head(head: &[u8]) -> Result<Option<Self>, Error> {
        let Some(text) = head.strip_prefix(b"\0") else { return Ok(None) };
        let text = std::str::from_utf8(text).map_err(|_| Error::Damaged)?;
        let mut words = text.split(' ').map(ToOwned::to_owned);
        let (Some(id), Some(count), Some(digest)) = (words.next(), words.next(), words.next())
        else {
            return Err(Error::Damaged);
        };
        let count = count.parse().ok().filter(|count| *count <= MAX_PARTS);
        Ok(Some(Self { id, count: count.ok_or(Error::Damaged)?, digest }))
    }

    /// Returns the whole content, or nothing where a part is no longer as it was written.
    ///
    /// # Errors
    /// Where the parts cannot be read.
    pub(super) fn read(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let mut content = Zeroizing::new(Vec::with_capacity(self.count * MAX_BLOB));
        for number in 0..self.count {
            match calls::read(&self.part(name, number))? {
                Some(part) if part.len() <= MAX_BLOB => content.extend_from_slice(&part),
                _ => return Ok(None),
            }
        }
        Ok((digest(&content) == self.digest).then_some(content))
    }

    /// Deletes the parts that are there. Returns whether none is left.
    pub(super) fn delete(&self, name: &str) -> bool {
        (0..self.count).all(|number| calls::delete(&self.part(name, number)).is_ok())
    }

    /// Returns whether these are the parts of the same write.
    pub(super) fn are(&self, others: &Self) -> bool {
        self.id == others.id
    }

    /// Returns the number of parts.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.count
    }

    fn part(&self, name: &str, number: usize) -> String {
        let account = name.strip_prefix(name::PREFIX).unwrap_or(name);
        format!("{PREFIX}{account} {}.{number}", self.id)
    }
}

fn digest(content: &[u8]) -> String {
    let mut text = String::new();
    hex::push(&mut text, &Sha256::digest(content));
    text
}

#[cfg(test)]
mod tests {
    use super::Parts;

    #[test]
    fn what_leads_to_parts_reads_back_and_nothing_else_does() {
        let parts = Parts { id: "0a".to_owned(), count: 7, digest: "ff".to_owned() };
        let read = Parts::from_head(&parts.to_head()).ok().flatten().expect("parts");
        assert_eq!((read.id.as_str(), read.count, read.digest.as_str()), ("0a", 7, "ff"));
        assert!(Parts::from_head(b"ghp_TESTONLY\n").is_ok_and(|parts| parts.is_none()));
        assert!(Parts::from_head(b"").is_ok_and(|parts| parts.is_none()));
        for head in
            [&b"\0"[..], b"\0a", b"\0a b", b"\0a 1", b"\0a -1 c", b"\0a 65 c", b"\0\xFF 1 c"]
        {
            assert!(Parts::from_head(head).is_err());
        }
    }
}
