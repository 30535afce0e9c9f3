//! Nothing remains of a token that went through docker's helper.

use super::{TOKEN, entry, home};
use crate::support::release::release_binary;
use crate::support::residue::Needles;
use crate::support::tracee::watch;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

#[test]
fn nothing_is_left_of_a_token() {
    let home = home();
    let sandbox = &home.sandbox;
    fs::remove_file(sandbox.path("bin/docker-credential-pat")).unwrap();
    symlink(release_binary(), sandbox.path("bin/docker-credential-pat")).unwrap();
    let host = home.keys.host("registry");
    let needles = Needles::new(&[TOKEN.as_bytes()]);
    for (action, stdin) in [
        ("store", entry(&host, "alice", TOKEN)),
        ("get", host.clone()),
        ("store", entry(&host, "alice", TOKEN)),
        ("list", String::new()),
        ("erase", host.clone()),
    ] {
        let mut command: Command = sandbox.command(sandbox.path("bin/docker-credential-pat"));
        command.arg(action);
        let seen = watch(&command, stdin.as_bytes(), &needles);
        assert!(seen.status == 0 && seen.residue.is_empty(), "{action}: {seen}");
        assert!(seen.unprotected.is_empty(), "{action}: {seen}");
    }
}
