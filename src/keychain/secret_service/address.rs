//! The addresses where the session's bus listens.
//!
//! Only sockets of this machine count: nothing is started (`autolaunch:`, `unixexec:`) and no
//! network is used (`tcp:`) on the way to a keychain. There may be several addresses; the first
//! that accepts a connection is taken.

use crate::error::Error;
use rustix::net::SocketAddrUnix;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The address of a bus.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Address {
    place: Place,
    /// The bus's own identifier, where the address names it.
    guid: Option<Vec<u8>>,
}

/// A Unix socket.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Place {
    /// A path of the file system.
    Path(PathBuf),
    /// A name in Linux's abstract namespace, which no other system has.
    Abstract(Vec<u8>),
}

impl Address {
    /// Returns the address as the system takes it, or nothing where it is too long for a socket.
    #[must_use]
    pub fn socket_address(&self) -> Option<SocketAddrUnix> {
        match &self.place {
            Place::Path(path) => SocketAddrUnix::new(path).ok(),
            #[cfg(target_os = "linux")]
            Place::Abstract(name) => SocketAddrUnix::new_abstract_name(name).ok(),
            #[cfg(not(target_os = "linux"))]
            Place::Abstract(_) => None,
        }
    }

    /// Returns whether the address may mean the bus with this identifier. An address without an
    /// identifier means any bus that listens there.
    #[must_use]
    pub fn means(&self, identifier: &[u8]) -> bool {
        self.guid.as_ref().is_none_or(|guid| guid.eq_ignore_ascii_case(identifier))
    }
}

/// Returns the addresses that this process's environment gives, or none where it gives none:
/// `DBUS_SESSION_BUS_ADDRESS`, else the socket `bus` in `XDG_RUNTIME_DIR` if it is ours.
///
/// # Errors
/// [`Error::Unreachable`] where an address is given that cannot be used.
pub fn from_environment() -> Result<Option<Vec<Address>>, Error> {
    from_variables(|name| std::env::var_os(name))
}

