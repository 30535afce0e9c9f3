//! `install.sh`, run as people run it: in a fresh home, against real keychains, with each git on
//! the machine.
//!
//! Most tests give it the binary that cargo built (`--binary`); one lets it build.

mod desktop;
mod leaving;
mod proof;
mod release;
mod script;

use crate::support::program::gits;
use crate::support::sandbox::{BINARY, Ran, Sandbox, run};
use crate::support::spy::spy;
use script::fake;
use std::fs;
use std::path::Path;
use std::process::Command;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/install.sh");

/// A folder name with everything that a shell or git could misread.
const ODD_PREFIX: &str = "odd 'one' \"two\" $HOME é [x]* `y` \\z #;&|";

/// Runs the script with its usual arguments in a fresh home, where it finds no bus.
fn install(sandbox: &Sandbox, prefix: &str, options: &[&str]) -> Ran {
    let prefix = sandbox.path(prefix);
    let mut args = vec!["--prefix", prefix.to_str().unwrap(), "--binary", BINARY];
    args.extend(options);
    sandbox.run(SCRIPT, &args, b"")
}

#[track_caller]
fn installed(sandbox: &Sandbox, prefix: &str, options: &[&str]) -> Ran {
    let ran = install(sandbox, prefix, options);
    assert!(ran.status.success(), "{ran}");
    ran
}

/// Returns the values of the user's `credential.helper`.
fn helpers(sandbox: &Sandbox) -> Vec<String> {
    let args = ["config", "--global", "--null", "--get-all", "credential.helper"];
    let values = sandbox.run("git", &args, b"").stdout();
    values.split_terminator('\0').map(str::to_owned).collect()
}

/// Returns every file below a folder, relative to it, in order.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// Returns a host that no other test, in this run or another, ever used.
fn fresh_host() -> String {
    let unique = tempfile::Builder::new().prefix("install-").tempdir().unwrap();
    let name = unique.path().file_name().unwrap().to_str().unwrap().to_lowercase();
    format!("{name}-{}.example", std::process::id())
}

/// Expects that plain git stores, reads and deletes a token with the present configuration.
#[track_caller]
fn git_keeps_a_token(sandbox: &Sandbox) {
    let account = format!("protocol=https\nhost={}\nusername=alice\n", fresh_host());
    let stored = format!("{account}password=ghp_TESTONLYinstall\n\n");
    let approved = sandbox.run("git", &["credential", "approve"], stored.as_bytes());
    let asked = format!("{account}\n");
    let filled = sandbox.run("git", &["credential", "fill"], asked.as_bytes());
    sandbox.run("git", &["credential", "reject"], asked.as_bytes()).prints("");
    // The account is put away; another test brings one back.
    let gone = sandbox.run("git", &["credential", "fill"], asked.as_bytes());
    approved.prints("");
    assert!(filled.stdout().contains("\npassword=ghp_TESTONLYinstall\n"), "{filled}");
    assert!(!gone.stdout().contains("TESTONLY"), "{gone}");
}

#[test]
fn installs_under_a_prefix_with_odd_characters_and_git_finds_it() {
    for git in gits() {
        let mut sandbox = Sandbox::new();
        let path = std::env::var("PATH").unwrap();
        sandbox.set("PATH", &format!("{}:{path}", git.parent().unwrap().display()));
        let ran = installed(&sandbox, ODD_PREFIX, &[]);
        let prefix = sandbox.path(ODD_PREFIX);
        assert_eq!(
            files(&prefix),
            [
                "bin/docker-credential-pat",
                "bin/git-credential-pat",
                "share/bash-completion/completions/git-credential-pat",
                "share/fish/vendor_completions.d/git-credential-pat.fish",
                "share/man/man1/git-credential-pat.1",
                "share/zsh/site-functions/_git-credential-pat",
            ]
        );
        let helper = helpers(&sandbox).concat();
        let program = prefix.join("bin/git-credential-pat");
        let words = [program.to_str().unwrap(), "--keychain", "kernel"];
        assert_eq!(shell_words::split(&helper).unwrap(), words, "{helper}");
        for said in ["git stored a test token", "in memory only, gone at reboot"] {
            assert!(ran.stderr().contains(said), "no {said:?}\n{ran}");
        }
        let hints: Vec<_> = hints(&ran);
        assert!(
            matches!(hints[..], [only] if only.contains("configure --keychain vault")),
            "{ran}"
        );
        // Quoted as a shell takes it, because the folder is not in PATH.
        let next = ran.stdout().lines().last().unwrap_or_default().to_owned();
        let next = shell_words::split(next.strip_prefix("Next: ").unwrap()).unwrap();
        assert_eq!(next, [program.to_str().unwrap(), "login", "https://github.com"], "{ran}");
        git_keeps_a_token(&sandbox);
    }
}

