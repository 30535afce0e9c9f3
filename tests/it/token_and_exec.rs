//! The two ways by which a token leaves for other programs than git: `token` and `exec`.

use crate::support::kernel::Keys;
use crate::support::sandbox::{BINARY, Ran, Sandbox};
use crate::support::terminal::Terminal;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

const TOKEN: &str = "ghp_TESTONLYa";
const OTHER: &str = "ghp_TESTONLYb";

struct Place {
    sandbox: Sandbox,
    keys: Keys,
}

impl Place {
    fn new() -> Self {
        let mut sandbox = Sandbox::new();
        sandbox.set("GIT_CREDENTIAL_PAT_KEYCHAIN", "kernel");
        Self { sandbox, keys: Keys::new() }
    }

    fn store(&self, username: &str, token: &str, more: &str) {
        let host = self.keys.host("h");
        let account = format!("protocol=https\nhost={host}\nusername={username}\n");
        self.sandbox.helper(&["store"], format!("{account}password={token}\n{more}\n")).prints("");
    }

    fn command(&self, line: &str) -> Command {
        let line = line.replace("HOST", &self.keys.host("h"));
        let mut command = self.sandbox.command(BINARY);
        command.args(line.split(' '));
        command
    }

    fn types(&self, line: &str) -> Ran {
        crate::support::sandbox::run(self.command(line), b"")
    }

    /// Runs a shell script by `exec`, with the token in `THE_TOKEN`.
    fn runs(&self, script: &str) -> Ran {
        let mut command = self.command("exec --env THE_TOKEN https://HOST -- sh -c");
        command.arg(script);
        crate::support::sandbox::run(command, b"")
    }
}

#[test]
fn token_prints_the_token_and_a_newline_and_nothing_else() {
    let place = Place::new();
    place.store("alice", TOKEN, "");
    place.types("token https://HOST").prints(&format!("{TOKEN}\n"));
    place.types("token HOST/team/repo.git").prints(&format!("{TOKEN}\n"));
    place.store("bob", OTHER, "path=team\n");
    place.types("token https://HOST/team/repo.git").prints(&format!("{OTHER}\n"));
    place.types("token https://HOST/teams").prints(&format!("{TOKEN}\n"));
    place.types("token --username alice https://HOST/team").prints(&format!("{TOKEN}\n"));
}

#[test]
fn a_terminal_shows_a_token_only_to_those_who_say_yes() {
    let place = Place::new();
    place.store("alice", TOKEN, "");
    let (status, screen) = Terminal::run(&place.command("token https://HOST")).ends();
    assert!(status.code() == Some(2) && screen.contains("add --yes"), "{screen}");
    assert!(!screen.contains("TESTONLY"), "{screen}");
    let (status, screen) = Terminal::run(&place.command("token --yes https://HOST")).ends();
    assert!(status.success() && screen == format!("{TOKEN}\r\n"), "{screen}");
}

#[test]
fn token_and_exec_give_no_token_where_a_get_would_not() {
    let place = Place::new();
    let both = |status: i32, message: &str| {
        place.types("token https://HOST").fails(status, message);
        place.types("exec --env X https://HOST -- echo ran").fails(status, message);
    };
    both(1, "no such account is in the keychain\nhint: ");
    place.store("alice", TOKEN, "");
    place.store("bob", OTHER, "");
    both(2, "--username NAME");
    place.types("token --username bob https://HOST").prints(&format!("{OTHER}\n"));
    place.types("token https://bob@HOST").prints(&format!("{OTHER}\n"));
    place.types("token --username carol https://HOST").fails(1, "no such account");
    let request = format!("protocol=https\nhost={}\nusername=bob\n\n", place.keys.host("h"));
    place.sandbox.helper(&["erase"], request).prints("");
    let refused = format!("protocol=https\nhost={}\npassword={TOKEN}\n\n", place.keys.host("h"));
    place.sandbox.helper(&["erase"], refused).prints("");
    both(1, "was rejected by the host\nhint: ");
    place.types("token http://HOST").fails(1, "unencrypted");
    place.types("token https://a:ghp_TESTONLY@HOST").fails(2, "a token does not belong in a URL");
}

#[test]
fn token_and_exec_give_a_neighbour_nothing() {
    let place = Place::new();
    place.store("alice", TOKEN, "");
    place.store("bob", OTHER, "path=team\n");
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
            let ran = place.types(&line);
            let none = !ran.status.success() && ran.stdout.is_empty();
            assert!(none && !ran.stderr().contains("TESTONLY"), "{ran}");
        }
    }
    let shouted = place.command("token").arg(place.keys.host("H").to_uppercase()).output().unwrap();
    assert_eq!(shouted.stdout, format!("{TOKEN}\n").as_bytes(), "a host has no case");
}

#[test]
fn a_command_finds_the_token_in_its_variable_alone() {
    let mut place = Place::new();
    place.store("alice", TOKEN, "");
    place.sandbox.set("KEPT", "as it was");
    let ran = place.runs("echo $THE_TOKEN; echo $KEPT; env | grep -c TESTONLY; ulimit -c; read x");
    assert_eq!(ran.stdout(), format!("{TOKEN}\nas it was\n1\n0\n"), "{ran}");
    let ran = place.runs("tr '\\0' ' ' </proc/$$/cmdline");
    assert!(!ran.stdout().contains("TESTONLY"), "{ran}");
    let mut command = place.command("exec --env=N https://HOST -- printf %s.%s");
    command.args(["a b", ""]);
    crate::support::sandbox::run(command, b"").prints("a b.");
}

#[test]
fn exec_is_the_command_itself() {
    let place = Place::new();
    place.store("alice", TOKEN, "");
    assert_eq!(place.runs("exit 42").status.code(), Some(42));
    assert_eq!(place.runs("kill -TERM $$").status.signal(), Some(15));
    // What reads no further ends a writer by a signal, as everywhere.
    assert_eq!(place.runs("yes | head -n 1").stdout(), "y\n");
    let ignored = place.runs("sed -n 's/SigIgn:.//p' /proc/self/status").stdout();
    let pipe = 1 << (rustix::process::Signal::PIPE.as_raw() - 1);
    assert_eq!(u64::from_str_radix(ignored.trim(), 16).unwrap() & pipe, 0, "{ignored}");
    let mut command = place.command("exec --env T https://HOST -- sh -c");
    command.arg("echo $$; cat").stdin(std::process::Stdio::null());
    command.stdout(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    let id = child.id();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{id}\n"));
}

#[test]
fn a_command_that_cannot_be_run_has_the_status_that_shells_give() {
    let place = Place::new();
    place.store("alice", TOKEN, "");
    place.types("exec --env T https://HOST -- no-such-command").fails(127, "is not there");
    std::fs::write(place.sandbox.path("data/no-program"), "x").unwrap();
    place.types("exec --env T https://HOST -- ./data/no-program").fails(126, "cannot be run");
    place.types("exec --env T https://HOST -- ./data").fails(126, "cannot be run");
}

#[test]
fn exec_wants_a_variable_and_a_command() {
    let place = Place::new();
    place.types("exec https://HOST -- true").fails(2, "--env VARIABLE");
    for name in ["", "A=B", "1A", "ghp_TESTONLY-1"] {
        let ran = place.types(&format!("exec --env={name} https://HOST -- true"));
        ran.fails(2, "");
        assert!(!ran.stderr().contains("TESTONLY"), "{ran}");
    }
    for line in ["exec --env T https://HOST", "exec --env T https://HOST --", "exec -- true"] {
        assert_eq!(place.types(line).status.code(), Some(2), "{line}");
    }
}
