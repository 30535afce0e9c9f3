//! Which user listens at the other end of a socket. The kernel knows it, and nobody can pretend:
//! any user can take an abstract address that has outlived its bus, and `sudo -E` leaves another
//! user's address in root's environment.
//!
//! The process's number is not looked at. It is 0 where the peer's process is in none of our
//! namespaces, as a Flatpak's proxy is, and rustix's type for it has no room for a 0.
#![allow(unsafe_code, reason = "no crate here asks for the user alone")]

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