/// Returns the hints in the output.
fn hints(ran: &Ran) -> Vec<&str> {
    let lines = std::str::from_utf8(&ran.stderr).unwrap().lines();
    lines.filter_map(|line| line.strip_prefix("hint: ")).collect()
}

#[test]
fn the_second_run_changes_nothing() {
    let sandbox = Sandbox::new();
    // The locks in this folder depend on the host of the test token, so they do not count.
    let files = || -> Vec<String> {
        files(sandbox.home()).into_iter().filter(|file| !file.starts_with("run/")).collect()
    };
    installed(&sandbox, "a b", &[]);
    let (config, all) = (fs::read(sandbox.path("gitconfig")).unwrap(), files());
    installed(&sandbox, "a b", &[]);
    assert_eq!(fs::read(sandbox.path("gitconfig")).unwrap(), config);
    assert_eq!(files(), all);
}

#[test]
fn another_prefix_replaces_our_old_line_and_no_other() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "--global", "--add", "credential.helper", "cache"]);
    installed(&sandbox, "old one", &[]);
    sandbox.git(&["config", "--global", "--add", "credential.helper", "/x/git-credential-pat2"]);
    installed(&sandbox, "new", &["--keychain", "kernel"]);
    let ours = format!("{}/new/bin/git-credential-pat --keychain kernel", sandbox.home().display());
    assert_eq!(helpers(&sandbox), ["cache", &ours, "/x/git-credential-pat2"]);
}

#[test]
fn the_line_that_configure_wrote_is_replaced_and_a_source_is_not() {
    let sandbox = Sandbox::new();
    for line in ["pat --ci", "/x/git-credential-pat --for https://h.example --env TOKEN"] {
        sandbox.git(&["config", "--global", "--add", "credential.helper", line]);
    }
    let ran = sandbox.helper(&["configure", "--yes", "--by-name", "--keychain", "kernel"], b"");
    assert!(ran.status.success(), "{ran}");
    assert_eq!(helpers(&sandbox)[2], "pat --keychain kernel");
    installed(&sandbox, "p", &[]);
    let ours = format!("{}/p/bin/git-credential-pat --keychain kernel", sandbox.home().display());
    assert_eq!(helpers(&sandbox)[2..], [ours]);
    assert_eq!(helpers(&sandbox)[0], "pat --ci");
}

#[test]
fn uninstall_removes_the_bare_name_if_it_was_this_programs() {
    let mut sandbox = Sandbox::new();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", sandbox.path("p/bin").display());
    installed(&sandbox, "p", &["--no-configure"]);
    sandbox.git(&["config", "--global", "credential.helper", "pat --keychain kernel"]);
    installed(&sandbox, "other", &["--no-configure"]);
    installed(&sandbox, "other", &["--uninstall"]);
    assert_eq!(helpers(&sandbox), ["pat --keychain kernel"]);
    sandbox.set("PATH", &path);
    installed(&sandbox, "p", &["--uninstall"]);
    assert!(helpers(&sandbox).is_empty());
}

#[test]
fn a_bare_name_that_leads_to_what_is_installed_stays() {
    let mut sandbox = Sandbox::new();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", sandbox.path("p/bin").display());
    sandbox.set("PATH", &path);
    sandbox.git(&["config", "--global", "credential.helper", "pat --keychain kernel"]);
    installed(&sandbox, "p", &[]);
    assert_eq!(helpers(&sandbox), ["pat --keychain kernel"]);
}

#[test]
fn the_path_is_the_one_given_and_not_where_a_symlink_leads() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path("version-1")).unwrap();
    std::os::unix::fs::symlink("version-1", sandbox.path("current")).unwrap();
    installed(&sandbox, "current", &[]);
    assert!(helpers(&sandbox)[0].contains("/current/bin/"));
}

