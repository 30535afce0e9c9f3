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
    // GitHub has shown the time of the request in its place.
    let end = |end: &str| json!({ "scopes": ["repo"], "end": end });
    forge.knows("odd", token, end("2020-01-01 00:00:00 UTC"));
    let one = desk.checked(&["--forge", "github", "https://HOST"]);
    assert_eq!(some(&one, &["state", "expires"]), "good null", "{one:#}");
    forge.knows("odd", token, end("2099-01-31 00:00:00 UTC"));
    desk.checked(&["https://HOST"]);
    for odd in ["2020-01-01 00:00:00 UTC", "soon", "2098-01-01 00:00:00 x"] {
        forge.knows("odd", token, end(odd));
        let one = desk.checked(&["https://HOST"]);
        // What it has said before still holds.
        let names = ["state", "expires"];
        assert_eq!(some(&one, &names), "good 2099-01-31T00:00:00Z", "{odd} {one:#}");
    }
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
fn list_has_scopes_and_checked_on_request_or_where_there_is_room() {
    let desk = Home::with_forge(GLPAT);
    desk.server().forge().knows("alices", GLPAT, json!({ "scopes": ["api", "read_user"] }));
    let has = |text: &str| ["SCOPES", "CHECKED"].map(|heading| text.contains(heading));
    let on_terminal = |columns| desk.on_terminal_of(columns, "list").ends().1;
    assert_eq!(has(&on_terminal(200)), [false; 2], "nothing was checked yet");
    desk.checked(&["--forge", "gitlab", "https://HOST"]);
    let long = desk.sandbox.helper(&["list", "--long", "--keychain", desk.keychain], "").stdout();
    assert_eq!(has(&long), [true; 2], "{long}");
    assert!(long.contains("api read_user"), "{long}");
    let plain = desk.sandbox.helper(&["list", "--keychain", desk.keychain], "").stdout();
    assert_eq!(has(&plain), [false; 2], "{plain}");
    assert_eq!(has(&on_terminal(200)), [true; 2]);
    assert_eq!(has(&on_terminal(100)), [false; 2]);
}

#[test]
fn status_names_the_command_that_asks_and_asks_nobody() {
    let desk = Home::with_forge(GLPAT);
    desk.server().forge().knows("alices", GLPAT, json!({ "scopes": ["api"] }));
    desk.checked(&["--forge", "gitlab", "https://HOST"]);
    let url = desk.url("team/repo");
    let before = desk.server().requests(|_| true).len();
    let erase = format!("protocol=https\nhost={}\nusername=alice\npassword={GLPAT}\n\n", desk.host);
    for refuse in [false, true] {
        if refuse {
            desk.operation("erase", &erase);
        }
        let text = desk.sandbox.helper(&["status", &url], "").stdout();
        let squeezed = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let check = format!("check {url}");
        assert!(squeezed.contains("the host was not asked; to ask it:"), "{text}");
        assert!(squeezed.contains(&check) && squeezed.contains("of alice; may api"), "{text}");
    }
    assert_eq!(desk.server().requests(|_| true).len(), before, "status asked the host");
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

#[test]
fn a_token_that_only_one_of_them_refuses_is_not_offered_to_be_marked() {
    let desk = Home::with_forge(GLPAT);
    let forge = desk.server().forge();
    for (path, known) in [
        // A proxy's 401 must not hide a good token.
        ("fault/refused/r", json!({ "scopes": ["api"] })),
        ("team/repo.git", json!({ "scopes": ["api"], "revoked": true })),
    ] {
        forge.knows("alices", GLPAT, known);
        let mut command = desk.sandbox.command(BINARY);
        command.args(["check", "--timeout", "60s", "--forge", "gitlab", &desk.url(path)]);
        let (status, screen) = Terminal::run(&command).ends();
        assert_eq!(status.code(), Some(1), "{screen}");
        assert!(screen.contains(": refused") && !screen.contains("Mark it"), "{screen}");
    }
    assert_eq!(listed(&desk)["state"], "ready");
}
