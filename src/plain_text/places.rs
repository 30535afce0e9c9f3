//! Where the files lie, and how one is named to people.

use crate::context::escape;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The variables and the folder in which programs look for their files.
pub(crate) struct Surroundings<'a> {
    /// Returns a variable's value.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<OsString>,
    /// The folder that a person works in, if it is known.
    pub(crate) here: Option<PathBuf>,
}

impl Surroundings<'_> {
    /// Returns those of this process.
    pub(crate) fn of_this_process() -> Self {
        Self { variable: &|name| env::var_os(name), here: env::current_dir().ok() }
    }

    /// Returns the path that a variable holds, if it is one from the root.
    pub(crate) fn absolute(&self, name: &str) -> Option<PathBuf> {
        (self.variable)(name).map(PathBuf::from).filter(|path| path.is_absolute())
    }

    /// Returns the path that a variable holds, which may be one from here.
    pub(crate) fn path(&self, name: &str) -> Option<PathBuf> {
        let path = (self.variable)(name).filter(|path| !path.is_empty()).map(PathBuf::from)?;
        if path.is_absolute() { Some(path) } else { Some(self.here.as_ref()?.join(path)) }
    }

    /// Returns the folder of this person.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.absolute(if cfg!(windows) { "USERPROFILE" } else { "HOME" })
    }

    /// Returns the folder of programs' settings.
    pub(crate) fn config(&self) -> Option<PathBuf> {
        self.absolute("XDG_CONFIG_HOME").or_else(|| Some(self.home()?.join(".config")))
    }

    /// Returns the two files of git's `store`.
    pub(crate) fn stores(&self) -> [Option<PathBuf>; 2] {
        [
            self.home().map(|home| home.join(".git-credentials")),
            self.config().map(|config| config.join("git").join("credentials")),
        ]
    }

    /// Returns the file of names and passwords that curl and git read.
    pub(crate) fn netrc(&self) -> Option<PathBuf> {
        Some(self.home()?.join(if cfg!(windows) { "_netrc" } else { ".netrc" }))
    }

    /// Returns gh's hosts file.
    pub(crate) fn gh(&self) -> Option<PathBuf> {
        let on_windows =
            || Some(self.absolute("AppData").filter(|_| cfg!(windows))?.join("GitHub CLI"));
        let folder = self.absolute("GH_CONFIG_DIR").or_else(on_windows);
        Some(folder.or_else(|| Some(self.config()?.join("gh")))?.join("hosts.yml"))
    }
}

/// Returns the folder of this person, as this process knows it.
pub(crate) fn home() -> Option<PathBuf> {
    Surroundings::of_this_process().home()
}

/// Returns a path for people, which begins with `~` below the home folder.
pub(crate) fn named(path: &Path) -> String {
    match home().and_then(|home| path.strip_prefix(home).ok().map(Path::to_owned)) {
        Some(rest) => format!("~/{}", escape(rest.as_os_str().as_encoded_bytes())),
        None => escape(path.as_os_str().as_encoded_bytes()),
    }
}
