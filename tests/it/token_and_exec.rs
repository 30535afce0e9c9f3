//! The two commands that give a token to programs other than git: `token` and `exec`.

use crate::support::home::Home;
use crate::support::sandbox::{Ran, run};
use crate::support::terminal::Terminal;
use std::os::unix::process::ExitStatusExt;

const TOKEN: &str = "ghp_TESTONLYa";
const OTHER: &str = "ghp_TESTONLYb";

/// Has git store an account.
fn store(home: &Home, username: &str, token: &str, more: &str) {
    let account = format!("protocol=https\nhost=HOST\nusername={username}\n");
    home.operation("store", home.fill(&format!("{account}password={token}\n{more}\n"))).prints("");
}

/// Runs a shell script through `exec`, with the token in `THE_TOKEN`.
fn runs(home: &Home, script: &str) -> Ran {
    let mut command = home.typed("exec --env THE_TOKEN https://HOST -- sh -c");
    command.arg(script);
    run(command, b"")
}

#[test]
fn token_prints_the_token_and_a_newline_and_nothing_else() {
    let place = Home::new();
    store(&place, "alice", TOKEN, "");
    place.types("token https://HOST", "").prints(&format!("{TOKEN}\n"));
    place.types("token HOST/team/repo.git", "").prints(&format!("{TOKEN}\n"));
    store(&place, "bob", OTHER, "path=team\n");
    place.types("token https://HOST/team/repo.git", "").prints(&format!("{OTHER}\n"));
    place.types("token https://HOST/teams", "").prints(&format!("{TOKEN}\n"));
    place.types("token --username alice https://HOST/team", "").prints(&format!("{TOKEN}\n"));
}

#[test]
fn a_terminal_shows_a_token_only_to_those_who_say_yes() {
    let place = Home::new();
    store(&place, "alice", TOKEN, "");
    let (status, screen) = Terminal::run(&place.typed("token https://HOST")).ends();
    assert!(status.code() == Some(2) && screen.contains("add --yes"), "{screen}");
    assert!(!screen.contains("TESTONLY"), "{screen}");
    let (status, screen) = Terminal::run(&place.typed("token --yes https://HOST")).ends();
    assert!(status.success() && screen == format!("{TOKEN}\r\n"), "{screen}");
}

#[test]
fn token_and_exec_give_no_token_where_a_get_would_not() {
    let place = Home::new();
    let both = |status: i32, message: &str| {
        place.types("token https://HOST", "").fails(status, message);
        place.types("exec --env X https://HOST -- echo ran", "").fails(status, message);
    };
    both(1, "no such account is in the keychain\nhint: ");
    store(&place, "alice", TOKEN, "");
    store(&place, "bob", OTHER, "");
    both(2, "--username NAME");
    place.types("token --username bob https://HOST", "").prints(&format!("{OTHER}\n"));
    place.types("token https://bob@HOST", "").prints(&format!("{OTHER}\n"));
    place.types("token --username carol https://HOST", "").fails(1, "no such account");
    let request = format!("protocol=https\nhost={}\nusername=bob\n\n", place.keys.host("h"));
    place.sandbox.helper(&["erase"], request).prints("");
    let refused = format!("protocol=https\nhost={}\npassword={TOKEN}\n\n", place.keys.host("h"));
    place.sandbox.helper(&["erase"], refused).prints("");
    both(1, "was rejected by the host\nhint: ");
    place.types("token http://HOST", "").fails(1, "unencrypted");
    place
        .types("token https://a:ghp_TESTONLY@HOST", "")
        .fails(2, "a token does not belong in a URL");
}

#[test]
fn token_and_exec_give_a_neighbour_nothing() {
    let place = Home::new();
    store(&place, "alice", TOKEN, "");
    store(&place, "bob", OTHER, "path=team\n");
    for url in [
        "https://HOST:8443",
        "https://HOST:65979",
        "https://HOST.evil.example",
        "https://evil-HOST",
        "https://evil.HOST",
        "https://evil.example/HOST",
        "https://evil.example#@HOST",
        "https://HOST@evil.example",
        "https://HOST.",
        "http://HOST",
    ] {
        for line in [format!("token {url}"), format!("exec --env T {url} -- env")] {
            let ran = place.types(&line, "");
            let none = !ran.status.success() && ran.stdout.is_empty();
            assert!(none && !ran.stderr().contains("TESTONLY"), "{ran}");
        }
    }
    let shouted = place.typed("token").arg(place.keys.host("H").to_uppercase()).output().unwrap();
    assert_eq!(shouted.stdout, format!("{TOKEN}\n").as_bytes(), "a host has no case");
}

#[test]
fn a_command_finds_the_token_in_its_variable_alone() {
    let mut place = Home::new();
    store(&place, "alice", TOKEN, "");
    place.sandbox.set("KEPT", "as it was");
    let ran =
        runs(&place, "echo $THE_TOKEN; echo $KEPT; env | grep -c TESTONLY; ulimit -c; read x");
    assert_eq!(ran.stdout(), format!("{TOKEN}\nas it was\n1\n0\n"), "{ran}");
    let ran = runs(&place, "tr '\\0' ' ' </proc/$$/cmdline");
    assert!(!ran.stdout().contains("TESTONLY"), "{ran}");
    let mut command = place.typed("exec --env=N https://HOST -- printf %s.%s");
    command.args(["a b", ""]);
    run(command, b"").prints("a b.");
}

#[test]
fn exec_is_the_command_itself() {
    let place = Home::new();
    store(&place, "alice", TOKEN, "");
    assert_eq!(runs(&place, "exit 42").status.code(), Some(42));
    assert_eq!(runs(&place, "kill -TERM $$").status.signal(), Some(15));
    // A reader that stops early ends the writer by a signal, as it does without `exec`.
    assert_eq!(runs(&place, "yes | head -n 1").stdout(), "y\n");
    let ignored = runs(&place, "sed -n 's/SigIgn:.//p' /proc/self/status").stdout();
    let pipe = 1 << (rustix::process::Signal::PIPE.as_raw() - 1);
    assert_eq!(u64::from_str_radix(ignored.trim(), 16).unwrap() & pipe, 0, "{ignored}");
    let mut command = place.typed("exec --env T https://HOST -- sh -c");
    command.arg("echo $$; cat").stdin(std::process::Stdio::null());
    command.stdout(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    let id = child.id();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{id}\n"));
}

#[test]
fn a_command_that_cannot_be_run_has_the_status_that_shells_give() {
    let place = Home::new();
    store(&place, "alice", TOKEN, "");
    place.types("exec --env T https://HOST -- no-such-command", "").fails(127, "is not there");
    std::fs::write(place.sandbox.path("data/no-program"), "x").unwrap();
    place.types("exec --env T https://HOST -- ./data/no-program", "").fails(126, "cannot be run");
    place.types("exec --env T https://HOST -- ./data", "").fails(126, "cannot be run");
}

#[test]
fn exec_wants_a_variable_and_a_command() {
    let place = Home::new();
    place.types("exec https://HOST -- true", "").fails(2, "--env VARIABLE");
    for name in ["", "A=B", "1A", "ghp_TESTONLY-1"] {
        let ran = place.types(&format!("exec --env={name} https://HOST -- true"), "");
        ran.fails(2, "");
        assert!(!ran.stderr().contains("TESTONLY"), "{ran}");
    }
    for line in ["exec --env T https://HOST", "exec --env T https://HOST --", "exec -- true"] {
        assert_eq!(place.types(line, "").status.code(), Some(2), "{line}");
    }
}
