//! Tokens from sources, and commands that are given a token.

use crate::support::home::Home;
use std::fs;

impl Home {
    /// Runs a get with a source for the host.
    fn ask(&self, source: &[&str]) -> crate::support::sandbox::Ran {
        let url = self.url("");
        let arguments = [&["--for", &url, "--username", "a"][..], source, &["get"]].concat();
        self.sandbox.helper(&arguments, format!("protocol=https\r\nhost={}\r\n\r\n", self.host))
    }
}

const ANSWER: &str = "username=a\npassword=TESTONLY\n";

#[test]
fn a_variable_a_file_and_a_command_serve() {
    let mut place = Home::bare();
    place.sandbox.set("OWN_TOKEN", "TESTONLY");
    place.ask(&["--env", "OWN_TOKEN"]).prints(ANSWER);
    let file = place.sandbox.path("a token.txt");
    fs::write(&file, "TESTONLY\r\n").unwrap();
    place.ask(&["--file", file.to_str().unwrap()]).prints(ANSWER);
    place.ask(&["--command", "cmd /d /c echo TESTONLY"]).prints(ANSWER);
    place.ask(&["--file", r"C:\nowhere\token"]).fails(1, "is not there");
    place.ask(&["--file", r"C:\windows"]).fails(1, "the source of the token");
    place.ask(&["--command", "cmd /d /c exit 1"]).fails(1, "the command failed");
}

#[test]
fn a_command_finds_the_token_in_a_variable_and_ends_with_its_own_status() {
    let place = Home::bare();
    place.store("alice", "TESTONLY-exec");
    let url = place.url("");
    let exec = |command: &[&str]| {
        let words = [&["exec", "--env", "OWN_TOKEN", &url, "--"][..], command].concat();
        place.sandbox.helper(&words, "")
    };
    let ran = exec(&["cmd", "/d", "/c", "echo %OWN_TOKEN%"]);
    assert_eq!(ran.stdout(), "TESTONLY-exec\r\n", "{ran}");
    for status in [0, 7, 300] {
        let ran = exec(&["cmd", "/d", "/c", &format!("exit {status}")]);
        assert_eq!(ran.status.code(), Some(status), "{ran}");
    }
    exec(&["no-such-command"]).fails(127, "the command is not there");
}

#[test]
fn a_script_is_found_by_its_bare_name() {
    let mut place = Home::bare();
    place.store("alice", "TESTONLY-exec");
    let folder = place.sandbox.path("a tool");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("tool.cmd"), "@echo %OWN_TOKEN% %1\r\n@exit /b 3\r\n").unwrap();
    place.sandbox.set("PATH", &format!("{};{}", folder.display(), r"C:\windows\system32"));
    let url = place.url("");
    let ran = place.sandbox.helper(&["exec", "--env", "OWN_TOKEN", &url, "--", "tool", "x"], "");
    assert_eq!((ran.stdout().trim_end(), ran.status.code()), ("TESTONLY-exec x", Some(3)), "{ran}");
}
