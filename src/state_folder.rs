//! The one folder in which we leave something behind that is no secret: when a person was
//! last told of a token's end, and a lock where there is no better place for it.

use crate::private_file::Folder;
use std::env;
use std::path::PathBuf;

/// `$XDG_STATE_HOME/git-credential-pat`, made where it is missing, and ours alone; none where
/// it cannot be.
pub(crate) fn made() -> Option<Folder> {
    Folder::made(path()?)
}

/// Where it is, whether it is there or not.
pub(crate) fn path() -> Option<PathBuf> {
    let states = variable("XDG_STATE_HOME")
        .or_else(|| variable("LOCALAPPDATA"))
        .or_else(|| Some(variable("HOME")?.join(".local/state")));
    Some(states?.join("git-credential-pat"))
}

/// A variable that names a folder; a relative path means nothing.
pub(crate) fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
}
