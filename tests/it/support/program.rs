//! The real programs that tests run. A test that lacks one fails and says what to install.
//! `tests/run.sh` counts it as skipped where a person has started it.

use std::env;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread;

/// Ends a test that lacks something; `remedy` says how to get it.
#[track_caller]
pub fn missing(what: &str, remedy: &str) -> ! {
    // `tests/run.sh` reads in this file which tests lacked a part.
    if let Some(list) = env::var_os("GIT_CREDENTIAL_PAT_MISSING") {
        let thread = thread::current();
        let line = format!("{}\t{what} is missing: {remedy}\n", thread.name().unwrap_or("a test"));
        let mut list = File::options().append(true).create(true).open(list).unwrap();
        list.write_all(line.as_bytes()).unwrap();
    }
    panic!("{what} is missing: {remedy}")
}

/// Returns the path of a program, which is in the named package of Debian.
#[track_caller]
pub fn program(name: &str, package: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap();
    let folders = env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    let found = folders.map(|folder| folder.join(name)).find(|file| file.is_file());
    found.unwrap_or_else(|| missing(name, &format!("apt install {package}")))
}

/// Returns every git on this machine, the one in PATH first.
pub fn gits() -> Vec<PathBuf> {
    let first = program("git", "git");
    let second = Path::new("/usr/bin/git");
    let is_another =
        second.is_file() && first.canonicalize().unwrap() != second.canonicalize().unwrap();
    [Some(first), is_another.then(|| second.to_owned())].into_iter().flatten().collect()
}
