//! Random bytes, for keys and nonces.

use crate::error::Error;
use crate::secret::FixedBytes;

/// Returns random bytes from the operating system.
///
/// # Errors
/// Where the system has none.
pub(in crate::keychain) fn random<const N: usize>() -> Result<FixedBytes<N>, Error> {
    let mut bytes = FixedBytes::new([0; N]);
    getrandom::fill(&mut *bytes)
        .map_err(|_| Error::Keychain("the system has no random numbers"))?;
    Ok(bytes)
}
