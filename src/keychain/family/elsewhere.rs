//! On other systems no store of the family is known.

use crate::error::Error;
use zeroize::Zeroizing;

/// Fails: there is no store to read from.
pub(super) fn read(_service: &str, _user: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    Err(Error::Unsupported)
}
