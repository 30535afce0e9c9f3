//! The helper as it is installed. What a build for debugging leaves in memory says nothing
//! about it: the compiler keeps values elsewhere.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The release binary, built once in a run; where nothing has changed that takes a moment.
pub fn release_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let target = PathBuf::from(super::sandbox::BINARY);
        let target = target.parent().and_then(Path::parent).unwrap();
        let built = Command::new(env!("CARGO"))
            .args(["build", "--release", "--locked", "--quiet", "--target-dir"])
            .arg(target)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .unwrap();
        assert!(built.success(), "the release build failed");
        target.join("release").join(env!("CARGO_PKG_NAME"))
    })
}
