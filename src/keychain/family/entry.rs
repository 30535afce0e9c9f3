//! The common part of our own stores: an entry's two names, and our errors in the family's words.

use crate::error::Error;
use keyring_core::Error as FamilyError;

/// An entry's two names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::keychain) struct Names {
    pub(in crate::keychain) service: String,
    pub(in crate::keychain) user: String,
}

impl Names {
    /// The names that an entry is built from.
    pub(in crate::keychain) fn new(service: &str, user: &str) -> Self {
        Self { service: service.to_owned(), user: user.to_owned() }
    }

    /// Returns the names as the family asks for them.
    pub(in crate::keychain) fn specifiers(&self) -> (String, String) {
        (self.service.clone(), self.user.clone())
    }
}

/// Converts our error to the family's. It holds no secret, so it may be shown.
pub(in crate::keychain) fn convert(error: Error) -> FamilyError {
    match error {
        Error::Locked
        | Error::Denied
        | Error::NoKernelKeyring
        | Error::KernelKeyringDenied
        | Error::NoDefaultCollection => FamilyError::NoStorageAccess(Box::new(error)),
        Error::NoEntry | Error::KernelKeyExpired => FamilyError::NoEntry,
        other => FamilyError::PlatformFailure(Box::new(other)),
    }
}
