//! Which accounts lose the token, and who is asked before.

use super::{GLPAT, says};
use crate::support::desktop::Desktop;
use crate::support::home::Home;
use crate::support::sandbox::BINARY;
use git_credential_pat::context::Context;
use git_credential_pat::credential::{Credential, Username};
use git_credential_pat::secret::Secret;
use serde_json::json;

const OTHER: &str = "glpat-TESTONLYTESTONLYTES2";

fn desk() -> Home {
    let desk = Home::with_forge(GLPAT);
    desk.server().forge().knows("alices", GLPAT, json!({ "scopes": ["api"] }));
    desk.server().forge().knows("other", OTHER, json!({ "scopes": ["api"] }));
    desk
}

#[test]
fn a_person_types_the_username_and_anything_else_revokes_nothing() {
    let desk = desk();
    let forge = desk.server().forge();
    for (typed, is_revoked) in [("y\n", false), ("bob\n", false), ("alice\n", true)] {
        let mut person = desk.on_terminal("revoke --timeout 60s --forge gitlab https://HOST");
        person.shows("the personal access token of alice at https://");
        person.shows("To revoke it, type the username alice: ");
        assert!(forge.asked().is_empty(), "nothing is asked before");
        person.types(typed);
        let (status, screen) = person.ends();
        assert_eq!(status.success(), is_revoked, "{screen}");
        assert_eq!(screen.contains("nothing was revoked"), !is_revoked, "{screen}");
        assert_eq!(forge.is_revoked("alices"), is_revoked);
    }
    assert_eq!(desk.kept(), [""; 0]);
}

#[test]
fn where_nobody_can_be_asked_yes_is_needed() {
    let desk = desk();
    let ran = desk.revoke(&["--forge", "gitlab", "https://HOST"]);
    says(&ran, 2, &["nobody can be asked here: add --yes to revoke without"]);
    assert_eq!(desk.server().forge().asked(), []);
    for words in [&["--yes", "https://other.example"][..], &["--yes", "--all-at", "other.example"]]
    {
        says(&desk.revoke(words), 1, &["no such account is in the keychain"]);
    }
    desk.keep("", "bob", OTHER);
    let ran = desk.revoke(&["--yes", "--forge", "gitlab", "--username", "bob", "https://HOST"]);
    says(&ran, 0, &["deleted the account"]);
    assert_eq!(desk.kept(), ["alice ready"]);
}

#[test]
fn every_account_with_the_same_token_and_its_links_lose_it() {
    let (desk, _tunnel) = Home::with_named_forges(GLPAT);
    desk.server().forge().knows("alices", GLPAT, json!({ "scopes": ["api"] }));
    desk.keep("team", "bob", GLPAT);
    desk.keep("other", "carol", OTHER);
    desk.keep_at("https://alias.example", "alice", GLPAT);
    // One that git sends with another scheme is the same token to the forge.
    let bearer = format!(
        "capability[]=authtype\nprotocol=https\nhost={}\nusername=dave\nauthtype=Bearer\ncredential={GLPAT}\n\n",
        desk.host
    );
    assert!(desk.operation("store", bearer).status.success());
    assert_eq!(desk.kept().len(), 5, "dave's, too");
    let link = ["edit", "--also", "r.example", "--username", "alice", &desk.url("")];
    let ran = desk.sandbox.helper(&link, "");
    assert!(ran.status.success(), "{ran}");
    let ran = desk.revoke(&["--yes", "--forge", "gitlab", "--username", "alice", "https://HOST"]);
    let team = format!("bob at {} has the same token, and loses it, too", desk.url("team"));
    says(
        &ran,
        0,
        &[
            &team,
            "alice at https://alias.example has the same token, and loses it, too",
            "deleted the account at https://alias.example",
            "r.example was linked to it, and gets no token any more",
        ],
    );
    assert_eq!(desk.kept(), ["carol ready"]);
}

#[test]
fn where_the_keychain_is_found_the_account_itself_is_no_other_one() {
    let mut desk = desk();
    desk.keep("team", "bob", GLPAT);
    desk.configure("credential.helper", BINARY);
    let empty = Desktop::empty();
    desk.set("DBUS_SESSION_BUS_ADDRESS", empty.address());
    let ran = desk.revoke(&["--yes", "--forge", "gitlab", "--username", "alice", "https://HOST"]);
    let team = format!("bob at {} has the same token, and loses it, too", desk.url("team"));
    says(&ran, 0, &[&team]);
    assert_eq!(ran.stderr().matches("has the same token").count(), 1, "{ran}");
    assert_eq!(desk.kept(), [""; 0]);
}

