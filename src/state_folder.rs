//! The one folder in which we leave files that hold no secret: the time when a person was last told
//! of a token's end, what we have written into git's configuration, and a lock where there is no
//! better folder for it.

use crate::private_file::Folder;
use std::env;
use std::path::PathBuf;

/// Returns `$XDG_STATE_HOME/git-credential-pat`, made where it is missing, and ours alone; or none
/// where it cannot be made so.
pub(crate) fn made() -> Option<Folder> {
    Folder::made(path()?)
}

/// Returns the same folder where it is there and nobody else can write in it, or nothing.
pub(crate) fn there() -> Option<Folder> {
    Folder::ours(path()?)
}

/// Where it is, whether it is there or not.
pub(crate) fn path() -> Option<PathBuf> {
    let states = variable("XDG_STATE_HOME")
        .or_else(|| variable("LOCALAPPDATA"))
        .or_else(|| Some(variable("HOME")?.join(".local/state")));
    Some(states?.join("git-credential-pat"))
}

/// Returns the folder that a variable names, or nothing where the path is relative.
pub(crate) fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
}
