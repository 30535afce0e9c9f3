//! The helper as it is installed. A build for debugging says nothing about the secrets that it
//! leaves in memory: the compiler keeps values elsewhere.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Returns the release binary, built once in a run. Where nothing has changed, that takes a moment.
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
