//! A new token for a person's password, from Gitea and Forgejo.

use crate::support::home::Home;
use crate::support::server::wait_for;
use crate::support::terminal::Terminal;
use serde_json::json;
use std::time::SystemTime;

const OLD: &str = "0123456789abcdef0123456789abcdef01234567";

/// Every character of a password counts.
const PASSWORD: &str = " TESTONLY pass:word\u{fc} ";

fn desk() -> Home {
    let desk = Home::with_forge(OLD);
    let scopes = ["write:repository", "read:user"];
    desk.server().forge().knows("old", OLD, json!({ "scopes": scopes, "title": "git" }));
    desk.server().forge().knows_person("alice", PASSWORD, None);
    desk
}

fn rotates(desk: &Home) -> Terminal {
    let terminal = desk.on_terminal("rotate --yes --forge gitea https://HOST");
    terminal.shows("Password of alice at ");
    terminal
}

#[test]
fn a_password_is_asked_for_once_and_the_old_token_is_deleted() {
    let desk = desk();
    let forge = desk.server().forge();
    let second = || SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    for is_old in [false, true] {
        // Forgejo and an older Gitea tell nothing of a token to who has it.
        if is_old {
            forge.set("old", "");
        }
        let before = desk.token_for_git();
        let mut terminal = rotates(&desk);
        terminal.types(&format!("{PASSWORD}\n"));
        let (status, screen) = terminal.ends();
        assert!(status.success(), "{screen}");
        let living = forge.living();
        assert_eq!(living.len(), 1, "{living:?}");
        assert_eq!(desk.token_for_git(), forge.token(&living[0]));
        assert!(!screen.contains("TESTONLY pass") && !screen.contains(&before), "{screen}");
        assert!(screen.contains("the new token is here and good"), "{screen}");
        assert!(!desk.has_note());
        // The name of a new token has the second of its rotation in it.
        let ended = second();
        wait_for("the next second", || second() > ended);
    }
    assert_eq!(forge.issued(), ["alice alice-2", "alice alice-3"]);
}

#[test]
fn a_code_is_asked_for_where_the_forge_wants_one() {
    let desk = desk();
    let forge = desk.server().forge();
    forge.knows_person("alice", PASSWORD, Some("123456"));
    for (code, status) in [("000000", 1), ("123456", 0)] {
        let mut terminal = rotates(&desk);
        terminal.types(&format!("{PASSWORD}\n"));
        terminal.shows("Code of your second factor: ");
        terminal.types(&format!("{code}\n"));
        let (ended, screen) = terminal.ends();
        assert_eq!(ended.code(), Some(status), "{screen}");
        assert!(!screen.contains(code), "{screen}");
    }
    assert_eq!(forge.issued(), ["alice alice-2"]);
    assert_eq!(desk.token_for_git(), forge.token("alice-2"));
}

#[test]
fn a_wrong_password_begins_nothing() {
    let desk = desk();
    let mut terminal = rotates(&desk);
    terminal.types("TESTONLY wrong\n");
    let (status, screen) = terminal.ends();
    assert_eq!(status.code(), Some(1), "{screen}");
    assert!(screen.contains("so nothing was begun") && !screen.contains("Code"), "{screen}");
    assert_eq!((desk.token_for_git(), desk.has_note()), (OLD.to_owned(), false));
    assert_eq!(desk.server().forge().issued(), [""; 0]);
}

#[test]
fn a_forge_that_repeats_the_password_is_not_shown() {
    let desk = desk();
    let forge = desk.server().forge();
    for word in ["echo= /api/v1/users/", "header= /api/v1/users/"] {
        forge.set("fault", word);
        let mut terminal = rotates(&desk);
        terminal.types(&format!("{PASSWORD}\n"));
        terminal.shows("Code of your second factor: ");
        terminal.types("123456\n");
        let (status, screen) = terminal.ends();
        assert_eq!(status.code(), Some(1), "{screen}");
        assert!(screen.contains("(a token)"), "{screen}");
        assert!(!screen.contains("pass:word") && !screen.contains("YWxpY2U6"), "{screen}");
    }
}

