//! `--rotate`: which tokens a timer rotates by itself, and which it leaves to a person.

use super::manager::pretend_manager;
use super::runs;
use crate::check::GLPAT;
use crate::support::home::Home;
use crate::support::page::{everything, page};
use crate::support::sandbox::Ran;
use serde_json::json;
use std::fs;

const OTHER: &str = "glpat-TESTONLYTESTONLYTEST07";

/// The day, so many days from now.
fn day(days: u64) -> String {
    let day = std::time::Duration::from_secs(days * 24 * 60 * 60);
    humantime::format_rfc3339(std::time::SystemTime::now() + day).to_string()[..10].to_owned()
}

/// Somebody at a desktop with a GitLab, whose alice has a token that ends in a week, and bob one that
/// ends in months. dave's may not ask for another one.
fn of_gitlab() -> Home {
    let mut desk = Home::with_gnome_keyring().with_git_host();
    pretend_manager(&mut desk);
    for (name, token, days, scope) in [
        ("alice", GLPAT, 7, "self_rotate"),
        ("bob", OTHER, 200, "api"),
        ("dave", "glpat-TESTONLYTESTONLYTEST08", 200, "read_repository"),
    ] {
        desk.server().set_token(name, token);
        desk.keep("", name, token);
        let more = json!({ "scopes": [scope], "expires": day(days), "login": name });
        desk.server().forge().knows(name, token, more);
        let ran = desk.check(&["--forge", "gitlab", "--username", name, "https://HOST"]);
        assert!(ran.stdout().contains("end"), "{ran}");
    }
    desk
}

fn watch(desk: &Home, words: &[&str]) -> Ran {
    desk.sandbox.helper(&[&["watch"], words].concat(), "")
}

fn service(desk: &Home) -> Option<String> {
    let path = "config/systemd/user/git-credential-pat-watch.service";
    fs::read_to_string(desk.sandbox.path(path)).ok()
}

fn url(desk: &Home, name: &str) -> String {
    format!("https://{name}@{}", desk.host)
}

#[test]
fn only_what_a_person_agrees_to_stands_in_the_timer() {
    let desk = of_gitlab();
    let mut blocks = everything(&page("docs/watch.md")).into_iter();
    let block = blocks.find(|block| block.heading == "Rotate, too").unwrap();
    let typed = block.text.trim().strip_prefix("git credential-pat ").unwrap();
    let terminal = desk.on_terminal_of(200, typed);
    let (status, screen) = terminal.talks(|question| {
        let is_asked = question.contains("[y/N]");
        let answer = if question.contains("for bob") { "n\n" } else { "y\n" };
        is_asked.then(|| (answer.to_owned(), false))
    });
    assert!(status.success(), "{screen}");
    assert!(screen.contains("for alice by itself, 14 days before its end?"), "{screen}");
    let service = service(&desk).unwrap();
    let words =
        format!("\"--notify\" \"--rotate\" \"14d\" \"--account\" \"{}\"\n", url(&desk, "alice"));
    assert!(service.contains(&words), "{service}");
    assert!(!service.contains("bob") && !screen.contains("for dave"), "{service} {screen}");
}

#[test]
fn without_a_terminal_each_account_is_named_and_agreed_to() {
    let desk = of_gitlab();
    let (alice, carol) = (url(&desk, "alice"), url(&desk, "carol"));
    for words in [
        &["daily", "--rotate", "14d"][..],
        &["daily", "--rotate", "14d", "--yes"],
        &["daily", "--rotate", "14d", "--account", &alice],
    ] {
        let ran = watch(&desk, words);
        ran.fails(2, "name each account with --account https://NAME@HOST, and add --yes");
    }
    let ran = watch(&desk, &["daily", "--rotate", "14d", "--yes", "--account", &carol]);
    ran.fails(1, "no such account is in the keychain");
    let ran =
        watch(&desk, &["daily", "--rotate", "14d", "--yes", "--account", &url(&desk, "dave")]);
    ran.fails(
        1,
        "for dave: a timer cannot rotate the token: its forge gives a new token in the place",
    );
    watch(&desk, &["daily", "--rotate", "1h", "--yes", "--account", &alice])
        .fails(2, "it takes a time from a day to 180 days");
    assert_eq!(service(&desk), None);
    runs(&desk, &["--rotate", "14d"]).fails(2, "name each account that is to be rotated");
    let ran = watch(&desk, &["daily", "--rotate", "14d", "--yes", "--account", &alice]);
    assert!(ran.status.success() && service(&desk).unwrap().contains(&alice), "{ran}");
}

#[test]
fn a_keychain_in_memory_is_refused_and_the_vault_named() {
    let mut desk = Home::with_forge(GLPAT);
    pretend_manager(&mut desk);
    desk.server().forge().knows("alices", GLPAT, json!({ "scopes": ["api"] }));
    assert!(desk.check(&["--forge", "gitlab", "https://HOST"]).status.success());
    let alice = url(&desk, "alice");
    let ran = watch(&desk, &["daily", "--rotate", "14d", "--yes", "--account", &alice]);
    assert!(ran.status.code() == Some(1) && service(&desk).is_none(), "{ran}");
    let said = ran.stderr();
    assert!(said.contains("not to be rotated by a timer: the new one would be lost in"), "{ran}");
    assert!(said.contains("configure --keychain vault"), "{ran}");
}

