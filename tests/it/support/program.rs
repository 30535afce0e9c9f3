//! The real programs that tests run. One that is missing is a failure that names what to
//! install, never a test that is passed over.

use std::env;
use std::path::{Path, PathBuf};

/// Where a program is, which the named package of Debian has.
#[track_caller]
pub fn program(name: &str, package: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap();
    env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("the program {name} is missing: apt install {package}"))
}

/// Every git on this machine, the one in PATH first.
pub fn gits() -> Vec<PathBuf> {
    let first = program("git", "git");
    let second = Path::new("/usr/bin/git");
    let is_another =
        second.is_file() && first.canonicalize().unwrap() != second.canonicalize().unwrap();
    [Some(first), is_another.then(|| second.to_owned())].into_iter().flatten().collect()
}
