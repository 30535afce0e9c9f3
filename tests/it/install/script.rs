//! The script itself: the programs that it needs, its options, and a script that is cut off.

use super::SCRIPT;
use crate::support::sandbox::{Ran, Sandbox};
use crate::support::spy::program;
use std::fs;
use std::path::Path;

/// Sets a PATH with these programs of the system and nothing else.
pub(super) fn path_of(sandbox: &mut Sandbox, programs: &[&str]) {
    let folder = sandbox.path("few");
    fs::create_dir(&folder).unwrap();
    let everywhere = std::env::var_os("PATH").unwrap();
    for name in programs {
        let found = std::env::split_paths(&everywhere).map(|f| f.join(name));
        let found = found.into_iter().find(|path| path.exists()).unwrap();
        std::os::unix::fs::symlink(found, folder.join(name)).unwrap();
    }
    sandbox.set("PATH", folder.to_str().unwrap());
}

#[test]
fn all_that_is_missing_is_named_at_once_with_one_line_to_type() {
    const ALWAYS: [&str; 8] = ["sh", "sed", "dirname", "mktemp", "rm", "uname", "id", "cat"];
    let mut sandbox = Sandbox::new();
    path_of(&mut sandbox, &ALWAYS);
    let few = sandbox.path("few");
    let fails = |said: &str| sandbox.run("/bin/sh", &[SCRIPT], b"").fails(1, said);
    // Nothing is there that could install it.
    fails("install.sh: missing: git, curl, cc, cargo\nhint: install with: this system's package");
    fake(&few, "id", "echo 1000");
    for (manager, packages) in [
        ("apk", "sudo apk add git curl gcc musl-dev"),
        ("apt-get", "sudo apt-get install --yes git curl gcc libc6-dev"),
    ] {
        fake(&few, manager, "exit 99");
        // rustup is fetched with curl, so that comes first.
        fails(&format!(
            "hint: install with: {packages} && curl --proto '=https' --tlsv1.2 -sSf https://"
        ));
        fs::remove_file(few.join(manager)).unwrap();
    }
    for tool in ["git", "curl", "cc"] {
        fake(&few, tool, "");
    }
    fails("install.sh: missing: cargo\nhint: install Rust 1.");
    fake(&few, "cargo", "");
    fake(&few, "rustc", "echo rustc 1.42.0");
    fails("install.sh: Rust 1.42.0 is too old: 1.");
    fake(&few, "rustup", "");
    fails("hint: update it with: rustup update stable");
    // A distribution's, which comes first in PATH, is passed over.
    let own = sandbox.path(".cargo/bin");
    fs::create_dir_all(&own).unwrap();
    fake(&own, "rustc", "echo rustc 2.0.0-nightly");
    fake(&own, "cargo", "exit 1");
    let ran = sandbox.run("/bin/sh", &[SCRIPT], b"");
    ran.fails_with("the build failed\nhint: a first build needs the network");
}

#[test]
fn what_is_not_this_program_is_not_installed() {
    let sandbox = Sandbox::new();
    for binary in ["/bin/true", "/bin/echo", SCRIPT] {
        let ran = sandbox.run(SCRIPT, &["--binary", binary, "--prefix", "p"], b"");
        ran.fails_with("this is not git-credential-pat, or it does not run");
        assert!(!sandbox.path("p/bin/git-credential-pat").exists(), "{ran}");
    }
}

impl Ran {
    #[track_caller]
    fn fails_with(&self, message: &str) {
        assert!(self.status.code() == Some(1) && self.stderr().contains(message), "{self}");
    }
}

#[test]
fn root_on_debian_gets_what_is_missing() {
    let mut sandbox = Sandbox::new();
    path_of(&mut sandbox, &["sh", "sed", "dirname", "mktemp", "rm", "uname", "cat", "ln", "git"]);
    let few = sandbox.path("few");
    fake(&few, "id", "echo 0");
    fake(&few, "cargo", "exit 1");
    fake(&few, "rustc", "echo rustc 2.0.0");
    let apt =
        "echo \"$*\" >>\"$HOME/apt\"\n[ -e \"$HOME/lists\" ] || { : >\"$HOME/lists\"; exit 1; }";
    fake(
        &few,
        "apt-get",
        &format!("{apt}\n[ \"$1\" = update ] || ln -s sh \"{}/cc\"", few.display()),
    );
    let ran = sandbox.run("/bin/sh", &[SCRIPT], b"");
    assert!(ran.stderr().contains("the build failed"), "{ran}");
    let asked = fs::read_to_string(sandbox.path("apt")).unwrap();
    let install = "install --yes gcc libc6-dev\n";
    assert_eq!(asked, format!("{install}update\n{install}"));
}

/// Puts a program of one line into a folder.
pub(super) fn fake(folder: &Path, name: &str, body: &str) {
    program(&folder.join(name), &format!("#!/bin/sh\n{body}\n"));
}

#[test]
fn a_wrong_option_is_a_usage_error_and_is_not_repeated() {
    let sandbox = Sandbox::new();
    for args in [&["--secret=ghp_TESTONLY"][..], &["--prefix"], &["--keychain", "ghp_TESTONLY"]] {
        let ran = sandbox.run(SCRIPT, args, b"");
        ran.fails(2, "hint: see ./install.sh --help");
        assert!(!ran.stderr().contains("TESTONLY"), "{ran}");
    }
    sandbox.run(SCRIPT, &["--prefx", "x"], b"").fails(2, "there is no option --prefx");
    let help = sandbox.run(SCRIPT, &["--help"], b"");
    assert!(help.status.success() && help.stdout().contains("--uninstall"), "{help}");
}

#[test]
fn what_it_prints_of_the_configuration_can_be_read_and_pasted() {
    let sandbox = Sandbox::new();
    let line = format!("{}/p/bin/git-credential-pat --keychain kernel", sandbox.home().display());
    for odd in ["\u{202e}evil\u{200b}", "\u{1b}[2J", "$(touch x)", "it's", "m\u{fc}ller"] {
        let key = format!("credential.https://h.example/{odd}.helper");
        sandbox.git(&["config", "--global", "--add", &key, &line]);
        let ran = sandbox.run(SCRIPT, &["--prefix", "p", "--uninstall", "--dry-run"], b"");
        assert!(ran.status.success(), "{ran}");
        let said = ran.stdout();
        let is_hidden = |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{200b}".contains(c));
        assert!(!said.contains(is_hidden), "{ran}");
        let command = said.lines().find_map(|line| line.strip_prefix("would run: git ")).unwrap();
        let pasted = sandbox.run("sh", &["-c", &format!("git {command}")], b"");
        assert!(pasted.status.success(), "{command}\n{pasted}");
        assert!(!sandbox.path("x").exists(), "{command}");
        assert_eq!(sandbox.git(&["config", "--global", "--list"]), "", "{command}");
    }
}

#[test]
fn a_script_that_is_cut_off_does_nothing() {
    let script = fs::read_to_string(SCRIPT).unwrap();
    assert!(script.ends_with("}\n\nmain \"$@\"\n"));
    let sandbox = Sandbox::new();
    let cuts: Vec<usize> = script.match_indices('\n').map(|(at, _)| at + 1).collect();
    for &cut in cuts[..cuts.len() - 1].iter().step_by(7).chain([&cuts[cuts.len() - 2]]) {
        let ran = sandbox.run("sh", &[], &script.as_bytes()[..cut]);
        assert!(ran.stdout.is_empty(), "cut at {cut}\n{ran}");
    }
    assert!(!sandbox.path(".local").exists() && !sandbox.path("gitconfig").exists());
}
