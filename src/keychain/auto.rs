//! The choice of a keychain where none is named.
//!
//! On Linux: the Secret Service, if there is a session bus and it has one or can start one; else
//! the kernel's keyring. A bus that is dead, mute, denied or locked is an error and never leads to
//! another keychain, where tokens would seem lost. Neither does a Flatpak, which hides the services
//! that it may not talk to. Nothing is asked beforehand: the first call itself tells.

use crate::context::Context;
use crate::credential::{Account, Credential, Username};
use crate::error::Error;
use crate::keychain::kernel::KernelKeyring;
use crate::keychain::lock::Lock;
use crate::keychain::secret_service::{SecretService, address, flatpak};
use crate::keychain::{Found, Keychain, Kind, Options};

pub(super) fn open(options: &Options) -> Box<dyn Keychain> {
    // An address that cannot be used is an error, but the first call gives it: an operation that
    // needs no keychain does not fail for it.
    match address::from_environment().transpose() {
        None if flatpak::is_around_us() => {
            Box::new(SecretService::with_addresses(Err(Error::HiddenByFlatpak), options))
        }
        None => Box::new(KernelKeyring::new(options)),
        Some(addresses) => {
            let service = SecretService::with_addresses(addresses, options);
            Box::new(Undecided::new(service, options))
        }
    }
}

/// The Secret Service until the bus says that there is none.
struct Undecided {
    keychain: Box<dyn Keychain>,
    options: Options,
    /// Whether the keychain above has answered, or is the kernel's.
    decided: bool,
}

impl Undecided {
    fn new(service: SecretService, options: &Options) -> Self {
        Self { keychain: Box::new(service), options: options.clone(), decided: false }
    }

    fn call<T>(
        &mut self,
        mut call: impl FnMut(&mut dyn Keychain) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match call(&mut *self.keychain) {
            Err(Error::NoSecretService) if !self.decided => {
                self.keychain = Box::new(KernelKeyring::new(&self.options));
                self.decided = true;
                call(&mut *self.keychain)
            }
            result => {
                self.decided |= result.is_ok();
                result
            }
        }
    }
}

impl Keychain for Undecided {
    fn kind(&self) -> Kind {
        self.keychain.kind()
    }

    fn find(
        &mut self,
        contexts: &[Context],
        username: Option<&Username>,
    ) -> Result<Vec<Found>, Error> {
        self.call(|keychain| keychain.find(contexts, username))
    }

    fn list(&mut self) -> Result<Vec<(Found, Account)>, Error> {
        self.call(|keychain| keychain.list())
    }

    fn asks_before_it_searches(&mut self) -> Result<bool, Error> {
        self.call(|keychain| keychain.asks_before_it_searches())
    }

    fn make_ready(&mut self) -> Result<(), Error> {
        self.call(|keychain| keychain.make_ready())
    }

    fn usernames(&mut self, found: &[Found]) -> Result<Vec<Username>, Error> {
        self.call(|keychain| keychain.usernames(found))
    }

    fn unlock(&mut self, found: &[Found]) -> Result<(), Error> {
        self.call(|keychain| keychain.unlock(found))
    }

    fn read(&mut self, found: &[Found]) -> Result<Vec<(Found, Credential)>, Error> {
        self.call(|keychain| keychain.read(found))
    }

    fn write(&mut self, at: Option<&Found>, credential: &Credential) -> Result<(), Error> {
        self.call(|keychain| keychain.write(at, credential))
    }

    fn exclusive(&mut self, host: Option<&Context>) -> Option<Lock> {
        self.keychain.exclusive(host)
    }

    fn delete(&mut self, found: &Found) -> Result<(), Error> {
        self.call(|keychain| keychain.delete(found))
    }
}

#[cfg(test)]
mod tests {
    use super::Undecided;
    use crate::context::Context;
    use crate::error::Error;
    use crate::keychain::secret_service::SecretService;
    use crate::keychain::{Keychain, Kind, Options};
    use std::io::{Read, Write};
    use std::os::unix::net::UnixListener;
    use std::thread::spawn;

    /// Starts a bus that lets everybody in and answers their second call, the one after `Hello`,
    /// with this error. It serves one connection.
    fn with_bus_that_says(name: &str) -> Undecided {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bus");
        let listener = UnixListener::bind(&path).expect("a socket");
        let reply = error_reply(2, name);
        spawn(move || {
            let _folder = folder;
            let mut socket = listener.accept().expect("a client").0;
            for answer in [b"OK 0123\r\n", &*reply] {
                assert_ne!(socket.read(&mut [0; 4096]).expect("a request"), 0);
                socket.write_all(answer).expect("a client");
            }
        });
        let options = Options::default();
        let address = format!("unix:path={}", path.display());
        Undecided::new(SecretService::at(&address, &options), &options)
    }

    fn error_reply(serial: u32, name: &str) -> Vec<u8> {
        use crate::keychain::secret_service::wire::Writer;
        let mut message = Writer::new();
        for byte in [b'l', 3, 1, 1] {
            message.byte(byte);
        }
        message.uint(0);
        message.uint(1);
        let fields = message.open_array(8);
        message.byte(4);
        message.signature("s");
        message.string(name);
        message.align(8);
        message.byte(5);
        message.signature("u");
        message.uint(serial);
        message.close_array(&fields);
        message.align(8);
        message.finish().expect("a message")
    }

    fn find(keychain: &mut Undecided) -> Option<Error> {
        let context = Context::from_canonical("https://h.example").expect("a context");
        keychain.find(&[context], None).err()
    }

    #[test]
    fn a_bus_with_nobody_leads_to_the_kernel() {
        let mut keychain = with_bus_that_says("org.freedesktop.DBus.Error.ServiceUnknown");
        assert_eq!(keychain.kind(), Kind::SecretService);
        // The kernel's own answer does not matter here.
        find(&mut keychain);
        assert_eq!(keychain.kind(), Kind::Kernel);
    }

    #[test]
    fn no_other_error_leads_to_another_keychain() {
        for (name, error) in [
            ("org.freedesktop.Secret.Error.IsLocked", Error::Locked),
            ("org.freedesktop.DBus.Error.AccessDenied", Error::Denied),
            ("org.freedesktop.DBus.Error.TimedOut", Error::TimedOut),
        ] {
            let mut keychain = with_bus_that_says(name);
            assert_eq!(find(&mut keychain), Some(error));
            // The bus has gone meanwhile: that is an error as well.
            assert!(find(&mut keychain).is_some());
            assert_eq!(keychain.kind(), Kind::SecretService);
        }
    }
}
