//! A secret's bytes: never printed, wiped when dropped.

use secrecy::{ExposeSecret, SecretSlice};

/// Bytes that must not be seen: a token or a refresh token.
///
/// It has neither `Debug` nor `Display`, so that it cannot end up in a message, and it
/// wipes its memory when it is dropped.
#[derive(Clone)]
pub struct Secret(SecretSlice<u8>);

impl Secret {
    /// Copies the bytes into memory that is wiped later. The caller wipes its own.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        // `to_vec` allocates exactly; a spare byte would mean another copy when boxed.
        Self(bytes.to_vec().into())
    }

    /// The bytes, for the one place where they leave.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for Secret {}
