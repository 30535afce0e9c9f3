//! The Linux kernel's user keyring.
use crate::context::Context;
use crate::credential::{Account, Credential, Username};
use crate::error::Error;
use crate::keychain::{Found, Keychain, Kind, Options};

/// STUB
pub struct KernelKeyring;

impl KernelKeyring {
    /// STUB
    pub fn new(_: &Options) -> Result<Self, Error> {
        Ok(Self)
    }
}

impl Keychain for KernelKeyring {
    fn kind(&self) -> Kind {
        Kind::Kernel
    }
    fn find(&mut self, _: &[Context], _: Option<&Username>) -> Result<Vec<Found>, Error> {
        Err(Error::Unsupported)
    }
    fn list(&mut self) -> Result<Vec<(Found, Account)>, Error> {
        Err(Error::Unsupported)
    }
    fn usernames(&mut self, _: &[Found]) -> Result<Vec<Username>, Error> {
        Err(Error::Unsupported)
    }
    fn read(&mut self, _: &[Found]) -> Result<Vec<(Found, Credential)>, Error> {
        Err(Error::Unsupported)
    }
    fn write(&mut self, _: Option<&Found>, _: &Credential) -> Result<(), Error> {
        Err(Error::Unsupported)
    }
    fn delete(&mut self, _: &Found) -> Result<(), Error> {
        Err(Error::Unsupported)
    }
}
