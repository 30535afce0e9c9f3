//! All accounts whose tokens end soon, at forges of several kinds.

use super::OLD;
use crate::support::home::Home;
use crate::support::sandbox::Ran;
use serde_json::json;

const GHP: &str = "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";
const LATER: &str = "glpat-TESTONLYTESTONLYTES7";

/// Accounts that end in ten days, at GitLab and at GitHub, and one at GitLab that ends in a year.
fn desk() -> Home {
    let desk = Home::with_forge(OLD);
    let forge = desk.server().forge();
    let other = desk.server().other();
    for (name, username, host, token, forge_word, days) in [
        ("old", "alice", desk.server().host(), OLD, "gitlab", 10),
        ("hub", "alice", other, GHP, "github", 10),
        ("later", "bob", desk.server().host(), LATER, "gitlab", 300),
    ] {
        forge.knows(name, token, json!({ "scopes": ["api"], "login": username }));
        let line = format!(
            "login --with-token --replace --username {username} --forge {forge_word} --expires \
             {days}d https://{host}"
        );
        let ran = desk.types(&line, token);
        assert!(ran.status.success(), "{ran}");
    }
    forge.asked();
    desk
}

fn all(desk: &Home, words: &str) -> Ran {
    desk.types(&format!("rotate --all --yes {words}"), "")
}

#[test]
fn what_is_due_is_rotated_or_named_with_its_page() {
    let desk = desk();
    let forge = desk.server().forge();
    let ran = all(&desk, "--unattended --due 14d");
    assert_eq!(ran.status.code(), Some(1), "{ran}");
    let said = ran.stderr();
    let line = |words: &str| said.lines().filter(|line| line.contains(words)).count();
    assert_eq!(line("the new token is here and good"), 1, "{ran}");
    assert_eq!(line("gives a new token to a person alone"), 1, "{ran}");
    assert!(said.contains("/settings/tokens/new?"), "{ran}");
    assert_eq!(forge.living(), ["hub", "later", "old-4"]);
    assert_eq!(forge.issued(), ["old old-4"]);
    // Nothing is left that could be done without a person.
    let ran = all(&desk, "--unattended --due 14d");
    assert_eq!((ran.status.code(), forge.issued().len()), (Some(1), 1), "{ran}");
    let ran = all(&desk, "--unattended --due 1h");
    assert_eq!(ran.status.code(), Some(0), "{ran}");
    assert!(ran.stderr().contains("no token ends so soon"), "{ran}");
}

#[test]
fn one_account_that_fails_does_not_keep_the_others_from_their_turn() {
    let desk = desk();
    let forge = desk.server().forge();
    forge.set("lifetime", "1");
    let ran = all(&desk, "--unattended --due 360d");
    assert_eq!(ran.status.code(), Some(1), "{ran}");
    assert_eq!(ran.stderr().matches("so the old token stays as it was").count(), 2, "{ran}");
    assert_eq!(forge.living(), ["hub", "later", "old"]);
    assert_eq!(forge.issued().len(), 2);
}
