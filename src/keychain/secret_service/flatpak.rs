//! Whether we run inside a Flatpak, where a proxy stands before the session's bus.
//!
//! It hides what its program may not talk to: the Secret Service then looks as if there were
//! none. A token that went to the kernel's keyring for that would seem lost outside.

use super::remote::Remote;
use crate::error::Error;
use std::path::Path;

/// Returns whether a Flatpak is around this process.
pub(in crate::keychain) fn is_around_us() -> bool {
    Path::new("/.flatpak-info").exists()
}

/// What a search that was refused means: the proxy hides a service, or denies access where it
/// may be seen and not talked to.
pub(super) fn refusal(remote: Remote) -> Error {
    match remote {
        Remote::ServiceUnknown | Remote::AccessDenied if is_around_us() => Error::HiddenByFlatpak,
        remote => remote.into(),
    }
}
