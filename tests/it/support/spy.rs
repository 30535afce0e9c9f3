//! Programs that take another one's place.

use super::sandbox::{BINARY, Sandbox};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Makes a program of this text.
///
/// Another process writes it. A file that this process has open for writing is also open in the
/// processes that other tests start meanwhile, and then it cannot be run.
pub fn program(path: &Path, text: &str) {
    let write = "mkdir -p \"${0%/*}\" && rm -f \"$0\" && cat >\"$0\" && chmod 755 \"$0\"";
    let mut shell = Command::new("sh");
    let mut shell = shell.args(["-c", write]).arg(path).stdin(Stdio::piped()).spawn().unwrap();
    shell.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(shell.wait().unwrap().success(), "{}", path.display());
}

/// Makes a program, at this path below the home folder, that runs the body and then becomes the
/// helper, under the name by which it was started. The body finds the operation in `$last`.
pub fn spy(sandbox: &Sandbox, path: &str, body: &str) -> String {
    let path = sandbox.path(path);
    let text =
        format!("#!/bin/bash\nfor last; do :; done\n{body}\nexec -a \"$0\" '{BINARY}' \"$@\"\n");
    program(&path, &text);
    path.to_str().unwrap().to_owned()
}
