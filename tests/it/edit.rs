//! An account is changed without its token.

use crate::support::home::Home;

fn with_alice() -> Home {
    let person = Home::new().configured().with_docker();
    let ran = person.types("login --with-token --username alice HOST", "ghp_TESTONLY1");
    assert!(ran.status.success(), "{ran}");
    person
}

/// Edits, and returns what was said.
#[track_caller]
fn edits(person: &Home, line: &str) -> String {
    let ran = person.types(&format!("edit {line}"), "");
    assert!(ran.status.success() && ran.stdout.is_empty(), "{ran}");
    ran.stderr()
}

#[test]
fn an_expiry_is_set_changed_and_taken_away() {
    let person = with_alice();
    for (expires, answer) in [
        ("2100-01-31", "password_expiry_utc=4105036800\n"),
        ("2100-02-01", "password_expiry_utc=4105123200\n"),
        ("never", ""),
    ] {
        edits(&person, &format!("HOST --expires {expires}"));
        person.get("").prints(&format!("username=alice\npassword=ghp_TESTONLY1\n{answer}"));
    }
    let ran = person.types("edit HOST --expires 2020-01-01", "");
    ran.fails(2, "expired already");
}

#[test]
fn under_another_name_the_account_is_the_same() {
    let person = with_alice();
    person.types("login --with-token --username bob HOST", "ghp_TESTONLY2");
    assert!(person.types("use HOST alice", "").status.success());
    let said = edits(&person, "https://alice@HOST --username carol");
    assert!(
        said.contains(&person.fill("the account at https://HOST is called carol now")),
        "{said}"
    );
    assert!(said.contains(&person.fill("git asks for carol at https://HOST now")), "{said}");
    person.get("username=carol\n").prints("username=carol\npassword=ghp_TESTONLY1\n");
    person.get("username=alice\n").prints("");
    assert_eq!(person.listed().len(), 2);
    person.types("edit https://carol@HOST --username bob", "").fails(1, "log out of it first");
    person.get("username=carol\n").prints("username=carol\npassword=ghp_TESTONLY1\n");
    person.types("edit HOST --username dave", "").fails(2, "several accounts are there");
    person.types("edit https://eve@HOST --username dave", "").fails(1, "no such account");
}

#[test]
fn a_registry_is_linked_later_and_follows_the_accounts_name() {
    let person = with_alice();
    let registry = person.fill("r.HOST");
    let docker = |action: &str| {
        person.sandbox.run("docker-credential-pat", &[action], registry.as_bytes()).stdout()
    };
    assert!(docker("get").contains("not found"));
    let said = edits(&person, "HOST --also r.HOST");
    assert!(said.contains("gets this account's token, too"), "{said}");
    assert!(docker("get").contains("\"Username\":\"alice\",\"Secret\":\"ghp_TESTONLY1\""));
    edits(&person, "HOST --username bob");
    assert!(docker("get").contains("\"Username\":\"bob\",\"Secret\":\"ghp_TESTONLY1\""));
}

#[test]
fn an_account_answers_any_username_from_then_on() {
    let person = with_alice();
    person.get("username=x\n").prints("");
    edits(&person, "HOST --any-username");
    person.get("username=x\n").prints("username=x\npassword=ghp_TESTONLY1\n");
    assert_eq!(person.listed().len(), 1);
    let said = edits(&person, "HOST --any-username");
    assert!(said.contains("is so already"), "{said}");
}

#[test]
fn nothing_to_change_is_said_to_be_that() {
    let person = with_alice();
    person.types("edit HOST", "").fails(2, "say what is to change");
    person.types("edit HOST --username ghp_TESTONLYTESTONLYTEST", "").fails(2, "no username");
    person.get("").prints("username=alice\npassword=ghp_TESTONLY1\n");
}
