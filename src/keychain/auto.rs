//! The keychain that is taken where none is named.

use crate::error::Error;
use crate::keychain::{Keychain, Options};

#[cfg(not(target_os = "linux"))]
pub(super) fn open(_: &Options) -> Result<Box<dyn Keychain>, Error> {
    Err(Error::Unsupported)
}

#[cfg(target_os = "linux")]
pub(super) fn open(options: &Options) -> Result<Box<dyn Keychain>, Error> {
    Ok(Box::new(super::secret_service::SecretService::new(options)))
}
