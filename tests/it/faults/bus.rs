//! The bus and the Secret Service fail at every single call of every operation.

use super::{NEW, OLD, REQUEST, desktop, helper, logout, token, with};
use crate::support::desktop::Desktop;
use crate::support::proxy::{Proxy, Then};
use crate::support::sandbox::{BINARY, Ran, run};
use crate::support::server::wait_for;
use crate::support::watch::Watch;
use rustix::process::{Pid, Signal, kill_process};
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

/// The time that a busy machine may need to start a process.
const SLACK: Duration = Duration::from_secs(2);

/// An operation, and the tokens that may be served after it. After a success it must be the second.
struct Case {
    operation: &'static str,
    request: String,
    may_be: [Option<&'static str>; 2],
}

fn cases() -> [Case; 4] {
    let case = |operation, request, afterwards| Case {
        operation,
        request,
        may_be: [Some(OLD), afterwards],
    };
    [
        case("get", REQUEST.to_owned(), Some(OLD)),
        case("store", with(NEW), Some(NEW)),
        case("erase", with(OLD), None),
        case("erase", format!("{REQUEST}username=alice\n"), None),
    ]
}

/// Runs each case again and again, each time with a fault at a later call, until no call is left.
fn at_every_call(cases: &[Case], mut with_fault_at: impl FnMut(&Case, usize) -> usize) {
    for case in cases {
        let calls = (1..100).find(|&call| with_fault_at(case, call) < call).unwrap();
        assert!(calls > 3, "{} made {} calls only", case.operation, calls - 1);
    }
}

/// Makes the line fail once, at every call in turn.
fn line_that_fails_once(then: Then, message: Option<&str>) {
    let desktop = desktop();
    at_every_call(&cases(), |case, fault| {
        restore(&desktop);
        let line =
            Proxy::new(&desktop, move |call| if call == fault { then } else { Then::PassOn });
        let (ran, took) = helper(&desktop, &line.address(), case.operation, &case.request);
        let calls = line.calls();
        let served = token(&desktop);
        assert!(took < Duration::from_secs(5) + SLACK, "{took:?}: {ran}");
        assert!(case.may_be.contains(&served.as_deref()), "{fault}: {ran}");
        if let Some(message) = message.filter(|_| calls >= fault) {
            ran.fails(1, message);
        } else {
            assert!(ran.status.success() && ran.stderr.is_empty(), "call {fault}: {ran}");
            assert_eq!(served.as_deref(), case.may_be[1], "call {fault}: {ran}");
        }
        calls
    });
}

/// Puts the old token back, whatever there is now.
fn restore(desktop: &Desktop) {
    let bus = desktop.address();
    assert!(logout(desktop, bus).status.success());
    helper(desktop, bus, "store", &with(OLD)).0.prints("");
}

#[test]
fn a_connection_that_breaks_at_any_call_is_made_again() {
    line_that_fails_once(Then::Break, None);
}

#[test]
fn a_connection_that_breaks_before_any_answer_is_made_again() {
    line_that_fails_once(Then::PassOnAndBreak, None);
}

#[test]
fn nonsense_in_place_of_any_answer_is_an_error() {
    line_that_fails_once(Then::TalkNonsense, Some("it sent what is no D-Bus message"));
}

/// Whatever the error of the refusal: where a success is reported, the change was made.
#[test]
fn a_refusal_of_any_call_is_an_error_or_made_good() {
    thread::scope(|scope| {
        for error in [
            "org.freedesktop.DBus.Error.UnknownMethod",
            "org.freedesktop.DBus.Error.ServiceUnknown",
            "org.freedesktop.DBus.Error.AccessDenied",
            "org.freedesktop.DBus.Error.Failed",
            "org.freedesktop.Secret.Error.IsLocked",
            "org.freedesktop.Secret.Error.NoSession",
        ] {
            scope.spawn(|| refused_at_every_call(error));
        }
    });
}

fn refused_at_every_call(error: &'static str) {
    let desktop = desktop();
    at_every_call(&cases(), |case, fault| {
        restore(&desktop);
        let line =
            Proxy::new(
                &desktop,
                move |call| {
                    if call == fault { Then::Refuse(error) } else { Then::PassOn }
                },
            );
        let (ran, took) = helper(&desktop, &line.address(), case.operation, &case.request);
        let calls = line.calls();
        let served = token(&desktop);
        assert!(took < Duration::from_secs(5) + SLACK, "{took:?}: {ran}");
        let expected = if ran.status.success() { case.may_be[1] } else { Some(OLD) };
        assert_eq!(served.as_deref(), expected, "{error}, call {fault}: {ran}");
        let is_answered = ran.stdout().contains(OLD);
        assert_eq!(is_answered, case.operation == "get" && ran.status.success(), "{ran}");
        assert!(ran.status.success() || ran.stderr().contains("git-credential-pat: "), "{ran}");
        calls
    });
}

#[test]
fn a_connection_that_breaks_again_and_again_is_an_error_and_changes_nothing() {
    let desktop = desktop();
    at_every_call(&cases(), |case, fault| {
        restore(&desktop);
        let line = Proxy::new(
            &desktop,
            move |call| {
                if call >= fault { Then::Break } else { Then::PassOn }
            },
        );
        let (ran, took) = helper(&desktop, &line.address(), case.operation, &case.request);
        let calls = line.calls();
        assert!(took < Duration::from_secs(5) + SLACK, "{took:?}: {ran}");
        if calls >= fault {
            ran.fails(1, "the connection to the session bus was lost");
            assert_eq!(token(&desktop).as_deref(), Some(OLD), "call {fault}: {ran}");
        }
        calls
    });
}

/// Silence from one call on costs a get five seconds. It costs a store or an erase as much while
/// nothing has been answered. All cases wait side by side.
#[test]
fn silence_costs_five_seconds() {
    let desktop = desktop();
    thread::scope(|scope| {
        for (case, fault) in [
            ("get", 1),
            ("get", 2),
            ("get", 3),
            ("get", 4),
            ("store", 1),
            ("store", 2),
            ("erase", 2),
        ] {
            let desktop = &desktop;
            scope.spawn(move || falls_silent(desktop, case, fault, 5));
        }
    });
    assert_eq!(token(&desktop).as_deref(), Some(OLD));
}

/// Writers wait for each other, but not five seconds for each.
#[test]
fn silence_costs_five_seconds_for_all_who_write_at_once() {
    let desktop = desktop();
    desktop.signal("gnome-keyring", Signal::STOP);
    let began = Instant::now();
    thread::scope(|scope| {
        for (operation, request) in
            [("store", with(NEW)), ("erase", with(OLD)), ("erase", REQUEST.to_owned())]
        {
            let desktop = &desktop;
            scope.spawn(move || {
                let (ran, _) = helper(desktop, desktop.address(), operation, &request);
                ran.fails(1, "the keychain did not answer in time");
            });
        }
    });
    let took = began.elapsed();
    assert!(took < Duration::from_secs(5) + SLACK, "{took:?}");
    desktop.signal("gnome-keyring", Signal::CONT);
    assert_eq!(token(&desktop).as_deref(), Some(OLD));
}

#[test]
#[ignore = "slow: run by tests/run.sh --all"]
fn silence_of_a_service_that_has_answered_costs_what_writes_thirty_seconds() {
    let desktop = desktop();
    thread::scope(|scope| {
        for (case, fault) in [("store", 3), ("store", 4), ("store", 5), ("erase", 3), ("erase", 5)]
        {
            let desktop = &desktop;
            scope.spawn(move || falls_silent(desktop, case, fault, 30));
        }
    });
    assert_eq!(token(&desktop).as_deref(), Some(OLD));
}

fn falls_silent(desktop: &Desktop, operation: &str, fault: usize, seconds: u64) {
    // Where gnome-keyring refuses a call by itself, the later calls have other numbers.
    for _ in 0..3 {
        let watch = Watch::new(desktop);
        let (ran, took) = with_silence_from(desktop, operation, fault);
        if watch.seen(desktop).refusals > 0 {
            continue;
        }
        ran.fails(1, "the keychain did not answer in time");
        let limit = Duration::from_secs(seconds);
        assert!(took + SLACK > limit && took < limit + SLACK, "{operation}, {fault}: {took:?}");
        return;
    }
    panic!("{operation}: gnome-keyring refuses a call each time");
}

fn with_silence_from(desktop: &Desktop, operation: &str, fault: usize) -> (Ran, Duration) {
    let line =
        Proxy::new(desktop, move |call| if call >= fault { Then::Swallow } else { Then::PassOn });
    let request = match operation {
        "get" => REQUEST.to_owned(),
        "store" => with(NEW),
        _ => with(OLD),
    };
    let mut own = desktop.sandbox.command(BINARY);
    // It has a lock folder of its own, so that the cases do not wait for each other.
    own.env("XDG_RUNTIME_DIR", "/nonexistent").env("XDG_STATE_HOME", line.folder());
    own.env("DBUS_SESSION_BUS_ADDRESS", line.address());
    own.args(["--keychain", "secret-service", operation]);
    let began = Instant::now();
    let ran = run(own, request.as_bytes());
    let took = began.elapsed();
    assert!(line.calls() >= fault, "{operation} made {} calls", line.calls());
    (ran, took)
}

/// The service stays dead: nobody starts it again.
#[test]
fn a_service_that_dies_at_any_call_is_an_error_and_loses_nothing() {
    let mut desktop = desktop();
    at_every_call(&cases()[..3], |case, fault| {
        restore(&desktop);
        let service = desktop.pid("gnome-keyring");
        let line = Proxy::new(&desktop, move |call| {
            if call == fault {
                kill_process(service, Signal::KILL).unwrap();
            }
            Then::PassOn
        });
        let (ran, took) = helper(&desktop, &line.address(), case.operation, &case.request);
        assert!(took < Duration::from_secs(5) + SLACK, "{took:?}: {ran}");
        let calls = line.calls();
        if calls >= fault {
            ran.fails(1, "no Secret Service is running and none can be started");
            desktop.kill("gnome-keyring");
            desktop.start_gnome_keyring();
            assert_eq!(token(&desktop).as_deref(), Some(OLD), "call {fault}: {ran}");
        }
        calls
    });
}

/// The service that comes in its place has its keyring locked, and says that its items are not
/// there: they must not count as deleted.
#[test]
fn a_service_that_dies_before_a_deletion_and_comes_back_locked_is_an_error() {
    let mut desktop = desktop();
    let first = desktop.pid("gnome-keyring");
    desktop.start_gnome_keyring_in_waiting();
    let address = desktop.address().to_owned();
    let line = Proxy::new(&desktop, move |call| {
        // The third call of Hello, SearchItems, Delete.
        if call == 3 {
            kill_process(first, Signal::KILL).unwrap();
            wait_for("the other's turn", || owners(&address) == 1);
        }
        Then::PassOn
    });
    let request = format!("{REQUEST}username=alice\n");
    let (ran, took) = helper(&desktop, &line.address(), "erase", &request);
    assert!(line.calls() >= 3);
    ran.fails(1, "the keychain is locked");
    assert!(took < Duration::from_secs(5) + SLACK, "{took:?}: {ran}");
    // Both services have ended, and a new one opens the keyring.
    desktop.kill("gnome-keyring");
    desktop.start_gnome_keyring();
    assert_eq!(token(&desktop).as_deref(), Some(OLD));
}

/// gnome-keyring gives this error for a deleted item, but rarely also by itself.
#[test]
fn a_deletion_that_is_refused_for_want_of_an_object_that_is_there_is_tried_again() {
    for error in ["UnknownMethod", "UnknownObject"] {
        let desktop = desktop();
        let error: &str = format!("org.freedesktop.DBus.Error.{error}").leak();
        let line = Proxy::new(&desktop, move |call| {
            // The fifth call follows the search for the names, the names, and the search for the
            // items.
            if call == 5 { Then::Refuse(error) } else { Then::PassOn }
        });
        let ran = logout(&desktop, &line.address());
        assert!(ran.status.success() && line.calls() > 5, "{ran}");
        assert_eq!(token(&desktop), None);
    }
}

/// Returns how many programs have the service's name or wait for it.
fn owners(address: &str) -> usize {
    let output = Command::new("dbus-send")
        .arg(format!("--bus={address}"))
        .args(["--dest=org.freedesktop.DBus", "--print-reply", "/"])
        .args(["org.freedesktop.DBus.ListQueuedOwners", "string:org.freedesktop.secrets"])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).matches("string").count()
}

