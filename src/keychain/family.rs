//! What our stores have in common when programs of the keyring family use them: an entry's
//! two names, and our errors in that family's words.
//!
//! The keyring family's API (keyring-core) files an entry under a service and a user. Those
//! entries are not our accounts: the helper never sees them, nor they the helper's items.

use crate::error::Error;
use keyring_core::Error as FamilyError;
use keyring_core::attributes::parse_attributes;
use std::collections::HashMap;

/// An entry's two names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) service: String,
    pub(super) user: String,
}

impl Names {
    /// Reads what an entry is built from. There are no modifiers.
    pub(super) fn new(
        service: &str,
        user: &str,
        modifiers: Option<&HashMap<&str, &str>>,
    ) -> keyring_core::Result<Self> {
        parse_attributes(&[], modifiers)?;
        Ok(Self { service: service.to_owned(), user: user.to_owned() })
    }

    /// As the family asks for them.
    pub(super) fn specifiers(&self) -> (String, String) {
        (self.service.clone(), self.user.clone())
    }
}

/// Our error as theirs. It holds no secret, so it may be shown.
pub(super) fn convert(error: Error) -> FamilyError {
    match error {
        Error::Locked
        | Error::Denied
        | Error::NoKernelKeyring
        | Error::KernelKeyringDenied
        | Error::NoDefaultCollection => FamilyError::NoStorageAccess(Box::new(error)),
        Error::KernelKeyExpired => FamilyError::NoEntry,
        other => FamilyError::PlatformFailure(Box::new(other)),
    }
}
