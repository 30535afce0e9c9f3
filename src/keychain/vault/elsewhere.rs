//! Stands for the vault on systems that have none: the functions that commands call exist
//! everywhere, and say that there is no vault.

#[path = "state.rs"]
mod state;

pub use state::State;

use crate::error::Error;
use crate::keychain::Options;
use std::path::PathBuf;
use std::time::Duration;

/// How long a vault stays unlocked by default.
pub const USUAL_TIME: Duration = Duration::from_secs(12 * 60 * 60);

/// A vault that does not exist.
pub struct Vault;

/// The beginning of a vault, before it is made.
pub enum Beginning {
    /// Nothing.
    Nothing,
    /// An `identity.age`.
    IdentityAge,
    /// A file or command gives the key.
    Given,
}

/// The result of a change of the key.
pub struct Changed {
    /// How many items are encrypted anew.
    pub items: usize,
    /// How many items could not be opened.
    pub damaged: usize,
}

const NONE: Error = Error::Unsupported;

#[allow(missing_docs, clippy::missing_errors_doc, clippy::unused_self, reason = "see the vault")]
impl Vault {
    #[must_use]
    pub fn new(_: &Options) -> Self {
        Self
    }

    pub fn state(&self) -> Result<State, Error> {
        Err(NONE)
    }

    pub fn place(&self) -> Result<&PathBuf, Error> {
        Err(NONE)
    }

    pub fn beginning(&self) -> Result<Beginning, Error> {
        Err(NONE)
    }

    #[must_use]
    pub fn lies_beside_its_key(&self) -> bool {
        false
    }

    pub fn make_with_given_key(&self) -> Result<(), Error> {
        Err(NONE)
    }

    pub fn make_with_passphrase(
        &self,
        _: &[u8],
        _: bool,
        _: Option<Duration>,
    ) -> Result<(), Error> {
        Err(NONE)
    }

    pub fn takes_passphrase(&self) -> Result<(), Error> {
        Err(NONE)
    }

    pub fn unlock_with(&self, _: &[u8], _: Option<Duration>) -> Result<(), Error> {
        Err(NONE)
    }

    pub fn lock(&mut self) -> Result<bool, Error> {
        Err(NONE)
    }

    pub fn change_passphrase(&self, _: &[u8], _: &[u8], _: bool) -> Result<(), Error> {
        Err(NONE)
    }

    pub fn change_key(&self, _: &[u8], _: Option<Duration>) -> Result<Changed, Error> {
        Err(NONE)
    }
}

/// Refuses every passphrase.
///
/// # Errors
/// [`Error::Unsupported`]
pub fn judge_passphrase(_: &[u8]) -> Result<(), Error> {
    Err(NONE)
}