#[test]
fn what_is_used_elsewhere_too_is_left_out_and_reported() {
    let desk = of_gitlab();
    let words =
        |name: &str| ["--rotate".to_owned(), "14d".into(), "--account".into(), url(&desk, name)];
    let run = |name: &str| {
        let words = words(name);
        runs(&desk, &words.each_ref().map(String::as_str))
    };
    // bob's is not due, and alice's is reported as one that ends.
    let ran = run("bob");
    ran.fails(1, " for alice: ending in ");
    assert!(!ran.stderr().contains("bob"), "{ran}");
    let netrc = format!("machine h.example login x password {GLPAT}\n");
    desk.write(".netrc", &netrc);
    let ran = run("alice");
    ran.fails(1, ": it is not rotated: a copy of it lies elsewhere: ");
    assert!(ran.stderr().contains("~/.netrc") && !ran.stderr().contains("TESTONLY"), "{ran}");
    desk.holds(".netrc", &netrc);
    fs::remove_file(desk.sandbox.path(".netrc")).unwrap();
    desk.keep("team", "alice", GLPAT);
    run("alice").fails(1, ": it is not rotated: another account has the same token: https://");
    desk.types(&format!("logout {}", desk.url("team")), "");
    let more = json!({ "scopes": ["self_rotate"], "expires": day(7), "login": "alice",
        "addresses": ["192.0.2.7", "192.0.2.8"] });
    desk.server().forge().knows("alice", GLPAT, more);
    let said = " it is not rotated: it was used from several addresses: 192.0.2.7, 192.0.2.8";
    run("alice").fails(1, said);
    assert!(run("alice").stderr.is_empty(), "it is said once");
    assert_eq!(token(&desk, "alice"), GLPAT);
    desk.types("logout https://alice@HOST", "");
    run("alice").fails(1, " for alice: it is to be rotated, and is not in the keychain any more");
}

#[test]
fn one_that_answers_for_any_username_is_named_by_its_own() {
    let desk = of_gitlab();
    let ran = desk.types("edit --any-username https://alice@HOST", "");
    assert!(ran.status.success(), "{ran}");
    let alice = url(&desk, "alice");
    let ran = watch(&desk, &["daily", "--rotate", "14d", "--yes", "--account", &alice]);
    assert!(ran.status.success() && service(&desk).unwrap().contains(&alice), "{ran}");
    let ran = runs(&desk, &["--rotate", "14d", "--account", &alice]);
    assert!(ran.stderr().contains("the new token is here and good"), "{ran}");
    assert_ne!(token(&desk, "whoever"), GLPAT);
}

/// The token that git is given for this account.
fn token(desk: &Home, name: &str) -> String {
    desk.token(&desk.url(""), Some(name)).expect("an account")
}

#[test]
fn what_is_due_and_agreed_to_is_rotated_and_nothing_else() {
    let desk = of_gitlab();
    let more = json!({ "scopes": ["api"], "expires": day(5), "login": "bob" });
    desk.server().forge().knows("bob", OTHER, more);
    let (alice, bob) = (url(&desk, "alice"), url(&desk, "bob"));
    let words = ["--rotate", "14d", "--account", &alice];
    let ran = runs(&desk, &words);
    // bob's ends, and was not agreed to.
    ran.fails(1, " for bob: ending in ");
    let said = ran.stderr();
    assert!(
        said.contains("rotate: alice at ") && said.contains("the new token is here and good"),
        "{ran}"
    );
    assert!(!said.contains(" for alice") && !said.contains("TESTONLY"), "{ran}");
    let new = token(&desk, "alice");
    assert!(new != GLPAT && token(&desk, "bob") == OTHER, "{ran}");
    // One that is to be rotated in time is no news.
    let words_for_bob = ["--rotate", "2d", "--account", &bob];
    let before = runs(&desk, &words_for_bob);
    before.prints("");
    // A day later: the new one is far from its end.
    let ran = runs(&desk, &words);
    assert!(ran.stderr.is_empty() && token(&desk, "alice") == new, "{ran}");
    let ran = runs(&desk, &["--rotate", "14d", "--account", &alice, "--account", &bob]);
    assert!(ran.status.success() && token(&desk, "bob") != OTHER, "{ran}");
}

#[test]
fn a_rotation_that_fails_is_reported() {
    let desk = of_gitlab();
    desk.server().forge().set("lifetime", "0");
    let alice = url(&desk, "alice");
    let ran = runs(&desk, &["--rotate", "14d", "--account", &alice]);
    ran.fails(1, ": its rotation did not come to a good end");
    assert_eq!(token(&desk, "alice"), GLPAT);
}
