//! What is learnt is kept with the account, and what a forge says wrongly is not.

use super::{GLPAT, some};
use crate::support::home::Home;
use crate::support::sandbox::BINARY;
use crate::support::terminal::Terminal;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

fn listed(desk: &Home) -> Value {
    let words = ["list", "--json", "--keychain", desk.keychain];
    let ran = desk.sandbox.helper(&words, "");
    let rows: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let host = format!("https://{}", desk.server().host());
    let mut rows = rows.as_array().unwrap().iter().filter(|row| row["context"] == *host);
    rows.next().expect("the account").clone()
}

#[test]
fn list_shows_what_was_learnt_and_git_is_told_the_end() {
    let desk = Home::with_forge(GLPAT);
    let forge = desk.server().forge();
    forge.knows("alices", GLPAT, json!({ "scopes": ["api"], "expires": "2099-01-31" }));
    assert_eq!(some(&listed(&desk), &["owner", "scopes", "checked"]), "null null null");
    desk.checked(&["--forge", "gitlab", "https://HOST"]);
    let row = listed(&desk);
    let names = ["owner", "scopes", "expires"];
    assert_eq!(some(&row, &names), "alice [\"api\"] 2099-01-31T00:00:00Z", "{row:#}");
    assert!(row["checked"].is_string());
    let answer = desk.operation("get", format!("protocol=https\nhost={}\n\n", desk.host)).stdout();
    assert!(answer.contains("password_expiry_utc=4073500800\n"), "{answer}");
    // The forge need not be named again, and what it says now replaces what it said.
    forge.knows("alices", GLPAT, json!({ "scopes": ["read_user"], "expires": "2098-01-31" }));
    let one = desk.checked(&["https://HOST"]);
    assert_eq!(some(&one, &["scopes", "expires"]), "[\"read_user\"] 2098-01-31T00:00:00Z");
    forge.knows("alices", GLPAT, json!({ "scopes": ["read_user"], "expires": null }));
    let one = desk.checked(&["https://HOST"]);
    assert_eq!(some(&one, &["state", "expires"]), "good null", "{one:#}");
    // Another token is another's.
    desk.keep("", "alice", "glpat-TESTONLYTESTONLYTES2");
    assert_eq!(some(&listed(&desk), &["owner", "scopes", "checked"]), "null null null");
}

#[test]
fn an_end_that_has_passed_is_not_believed_of_a_token_that_is_taken() {
    let token = "ghp_TESTONLYaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let desk = Home::with_forge(token);
    let forge = desk.server().forge();
    forge.knows(
        "odd",
        token,
        json!({ "scopes": ["repo"], "zone": "00:00:00 -9900",
        "expires": "9999-12-31" }),
    );
    desk.checked(&["--forge", "github", "https://HOST"]);
    // GitHub has shown the time of the request in its place.
    forge.set("fault", "echo=x /nowhere");
    let now = json!({ "scopes": ["repo"], "expires": "9998-01-01", "zone": "x" });
    forge.knows("odd", token, now);
    let one = desk.checked(&["https://HOST"]);
    assert_eq!(some(&one, &["state"]), "good", "{one:#}");
}

#[test]
fn a_last_use_that_may_have_been_our_own_is_not_told() {
    let desk = Home::with_forge(GLPAT);
    let forge = desk.server().forge();
    let more = |used: &str| json!({ "scopes": ["api"], "used": used });
    forge.knows("alices", GLPAT, more("2026-01-02T00:00:00Z"));
    let one = desk.checked(&["--forge", "gitlab", "https://HOST"]);
    assert_eq!(one["last_used"], "2026-01-02T00:00:00Z", "{one:#}");
    forge.knows("alices", GLPAT, more("2098-01-02T00:00:00Z"));
    assert!(desk.checked(&["https://HOST"])["last_used"].is_null());
}

#[test]
fn a_token_that_is_renewed_by_itself_is_not_said_to_end_soon() {
    let desk = Home::with_forge(GLPAT);
    let soon = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 3600;
    for (more, state) in [("oauth_refresh_token=TESTONLYr\n", "good"), ("", "ending")] {
        let host = &desk.host;
        let name = format!("bob{}", more.len());
        let request = format!(
            "protocol=https\nhost={host}\nusername={name}\npassword=TESTONLYaccess\n\
             password_expiry_utc={soon}\n{more}\n"
        );
        desk.operation("store", request);
        let one = desk.checked(&["--offline", "--username", &name, "https://HOST"]);
        assert_eq!(some(&one, &["state"]), state, "{one:#}");
    }
}

#[test]
fn a_token_that_all_refuse_is_not_marked_where_nobody_is_asked() {
    let desk = Home::with_forge(GLPAT);
    let one = desk.checked(&["--forge", "gitlab", "https://HOST/fault/refused/r"]);
    assert_eq!(some(&one, &["state"]), "refused", "{one:#}");
    assert_eq!(listed(&desk)["state"], "ready");
    desk.check(&["--forge", "gitlab", "--all", "--nagios"]);
    assert_eq!(listed(&desk)["state"], "ready");
}

#[test]
fn a_rejected_token_that_the_forge_takes_can_be_brought_back() {
    let desk = Home::with_forge(GLPAT);
    let forge = desk.server().forge();
    forge.knows("alices", GLPAT, json!({ "scopes": ["api"] }));
    let host = &desk.host;
    let erase = format!("protocol=https\nhost={host}\nusername=alice\npassword={GLPAT}\n\n");
    desk.operation("erase", erase);
    let one = desk.checked(&["--forge", "gitlab", "https://HOST"]);
    assert_eq!(some(&one, &["state", "reason"]), "refused rejected", "{one:#}");
    assert_eq!(one["layers"]["api"]["state"], "good");
    assert!(one["hints"][0].as_str().unwrap().contains("login --restore"), "{one:#}");
}

#[test]
fn a_person_confirms_the_forge_and_that_a_token_is_marked() {
    let desk = Home::with_forge(GLPAT);
    let mut command = desk.sandbox.command(BINARY);
    command.args(["check", &desk.url("fault/refused/r")]);
    let mut terminal = Terminal::run(&command);
    terminal.shows("calls itself GitLab. Ask its API about this token, too? [y/N] ");
    assert_eq!(
        desk.server().forge().asked().iter().filter(|a| a.path.contains("/api/")).count(),
        0
    );
    terminal.types("y\n");
    terminal.shows("Mark it as rejected, so that git is not given it any more? [y/N] ");
    terminal.types("y\n");
    let (status, screen) = terminal.ends();
    assert_eq!(status.code(), Some(1), "{screen}");
    assert_eq!(listed(&desk)["state"], "rejected");
    assert!(desk.server().forge().asked().iter().any(|asked| asked.path.contains("/api/v4/")));
}
