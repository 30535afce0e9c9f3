//! A terminal whose echo was turned off gets it back, whatever ends the process that asked, and
//! while that process is stopped.

use crate::support::home::Home;
use crate::support::terminal::Terminal;
use rustix::process::{Pid, Signal, kill_process};

const CTRL_Z: &str = "\u{1a}";
const CTRL_BACKSLASH: &str = "\u{1c}";

/// Starts a login that waits for the token, in a shell that goes on with `then`. Returns its
/// process.
fn asked_for_a_token(person: &Home, then: &str) -> (Terminal, Pid) {
    let login = "sh -c 'echo pid $$ is it; exec PAT login --username a HOST'";
    // A shell that does not trap Ctrl-C ends with the program that Ctrl-C has ended.
    let script = format!("set -m; trap : INT; {login}; {then}");
    let mut terminal = person.runs_on_terminal(&script);
    let screen = terminal.shows("is it");
    let pid = screen.split("pid ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    let pid = Pid::from_raw(pid.parse().unwrap()).unwrap();
    terminal.shows("Token for a at");
    terminal.waits_until_it_echoes(false);
    terminal.types("ghp_TESTONLYwrong");
    (terminal, pid)
}

#[track_caller]
fn is_as_it_was(screen: &str) {
    for mode in [" echo ", " icanon ", "isig ", "intr = ^C;"] {
        assert!(screen.contains(mode), "{mode} is not so: {screen}");
    }
    assert!(!screen.contains("TESTONLY"), "{screen}");
}

#[test]
fn what_ends_the_process_leaves_the_terminal_as_it_was() {
    for signal in [
        Signal::TERM,
        Signal::HUP,
        Signal::INT,
        Signal::QUIT,
        Signal::ABORT,
        Signal::ALARM,
        Signal::USR1,
        Signal::USR2,
    ] {
        let person = Home::new();
        let (terminal, pid) = asked_for_a_token(&person, "echo status $?; stty -a");
        kill_process(pid, signal).unwrap();
        let (_, screen) = terminal.ends();
        let status = format!("status {}", 128 + signal.as_raw());
        assert!(screen.contains(&status), "{signal:?}: {screen}");
        is_as_it_was(&screen);
        assert!(person.listed().is_empty(), "{screen}");
    }
}

#[test]
fn a_key_that_quits_leaves_the_terminal_as_it_was() {
    let person = Home::new();
    let (mut terminal, _) = asked_for_a_token(&person, "echo status $?; stty -a");
    terminal.types(CTRL_BACKSLASH);
    let (_, screen) = terminal.ends();
    assert!(screen.contains("status 131"), "{screen}");
    is_as_it_was(&screen);
}

#[test]
fn while_it_is_stopped_the_terminal_is_as_it_was() {
    let then = "echo stopped $?; stty -a; echo and on; read line; fg; echo status $?; stty -a";
    for signal in [None, Some(Signal::TSTP), Some(Signal::TTIN), Some(Signal::TTOU)] {
        let person = Home::new();
        let (mut terminal, pid) = asked_for_a_token(&person, then);
        match signal {
            Some(signal) => kill_process(pid, signal).unwrap(),
            None => terminal.types(CTRL_Z),
        }
        is_as_it_was(&terminal.shows("and on"));
        goes_on(&person, terminal);
    }
}

#[test]
fn what_a_shell_turned_on_meanwhile_is_off_again() {
    let then =
        "echo stopped $?; stty echo icanon; echo and on; read line; fg; echo status $?; stty -a";
    let person = Home::new();
    let (terminal, pid) = asked_for_a_token(&person, then);
    // No process notices this signal.
    kill_process(pid, Signal::STOP).unwrap();
    terminal.shows("and on");
    goes_on(&person, terminal);
}

/// Continues a login that was stopped, in a shell that waits for a line, and runs it to its end.
#[track_caller]
fn goes_on(person: &Home, mut terminal: Terminal) {
    terminal.types("\n");
    // The question comes again, once the echo is off again.
    terminal.shows_often("Token for a at", 2);
    terminal.waits_until_it_echoes(false);
    terminal.types("ghp_TESTONLY1\n");
    terminal.shows("When does");
    terminal.types("\n");
    terminal.shows("Make it ask?");
    terminal.types("n\n");
    let (_, screen) = terminal.ends();
    assert!(screen.contains("status 0"), "{screen}");
    is_as_it_was(&screen);
    person.get("").prints("username=a\npassword=ghp_TESTONLY1\n");
}

#[test]
fn a_signal_that_was_ignored_stays_so() {
    let person = Home::new();
    let script =
        "trap '' HUP; sh -c 'echo pid $$ is it; exec PAT login --username a HOST'; stty -a";
    let mut terminal = person.runs_on_terminal(script);
    let screen = terminal.shows("is it");
    let pid = screen.split("pid ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    terminal.shows("Token for a at");
    terminal.waits_until_it_echoes(false);
    kill_process(Pid::from_raw(pid.parse().unwrap()).unwrap(), Signal::HUP).unwrap();
    terminal.types("ghp_TESTONLY1\n");
    terminal.shows("When does");
    terminal.types("\n");
    terminal.shows("Make it ask?");
    terminal.types("n\n");
    let (_, screen) = terminal.ends();
    is_as_it_was(&screen);
    person.get("").prints("username=a\npassword=ghp_TESTONLY1\n");
}
