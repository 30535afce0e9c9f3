//! A rotation that is killed, at every call that changes something in the keyring or on a disk, and
//! while its request is on its way. Afterwards no token is lost without a word of it.

use super::{OLD, said};
use crate::check::GLPAT;
use crate::support::home::Home;
use crate::support::program::program;
use crate::support::residue::Needles;
use crate::support::sandbox::{BINARY, run};
use crate::support::server::wait_for;
use crate::support::tracee::{Calls, Kill, Seen, watch_and_kill};
use std::fs;
use std::process::{Child, Command, Stdio};

fn command(desk: &Home) -> Command {
    let mut command = desk.sandbox.command(BINARY);
    let url = desk.url("");
    let words = ["rotate", "--forge", "gitlab", "--unattended", "--keychain", desk.keychain];
    command.args(words).arg(url.trim_end_matches('/'));
    command
}

/// A rotation that runs and says nothing.
fn started(desk: &Home) -> Child {
    let mut command = command(desk);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn rotated_and_killed(desk: &Home, kill: Option<Kill>) -> Seen {
    watch_and_kill(&command(desk), b"", &Needles::new(&[]), kill)
}

/// Whatever happened: one token of the family lives at most, the dead one was never used again, and
/// the next rotation says what has become of this one.
#[track_caller]
fn nothing_is_lost_without_a_word(desk: &Home, what: &str) {
    let forge = desk.server().forge();
    let living = forge.living();
    assert_eq!(living.len(), 1, "{what}");
    let is_open = !desk.listed_account()["rotating"].is_null();
    if is_open && desk.listed_account()["previous"].is_null() {
        // Nobody asks before the request can no longer be on its way.
        let ran = desk.check(&["https://HOST"]);
        assert!(said(&ran).contains("not known yet"), "{what}: {ran}");
        desk.note_is_of(91);
    }
    let next = if is_open {
        desk.rotate(&["--unattended", "https://HOST"])
    } else {
        desk.check(&["--forge", "gitlab", "https://HOST"])
    };
    assert!(!forge.issued().iter().any(|line| line.contains("reused")), "{what}");
    let is_here = desk.token_for_git() == forge.token(&forge.living()[0]);
    let is_lost = said(&next).contains("its answer was lost");
    assert!(is_here != is_lost, "{what}: {next}");
    assert!(!is_lost || next.status.code() == Some(1), "{what}: {next}");
    assert!(desk.listed_account()["rotating"].is_null(), "{what}: {next}");
}

#[test]
fn a_rotation_killed_at_any_change_loses_no_token_without_a_word() {
    let desk = Home::with_gitlab();
    let count = rotated_and_killed(&desk, None);
    assert_eq!(count.status, 0, "{count}");
    let (mut killed, mut lost) = (0, 0);
    for at in 1..=count.changing_calls {
        for after in [false, true] {
            desk.begins_anew();
            let kill = Kill { of: Calls::Changing, at, after };
            let seen = rotated_and_killed(&desk, Some(kill));
            killed += usize::from(seen.status == 128 + 9);
            let is_new = desk.server().forge().living() != [OLD];
            let is_kept = desk.token_for_git() != GLPAT;
            lost += usize::from(is_new && !is_kept);
            nothing_is_lost_without_a_word(&desk, &format!("{kill:?}: {seen}"));
        }
    }
    assert!(killed > 10, "killed {killed} times");
    assert!(lost > 0, "it was never killed between the answer and the write");
}

#[test]
fn a_keychain_that_fails_at_any_call_loses_no_token_without_a_word() {
    let desk = Home::with_gitlab();
    let trace = desk.sandbox.path("trace");
    let (mut failed, mut lost) = (0, 0);
    // A call at a time, and all from one on: a quota that is used up, say.
    for full in ["", "+"] {
        for at in 1.. {
            desk.begins_anew();
            let rotate = command(&desk);
            let mut strace = desk.sandbox.command(program("strace", "strace"));
            strace.args(["-qq", "-e", "trace=add_key,keyctl", "-e"]);
            strace.arg(format!("inject=add_key,keyctl:error=EDQUOT:when={at}{full}"));
            strace.arg("-o").arg(&trace).arg(rotate.get_program()).args(rotate.get_args());
            let ran = run(strace, b"");
            if !fs::read_to_string(&trace).unwrap().contains("INJECTED") {
                break;
            }
            let what = format!("from call {at}{full}: {ran}");
            failed += usize::from(!ran.status.success());
            let is_new = desk.server().forge().living() != [OLD];
            let is_lost = is_new && desk.token_for_git() == GLPAT;
            lost += usize::from(is_lost);
            assert!(!is_lost || said(&ran).contains("new token"), "{what}");
            nothing_is_lost_without_a_word(&desk, &what);
        }
    }
    assert!(failed > 10 && lost > 0, "failed {failed} times, lost {lost}");
}

#[test]
fn a_forge_that_commits_after_we_are_gone_is_found_out() {
    let desk = Home::with_gitlab();
    let forge = desk.server().forge();
    forge.set("issuing", "later=5");
    let mut child = started(&desk);
    let curl = || curl_of(child.id());
    wait_for("curl", || curl().is_some() && !desk.listed_account()["rotating"].is_null());
    wait_for("the request", || {
        forge.asked_so_far().iter().any(|asked| asked.path.ends_with("/self/rotate"))
    });
    let curl = curl().expect("curl");
    // What ends a process politely waits until the answer is written.
    let pid = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    child.wait().unwrap();
    wait_for("curl to end with us", || !is_running(curl));
    assert_eq!(forge.living(), [OLD], "the server has not done it yet");
    wait_for("the server", || forge.living() == ["old-2"]);
    nothing_is_lost_without_a_word(&desk, "it commits after we are gone");
}

#[test]
fn a_polite_signal_waits_until_the_new_token_is_written() {
    let desk = Home::with_gitlab();
    let forge = desk.server().forge();
    forge.set("issuing", "slow=1");
    let mut child = started(&desk);
    wait_for("the new token", || forge.living() == ["old-2"]);
    let pid = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
    for signal in [nix::sys::signal::Signal::SIGINT, nix::sys::signal::Signal::SIGTERM] {
        nix::sys::signal::kill(pid, signal).unwrap();
    }
    assert!(!child.wait().unwrap().success());
    assert_eq!(desk.token_for_git(), forge.token("old-2"));
    assert!(
        !desk.listed_account()["previous"].is_null(),
        "it ended before it verified the new one"
    );
    nothing_is_lost_without_a_word(&desk, "a polite signal");
}

/// The curl that this process has started.
fn curl_of(parent: u32) -> Option<u32> {
    let text = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
    let children = text.split_whitespace().filter_map(|pid| pid.parse().ok());
    children.into_iter().find(|pid: &u32| {
        fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "curl")
    })
}

fn is_running(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}
