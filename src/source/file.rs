//! A token in a file: one that only its owner can read, not a link, a device or a pipe; or a secret
//! that root has mounted.

use super::MAX_TOKEN;
use crate::context::shown;
use crate::error::{self, Error};
use crate::forge;
use crate::private_file::{self, Refusal, Untrusted};
use std::path::Path;
use zeroize::Zeroizing;

/// Returns the file's content.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Untrusted> {
    let file = private_file::open_secret(path)?;
    Ok(private_file::read(&file, MAX_TOKEN)?)
}

/// Returns an error that says what is wrong, and with which part of the path.
pub(super) fn error(untrusted: &Untrusted) -> Error {
    match (of(untrusted.refusal), &untrusted.at) {
        (Error::TokenFile(why), Some(at)) => {
            Error::TokenFile(error::kept(format!("{why}: {}", shown_path(at))))
        }
        (error, _) => error,
    }
}

fn shown_path(path: &Path) -> String {
    let path = path.to_string_lossy();
    shown(forge::shown(&path)).into_owned()
}

fn of(refusal: Refusal) -> Error {
    match refusal {
        Refusal::Missing => Error::Source("the file that --file names is not there"),
        Refusal::NoFile => Error::Source("what --file names is no regular file"),
        Refusal::TooLong => Error::Source("the file is too long to hold a token"),
        Refusal::Unreadable => Error::Source("the file that --file names cannot be read"),
        Refusal::Link => Error::TokenFile("what --file names is a link"),
        Refusal::Shared => {
            Error::TokenFile("others than its owner have access to the file: chmod 600 (or 400) it")
        }
        Refusal::AnothersShared => Error::TokenFile(
            "others have access to the file, which is another user's, and it is not mounted in memory by root",
        ),
        Refusal::Writable => Error::TokenFile("others than root can write the file"),
        Refusal::OpenFolder => {
            Error::TokenFile("on the way to the file others can put another in its place")
        }
        Refusal::AnothersWay => {
            Error::TokenFile("the way to the file leads through what is another user's")
        }
    }
}
