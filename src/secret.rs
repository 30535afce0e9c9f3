//! A secret's bytes: never printed, wiped when dropped, and not copied on their way.
//!
//! All input arrives in a [`Buffer`]: a whole request, a keychain's item. A [`Secret`] is a part of
//! one. So a token that was read lies in memory once, however many values hold it, until it is
//! written somewhere.

use secrecy::{ExposeSecret, SecretBox};
use std::ops::{Deref, DerefMut, Range};
use std::sync::Arc;
use zeroize::{Zeroize, Zeroizing, optimization_barrier};

/// Bytes that hold secrets, wiped once no part of them is in use any more.
#[derive(Clone)]
pub struct Buffer(Arc<SecretBox<Bytes>>);

/// Bytes that are wiped as a whole. A vector wipes itself byte by byte, which takes ten times as many
/// instructions.
struct Bytes(Vec<u8>);

impl Zeroize for Bytes {
    fn zeroize(&mut self) {
        // All of its memory, also what lies behind its end; it does not grow.
        self.0.clear();
        self.0.resize(self.0.capacity(), 0);
        optimization_barrier(self.0.as_slice());
    }
}

impl Buffer {
    /// Copies the bytes into memory that is wiped later. The caller wipes its own memory.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Zeroizing::new(bytes.to_vec()).into()
    }

    /// Returns all bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0.expose_secret().0
    }

    /// Returns all bytes without the line end that editors and `echo` add.
    #[must_use]
    pub fn without_line_end(&self) -> &[u8] {
        let bytes = self.expose();
        let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        line.strip_suffix(b"\r").unwrap_or(line)
    }

    /// Returns a part of the bytes as a secret that shares their memory. Bytes from elsewhere are
    /// copied.
    #[must_use]
    pub fn secret(&self, part: &[u8]) -> Secret {
        let start = part.as_ptr().addr().wrapping_sub(self.expose().as_ptr().addr());
        let range = start..start.wrapping_add(part.len());
        match self.expose().get(range.clone()) {
            Some(_) => Secret { buffer: self.clone(), range },
            None => Secret::new(part),
        }
    }
}

impl From<Zeroizing<Vec<u8>>> for Buffer {
    /// Takes the memory over, without a copy.
    fn from(mut bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(Arc::new(SecretBox::new(Box::new(Bytes(std::mem::take(&mut *bytes))))))
    }
}

/// Secret bytes whose number is fixed, such as a key. Each is wiped in a few instructions: `Zeroizing`
/// has one for every byte wherever it is dropped, which makes the program 10 KB longer.
#[derive(Clone, PartialEq, Eq)]
pub struct FixedBytes<const N: usize>([u8; N]);

impl<const N: usize> FixedBytes<N> {
    /// Takes them. The caller wipes its own.
    #[must_use]
    pub fn new(bytes: [u8; N]) -> Self {
        Self(bytes)
    }
}

impl<const N: usize> Drop for FixedBytes<N> {
    fn drop(&mut self) {
        self.0 = [0; N];
        // Nobody can tell that the zeros are not read, so that they are written.
        optimization_barrier(&self.0);
    }
}

impl<const N: usize> Deref for FixedBytes<N> {
    type Target = [u8; N];

    fn deref(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> DerefMut for FixedBytes<N> {
    fn deref_mut(&mut self) -> &mut [u8; N] {
        &mut self.0
    }
}

/// Bytes that nobody may see: a token or a refresh token.
///
/// It has neither `Debug` nor `Display`, so that it cannot end up in a message. A clone shares its
/// memory.
#[derive(Clone)]
pub struct Secret {
    buffer: Buffer,
    range: Range<usize>,
}

impl Secret {
    /// Copies the bytes into memory that is wiped later. The caller wipes its own memory.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self { buffer: Buffer::new(bytes), range: 0..bytes.len() }
    }

    /// Returns the bytes, for the one call with which they leave.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.buffer.expose()[self.range.clone()]
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}

#[cfg(test)]
mod tests {
    use super::{Buffer, Bytes};
    use zeroize::Zeroize;

    #[test]
    fn all_memory_is_wiped_also_behind_the_end() {
        let mut bytes = Bytes(b"password=ghp_TESTONLY\n".to_vec());
        bytes.0.truncate(4);
        let (memory, capacity) = (bytes.0.as_ptr(), bytes.0.capacity());
        bytes.zeroize();
        assert_eq!((bytes.0.as_ptr(), bytes.0.len()), (memory, capacity));
        assert!(bytes.0.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_part_is_where_it_was_read_and_outlives_the_buffers_name() {
        let buffer = Buffer::new(b"password=ghp_TESTONLY\n");
        let part = &buffer.expose()[9..21];
        let secret = buffer.secret(part);
        assert_eq!(secret.expose().as_ptr(), part.as_ptr());
        assert_eq!(secret.clone().expose().as_ptr(), part.as_ptr());
        drop(buffer);
        assert_eq!(secret.expose(), b"ghp_TESTONLY");
    }

    #[test]
    fn one_end_of_a_line_is_taken_off() {
        for (bytes, line) in [("x\n", "x"), ("x\r\n", "x"), ("x", "x"), ("x\n\n", "x\n"), ("", "")]
        {
            assert_eq!(Buffer::new(bytes.as_bytes()).without_line_end(), line.as_bytes());
        }
    }

    #[test]
    fn what_lies_elsewhere_is_copied() {
        let buffer = Buffer::new(b"abc");
        assert_eq!(buffer.secret(b"elsewhere").expose(), b"elsewhere");
        assert_eq!(buffer.secret(b"").expose(), b"");
    }
}
