//! A new token that a person makes on the forge's page, and types.

use super::{NEW, OLD};
use crate::support::home::Home;
use crate::support::terminal::Terminal;
use serde_json::json;

const CLASSIC: &str = "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";

/// A GitLab whose token may not ask for its successor.
fn desk() -> Home {
    let desk = Home::with_forge(OLD);
    let scopes = ["read_user", "write_repository"];
    let old = json!({ "scopes": scopes, "expires": "2099-01-31" });
    desk.server().forge().knows("old", OLD, old);
    desk.server().forge().knows("new", NEW, json!({ "scopes": scopes, "expires": "2099-02-28" }));
    desk
}

/// A person who rotates at the terminal, and sees the question for the new token.
fn rotates(desk: &Home, forge: &str) -> Terminal {
    let line = format!("rotate --yes --expires 30d --forge {forge} https://HOST");
    let terminal = desk.on_terminal(&line);
    terminal.shows("New token for alice at ");
    terminal
}

#[test]
fn the_page_is_shown_filled_in_and_the_typed_token_is_checked_as_at_login() {
    let desk = desk();
    let mut terminal = rotates(&desk, "gitlab");
    for (typed, said, questions) in [
        ("", "no token was given", 2),
        (OLD, "This is the old one", 3),
        (
            "glpat-TESTONLYTESTONLYTES3",
            "This token is not good: the forge does not take the token; remote:",
            4,
        ),
    ] {
        terminal.types(&format!("{typed}\n"));
        terminal.shows(said);
        // What is typed before the question would be seen.
        terminal.shows_often("New token for alice at ", questions);
    }
    terminal.types(&format!("{NEW}\n"));
    let (status, screen) = terminal.ends();
    assert!(status.success(), "{screen}");
    let page = format!("https://{}/-/user_settings/personal_access_tokens?name=git", desk.host);
    let scopes = "&scopes=read_user%2Cwrite_repository%2Cself_rotate";
    assert!(screen.contains(&page) && screen.contains(scopes), "{screen}");
    assert!(screen.contains("the new token is here and good, which ends in"), "{screen}");
    assert!(!screen.contains(OLD) && !screen.contains(NEW), "{screen}");
    assert_eq!((desk.token_for_git(), desk.has_note()), (NEW.to_owned(), false));
    // What GitLab knows of it is revoked there, without a word of anybody.
    assert_eq!(desk.server().forge().living(), ["new"]);
    assert_eq!(desk.server().forge().issued(), [""; 0]);
}

#[test]
fn the_old_token_lives_on_where_that_is_wanted() {
    let desk = desk();
    let terminal = desk.on_terminal("rotate --yes --keep-old --forge gitlab https://HOST");
    terminal.shows("New token for alice at ");
    let mut terminal = terminal;
    terminal.types(&format!("{NEW}\n"));
    let (status, screen) = terminal.ends();
    assert!(status.success() && !screen.contains("still lives"), "{screen}");
    assert_eq!(desk.server().forge().living(), ["new", "old"]);
    assert_eq!(desk.token_for_git(), NEW);
}

#[test]
fn a_token_of_somebody_else_or_with_less_rights_is_asked_about() {
    let desk = desk();
    let forge = desk.server().forge();
    desk.check(&["--forge", "gitlab", "https://HOST"]);
    let scopes = ["read_user", "write_repository"];
    forge.knows("bobs", "glpat-TESTONLYTESTONLYTES4", json!({ "login": "bob", "scopes": scopes }));
    forge.knows("less", "glpat-TESTONLYTESTONLYTES5", json!({ "scopes": ["read_user"] }));
    let mut terminal = rotates(&desk, "gitlab");
    terminal.types("glpat-TESTONLYTESTONLYTES4\n");
    terminal.shows("warning: this token is bob's, the old one is alice's");
    terminal.shows("Take it all the same? [y/N]");
    terminal.types("\n");
    terminal.shows_often("New token for alice at ", 2);
    terminal.types("glpat-TESTONLYTESTONLYTES5\n");
    terminal.shows("warning: it lacks what the old one has: write_repository");
    terminal.shows_often("Take it all the same? [y/N]", 2);
    terminal.types("y\n");
    let (status, screen) = terminal.ends();
    assert!(status.success(), "{screen}");
    assert_eq!(desk.token_for_git(), "glpat-TESTONLYTESTONLYTES5");
}

