//! What `import` learns of the tokens that it brings.

use super::{GLPAT, some};
use crate::support::home::Home;
use crate::support::terminal::Terminal;
use crate::support::tunnel::Tunnel;
use serde_json::{Value, json};

const GHP: &str = "ghp_TESTONLYaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// With alice's tokens of two forges in git's plain-text file, and one of a host that may be
/// anything.
fn desk() -> (Home, Tunnel) {
    let (desk, tunnel) = Home::with_named_forges(GLPAT);
    let forge = desk.server().forge();
    forge.knows("hub", GHP, json!({ "scopes": ["repo"], "expires": "2099-01-31" }));
    forge.knows("lab", GLPAT, json!({ "scopes": ["api"], "expires": "2098-01-31" }));
    let lines = [
        format!("https://alice:{GHP}@github.com\n"),
        format!("https://alice:{GLPAT}@gitlab.com\n"),
        "https://alice:TESTONLYTESTONLY@any.example\n".to_owned(),
    ];
    desk.write(".git-credentials", &lines.concat());
    (desk, tunnel)
}

/// Runs an import of that file, and agrees to it, where a person has to.
fn import(desk: &Home, more: &str) -> Terminal {
    let mut terminal = desk.on_terminal(&format!("import --from store {more}"));
    if !more.contains("--yes") {
        terminal.shows("or e to choose each] ");
        terminal.types("y\n");
        terminal.shows("Remove 3 tokens");
        terminal.types("n\n");
    }
    terminal
}

fn row(desk: &Home, place: &str) -> Value {
    let ran = desk.sandbox.helper(&["list", "--json", "--keychain", desk.keychain], "");
    let rows: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let mut rows = rows.as_array().unwrap().iter().filter(|row| row["context"] == place);
    rows.next().unwrap_or_else(|| panic!("{place}: {ran}")).clone()
}

#[test]
fn a_person_is_asked_once_for_all_that_was_brought() {
    let (desk, tunnel) = desk();
    let mut terminal = import(&desk, "");
    terminal.shows("Ask GitHub and GitLab about 2 tokens? [y/N] ");
    assert_eq!(desk.server().forge().asked(), []);
    terminal.types("y\n");
    let (status, screen) = terminal.ends();
    assert!(status.success() && screen.contains("asked about 2 tokens: 2 taken"), "{screen}");
    let names = ["owner", "scopes", "expires"];
    let hub = row(&desk, "https://github.com");
    assert_eq!(some(&hub, &names), "alice [\"repo\"] 2099-01-31T00:00:00Z", "{hub:#}");
    let lab = row(&desk, "https://gitlab.com");
    assert_eq!(some(&lab, &names), "alice [\"api\"] 2098-01-31T00:00:00Z", "{lab:#}");
    let any = row(&desk, "https://any.example");
    assert_eq!(some(&any, &["owner", "checked"]), "null null", "{any:#}");
    let asked = desk.server().forge().asked();
    assert!(asked.iter().all(|asked| asked.token != "-") && asked.len() <= 4, "{asked:?}");
    assert_eq!(tunnel.refused(), [""; 0]);
}

#[test]
fn a_no_an_offline_and_a_yes_to_the_import_ask_no_forge() {
    for (more, question) in [("", true), ("--offline", false), ("--yes", false)] {
        let (desk, _tunnel) = desk();
        let mut terminal = import(&desk, more);
        if question {
            terminal.shows("about 2 tokens? [y/N] ");
            terminal.types("n\n");
        }
        let (status, screen) = terminal.ends();
        assert!(status.success() && screen.contains("about 2 tokens?") == question, "{screen}");
        let is_hinted = screen.contains("hint: to ask the forges about them: git credential-pat");
        assert_eq!(is_hinted, more == "--yes", "{screen}");
        assert!(row(&desk, "https://github.com")["checked"].is_null());
        assert_eq!(desk.server().forge().asked(), []);
        let ran = desk.sandbox.helper(&["logout", "--all", "--yes"], "");
        assert!(ran.status.success(), "{ran}");
    }
}

#[test]
fn a_token_that_is_refused_is_named_and_the_import_fails() {
    let (desk, _tunnel) = desk();
    let forge = desk.server().forge();
    forge.knows("lab", GLPAT, json!({ "scopes": ["api"], "revoked": true }));
    let mut terminal = import(&desk, "");
    terminal.shows("about 2 tokens? [y/N] ");
    terminal.types("y\n");
    let (status, screen) = terminal.ends();
    assert_eq!(status.code(), Some(1), "{screen}");
    for part in [
        "https://gitlab.com for alice: GitLab does not take this token; remote: Token was revoked.",
        "git credential-pat login --replace --username alice https://gitlab.com",
        "asked about 2 tokens: 1 taken",
        "a forge does not take what was imported, which is stored as it is",
    ] {
        assert!(screen.contains(part), "{part}\n{screen}");
    }
    // It is there as it was: only git's refusal marks it, or a person.
    assert_eq!(row(&desk, "https://gitlab.com")["state"], "ready");
    assert_eq!(row(&desk, "https://github.com")["owner"], "alice");
}

#[test]
fn a_host_that_refuses_five_in_a_row_is_left_in_peace() {
    let (desk, _tunnel) = desk();
    let line = |n| format!("https://u{n}:glpat-TESTONLYTESTONLYTEST{n:02}@gitlab.com\n");
    let lines: Vec<String> = (0..8).map(line).collect();
    desk.write(".git-credentials", &lines.concat());
    let mut terminal = desk.on_terminal("import --from store --remove");
    terminal.shows("or e to choose each] ");
    terminal.types("y\n");
    terminal.shows("Which one is git to use");
    terminal.types("\n");
    terminal.shows("Remove 8 tokens");
    terminal.types("y\n");
    terminal.shows("Ask GitLab about 8 tokens? [y/N] ");
    terminal.types("y\n");
    let (status, screen) = terminal.ends();
    assert_eq!(status.code(), Some(1), "{screen}");
    for part in
        ["asked about 5 tokens: 0 taken", "not asked about 3 tokens: the host had refused several"]
    {
        assert!(screen.contains(part), "{part}\n{screen}");
    }
    assert_eq!(desk.server().forge().asked().len(), 5);
}

#[test]
fn without_a_network_what_was_brought_is_taken_as_it_is() {
    let (mut desk, _tunnel) = desk();
    desk.set("https_proxy", "http://127.0.0.1:9");
    let mut terminal = import(&desk, "");
    terminal.shows("about 2 tokens? [y/N] ");
    terminal.types("y\n");
    let (status, screen) = terminal.ends();
    let said = "https://github.com for alice: GitHub could not be asked about the token";
    assert!(status.success() && screen.contains(said), "{screen}");
}
