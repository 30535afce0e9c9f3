//! The one folder in which we leave something behind that is no secret: when a person was
//! last told of a token's end, what we have written into git's configuration, and a lock where
//! there is no better place for it.

use crate::private_file::Folder;
use std::env;
use std::path::PathBuf;

/// `$XDG_STATE_HOME/git-credential-pat`, made where it is missing, and ours alone; none where
/// it cannot be.
pub(crate) fn made() -> Option<Folder> {
    Folder::made(place()?)
}

/// The same where it is there and nobody else can write in it, else nothing.
pub(crate) fn there() -> Option<Folder> {
    Folder::ours(place()?)
}

fn place() -> Option<PathBuf> {
    let folder = variable("XDG_STATE_HOME")
        .or_else(|| variable("LOCALAPPDATA"))
        .or_else(|| Some(variable("HOME")?.join(".local/state")))?;
    Some(folder.join("git-credential-pat"))
}

/// A variable that names a folder; a relative path means nothing.
pub(crate) fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
}
