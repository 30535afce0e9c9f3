//! The helper as a process: arguments, streams, exit status.

use crate::support::home::Home;
use crate::support::sandbox::{BINARY, Sandbox};
use crate::support::server::wait_for;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

#[test]
fn an_operation_of_a_later_git_is_passed_over() {
    let place = Home::bare();
    place.answers("store", "protocol=https host=HOST username=alice password=t1", "");
    for operation in ["rotate", "GET", "Get", "fill", "approve", "reject", "--allow-http delete"] {
        place.operation(operation, place.lines("protocol=https host=HOST")).prints("");
        place.operation(operation, "not even a request").prints("");
    }
    place.answers("get", "protocol=https host=HOST", "username=alice password=t1");
}

#[test]
fn the_capabilities_are_told_as_git_asks() {
    let place = Home::bare();
    let answer = "version 0\ncapability authtype\ncapability state\n";
    place.operation("capability", "").prints(answer);
    place.operation("--allow-http capability", "protocol=https\nhost=h.example\n\n").prints(answer);
}

#[test]
fn a_wrong_helper_string_is_an_error_that_does_not_show_it() {
    let sandbox = Sandbox::new();
    let token = "ghp_TESTONLYsecret";
    for arguments in [
        &["--unknown", "get"][..],
        &["-x", "get"],
        &["--keychain", "nowhere", "get"],
        &["--keychain", token, "get"],
        &["--keychain"],
        &["--keychain", "get"],
        &["--keychain=", "get"],
        &["--allow-http=yes", "get"],
        &["--keychain", "kernel", "--timeout", "0", "store"],
        &["--keychain", "kernel", "--timeout", token, "store"],
        &["--timeout", "60", "--keychain", "secret-service", "store"],
        &["--password", token, "store"],
        &["--token=ghp_TESTONLYsecret", "store"],
        &["-p", token, "get"],
        &["get", token],
    ] {
        let ran = sandbox.helper(arguments, "protocol=https\nhost=h.example\n\n");
        ran.fails(1, "git-credential-pat: ");
        assert!(!ran.stderr().contains(token), "{ran}");
    }
}

#[test]
fn a_keychain_of_the_environment_is_taken_where_the_helper_string_names_none() {
    let mut place = Home::bare();
    place.answers("store", "protocol=https host=HOST username=alice password=t1", "");
    place.sandbox.set("GIT_CREDENTIAL_PAT_KEYCHAIN", "kernel");
    let request = place.lines("protocol=https host=HOST");
    place.sandbox.helper(&["get"], &request).prints("username=alice\npassword=t1\n");
    place.sandbox.set("GIT_CREDENTIAL_PAT_KEYCHAIN", "ghp_TESTONLYsecret");
    let ran = place.sandbox.helper(&["get"], &request);
    ran.fails(1, "GIT_CREDENTIAL_PAT_KEYCHAIN");
    assert!(!ran.stderr().contains("ghp_"), "{ran}");
}

#[test]
fn what_is_stored_with_a_timeout_ends_by_itself() {
    let place = Home::bare();
    let short = "protocol=https host=HOST username=alice password=t1";
    let long = "protocol=https host=HOST username=alice password=t2";
    place.answers("--timeout 3600 store", long, "");
    place.answers("get", "protocol=https host=HOST", "username=alice password=t2");
    // The key may expire before anybody can ask for it, so only its end is awaited.
    place.answers("--timeout 1 store", short, "");
    let get = place.lines("protocol=https host=HOST");
    wait_for("the key to end", || place.operation("get", &get).stdout.is_empty());
    place.answers("get", "protocol=https host=HOST", "");
    place.answers("erase", short, "");
    place.answers("store", short, "");
    place.answers("get", "protocol=https host=HOST", "username=alice password=t1");
}

#[test]
fn an_answer_does_not_wait_for_the_end_of_the_input() {
    let place = Home::bare();
    place.answers("store", "protocol=https host=HOST username=alice password=t1", "");
    let mut command = place.sandbox.command(BINARY);
    command.args(["--keychain", "kernel", "get"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    for byte in (place.lines("protocol=https host=HOST") + "\n").bytes() {
        input.write_all(&[byte]).unwrap();
    }
    let mut status = None;
    wait_for("the answer", || {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    let mut answer = String::new();
    child.stdout.take().unwrap().read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "username=alice\npassword=t1\n");
    drop(input);
}

#[test]
fn streams_that_are_closed_or_gone_do_not_make_it_crash() {
    let place = Home::bare();
    place.answers("store", "protocol=https host=HOST username=alice password=t1", "");
    let request = place.lines("protocol=https host=HOST");
    for redirection in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full", "| true", "2>/dev/full"]
    {
        let line = format!("{BINARY} --keychain kernel get {redirection}");
        let ran = place.sandbox.run("sh", &["-c", &line], request.as_bytes());
        let code = ran.status.code().unwrap_or_default();
        assert!(ran.status.signal().is_none() && code < 100, "{ran}");
        assert!(!ran.stderr().contains("panic") && !ran.stderr().contains("t1"), "{ran}");
    }
}

#[test]
fn what_needs_no_keychain_does_not_fail_for_a_broken_one() {
    let mut sandbox = Sandbox::new();
    for address in ["autolaunch:", "unix:path=/nowhere", "nonsense"] {
        sandbox.set("DBUS_SESSION_BUS_ADDRESS", address);
        for request in [
            "",
            "protocol=http\nhost=h.example\n",
            "protocol=ftp\nhost=h.example\n",
            "protocol=https\nhost=h.example.\n",
            "protocol=https\nhost=h.example\nephemeral=1\n",
        ] {
            sandbox.helper(&["store"], request).prints("");
        }
        sandbox.helper(&["get"], "protocol=http\nhost=h.example\n").prints("");
        sandbox.helper(&["erase"], "host=h.example\n").prints("");
        sandbox.helper(&["get"], "protocol=https\nhost=h.example\n").fails(1, "cannot be reached");
    }
}
