//! What `login` learns before a token is kept.

use super::{GLPAT, some};
use crate::support::home::Home;
use crate::support::sandbox::{BINARY, Ran};
use crate::support::terminal::Terminal;
use serde_json::{Value, json};

const OTHER: &str = "glpat-TESTONLYTESTONLYTES2";

fn desk() -> Home {
    let desk = Home::bare().with_git_host();
    let more = json!({ "scopes": ["api"], "expires": "2099-01-31" });
    desk.server().forge().knows("alices", GLPAT, more);
    desk
}

fn login(desk: &Home, words: &[&str], token: &str) -> Ran {
    let words = [&["login", "--with-token", "--forge", "gitlab"], words].concat();
    desk.sandbox.helper(&[&words[..], &[&desk.url("")]].concat(), token)
}

fn row(desk: &Home) -> Value {
    let ran = desk.sandbox.helper(&["list", "--json", "--keychain", desk.keychain], "");
    let rows: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let place = desk.url("");
    let mut rows = rows.as_array().unwrap().iter().filter(|row| row["context"] == *place);
    rows.next().expect("the account").clone()
}

#[test]
fn the_owner_becomes_the_username_and_the_end_is_taken() {
    let desk = desk();
    let ran = login(&desk, &[], GLPAT);
    assert!(ran.status.success(), "{ran}");
    let names = ["username", "owner", "scopes", "expires"];
    assert_eq!(some(&row(&desk), &names), "alice alice [\"api\"] 2099-01-31T00:00:00Z");
    // A name that was given stays, and against a date that was given the earlier holds.
    let words = ["--username", "bob", "--expires", "2098-01-01", "--replace"];
    let ran = login(&desk, &words, GLPAT);
    assert!(ran.status.success(), "{ran}");
    let list = desk.sandbox.helper(&["list", "--json", "--keychain", desk.keychain], "").stdout();
    assert!(list.contains("2098-01-01T00:00:00Z") && list.contains("\"bob\""), "{list}");
}

#[test]
fn a_token_that_is_refused_is_stored_with_a_word_and_exit_status_1() {
    let desk = desk();
    let ran = login(&desk, &["--username", "alice"], OTHER);
    ran.fails(1, "the forge does not take the token, which is stored as it is");
    assert!(ran.stderr().contains("GitLab does not take this token; remote: 401 Unauthorized"));
    assert_eq!(row(&desk)["state"], "ready");
    assert!(login(&desk, &["--username", "alice", "--force"], OTHER).status.success());
    assert!(login(&desk, &["--username", "alice", "--offline"], OTHER).status.success());
}

#[test]
fn without_a_network_it_is_stored_and_a_lack_of_scopes_is_warned_of() {
    let mut desk = desk();
    desk.server().forge().knows("alices", GLPAT, json!({ "scopes": ["read_repository"] }));
    let ran = login(&desk, &["--username", "alice"], GLPAT);
    let said = "warning: the token is not good for pushing: it may read_repository";
    assert!(ran.status.success() && ran.stderr().contains(said), "{ran}");
    desk.set("https_proxy", "http://127.0.0.1:9");
    let ran = login(&desk, &["--username", "carol"], OTHER);
    let said = "GitLab could not be asked about the token, which is taken as it is";
    assert!(ran.status.success() && ran.stderr().contains(said), "{ran}");
    let unasked = desk.server().forge().asked().len();
    let words = ["login", "--with-token", "--username", "dave", &desk.url("")];
    let ran = desk.sandbox.helper(&words, OTHER);
    assert!(ran.status.success() && !ran.stderr().contains("GitLab"), "{ran}");
    assert!(unasked > 0 && desk.server().forge().asked().is_empty());
}

#[test]
fn a_person_is_asked_for_another_token_and_not_for_its_end() {
    let desk = desk();
    let mut command = desk.sandbox.command(BINARY);
    command.args(["login", "--forge", "gitlab", "--username", "alice", &desk.url("")]);
    let mut terminal = Terminal::run(&command);
    terminal.shows("Token for alice at ");
    terminal.types(&format!("{OTHER}\n"));
    terminal.shows("GitLab does not take this token");
    terminal.shows_often("Token for alice at ", 2);
    terminal.types(&format!("{GLPAT}\n"));
    let (status, screen) = terminal.ends();
    assert!(status.success() && !screen.contains("When does the token expire"), "{screen}");
    assert_eq!(some(&row(&desk), &["owner", "expires"]), "alice 2099-01-31T00:00:00Z");
}

#[test]
fn the_forge_that_is_named_is_kept_also_where_nobody_could_be_asked() {
    let mut desk = desk();
    let keep = |desk: &Home, path: &str, forge: &str, token: &str, more: &[&str]| {
        let words = ["login", "--with-token", "--forge", forge, "--username", "alice"];
        let ran = desk.sandbox.helper(&[&words[..], more, &[&desk.url(path)]].concat(), token);
        assert!(ran.status.success(), "{ran}");
    };
    // The token of a part of the host is not shown to its root.
    keep(&desk, "team", "gitlab", "TESTONLYteam", &[]);
    assert!(desk.server().forge().asked().is_empty());
    keep(&desk, "offline", "gitlab", "TESTONLYoffline", &["--offline"]);
    keep(&desk, "asked", "gitlab", GLPAT, &[]);
    // Another forge's token tells that this is none of GitLab.
    keep(&desk, "github", "gitlab", "ghp_TESTONLYq7Rk2Zb9LxV3mN8pWd5sYc1Ga6Hj", &[]);
    keep(&desk, "", "gitlab", GLPAT, &[]);
    desk.set("https_proxy", "http://127.0.0.1:9");
    // What the forge has told before stays, whatever is named now.
    keep(&desk, "", "gitlab", GLPAT, &[]);
    assert_eq!(some(&row(&desk), &["owner"]), "alice");
    desk.set("https_proxy", "");
    let ran = desk.check(&["--all", "--json", "--offline"]);
    let all: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let forges = all.as_array().unwrap().iter().map(|one| {
        let context = one["context"].as_str().unwrap();
        let place = context.strip_prefix(&desk.url("")).unwrap();
        format!("{place} {}", one["forge"].as_str().unwrap_or("-"))
    });
    let expected = [" gitlab", "/asked gitlab", "/github -", "/offline gitlab", "/team gitlab"];
    assert_eq!(forges.collect::<Vec<_>>(), expected, "{ran}");
}
