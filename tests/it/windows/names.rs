//! The names that people see in the control panel, and names that Windows takes for the same.

use crate::support::home::Home;

#[test]
fn a_person_recognises_an_account() {
    let place = Home::bare();
    place.store("alice", "TESTONLY");
    place.store("Bob", "TESTONLY");
    let seen: Vec<_> = place.keys.seen().into_iter().map(|s| (s.name, s.username)).collect();
    let host = &place.host;
    assert_eq!(
        seen,
        [
            (format!("git-credential-pat:https://{host} ^bob"), "Bob".to_owned()),
            (format!("git-credential-pat:https://{host} alice"), "alice".to_owned()),
        ]
    );
}

#[test]
fn accounts_that_differ_in_case_only_are_two() {
    let place = Home::bare();
    let names = ["alice", "Alice", "ALICE", "m\u{fc}ller", "M\u{dc}LLER", "\u{131}", "i", "I"];
    for name in names {
        place.asks("get", &format!("username={name}\n")).prints("");
        place.store(name, &format!("TESTONLY-{name}"));
    }
    for name in names {
        place.gets(name, &format!("TESTONLY-{name}"));
    }
    place.asks("erase", "username=Alice\n").prints("");
    place.asks("get", "username=Alice\n").prints("");
    place.gets("alice", "TESTONLY-alice");
    place.gets("ALICE", "TESTONLY-ALICE");
}

#[test]
fn scopes_that_differ_in_case_only_are_two() {
    let place = Home::bare();
    for path in ["team", "Team"] {
        let lines = format!("path={path}\nusername=a\npassword=TESTONLY-{path}\n");
        place.asks("store", &lines).prints("");
    }
    for path in ["team", "Team"] {
        let answer = format!("username=a\npassword=TESTONLY-{path}\n");
        place.asks("get", &format!("path={path}/repo\n")).prints(&answer);
    }
    place.asks("get", "path=TEAM\n").prints("");
}

#[test]
fn nothing_is_written_where_nothing_has_changed() {
    let place = Home::bare();
    let long = "x".repeat(9_000);
    place.store("alice", "TESTONLY");
    place.store("bob", &long);
    place.keys.mark_unwritten();
    place.store("alice", "TESTONLY");
    place.store("bob", &long);
    place.gets("bob", &long);
    assert!(place.keys.are_unwritten());
    place.store("alice", "TESTONLY2");
    assert!(!place.keys.are_unwritten(), "the mark is not seen to go");
}
