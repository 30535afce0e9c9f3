//! Where programs of the family keep entries on the BSDs and illumos: in the Secret Service.

use super::{from_family, secret};
use crate::error::Error;
use crate::keychain::secret_service::store::Store;
use keyring_core::api::CredentialStoreApi;
use zeroize::Zeroizing;

/// Returns the entry's secret.
pub(super) fn read(service: &str, user: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    secret(Store::new().build(service, user, None)).map_err(from_family)
}