#[test]
fn a_token_of_another_forge_is_never_sent() {
    let desk = desk();
    let mut terminal = rotates(&desk, "gitlab");
    desk.server().forge().asked();
    terminal.types(&format!("{CLASSIC}\n"));
    terminal.shows("This is a token of another forge, which is not sent there");
    terminal.shows_often("New token for alice at ", 2);
    assert_eq!(desk.server().forge().asked(), []);
    terminal.types("\x03");
    let (status, screen) = terminal.ends();
    assert!(!status.success() && !screen.contains(CLASSIC), "{screen}");
    assert_eq!((desk.token_for_git(), desk.has_note()), (OLD.to_owned(), false));
}

#[test]
fn who_gives_up_or_goes_at_the_question_has_changed_nothing() {
    let desk = desk();
    for end in ["\x03", "\x04", "gone"] {
        let mut terminal = rotates(&desk, "gitlab");
        // Others are not kept from their work meanwhile.
        let more = "username=alice\npassword=TESTONLYother\n";
        let request = format!("protocol=https\nhost={}\n{more}\n", desk.host);
        assert!(desk.operation("erase", request).status.success());
        if end == "gone" {
            drop(terminal);
        } else {
            terminal.types(end);
            let (status, screen) = terminal.ends();
            assert!(!status.success(), "{screen}");
        }
        assert_eq!((desk.token_for_git(), desk.has_note()), (OLD.to_owned(), false), "{end:?}");
    }
}

#[test]
fn where_nobody_can_be_asked_the_page_is_named() {
    let desk = desk();
    for words in ["--unattended", ""] {
        let line = format!("rotate {words} --yes --forge gitlab https://HOST");
        let ran = desk.types(&line, "");
        let said = ran.stderr();
        assert_eq!(ran.status.code(), Some(1), "{ran}");
        assert!(said.contains("gives a new token to a person alone"), "{ran}");
        assert!(said.contains("scopes=read_user%2Cwrite_repository%2Cself_rotate"), "{ran}");
        assert_eq!((desk.token_for_git(), desk.has_note()), (OLD.to_owned(), false));
    }
}

#[test]
fn the_account_changed_while_the_token_was_made_is_left_as_it_is() {
    let desk = desk();
    let mut terminal = rotates(&desk, "gitlab");
    desk.keep("", "alice", "glpat-TESTONLYTESTONLYTES6");
    terminal.types(&format!("{NEW}\n"));
    let (status, screen) = terminal.ends();
    assert!(!status.success() && screen.contains("has another token by now"), "{screen}");
    assert_eq!(desk.token_for_git(), "glpat-TESTONLYTESTONLYTES6");
}

#[test]
fn githubs_page_is_of_the_old_kind_and_its_revocation_is_asked_about() {
    for (answer, living) in [("\n", &["new", "old"][..]), ("y\n", &["new"])] {
        let desk = Home::with_forge(CLASSIC);
        let forge = desk.server().forge();
        let known = |end| json!({ "scopes": ["repo", "read:org"], "expires": end });
        forge.knows("old", CLASSIC, known("2099-01-31"));
        let new = "ghp_TESTONLYTESTONLYTESTONLYTESTOM0aaaaa";
        forge.knows("new", new, known("2099-03-31"));
        let mut terminal = rotates(&desk, "github");
        terminal.types(&format!("{new}\n"));
        terminal.shows("the checksum in this GitHub classic personal access token is wrong");
        terminal.shows("Take it all the same? [y/N]");
        terminal.types("y\n");
        terminal.shows("that is final, and");
        terminal.shows("End it? [y/N]");
        terminal.types(answer);
        let (status, screen) = terminal.ends();
        assert!(status.success(), "{screen}");
        let filled = "&scopes=repo%2Cread%3Aorg&default_expires_at=30";
        assert!(screen.contains("/settings/tokens/new?description=git+on+"), "{screen}");
        assert!(screen.contains(filled) && !screen.contains("When does"), "{screen}");
        assert!(screen.contains("may do what the old one may: repo, read:org"), "{screen}");
        let page = format!("delete it there: https://{}/settings/tokens\r\n", desk.host);
        assert_eq!(screen.contains(&page), living.len() > 1, "{screen}");
        assert_eq!(forge.living(), living, "{screen}");
        assert_eq!((desk.token_for_git(), desk.has_note()), (new.to_owned(), false));
    }
}
