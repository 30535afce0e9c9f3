//! The question about the kernel's namespaces that needs `unsafe`.
#![allow(unsafe_code, reason = "the question has no safe wrapper")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// The number of the request `NS_GET_USERNS`.
const OWNER: libc::c_ulong = 0xb701;

/// Returns the user namespace that owns this namespace.
///
/// # Errors
/// The kernel's own error.
pub(crate) fn owner_of(namespace: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    // SAFETY: the call takes no further argument, and the descriptor is open.
    let owner = unsafe { libc::ioctl(namespace.as_raw_fd(), OWNER as _) };
    if owner < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor for us alone.
    Ok(unsafe { OwnedFd::from_raw_fd(owner) })
}
