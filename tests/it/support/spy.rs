//! A program in the helper's place that looks at what passes, and then becomes the helper, under
//! the name by which it was started.

use super::sandbox::{BINARY, Sandbox};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// Makes one, at this path below the home folder. The body finds the operation in `$last`.
pub fn spy(sandbox: &Sandbox, path: &str, body: &str) -> String {
    let script = sandbox.path(path);
    fs::create_dir_all(script.parent().unwrap()).unwrap();
    let text =
        format!("#!/bin/bash\nfor last; do :; done\n{body}\nexec -a \"$0\" '{BINARY}' \"$@\"\n");
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    script.to_str().unwrap().to_owned()
}
