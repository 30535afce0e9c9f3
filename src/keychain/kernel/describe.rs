//! The one system call that `linux-keyutils` cannot make for us.
//!
//! Its own `Metadata` panics where a description is longer than 512 bytes and cuts it at a
//! `;`, and any program of the user may have put such a key beside ours.
#![allow(unsafe_code, reason = "KEYCTL_DESCRIBE has no safe wrapper that takes any description")]

use super::is_gone;
use linux_keyutils::{KeyError, KeySerialId};

/// The longest description that the kernel takes, with its NUL, and the four numbers before it.
const MAX_DESCRIPTION: usize = 4096 + 64;

/// Returns a `user` key's description, or nothing where the key is of another type or has expired.
///
/// # Errors
/// [`KeyError::KeyDoesNotExist`] where the key is gone.
pub(super) fn describe(key: KeySerialId) -> Result<Option<Vec<u8>>, KeyError> {
    let mut buffer = [0u8; MAX_DESCRIPTION];
    // SAFETY: KEYCTL_DESCRIBE writes at most `buffer.len()` bytes to `buffer`, which lives
    // until the call returns, and keeps no pointer.
    let length = unsafe {
        libc::syscall(
            libc::SYS_keyctl,
            libc::KEYCTL_DESCRIBE,
            key.0,
            buffer.as_mut_ptr(),
            buffer.len(),
        )
    };
    let Ok(length) = usize::try_from(length) else {
        return match KeyError::from_errno() {
            KeyError::KeyDoesNotExist => Err(KeyError::KeyDoesNotExist),
            // The key has expired, or is somebody else's: it is not ours either way.
            KeyError::AccessDenied => Ok(None),
            error if is_gone(error) => Ok(None),
            error => Err(error),
        };
    };
    // `user;UID;GID;PERMISSIONS;DESCRIPTION\0`
    let text = buffer.get(..length).and_then(|text| text.strip_suffix(b"\0"));
    Ok(text
        .and_then(|text| text.strip_prefix(b"user;"))
        .and_then(|text| text.splitn(4, |&b| b == b';').nth(3))
        .map(<[u8]>::to_vec))
}
