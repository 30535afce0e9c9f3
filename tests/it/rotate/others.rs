//! What else had the old token.

use super::said;
use crate::check::GLPAT;
use crate::support::home::Home;
use std::fs;

#[test]
fn other_accounts_with_the_same_token_follow_where_that_is_agreed_to() {
    for agreed in [false, true] {
        let desk = Home::with_gitlab();
        desk.keep("team", "alice", GLPAT);
        let words = ["--unattended", "--username", "alice", "https://HOST"];
        let words = if agreed { [&["--yes"], &words[..]].concat() } else { words.to_vec() };
        let ran = desk.rotate(&words);
        assert_eq!(ran.status.code(), Some(i32::from(!agreed)), "{ran}");
        assert!(said(&ran).contains("/team had the same token"), "{ran}");
        let token = desk.sandbox.helper(&["token", &desk.url("team/x")], "").stdout();
        let expected = if agreed { desk.server().forge().token("old-2") } else { GLPAT.to_owned() };
        assert_eq!(token.trim(), expected, "{ran}");
    }
}

#[test]
fn copies_of_the_old_token_are_named_and_what_cannot_be_seen_is_said() {
    let desk = Home::with_gitlab();
    let line = format!("https://alice:{GLPAT}@{}\n", desk.host);
    fs::write(desk.sandbox.path(".git-credentials"), line).unwrap();
    let ran = desk.rotate(&["--unattended", "https://HOST"]);
    assert_eq!(ran.status.code(), Some(0), "{ran}");
    let said = said(&ran);
    assert!(said.contains("the old token is also in"), "{said}");
    assert!(said.contains(".git-credentials"), "{said}");
    assert!(said.contains("what cannot be seen from here"), "{said}");
    assert!(!said.contains(GLPAT), "{said}");
}
