//! Where the files lie, and how one is named to people.

use crate::context::escape;
use std::env;
use std::path::{Path, PathBuf};

/// Returns the folder of this person.
pub(crate) fn home() -> Option<PathBuf> {
    variable(if cfg!(windows) { "USERPROFILE" } else { "HOME" })
}

/// Returns the path that a variable holds, if it is one from the root.
pub(crate) fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
}

/// Returns a path for people, which begins with `~` below the home folder.
pub(crate) fn named(path: &Path) -> String {
    match home().and_then(|home| path.strip_prefix(home).ok().map(Path::to_owned)) {
        Some(rest) => format!("~/{}", escape(rest.as_os_str().as_encoded_bytes())),
        None => escape(path.as_os_str().as_encoded_bytes()),
    }
}

/// Returns the folder of programs' settings.
pub(crate) fn config() -> Option<PathBuf> {
    variable("XDG_CONFIG_HOME").or_else(|| Some(home()?.join(".config")))
}

/// Returns the two files of git's `store`.
pub(crate) fn stores() -> [Option<PathBuf>; 2] {
    [
        home().map(|home| home.join(".git-credentials")),
        config().map(|config| config.join("git").join("credentials")),
    ]
}

/// Returns the file that curl and git read.
pub(crate) fn netrc() -> Option<PathBuf> {
    Some(home()?.join(if cfg!(windows) { "_netrc" } else { ".netrc" }))
}

/// Returns gh's hosts file.
pub(crate) fn gh() -> Option<PathBuf> {
    let folder = variable("GH_CONFIG_DIR")
        .or_else(|| Some(variable("AppData").filter(|_| cfg!(windows))?.join("GitHub CLI")))
        .or_else(|| Some(config()?.join("gh")));
    Some(folder?.join("hosts.yml"))
}
