//! The proof: the operations on the keychain before the installer configures git.

use super::{SCRIPT, install, installed};
use crate::support::sandbox::Sandbox;
use crate::support::spy::spy;
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn the_throw_away_token_is_random_in_no_argument_and_deleted() {
    let sandbox = Sandbox::new();
    let spy = spy(
        &sandbox,
        "spy",
        "if [ \"$last\" = store ]; then
             cat >\"$HOME/request\"
             sed -n 's/^password=//p' \"$HOME/request\" >\"$HOME/token\"
             grep -alF -f \"$HOME/token\" /proc/[0-9]*/cmdline /proc/[0-9]*/environ >\"$HOME/leaks\" 2>/dev/null
             exec <\"$HOME/request\"
         fi",
    );
    let ran = installed(&sandbox, "p", &["--binary", &spy]);
    let token = fs::read_to_string(sandbox.path("token")).unwrap();
    assert_eq!(token.trim().len(), 40, "{token:?}");
    assert_eq!(fs::read_to_string(sandbox.path("leaks")).unwrap(), "");
    assert!(!format!("{ran}").contains(token.trim()), "{ran}");
    assert_deleted(&sandbox);
}

/// Expects that the account which the spy saw is gone from the kernel's keyring.
#[track_caller]
fn assert_deleted(sandbox: &Sandbox) {
    let request = fs::read_to_string(sandbox.path("request")).unwrap();
    let host = request.lines().find(|line| line.starts_with("host=")).unwrap();
    assert!(host.ends_with(".invalid"), "{host}");
    let asked = format!("protocol=https\n{host}\n\n");
    sandbox.helper(&["--keychain", "kernel", "get"], asked).prints("");
}

#[test]
fn an_interrupted_run_deletes_the_throw_away_token() {
    let sandbox = Sandbox::new();
    let spy = spy(
        &sandbox,
        "spy",
        "case $last in
         store) cat >\"$HOME/request\"; exec <\"$HOME/request\" ;;
         get) [ -e \"$HOME/asked\" ] || { : >\"$HOME/asked\"; sleep 1; } ;;
         esac",
    );
    let mut command = sandbox.command(SCRIPT);
    command.args(["--prefix", sandbox.path("p").to_str().unwrap(), "--binary", &spy]);
    // A Ctrl-C, or the end of a session, reaches all processes of the group like this.
    command.process_group(0).stdout(Stdio::null()).stderr(Stdio::null());
    let mut script = command.spawn().unwrap();
    let patience = Instant::now() + Duration::from_secs(60);
    while !sandbox.path("asked").exists() {
        assert!(Instant::now() < patience, "the proof never asked for its token");
        std::thread::sleep(Duration::from_millis(20));
    }
    let group = Pid::from_raw(script.id().try_into().unwrap()).unwrap();
    kill_process_group(group, Signal::TERM).unwrap();
    assert_eq!(script.wait().unwrap().code(), Some(143));
    assert_deleted(&sandbox);
    assert!(!sandbox.path("gitconfig").exists());
}

#[test]
fn a_keychain_that_fails_is_an_error_and_git_is_not_configured() {
    let sandbox = Sandbox::new();
    let forgetful = spy(&sandbox, "spy", "case $last in store) exit 0 ;; esac");
    let ran = install(&sandbox, "p", &["--binary", &forgetful]);
    assert_eq!(ran.status.code(), Some(1), "{ran}");
    assert!(ran.stderr().contains("the keychain kernel is not proved"), "{ran}");
    assert!(!sandbox.path("gitconfig").exists(), "{ran}");
}

#[test]
fn a_dead_bus_is_an_error_and_not_another_keychain() {
    let mut sandbox = Sandbox::new();
    sandbox.set("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
    let ran = install(&sandbox, "p", &[]);
    assert_eq!(ran.status.code(), Some(1), "{ran}");
    assert!(ran.stderr().contains("the keychain secret-service is not proved"), "{ran}");
    assert!(ran.stderr().contains("--keychain kernel"), "{ran}");
    assert!(!sandbox.path("gitconfig").exists(), "{ran}");
    installed(&sandbox, "p", &["--keychain", "kernel"]);
}

#[test]
fn a_mute_bus_ends_the_proof_with_a_hint() {
    let mut sandbox = Sandbox::new();
    let socket = sandbox.path("run/bus");
    // The bus accepts connections and never says a word.
    let _bus = UnixListener::bind(&socket).unwrap();
    sandbox.unset("DBUS_SESSION_BUS_ADDRESS");
    let begun = Instant::now();
    let ran = install(&sandbox, "p", &[]);
    assert_eq!(ran.status.code(), Some(1), "{ran}");
    assert!(ran.stderr().contains("did not answer in time"), "{ran}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{ran}");
    assert!(!sandbox.path("gitconfig").exists(), "{ran}");
}
