//! The keychain that is taken where none is named.
//!
//! On Linux: the Secret Service, if there is a session bus and it has one or can start one;
//! else the kernel's keyring. A bus that is dead, mute, denied or locked is an error and
//! never leads to another keychain, where tokens would seem lost. There is no asking
//! beforehand: the first call itself tells.

#[cfg(not(target_os = "linux"))]
pub(super) fn open(_: &super::Options) -> Result<Box<dyn super::Keychain>, crate::error::Error> {
    Err(crate::error::Error::Unsupported)
}

#[cfg(target_os = "linux")]
pub(super) use linux::open;

#[cfg(target_os = "linux")]
mod linux {
    use crate::context::Context;
    use crate::credential::{Account, Credential, Username};
    use crate::error::Error;
    use crate::keychain::kernel::KernelKeyring;
    use crate::keychain::secret_service::{SecretService, address};
    use crate::keychain::{Found, Keychain, Kind, Options};

    pub(in crate::keychain) fn open(options: &Options) -> Result<Box<dyn Keychain>, Error> {
        match address::from_environment() {
            Ok(None) => Ok(Box::new(KernelKeyring::new(options))),
            Ok(Some(addresses)) => {
                let service = SecretService::with_addresses(Ok(addresses), options);
                Ok(Box::new(Undecided::new(service, options)))
            }
            Err(error) => Err(error),
        }
    }

    /// The Secret Service until the bus says that there is none.
    pub(super) struct Undecided {
        keychain: Box<dyn Keychain>,
        options: Options,
        /// Whether the keychain above has answered, or is the kernel's.
        decided: bool,
    }

    impl Undecided {
        pub(super) fn new(service: SecretService, options: &Options) -> Self {
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

        fn delete(&mut self, found: &Found) -> Result<(), Error> {
            self.call(|keychain| keychain.delete(found))
        }
    }
}