#[test]
fn a_dry_run_changes_nothing() {
    let sandbox = Sandbox::new();
    let before = files(sandbox.home());
    let ran = installed(&sandbox, "a b", &["--dry-run", "--reset-helpers"]);
    assert_eq!(files(sandbox.home()), before, "{ran}");
    let program = format!("'{}/a b/bin/git-credential-pat'", sandbox.home().display());
    for line in ["would install: ", &format!("would run: {program} configure --only --yes\n")] {
        assert!(ran.stdout().contains(line), "no {line:?}\n{ran}");
    }
    installed(&sandbox, "a b", &[]);
    let before = (files(sandbox.home()), helpers(&sandbox));
    let ran = installed(&sandbox, "a b", &["--dry-run", "--uninstall"]);
    assert_eq!((files(sandbox.home()), helpers(&sandbox)), before);
    assert!(ran.stdout().contains("git config --global --unset-all credential.helper"), "{ran}");
}

#[test]
fn no_configure_leaves_git_alone() {
    let sandbox = Sandbox::new();
    let spy = spy(&sandbox, "spy", ": >\"$HOME/asked-$last\"");
    let options = ["--no-configure", "--binary", &spy, "--keychain", "kernel"];
    let ran = installed(&sandbox, ODD_PREFIX, &options);
    assert!(sandbox.path(ODD_PREFIX).join("bin/git-credential-pat").exists());
    assert!(!sandbox.path("gitconfig").exists(), "{ran}");
    assert!(!sandbox.path("asked-store").exists() && !sandbox.path("asked-get").exists(), "{ran}");
    // The command that it names instead configures git.
    let said = ran.stdout();
    let command = said.lines().find_map(|line| line.split_once("To do so: ")).unwrap().1;
    let ran = sandbox.run("sh", &["-c", &format!("{command} --yes")], b"");
    assert!(ran.status.success() && sandbox.path("asked-store").exists(), "{ran}");
    git_keeps_a_token(&sandbox);
}

#[test]
fn uninstall_removes_what_was_installed_and_only_that() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "--global", "--add", "credential.helper", "cache"]);
    installed(&sandbox, ODD_PREFIX, &[]);
    let neighbour = sandbox.path(ODD_PREFIX).join("bin/neighbour");
    fs::write(&neighbour, "").unwrap();
    let ran = installed(&sandbox, ODD_PREFIX, &["--uninstall"]);
    assert_eq!(files(&sandbox.path(ODD_PREFIX)), ["bin/neighbour"]);
    assert_eq!(helpers(&sandbox), ["cache"]);
    assert!(ran.stdout().contains("Tokens stay in the keychain"), "{ran}");
    let ran = installed(&sandbox, ODD_PREFIX, &["--uninstall"]);
    assert!(ran.stdout().starts_with("Nothing is installed below "), "{ran}");
    assert!(!ran.stdout().contains("Removed"), "{ran}");
}

#[test]
fn uninstall_removes_the_lines_of_a_program_that_is_gone_or_broken() {
    let sandbox = Sandbox::new();
    let program = sandbox.path(ODD_PREFIX).join("bin/git-credential-pat");
    for is_broken in [true, false] {
        sandbox.git(&["config", "--global", "--add", "credential.helper", "cache"]);
        installed(&sandbox, ODD_PREFIX, &[]);
        let line = helpers(&sandbox).pop().unwrap();
        for (key, line) in [
            ("credential.https://h.example.helper", line.as_str()),
            ("credential.https://h.example.helper", "store"),
            ("credential.helper", "/other/git-credential-pat --keychain kernel"),
        ] {
            sandbox.git(&["config", "--global", "--add", key, line]);
        }
        fs::remove_file(&program).unwrap();
        if is_broken {
            fake(program.parent().unwrap(), "git-credential-pat", "exit 1");
        }
        let ran = installed(&sandbox, ODD_PREFIX, &["--uninstall"]);
        let others = ["cache", "/other/git-credential-pat --keychain kernel"];
        assert_eq!(helpers(&sandbox), others, "{ran}");
        let key = "credential.https://h.example.helper";
        assert_eq!(sandbox.git(&["config", "--get-all", key]), "store\n", "{ran}");
        assert!(!program.exists(), "{ran}");
        fs::remove_file(sandbox.path("gitconfig")).unwrap();
    }
}

