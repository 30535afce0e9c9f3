//! The tools that `tests/tools.sh` installs, and cargo as it builds the tests.

use super::program::missing;
use super::sandbox::BINARY;
use std::env;
use std::path::{Path, PathBuf};

/// Returns the path of such a tool.
#[track_caller]
pub fn tool(name: &str) -> PathBuf {
    let path = folder().join(name);
    if path.is_file() { path } else { missing(name, "run tests/tools.sh") }
}

/// Returns the PATH in which these tools come first, with the cargo that runs this test.
#[track_caller]
pub fn path() -> String {
    tool("go");
    let parent = |file: &str| Path::new(file).parent().unwrap().display().to_string();
    let folders = [
        folder().display().to_string(),
        parent(&env::var("CARGO").expect("cargo sets CARGO for its tests")),
        parent(BINARY),
        env::var("PATH").unwrap(),
    ];
    folders.join(":")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/bin")
}