#[test]
fn a_token_that_lies_aside_is_not_revoked_and_does_not_answer_afterwards() {
    let desk = desk();
    let forge = desk.server().forge();
    let account = format!("protocol=https\nhost={}\nusername=alice\n", desk.host);
    // git brings another token where a person's answers.
    assert!(desk.operation("store", format!("{account}password={OTHER}\n\n")).status.success());
    let words = ["--yes", "--forge", "gitlab", "--username", "alice", "https://HOST"];
    let ran = desk.revoke(&words);
    says(
        &ran,
        0,
        &[
            "another token of this account lies aside, and is not revoked with it",
            "its other token, which lay aside, is put away",
            "login --restore --username alice",
        ],
    );
    assert!(forge.is_revoked("alices") && !forge.is_revoked("other"));
    assert_eq!(desk.operation("get", format!("{account}\n")).stdout(), "");
    assert_eq!(desk.kept(), ["alice put away"]);
    says(&desk.revoke(&words), 0, &["deleted the account"]);
    assert!(forge.is_revoked("other"));
    assert_eq!(desk.kept(), [""; 0]);
}

#[test]
fn every_token_of_a_host_is_revoked_after_one_question() {
    let desk = desk();
    let forge = desk.server().forge();
    desk.keep("team", "bob", OTHER);
    desk.keep("same", "carol", GLPAT);
    let third = "glpat-TESTONLYTESTONLYTES3";
    forge.knows("third", third, json!({ "scopes": ["api"] }));
    let account = format!("protocol=https\nhost={}\nusername=alice\n", desk.host);
    assert!(desk.operation("store", format!("{account}password={third}\n\n")).status.success());
    desk.keep_at("https://else.example", "alice", "glpat-TESTONLYTESTONLYTES4");
    forge.asked();
    let line = "revoke --timeout 60s --forge gitlab --api https://HOST --all-at HOST";
    let mut person = desk.on_terminal(line);
    let shown = person.shows("To revoke 3 tokens, type the host");
    assert!(shown.contains("another token of the account") && shown.contains("the same token"));
    person.types(&format!("{}\n", desk.host));
    let (status, screen) = person.ends();
    assert!(status.success(), "{screen}");
    assert!(!screen.contains("put away"), "{screen}");
    for name in ["alices", "other", "third"] {
        assert!(forge.is_revoked(name), "{name}: {screen}");
    }
    let deletes = forge.asked().into_iter().filter(|asked| asked.path.starts_with("DELETE:"));
    assert_eq!(deletes.count(), 3);
    assert_eq!(desk.kept(), ["alice ready"], "another host's");
}

#[test]
fn after_five_failures_in_a_row_no_more_are_sent() {
    let desk = desk();
    let forge = desk.server().forge();
    for number in 0..7 {
        desk.keep(&format!("team{number}"), "alice", &format!("glpat-TESTONLYTESTONLY{number}bad"));
    }
    desk.sandbox.helper(&["logout", "--username", "alice", &desk.url("")], "");
    forge.set("fault", "status=403+no /self");
    forge.asked();
    let words = ["--yes", "--forge", "gitlab", "--api", "https://HOST", "--all-at", "HOST"];
    let ran = desk.revoke(&words);
    says(&ran, 1, &["not asked about, after so many failures", "7 tokens are left here"]);
    let deletes = forge.asked().into_iter().filter(|asked| asked.path.starts_with("DELETE:"));
    assert_eq!(deletes.count(), 5);
    assert_eq!(desk.kept().len(), 7);
}

#[test]
fn logout_says_where_the_token_that_it_deletes_lives_on() {
    let (desk, _tunnel) = Home::with_named_forges(GLPAT);
    desk.keep_at("https://github.com", "alice", super::GHP);
    for (url, told) in [
        (
            "https://github.com".to_owned(),
            "hint: the token itself lives on until you revoke it at https://github.com/settings/tokens; \
             the next time, git credential-pat revoke does both",
        ),
        (desk.url(""), "hint: the token itself lives on until you revoke it at the host\n"),
    ] {
        let ran = desk.sandbox.helper(&["logout", &url], "");
        says(&ran, 0, &["deleted the account at ", told]);
    }
    assert_eq!(desk.server().forge().asked(), []);
}

#[test]
fn while_a_rotation_is_open_nothing_is_begun_but_a_breach_is() {
    let desk = desk();
    let forge = desk.server().forge();
    let context = Context::from_canonical(&desk.url("")).unwrap();
    let name = Some(Username::new(b"alice"));
    let account = Credential::new(context, name, Secret::new(GLPAT.as_bytes()), 1);
    desk.sandbox.helper(&["logout", &desk.url("")], "");
    desk.keys.plant_account(&Credential { rotating_at: Some(2), ..account });
    forge.asked();
    let words = ["--yes", "--forge", "gitlab", "https://HOST"];
    says(&desk.revoke(&words), 1, &["git credential-pat rotate"]);
    assert_eq!(forge.asked(), []);
    let ran = desk.revoke(&[&["--breach"], &words[..]].concat());
    says(&ran, 0, &["it is dead"]);
    assert!(ran.stdout().contains("a rotation had begun, and may have made a new token"), "{ran}");
    assert_eq!(desk.kept(), [""; 0]);
}