#[test]
fn a_plain_text_store_beside_ours_is_reported_and_reset_on_demand() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "--global", "--add", "credential.helper", "store --file x"]);
    let ran = installed(&sandbox, "p", &[]);
    assert!(ran.stderr().contains("git gives a copy of every token to store"), "{ran}");
    assert!(ran.stderr().contains("hint: git config --global --unset-all"), "{ran}");
    for _ in 0..2 {
        let ran = installed(&sandbox, "p", &["--reset-helpers"]);
        let vault = |hint: &&str| hint.contains("configure --keychain vault");
        assert!(hints(&ran).iter().all(vault) && !ran.stderr().contains("store,"), "{ran}");
        let helpers = helpers(&sandbox);
        assert_eq!(helpers[..2], ["store --file x", ""]);
        assert!(helpers.len() == 3 && helpers[2].contains("/p/bin/"), "{helpers:?}");
    }
    git_keeps_a_token(&sandbox);
    assert!(!sandbox.path("x").exists());
    installed(&sandbox, "p", &["--uninstall"]);
    assert_eq!(helpers(&sandbox), ["store --file x"]);
    // Without the program nobody can know whose the empty line is.
    installed(&sandbox, "p", &["--reset-helpers"]);
    fs::remove_file(sandbox.path("p/bin/git-credential-pat")).unwrap();
    let ran = installed(&sandbox, "p", &["--uninstall"]);
    assert!(ran.stdout().contains("An empty helper line is left"), "{ran}");
}

#[test]
fn helpers_of_one_place_are_reported_without_what_they_may_hold() {
    let sandbox = Sandbox::new();
    let key = "credential.https://forge.example.helper";
    sandbox.git(&["config", "--global", "--add", key, "!f() { echo password=ghp_TESTONLYx; }; f"]);
    sandbox.git(&["config", "--global", "--add", key, "store"]);
    let wide = "credential.https://*.other.example.helper";
    sandbox.git(&["config", "--global", "--add", wide, "cache"]);
    let ran = installed(&sandbox, "p", &[]);
    for said in [
        "configure: at https://forge.example: a shell snippet in",
        "configure: at https://forge.example: git gives a copy of every token to store",
        &format!("hint: git config --global --unset-all {key} '^store( |$)'"),
        "configure: at https://any.other.example: git asks cache first",
    ] {
        assert!(ran.stderr().contains(said), "no {said:?}\n{ran}");
    }
    assert!(!format!("{ran}").contains("TESTONLY"), "{ran}");
}

#[test]
fn git_shows_the_manual() {
    let mut sandbox = Sandbox::new();
    installed(&sandbox, "p q", &[]);
    let path = std::env::var("PATH").unwrap();
    sandbox.set("PATH", &format!("{}:{path}", sandbox.path("p q/bin").display()));
    sandbox.set("MANPAGER", "cat");
    let manual = sandbox.git(&["credential-pat", "--help"]);
    assert!(manual.contains("WHICH ACCOUNT ANSWERS"), "{manual}");
    // The manual also has the texts from the definitions of the commands.
    assert!(manual.contains("--with-token"), "{manual}");
}

#[test]
fn bash_reads_the_completions() {
    let sandbox = Sandbox::new();
    installed(&sandbox, "p", &[]);
    let file = sandbox.path("p/share/bash-completion/completions/git-credential-pat");
    let line = format!("set -e; . '{}'; complete -p git-credential-pat", file.display());
    let ran = sandbox.run("bash", &["--norc", "-c", &line], b"");
    assert!(ran.status.success() && ran.stdout().contains("-F _git"), "{ran}");
}

#[test]
fn builds_from_the_checkout() {
    let sandbox = Sandbox::new();
    let mut command: Command = sandbox.command(SCRIPT);
    // The outer build's folders are used, so that nothing is built twice.
    command.env("CARGO_TARGET_DIR", Path::new(BINARY).ancestors().nth(2).unwrap());
    let home = std::env::var("HOME").unwrap();
    for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        let outer = std::env::var(name).unwrap_or_else(|_| format!("{home}/{folder}"));
        command.env(name, outer);
    }
    let ran = run(command, b"");
    assert!(ran.status.success(), "{ran}");
    let program = sandbox.path(".local/bin/git-credential-pat");
    let headers = ["--program-headers", "--wide", program.to_str().unwrap()];
    let headers = sandbox.run("readelf", &headers, b"");
    // A program that needs no loader starts in a fraction of the time.
    assert!(headers.stdout().contains("LOAD") && !headers.stdout().contains("INTERP"), "{headers}");
    git_keeps_a_token(&sandbox);
}
