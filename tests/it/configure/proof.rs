//! The proof before git is configured: git, with the very line that it gets, keeps a token.

use crate::support::desktop::Desktop;
use crate::support::home::Home;
use crate::support::kernel::Keys;
use crate::support::program::gits;
use crate::support::sandbox::{BINARY, Ran, Sandbox, run};
use crate::support::spy::spy;
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Configures git with the program at this path, from the home folder.
fn configures(sandbox: &Sandbox, program: &str, words: &[&str]) -> Ran {
    let mut command = sandbox.command(program);
    command.args(["configure", "--yes"]).args(words);
    run(command, b"")
}

#[track_caller]
fn proves_nothing(sandbox: &Sandbox, ran: &Ran, said: &str) {
    assert_eq!(ran.status.code(), Some(1), "{ran}");
    assert!(ran.stderr().contains(said), "no {said:?}\n{ran}");
    assert!(ran.stderr().contains("is not proved, so git is not configured\nhint: "), "{ran}");
    assert!(ran.stdout.is_empty() && !sandbox.path("gitconfig").exists(), "{ran}");
}

#[test]
fn git_runs_the_line_that_is_written_in_no_repository() {
    for git in gits() {
        let user = Home::bare().with_git(&git);
        let spy = spy(
            &user.sandbox,
            "a b/git-credential-pat",
            "[ \"$1\" = configure ] || printf '%s|' \"$0\" \"$@\" \"$PWD\" >>\"$HOME/seen\"",
        );
        user.sandbox.git(&["init", "-q", "."]);
        let old = "/gone/git-credential-pat --keychain kernel --timeout 600 --allow-http";
        user.helper(old);
        let ran = configures(&user.sandbox, &spy, &[]);
        assert!(ran.status.success(), "{ran}");
        let written = user.helpers().concat();
        let words = shell_words::split(&written).unwrap();
        let seen = |operation: &str| format!("{}|{operation}|/|", words.join("|"));
        let expected = seen("store") + &seen("get");
        assert_eq!(fs::read_to_string(user.sandbox.path("seen")).unwrap(), expected);
    }
}

#[test]
fn no_other_helper_and_no_askpass_is_asked() {
    let mut user = Home::bare();
    let asked = spy(&user.sandbox, "asked", ": >\"$HOME/was-asked\"; exit");
    user.helper("store");
    user.config(&["--global", "--add", "credential.https://*.invalid.helper", "store"]);
    user.config(&["--global", "core.askPass", &asked]);
    let ran = configures(&user.sandbox, BINARY, &[]);
    assert!(ran.status.success(), "{ran}");
    assert!(!user.sandbox.path(".git-credentials").exists());
    // A helper that gives no answer makes git ask nobody.
    fs::remove_file(user.sandbox.path("gitconfig")).unwrap();
    let forgetful = spy(&user.sandbox, "git-credential-pat", "[ $last = get ] && exit");
    for name in ["GIT_ASKPASS", "SSH_ASKPASS"] {
        user.sandbox.set(name, &asked);
        let ran = configures(&user.sandbox, &forgetful, &[]);
        proves_nothing(&user.sandbox, &ran, "git does not get a test token back by way of");
        assert!(!ran.stderr().contains("fatal"), "{ran}");
    }
    assert!(!user.sandbox.path("was-asked").exists());
}

#[test]
fn a_program_that_git_cannot_run_is_not_configured() {
    let user = Home::bare();
    let program = spy(&user.sandbox, "q/git-credential-pat", "[ $last = store ] && exec /nowhere");
    let ran = configures(&user.sandbox, &program, &[]);
    proves_nothing(&user.sandbox, &ran, "/nowhere: No such file");
    let way = format!("git stored no test token by way of this line: {program} --keychain kernel");
    assert!(ran.stderr().contains(&way), "{ran}");
}

#[test]
fn what_the_helper_says_is_repeated_once() {
    let mut user = Home::bare();
    user.sandbox.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
    let ran = configures(&user.sandbox, BINARY, &["--keychain", "secret-service"]);
    proves_nothing(&user.sandbox, &ran, "the keychain secret-service");
    let said = ran.stderr();
    assert_eq!(said.matches("the keychain cannot be reached").count(), 1, "{ran}");
    assert!(said.contains("keep tokens until the next reboot only: --keychain kernel"), "{ran}");
}

#[test]
fn a_git_that_is_missing_is_named() {
    let mut user = Home::bare();
    user.sandbox.set("PATH", "/nonexistent");
    let ran = configures(&user.sandbox, BINARY, &[]);
    ran.fails(1, "configure: git cannot be run\nhint: install git");
}

#[test]
fn an_interrupt_waits_until_the_test_token_is_deleted() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let user = Home::bare();
        let program = spy(
            &user.sandbox,
            "git-credential-pat",
            "case $last in
             store) cat >\"$HOME/request\"; exec <\"$HOME/request\" ;;
             get) : >\"$HOME/asked\"; sleep 30; : >\"$HOME/slept\" ;;
             esac",
        );
        // Whoever runs the tests may ignore one of the signals.
        let mut command = user.sandbox.command("env");
        command.arg("--default-signal").arg(&program);
        command.args(["configure", "--yes"]).process_group(0);
        let configure = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut configure = configure.unwrap();
        let patience = Instant::now() + Duration::from_secs(60);
        while !user.sandbox.path("asked").exists() {
            assert!(Instant::now() < patience, "the proof never asked for its token");
            std::thread::sleep(Duration::from_millis(20));
        }
        let group = Pid::from_raw(configure.id().try_into().unwrap()).unwrap();
        kill_process_group(group, signal).unwrap();
        let status = configure.wait().unwrap();
        assert_eq!(status.signal(), Some(signal.as_raw()), "{status}");
        assert!(!user.sandbox.path("slept").exists(), "the interrupt did not reach the helper");
        let request = fs::read_to_string(user.sandbox.path("request")).unwrap();
        let host = request.lines().find_map(|line| line.strip_prefix("host=")).unwrap();
        assert!(Keys::of_host(host).accounts().is_empty(), "{host}");
        assert!(!user.sandbox.path("gitconfig").exists());
    }
}

#[test]
fn no_copy_of_the_test_token_is_left_in_a_cache() {
    let desktop = Desktop::gnome_keyring();
    let line = "/gone/git-credential-pat --keychain secret-service --cache 600";
    desktop.sandbox.git(&["config", "--global", "credential.helper", line]);
    let spy = spy(
        &desktop.sandbox,
        "git-credential-pat",
        "[ $last != store ] || { cat >\"$HOME/request\"; exec <\"$HOME/request\"; }",
    );
    let ran = configures(&desktop.sandbox, &spy, &[]);
    assert!(ran.status.success(), "{ran}");
    let written = desktop.sandbox.git(&["config", "--global", "credential.helper"]);
    assert_eq!(written, format!("{spy} --keychain secret-service --cache 600\n"));
    let request = fs::read_to_string(desktop.sandbox.path("request")).unwrap();
    let host = request.lines().find_map(|line| line.strip_prefix("host=")).unwrap();
    assert!(Keys::of_host(host).caches().is_empty(), "{host}");
    desktop.sandbox.helper(&["list", "--json"], "").prints("[]\n");
}