fn from_variables(
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<Option<Vec<Address>>, Error> {
    let variable = |name| variable(name).filter(|value| !value.is_empty());
    let runtime = variable("XDG_RUNTIME_DIR").map(PathBuf::from);
    match variable("DBUS_SESSION_BUS_ADDRESS") {
        Some(text) => parse(text.as_bytes(), runtime.as_deref()).map(Some),
        None => Ok(runtime.and_then(|folder| in_runtime_folder(&folder)).map(|bus| vec![bus])),
    }
}

/// Reads a list of addresses as the D-Bus specification writes it.
///
/// # Errors
/// [`Error::Unreachable`] where none of them can be used.
pub fn parse(text: &[u8], runtime: Option<&Path>) -> Result<Vec<Address>, Error> {
    let usable: Vec<Address> =
        text.split(|&b| b == b';').filter_map(|address| parse_one(address, runtime)).collect();
    if usable.is_empty() {
        return Err(Error::Unreachable("the session bus's address is of no kind that is used"));
    }
    Ok(usable)
}

fn parse_one(text: &[u8], runtime: Option<&Path>) -> Option<Address> {
    let (mut place, mut guid) = (None, None);
    for pair in text.strip_prefix(b"unix:")?.split(|&b| b == b',') {
        let Some(equals) = pair.iter().position(|&b| b == b'=') else { continue };
        let value = unescape(&pair[equals + 1..])?;
        match &pair[..equals] {
            b"guid" => guid = Some(value),
            _ if value.is_empty() || place.is_some() => {}
            b"path" => place = Some(Place::Path(OsStr::from_bytes(&value).into())),
            b"abstract" => place = Some(Place::Abstract(value)),
            b"runtime" if value == b"yes" => place = Some(in_runtime_folder(runtime?)?.place),
            _ => {}
        }
    }
    Some(Address { place: place?, guid })
}

/// Returns the socket where a session's bus listens by convention, if it is there and ours: another
/// user's socket would receive our requests.
fn in_runtime_folder(folder: &Path) -> Option<Address> {
    let path = folder.join("bus");
    let metadata = fs::metadata(&path).ok()?;
    let ours = metadata.uid() == rustix::process::geteuid().as_raw();
    (ours && metadata.file_type().is_socket())
        .then_some(Address { place: Place::Path(path), guid: None })
}

fn unescape(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |b: u8| char::from(b).to_digit(16);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(&byte) = rest.next() {
        bytes.push(match byte {
            b'%' => u8::try_from(digit(*rest.next()?)? * 16 + digit(*rest.next()?)?).ok()?,
            _ => byte,
        });
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{Address, Place, from_variables, parse};
    use crate::error::Error;
    use std::os::unix::net::UnixListener;
    use std::path::Path;

    fn path(text: &str) -> Address {
        Address { place: Place::Path(text.into()), guid: None }
    }

    fn with_guid(text: &str, guid: &str) -> Address {
        Address { guid: Some(guid.into()), ..path(text) }
    }

    fn abstract_name(name: &str) -> Address {
        Address { place: Place::Abstract(name.into()), guid: None }
    }

    #[test]
    fn addresses_are_read_as_d_bus_writes_them() {
        for (text, expected) in [
            ("unix:path=/run/bus", vec![path("/run/bus")]),
            ("unix:path=/run/bus,guid=0123", vec![with_guid("/run/bus", "0123")]),
            ("unix:guid=01%3223,path=/run/bus", vec![with_guid("/run/bus", "01223")]),
            ("unix:path=/run/bus,guid=", vec![with_guid("/run/bus", "")]),
            ("unix:path=/run%2fa%20b", vec![path("/run/a b")]),
            ("unix:abstract=/tmp/x", vec![abstract_name("/tmp/x")]),
            ("tcp:host=h,port=1;unix:path=/a;unix:path=/b", vec![path("/a"), path("/b")]),
            (";unix:path=/a;", vec![path("/a")]),
        ] {
            assert_eq!(parse(text.as_bytes(), None), Ok(expected), "{text}");
        }
    }

    #[test]
    fn an_address_means_the_bus_that_it_names_or_any() {
        assert!(path("/run/bus").means(b"0123"));
        assert!(with_guid("/run/bus", "0a1b").means(b"0A1B"));
        for other in ["0a1", "0a1b2", ""] {
            assert!(!with_guid("/run/bus", "0a1b").means(other.as_bytes()), "{other}");
            assert!(!with_guid("/run/bus", other).means(b"0a1b"), "{other}");
        }
    }

    #[test]
    fn what_would_start_something_or_use_the_network_is_no_address() {
        for text in [
            "autolaunch:",
            "tcp:host=localhost,port=1",
            "unixexec:path=/bin/sh",
            "unix:dir=/tmp",
            "unix:tmpdir=/tmp",
            "unix:path=",
            "unix:path=/a%2",
            "unix:path=/a%zz",
            "unix:path=/a,guid=%zz",
            "unix:guid=0123",
            "unix:runtime=yes",
            "unix:",
            "/dev/null",
            "disabled:",
            "",
        ] {
            assert!(parse(text.as_bytes(), None).is_err(), "{text}");
        }
    }

    #[test]
    fn the_runtime_folders_bus_counts_only_if_it_is_a_socket() {
        let folder = tempfile::tempdir().expect("a folder");
        let parsed = |folder: &Path| parse(b"unix:runtime=yes", Some(folder));
        assert!(parsed(folder.path()).is_err());
        std::fs::write(folder.path().join("bus"), "").expect("a file");
        assert!(parsed(folder.path()).is_err());
        std::fs::remove_file(folder.path().join("bus")).expect("removed");
        let _listener = UnixListener::bind(folder.path().join("bus")).expect("a socket");
        let bus = folder.path().join("bus");
        assert_eq!(parsed(folder.path()), Ok(vec![path(bus.to_str().expect("text"))]));
    }

    #[test]
    fn the_environment_names_a_bus_or_none_or_one_that_cannot_be_used() {
        let folder = tempfile::tempdir().expect("a folder");
        let runtime = folder.path().to_str().expect("text");
        let given = |bus: &str, runtime: &str| {
            from_variables(|name| match name {
                "DBUS_SESSION_BUS_ADDRESS" => Some(bus.into()),
                "XDG_RUNTIME_DIR" => Some(runtime.into()),
                _ => None,
            })
        };
        assert_eq!(from_variables(|_| None), Ok(None));
        assert_eq!(given("", ""), Ok(None));
        assert_eq!(given("", runtime), Ok(None));
        assert_eq!(given("unix:path=/a", runtime), Ok(Some(vec![path("/a")])));
        assert!(matches!(given("autolaunch:", runtime), Err(Error::Unreachable(_))));
        let _listener = UnixListener::bind(folder.path().join("bus")).expect("a socket");
        let bus = path(&format!("{runtime}/bus"));
        assert_eq!(given("", runtime), Ok(Some(vec![bus.clone()])));
        assert_eq!(given("unix:runtime=yes", runtime), Ok(Some(vec![bus])));
    }
}
