//! Which account answers, and the state of the tokens.

use super::{command, finding, ids};
use crate::support::home::Home;
use std::time::{SystemTime, UNIX_EPOCH};

const DAY: u64 = 24 * 60 * 60;

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Returns the reasons in the report, by username.
fn reasons(user: &Home, path: &str) -> Vec<String> {
    let status = user.status(path);
    let accounts = status["places"][0]["accounts"].as_array().unwrap().clone();
    let text = |one: &serde_json::Value, key: &str| one[key].as_str().unwrap().to_owned();
    accounts.iter().map(|one| format!("{}: {}", text(one, "username"), text(one, "why"))).collect()
}

#[test]
fn each_account_has_its_reason() {
    let user = Home::bare().configured();
    for name in ["alice", "bob"] {
        user.account("", name, |_| {});
    }
    user.account("/org", "carol", |_| {});
    user.config(&["--global", "credential.https://HOST.username", "bob"]);
    assert_eq!(
        reasons(&user, ""),
        ["alice: git asks for bob", "bob: answers", "carol: for a path, and git sends none"]
    );
    user.config(&["--global", "credential.https://HOST.useHttpPath", "true"]);
    user.config(&["--global", "credential.https://HOST/org.username", "carol"]);
    assert_eq!(
        reasons(&user, "/org/repo.git"),
        ["alice: git asks for carol", "bob: git asks for carol", "carol: answers"]
    );
    let answer = user.sandbox.run(
        "git",
        &["credential", "fill"],
        format!("url={}\n\n", user.url("/org/repo.git")).as_bytes(),
    );
    assert!(answer.stdout().contains("username=carol\n"), "{answer}");
}

#[test]
fn of_several_accounts_one_is_chosen_by_the_command() {
    let user = Home::bare().configured();
    for name in ["alice", "bob", "it's me"] {
        user.account("", name, |_| {});
    }
    assert_eq!(user.finds(""), ["ambiguous"]);
    user.mends("", "ambiguous");
    assert_eq!(reasons(&user, "")[0], "alice: answers");
}

#[test]
fn a_scope_that_git_never_reaches_is_mended() {
    let user = Home::bare().configured();
    user.account("/org/team", "carol", |_| {});
    assert_eq!(user.finds("/org/team/repo"), ["no-path"]);
    user.mends("/org/team/repo", "no-path");
    assert_eq!(reasons(&user, "/org/team/repo"), ["carol: answers"]);
}

#[test]
fn tokens_that_are_over_are_replaced_by_the_command() {
    let user = Home::bare().configured();
    user.account("", "alice", |c| c.expiry = Some(now() - DAY));
    assert_eq!(reasons(&user, ""), ["alice: expired"]);
    let status = user.status("");
    assert_eq!(ids(&status), ["expired"]);
    user.runs(&command(&status, "expired"), " --with-token");
    assert!(user.finds("").is_empty());
    user.account("", "alice", |c| c.rejected_at = Some(now() - 60));
    let status = user.status("");
    assert_eq!(ids(&status), ["rejected"]);
    user.runs(&command(&status, "rejected"), " --with-token");
    assert!(user.finds("").is_empty());
}

#[test]
fn a_token_that_ends_within_fourteen_days_is_told() {
    let user = Home::bare().configured();
    user.account("", "alice", |c| c.expiry = Some(now() + 15 * DAY));
    assert!(user.finds("").is_empty());
    user.account("", "alice", |c| c.expiry = Some(now() + 6 * DAY - 5));
    let status = user.status("");
    let what = finding(&status, "expires-soon")["what"].as_str().unwrap();
    assert!(what.ends_with("expires in 6 days"), "{what}");
    let command = command(&status, "expires-soon");
    let login = format!("git credential-pat login --replace --username alice {}", user.url(""));
    assert_eq!(command, login);
    user.runs(&command, " --with-token");
    assert!(user.finds("").is_empty());
}

#[test]
fn where_no_account_answers_login_is_the_command() {
    let user = Home::bare().configured();
    assert_eq!(user.finds(""), ["no-account"]);
    user.config(&["--global", "credential.https://HOST.username", "al ice"]);
    let status = user.status("/team/repo");
    let command = command(&status, "no-account");
    assert_eq!(command, format!("git credential-pat login https://al%20ice@{}", user.host));
    user.runs(&command, " --with-token");
    assert!(user.finds("/team/repo").is_empty());
}

#[test]
fn a_url_that_cannot_be_understood_is_an_error_that_does_not_repeat_it() {
    let user = Home::bare().configured();
    let ran = user.types("status https://a:ghp_TESTONLY@HOST", "");
    ran.fails(2, "a token does not belong in a URL");
    assert!(!ran.stderr().contains("TESTONLY"));
}
