//! What people type.

use crate::Failure;
use crate::error::Error;
use std::ffi::OsString;

pub(crate) fn run(_: &[OsString]) -> Result<u8, Failure> {
    Err(Failure { what: "usage", error: Error::Unsupported })
}
