//! Whether we run inside a Flatpak, where a proxy stands before the session's bus.
//!
//! The proxy hides the services that its program may not talk to: then there seems to be no Secret
//! Service. A token that went to the kernel's keyring for that reason would seem lost outside.

use super::remote::Remote;
use crate::error::Error;
use std::path::Path;

/// Returns whether a Flatpak is around this process.
pub(in crate::keychain) fn is_around_us() -> bool {
    Path::new("/.flatpak-info").exists()
}

/// Returns the error for a search that was refused: the proxy hides a service, or denies access
/// where we may see but not talk to it.
pub(super) fn refusal(remote: Remote) -> Error {
    match remote {
        Remote::ServiceUnknown | Remote::AccessDenied if is_around_us() => Error::HiddenByFlatpak,
        remote => remote.into(),
    }
}
