//! Random bytes, for keys and nonces.

use crate::error::Error;
use zeroize::Zeroizing;

/// Returns random bytes from the operating system.
///
/// # Errors
/// Where the system has none.
pub(in crate::keychain) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, Error> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(&mut *bytes)
        .map_err(|_| Error::Keychain("the system has no random numbers"))?;
    Ok(bytes)
}
