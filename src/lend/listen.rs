//! The ways by which requests come in: a socket in a folder that is its owner's alone, a port of
//! the loopback address that serves this user alone, or a listener in a sandbox's own network.

use super::peer::user_of;
use super::stream::Stream;
use super::{Lending, beside, serve};
use crate::child::in_background;
use crate::error::Error;
use crate::hardening::code;
use std::fs;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// The name of the socket in its folder.
const SOCKET: &str = "pat.sock";

/// How long to wait after the system had no room for a connection.
const PAUSE: Duration = Duration::from_millis(50);

/// A way in.
pub(super) enum Listener {
    Socket(UnixListener, PathBuf),
    Port(TcpListener),
    /// A port in a sandbox's network, whose clients are all in that sandbox.
    Inside(TcpListener),
}

impl Listener {
    /// Listens at a socket in this folder. Makes the folder if it is missing.
    ///
    /// # Errors
    /// [`Error::Refused`] where the folder is not this user's alone or its socket is in use.
    pub(super) fn socket(folder: &Path) -> Result<Self, Error> {
        let cannot = Error::Refused("the folder of the socket cannot be made");
        match fs::DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(cannot),
            _ => {}
        }
        let is_ours_alone = fs::metadata(folder).is_ok_and(|metadata| {
            let others = metadata.mode() & 0o077;
            metadata.is_dir()
                && metadata.uid() == rustix::process::geteuid().as_raw()
                && others == 0
        });
        if !is_ours_alone {
            return Err(Error::Refused("the folder of the socket must be this user's alone"));
        }
        let folder = folder.canonicalize().map_err(|_| cannot)?;
        let path = folder.join(SOCKET);
        if UnixStream::connect(&path).is_ok() {
            return Err(Error::Refused("somebody lends at this socket already"));
        }
        let _ = fs::remove_file(&path);
        let listener = UnixListener::bind(&path).and_then(|listener| {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map(|()| listener)
        });
        let cannot = Error::Refused("the socket cannot be made: its path may be too long");
        Ok(Self::Socket(listener.map_err(|_| cannot)?, path))
    }

    /// Listens at this port, or at a free one if it is 0.
    ///
    /// # Errors
    /// [`Error::Refused`] where the port is taken.
    pub(super) fn port(port: u16) -> Result<Self, Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        listener.map(Self::Port).map_err(|_| Error::Refused("the port cannot be listened at"))
    }

    /// Returns the port, if the listener has one.
    pub(super) fn number(&self) -> Option<u16> {
        match self {
            Self::Socket(..) => None,
            Self::Port(listener) | Self::Inside(listener) => {
                listener.local_addr().ok().map(|address| address.port())
            }
        }
    }

    /// Takes connections, each in a thread of its own, as long as there is a listener. Once the
    /// lending has ended, each is told so.
    pub(super) fn take_all(&self, lending: &'static Lending) {
        loop {
            let stream = match self.accept() {
                Ok(stream) => stream,
                // The listener was shut down.
                Err(error) if error.kind() == ErrorKind::InvalidInput => return,
                Err(_) => {
                    thread::sleep(PAUSE);
                    continue;
                }
            };
            if !self.is_ours(&stream) || stream.bound().is_err() {
                continue;
            }
            let place = lending.connections.enter();
            let is_socket = matches!(self, Self::Socket(..));
            let serve = move || {
                let _place = place;
                if is_socket && lending.policy.lfs {
                    beside::open(lending, &stream);
                }
                serve::serve(lending, &stream);
                code::let_go();
            };
            // If no thread can be made, this drops the connection and gives its place back.
            let _ = in_background(Box::new(serve));
        }
    }

    fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Socket(listener, _) => listener.accept().map(|(s, _)| Stream::Unix(s)),
            Self::Port(listener) | Self::Inside(listener) => {
                listener.accept().map(|(s, _)| Stream::Tcp(s))
            }
        }
    }

    /// Returns whether this user runs the other side. In a sandbox's own network, only the sandbox
    /// can connect, and its users are not ours: there, everybody may.
    fn is_ours(&self, stream: &Stream) -> bool {
        let user = match (self, stream) {
            (Self::Inside(_), _) => return true,
            (_, Stream::Unix(stream)) => {
                rustix::net::sockopt::socket_peercred(stream.as_fd()).ok().map(|c| c.uid.as_raw())
            }
            (_, Stream::Tcp(stream)) => user_of(stream),
        };
        user == Some(rustix::process::geteuid().as_raw())
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Socket(listener, _) => listener.as_fd(),
            Self::Port(listener) | Self::Inside(listener) => listener.as_fd(),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Socket(_, path) = self {
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Listener;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_socket_is_in_a_folder_that_is_its_owners_alone() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = parent.path().join("pat");
        for _ in 0..2 {
            let listener = Listener::socket(&folder).expect("a listener");
            let mode = |path: &str| {
                fs::metadata(folder.join(path)).expect("there").permissions().mode() & 0o777
            };
            assert_eq!((mode(""), mode("pat.sock")), (0o700, 0o600));
            assert!(Listener::socket(&folder).is_err(), "it is taken");
            drop(listener);
            assert!(!folder.join("pat.sock").exists());
        }
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o750)).expect("rights");
        assert!(Listener::socket(&folder).is_err());
    }
}