/// kill -9 comes at every call of a replacing store, before and after the bus gets the call.
#[test]
fn a_store_that_is_killed_at_any_call_leaves_the_old_or_the_new_token() {
    for passed_on in [Then::Break, Then::PassOnAndBreak] {
        killed_at_every_call(passed_on);
    }
}

fn killed_at_every_call(then: Then) {
    let desktop = desktop();
    let store = Case { operation: "store", request: with(NEW), may_be: [Some(OLD), Some(NEW)] };
    at_every_call(&[store], |case, fault| {
        restore(&desktop);
        let victim: Arc<OnceLock<Pid>> = Arc::default();
        let known = Arc::clone(&victim);
        let line = Proxy::new(&desktop, move |call| {
            if call != fault {
                return Then::PassOn;
            }
            kill_process(*known.wait(), Signal::KILL).unwrap();
            then
        });
        let mut command = desktop.sandbox.command(BINARY);
        command.env("DBUS_SESSION_BUS_ADDRESS", line.address());
        command.args(["--keychain", "secret-service", case.operation]);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        victim.set(Pid::from_child(&child)).unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(case.request.as_bytes()).unwrap();
        drop(stdin);
        let status = child.wait().unwrap();
        let calls = line.calls();
        assert_eq!(status.success(), calls < fault);
        let served = token(&desktop);
        assert!(case.may_be.contains(&served.as_deref()), "call {fault}");
        calls
    });
}
