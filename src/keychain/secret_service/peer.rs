//! The ends of a socket: how the bus learns who we are, and which user listens there. The kernel
//! knows it, and nobody can pretend: any user can take an abstract address that has outlived its
//! bus, and `sudo -E` leaves another user's address in root's environment.
//!
//! The process's number is not looked at. It is 0 where the peer's process is in none of our
//! namespaces, as a Flatpak's proxy is, and rustix's type for it has no room for a 0.
#![allow(unsafe_code, reason = "no crate here asks for the user alone")]

#[cfg(any(target_os = "linux", target_os = "freebsd", target_os = "dragonfly"))]
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd};

/// Returns whether the process that listens there runs as this process's effective user.
pub(super) fn is_ours(socket: impl AsFd) -> bool {
    user(&socket) == Some(rustix::process::geteuid().as_raw())
}

#[cfg(target_os = "linux")]
fn user(socket: &impl AsFd) -> Option<u32> {
    let mut peer = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut length = u32::try_from(size_of::<libc::ucred>()).ok()?;
    let descriptor = socket.as_fd().as_raw_fd();
    // SAFETY: the descriptor is open, and the kernel writes at most `length` bytes, which is
    // the size of what it is given, of plain numbers.
    let status = unsafe {
        libc::getsockopt(
            descriptor,
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &raw mut length,
        )
    };
    (status == 0).then_some(peer.uid)
}

/// As the BSDs say it.
#[cfg(not(any(target_os = "linux", target_os = "illumos", target_os = "solaris")))]
fn user(socket: &impl AsFd) -> Option<u32> {
    let (mut user, mut group) = (0, 0);
    let descriptor = socket.as_fd().as_raw_fd();
    // SAFETY: the descriptor is open, and the two numbers are where they are written.
    let status = unsafe { libc::getpeereid(descriptor, &raw mut user, &raw mut group) };
    (status == 0).then_some(user)
}

#[cfg(any(target_os = "illumos", target_os = "solaris"))]
fn user(socket: &impl AsFd) -> Option<u32> {
    let mut peer = std::ptr::null_mut();
    // SAFETY: the descriptor is open, and the call puts what it allocates there.
    if unsafe { libc::getpeerucred(socket.as_fd().as_raw_fd(), &raw mut peer) } != 0 {
        return None;
    }
    // SAFETY: the call above has succeeded, so there it is.
    let user = unsafe { libc::ucred_geteuid(peer) };
    // SAFETY: it is ours, and nothing uses it after this.
    unsafe { libc::ucred_free(peer) };
    Some(user)
}

/// Begins the greeting, with a zero byte, and returns what of that is still to be sent. Here the
/// kernel tells the bus who we are only with a byte that is sent so.
///
/// # Errors
/// Where it cannot be sent.
#[cfg(any(target_os = "freebsd", target_os = "dragonfly"))]
pub(super) fn introduce(socket: impl AsFd) -> std::io::Result<&'static [u8]> {
    /// A header and what the kernel fills in, aligned as it wants them.
    #[repr(C)]
    struct Control {
        header: libc::cmsghdr,
        who: libc::cmsgcred,
    }
    // SAFETY: both are plain numbers.
    let mut control: Control = unsafe { std::mem::zeroed() };
    let length = u32::try_from(size_of::<Control>()).map_err(std::io::Error::other)?;
    control.header.cmsg_len = length;
    control.header.cmsg_level = libc::SOL_SOCKET;
    control.header.cmsg_type = libc::SCM_CREDS;
    let mut byte = 0_u8;
    let mut part = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
    // SAFETY: numbers and pointers, for which zero is none.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    (message.msg_iov, message.msg_iovlen) = (&raw mut part, 1);
    (message.msg_control, message.msg_controllen) = ((&raw mut control).cast(), length);
    let descriptor = socket.as_fd().as_raw_fd();
    // SAFETY: the descriptor is open, and what the message points to lives until the call returns.
    match unsafe { libc::sendmsg(descriptor, &raw const message, libc::MSG_NOSIGNAL) } {
        1 => Ok(b""),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// Begins the greeting, with a zero byte, and returns what of that is still to be sent: here the
/// kernel tells who asks who we are.
///
/// # Errors
/// None here.
#[cfg(not(any(target_os = "freebsd", target_os = "dragonfly")))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere something is sent")]
pub(super) fn introduce(_: impl AsFd) -> std::io::Result<&'static [u8]> {
    Ok(b"\0")
}

#[cfg(test)]
mod tests {
    use super::is_ours;
    use std::os::unix::net::{UnixListener, UnixStream};

    #[test]
    fn a_listener_of_this_process_is_ours_and_what_is_no_socket_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let _listener = UnixListener::bind(folder.path().join("bus")).expect("a socket");
        let client = UnixStream::connect(folder.path().join("bus")).expect("a connection");
        assert!(is_ours(client));
        assert!(!is_ours(std::fs::File::open(folder.path()).expect("a folder")));
    }
}
