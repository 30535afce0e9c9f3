//! A plain-text file that loses its imported lines is the old file or the new one, never less.

use crate::support::home::Home;
use crate::support::sandbox::{BINARY, Ran, run};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

const FILE: &str = "https://alice:ghp_TESTONLY1@HOST\nssh://keep.me\n";
const LEFT: &str = "ssh://keep.me\n";

/// Imports and removes, in a shell that runs this setting first.
fn after(newcomer: &Home, setting: &str) -> Ran {
    let mut shell = newcomer.sandbox.command("sh");
    shell.arg("-c").arg(format!("{setting}; exec {BINARY} import --from store --yes --remove"));
    run(shell, b"")
}

#[test]
fn a_full_disk_leaves_the_old_file_whole() {
    let newcomer = Home::new();
    newcomer.write(".git-credentials", FILE);
    let ran = after(&newcomer, "trap '' XFSZ; ulimit -f 0");
    assert!(ran.stderr().contains("could not be written and is left as it was"), "{ran}");
    newcomer.holds(".git-credentials", FILE);
    assert!(!newcomer.sandbox.path(".git-credentials.lock").exists());
    newcomer.serves("", "username=alice password=ghp_TESTONLY1");
}

#[test]
fn who_is_killed_while_writing_leaves_the_old_file_whole() {
    let newcomer = Home::new();
    newcomer.write(".git-credentials", FILE);
    let ran = after(&newcomer, "ulimit -f 0");
    assert!(!ran.status.success(), "{ran}");
    newcomer.holds(".git-credentials", FILE);
    let lock = newcomer.sandbox.path(".git-credentials.lock");
    assert_eq!(fs::metadata(lock).unwrap().permissions().mode() & 0o777, 0o600);
    // The lock that it left behind is not taken for another program's in silence.
    let again = newcomer.import("--from store --yes --remove");
    assert!(again.stderr().contains("delete the .lock file"), "{again}");
    fs::remove_file(newcomer.sandbox.path(".git-credentials.lock")).unwrap();
    newcomer.imports("--from store --yes --remove");
    newcomer.holds(".git-credentials", LEFT);
}

#[test]
fn what_was_changed_while_somebody_thought_is_left_alone() {
    let newcomer = Home::new();
    newcomer.write(".git-credentials", FILE);
    let mut terminal = newcomer.on_terminal("import --from store");
    terminal.shows("Import 1 token?");
    terminal.types("y\n");
    terminal.shows("Make it ask?");
    terminal.types("n\n");
    terminal.shows("Remove 1 token from");
    let changed = format!("{FILE}https://bob:ghp_TESTONLY2@HOST\n");
    newcomer.write(".git-credentials", &changed);
    terminal.types("y\n");
    terminal.shows("the file was changed meanwhile");
    let (status, screen) = terminal.ends();
    assert_eq!(status.code(), Some(1), "{screen}");
    newcomer.holds(".git-credentials", &changed);
}

#[test]
fn a_file_that_git_is_writing_is_left_alone() {
    let newcomer = Home::new();
    newcomer.write(".git-credentials", FILE);
    newcomer.write(".git-credentials.lock", "git's");
    let ran = newcomer.import("--from store --yes --remove");
    assert!(ran.stderr().contains("another program is writing the file"), "{ran}");
    newcomer.holds(".git-credentials", FILE);
    newcomer.holds(".git-credentials.lock", "git's");
}

#[test]
fn a_link_stays_a_link_and_rights_only_shrink() {
    let newcomer = Home::new();
    newcomer.write("dotfiles/credentials", FILE);
    let target = newcomer.sandbox.path("dotfiles/credentials");
    fs::set_permissions(&target, fs::Permissions::from_mode(0o644)).unwrap();
    symlink(&target, newcomer.sandbox.path(".git-credentials")).unwrap();
    newcomer.imports("--from store --yes --remove");
    newcomer.holds("dotfiles/credentials", LEFT);
    assert!(newcomer.sandbox.path(".git-credentials").is_symlink());
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(newcomer.sandbox.path("dotfiles")).unwrap().count(), 1);
    // git still reads and writes the file.
    let stored = newcomer.fill("protocol=https\nhost=HOST\nusername=x\npassword=ghp_TESTONLY9\n");
    newcomer.sandbox.run("git", &["credential-store", "store"], stored.as_bytes()).prints("");
}
