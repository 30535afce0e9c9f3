//! A token in a file: one that nobody but its owner can read, and no link, device or pipe in
//! its place.

use super::MAX_TOKEN;
use crate::error::Error;
use crate::private_file::{self, Links, Refusal};
use std::path::Path;
use zeroize::Zeroizing;

/// The file's content.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let content = private_file::open(path, Links::Refused).and_then(|file| {
        if private_file::is_owners_alone(&file) {
            private_file::read(&file, MAX_TOKEN)
        } else {
            Err(Refusal::Shared)
        }
    });
    content.map_err(error)
}

fn error(refusal: Refusal) -> Error {
    match refusal {
        Refusal::Missing => Error::Source("the file that --file names is not there"),
        Refusal::Link => Error::Source("what --file names is a link"),
        Refusal::NoFile => Error::Source("what --file names is no regular file"),
        Refusal::Shared => {
            Error::Source("others than its owner have access to the file: chmod 600 (or 400) it")
        }
        Refusal::TooLong => Error::Source("the file is too long to hold a token"),
        Refusal::Unreadable => Error::Source("the file that --file names cannot be read"),
    }
}