#[test]
fn without_a_password_it_is_the_page_and_unattended_a_person_is_needed() {
    let desk = desk();
    let forge = desk.server().forge();
    let new = "89abcdef0123456789abcdef0123456789abcdef";
    let scopes = ["write:repository", "read:user"];
    forge.knows("new", new, json!({ "scopes": scopes }));
    let ran = desk.types("rotate --unattended --forge gitea https://HOST", "");
    assert_eq!(ran.status.code(), Some(1), "{ran}");
    assert!(ran.stderr().contains("/user/settings/applications"), "{ran}");
    let mut terminal = rotates(&desk);
    terminal.types("\n");
    terminal.shows("New token for alice at ");
    terminal.types(&format!("{new}\n"));
    let (status, screen) = terminal.ends();
    assert!(status.success() && !screen.contains("When does"), "{screen}");
    assert!(screen.contains("/user/settings/applications"), "{screen}");
    assert_eq!(desk.token_for_git(), new);
}

#[test]
fn a_lost_answer_leaves_no_token_behind_that_nobody_has() {
    for word in ["close", "status=500", "escaped", "empty", "html", "cut"] {
        let desk = desk();
        let forge = desk.server().forge();
        forge.set("issuing", word);
        let mut terminal = rotates(&desk);
        terminal.types(&format!("{PASSWORD}\n"));
        let (status, screen) = terminal.ends();
        assert_eq!(status.code(), Some(1), "{word}: {screen}");
        assert_eq!(forge.issued(), ["alice alice-2"], "{word}: {screen}");
        assert_eq!(forge.living(), ["old"], "{word}: {screen}");
        assert!(screen.contains("the new token was deleted again"), "{word}: {screen}");
        assert_eq!((desk.token_for_git(), desk.has_note()), (OLD.to_owned(), false), "{word}");
    }
}

#[test]
fn a_kill_while_the_forge_is_asked_leaves_a_token_that_is_told_of() {
    let desk = desk();
    let forge = desk.server().forge();
    forge.set("issuing", "later=3");
    let line = "{ PAT rotate --yes --forge gitea https://HOST & echo $! >pid; fg; }";
    let mut terminal = desk.runs_on_terminal(&format!("set -m; {line}"));
    terminal.shows("Password of alice at ");
    terminal.types(&format!("{PASSWORD}\n"));
    // The note is written before the request is sent.
    wait_for("the note", || desk.has_note());
    let path = "POST:/api/v1/users/alice/tokens";
    wait_for("the request", || forge.asked_so_far().iter().any(|asked| asked.path == path));
    desk.sandbox.run("sh", &["-c", "kill -9 $(cat pid)"], b"");
    drop(terminal);
    wait_for("the forge", || !forge.issued().is_empty());
    assert_eq!(forge.living(), ["alice-2", "old"]);
    assert_eq!(desk.token_for_git(), OLD);
    desk.note_is_of(91);
    forge.unset("issuing");
    let ran = desk.types("rotate --unattended --yes --forge gitea https://HOST", "");
    assert_eq!(ran.status.code(), Some(1), "{ran}");
    let said = ran.stderr();
    assert!(said.contains("a new one may have been made, and nobody has it"), "{ran}");
    assert!(said.contains("hint: look for \"git on ") && said.contains(" since 20"), "{ran}");
    assert!(said.contains("/user/settings/applications"), "{ran}");
    assert_eq!((desk.token_for_git(), desk.has_note()), (OLD.to_owned(), false));
    assert_eq!(forge.issued(), ["alice alice-2"]);
}

#[test]
fn an_old_token_that_is_not_deleted_is_told_of_and_tried_again() {
    let desk = desk();
    let forge = desk.server().forge();
    forge.set("fault", "status=500+busy /api/v1/users/alice/tokens/");
    let mut terminal = rotates(&desk);
    terminal.types(&format!("{PASSWORD}\n"));
    let (status, screen) = terminal.ends();
    assert_eq!(status.code(), Some(1), "{screen}");
    assert!(screen.contains("but the old one still lives"), "{screen}");
    assert_eq!(desk.token_for_git(), forge.token("alice-2"));
    assert_eq!(forge.living(), ["alice-2", "old"]);
    forge.unset("fault");
    let ran = desk.types("rotate --unattended --yes --forge gitea https://HOST", "");
    assert_eq!(ran.status.code(), Some(0), "{ran}");
    assert_eq!(forge.living(), ["alice-2"]);
    assert_eq!(desk.token_for_git(), forge.token("alice-2"));
}
