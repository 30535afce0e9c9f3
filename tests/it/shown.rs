//! The names that people see and paste: names that others chose hide nothing and turn nothing
//! around, and a shell does with a pasted hint what the hint says.

use crate::support::home::Home;
use crate::support::sandbox::Ran;

/// A name that turns the following text around, holds invisible characters, and clears the screen.
const ODD: &str = "\u{202e}gro\u{200b}\u{9b}2J";
const ODD_SHOWN: &str = "%E2%80%AEgro%E2%80%8B%C2%9B2J";

/// Expects that people see all characters of the output.
#[track_caller]
fn is_seen(ran: &Ran) {
    let said = ran.stdout() + &ran.stderr();
    let hidden = |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{200b}".contains(c));
    assert!(!said.contains(hidden), "{ran}");
}

/// Returns the command of a hint.
#[track_caller]
fn hinted(ran: &Ran, opening: &str) -> String {
    let said = ran.stderr();
    let command = said.lines().find_map(|line| line.strip_prefix("hint: ")?.strip_prefix(opening));
    command.unwrap_or_else(|| panic!("no hint {opening}\n{ran}")).to_owned()
}

#[test]
fn a_hint_that_is_pasted_runs_nothing_that_a_name_holds() {
    let person = Home::new();
    for name in ["$(touch x)", "`touch x`;touch x", "it's \"a\" 'b'", "~ * [a]{b,c}", "\u{202e}$!"]
    {
        let url = person.url(&format!("/{name}"));
        let words = ["login", "--with-token", "--username", "alice", &url];
        let ran = person.sandbox.helper(&words, "ghp_TESTONLY1");
        assert!(ran.status.success(), "{ran}");
        is_seen(&ran);
        let command = hinted(&ran, "git needs to send the path: ");
        let pasted = person.sandbox.run("sh", &["-c", &command], b"");
        assert!(pasted.status.success() && pasted.stderr.is_empty(), "{command}\n{pasted}");
        assert!(!person.sandbox.path("x").exists(), "{command}");
        let list = person.sandbox.git(&["config", "--global", "--name-only", "--list"]);
        let sections = list.lines().filter(|key| key.ends_with(".usehttppath")).count();
        assert_eq!(sections, 1, "{command}\n{list}");
        person.sandbox.git(&["config", "--global", "--unset-all", list.lines().next().unwrap()]);
        let ran = person.sandbox.helper(&["logout", "--username", "alice", &url], "");
        assert!(ran.status.success(), "{ran}");
        is_seen(&ran);
    }
}

#[test]
fn a_name_that_others_chose_turns_no_text_around_it() {
    let person = Home::new();
    let request = format!("protocol=https\nhost={}\nusername={ODD}\n", person.host);
    let stored = person.sandbox.helper(&["store"], format!("{request}password=ghp_TESTONLY1\n\n"));
    stored.prints("");
    // git gets the name unchanged.
    let answer = format!("username={ODD}\npassword=ghp_TESTONLY1\n");
    person.sandbox.helper(&["get"], format!("{request}\n")).prints(&answer);
    person.types(&format!("login --with-token --username alice HOST/{ODD}"), "ghp_TESTONLY2");
    for line in ["list", "list --json", "status HOST", "status --json HOST"] {
        let ran = person.types(line, "");
        is_seen(&ran);
        assert!(ran.stdout().contains(ODD_SHOWN), "{ran}");
    }
    let path = serde_json::from_slice::<serde_json::Value>(&person.types("list --json", "").stdout);
    let place = person.url(&format!("/{}", ODD.replace('\u{9b}', "%C2%9B")));
    let contexts = path.unwrap();
    let contexts: Vec<&str> =
        contexts.as_array().unwrap().iter().filter_map(|row| row["context"].as_str()).collect();
    assert!(contexts.contains(&&*place), "{contexts:?}");
    for line in [format!("logout --username {ODD} HOST"), format!("logout HOST/{ODD}")] {
        let ran = person.types(&line, "");
        assert!(ran.status.success(), "{ran}");
        is_seen(&ran);
    }
}
