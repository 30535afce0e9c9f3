//! Links, pipes and files of other users in the place of the files that we open. The helper does
//! not wait for them, write through them or share them.

use crate::support::home::Home;
use crate::support::sandbox::{BINARY, Ran, Sandbox, run};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;

const LOCK: &str = "git-credential-pat.lock";

fn pipe(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Runs the helper, and stops it if it waits for ever.
fn helper(sandbox: &Sandbox, words: &[&str], stdin: &str) -> Ran {
    let mut command = sandbox.command("timeout");
    command.args(["30", BINARY]).args(words);
    run(command, stdin.as_bytes())
}

/// Runs a store, which takes the lock.
#[track_caller]
fn stores(person: &Home) {
    let account = format!("protocol=https\nhost={}\nusername=alice\npassword=t1\n\n", person.host);
    helper(&person.sandbox, &["--keychain", "kernel", "store"], &account).prints("");
    person.get("").prints("username=alice\npassword=t1\n");
}

#[test]
fn the_lock_is_its_owners_alone() {
    let person = Home::new();
    let lock = person.sandbox.path("run").join(LOCK);
    // An older version made the lock like this.
    fs::write(&lock, "").unwrap();
    fs::set_permissions(&lock, fs::Permissions::from_mode(0o644)).unwrap();
    stores(&person);
    assert_eq!(mode(&lock), 0o600);
    assert!(!person.sandbox.path("state/git-credential-pat").exists());
}

#[test]
fn a_pipe_in_the_place_of_the_lock_holds_nobody_up() {
    let person = Home::new();
    pipe(&person.sandbox.path("run").join(LOCK));
    stores(&person);
    let other = person.sandbox.path("state/git-credential-pat");
    assert_eq!((mode(&other), mode(&other.join(LOCK))), (0o700, 0o600), "another lock is taken");
}

#[test]
fn a_link_in_the_place_of_the_lock_makes_nothing_elsewhere() {
    let person = Home::new();
    let planted = person.sandbox.path("planted");
    symlink(&planted, person.sandbox.path("run").join(LOCK)).unwrap();
    stores(&person);
    assert!(!planted.exists());
    assert!(person.sandbox.path("state/git-credential-pat").join(LOCK).exists());
}

#[test]
fn a_folder_that_others_write_in_has_no_lock_of_ours() {
    let person = Home::new();
    let folder = person.sandbox.path("run");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    stores(&person);
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
    assert!(person.sandbox.path("state/git-credential-pat").join(LOCK).exists());
}

/// Only root can give files away: for other users there is nothing to test.
#[test]
fn another_users_lock_is_not_taken_and_neither_is_their_folder() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let person = Home::new();
    let lock = person.sandbox.path("run").join(LOCK);
    fs::write(&lock, "").unwrap();
    chown(&lock, Some(4242), None).unwrap();
    stores(&person);
    assert_eq!(fs::metadata(&lock).unwrap().uid(), 4242);
    let other = person.sandbox.path("state/git-credential-pat");
    assert!(other.join(LOCK).exists(), "another lock is taken");

    // `sudo -E` leads to this: the home is another user's.
    let person = Home::new();
    for theirs in ["run", "state"] {
        chown(person.sandbox.path(theirs), Some(4242), None).unwrap();
    }
    stores(&person);
    for theirs in ["run", "state"] {
        assert_eq!(fs::read_dir(person.sandbox.path(theirs)).unwrap().count(), 0, "{theirs}");
    }
}

#[test]
fn a_pipe_in_the_place_of_a_file_of_tokens_holds_nobody_up() {
    let person = Home::new();
    person.sandbox.git(&["config", "--global", "credential.helper", "pat --keychain kernel"]);
    for name in [".netrc", ".git-credentials"] {
        pipe(&person.sandbox.path(name));
    }
    let status = helper(&person.sandbox, &["status"], "");
    assert!(status.status.code().is_some_and(|code| code < 2), "{status}");
    for from in ["store", "netrc"] {
        let ran = helper(&person.sandbox, &["import", "--dry-run", "--from", from], "");
        ran.fails(1, "what should be a file of tokens is no plain file");
    }
}
