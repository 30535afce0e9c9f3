//! The report says that all is well exactly where git would get an answer, if one is expected
//! there.

use super::{command, finding, ids};
use crate::support::home::Home;
use serde_json::Value;

/// Makes a person in a repository whose remote is at this path of the host.
fn with_remote(path: &str) -> Home {
    let user = Home::bare().configured();
    user.sandbox.git(&["init", "-q", "."]);
    user.sandbox.git(&["remote", "add", "origin", &user.url(path)]);
    user
}

fn of_remotes(user: &Home) -> Value {
    user.status_of(&["--keychain", "kernel"])
}

/// Returns whether git gets a token at this path.
fn answers(user: &Home, path: &str) -> bool {
    let request = format!("url={}\n\n", user.url(path));
    let ran = user.sandbox.run("git", &["credential", "fill"], request.as_bytes());
    ran.stdout().contains("password=")
}

#[test]
fn a_scope_beside_the_url_is_no_answer_there() {
    for (scope, path) in [("/work", "/other/r.git"), ("/My-Org", "/my-org/r.git")] {
        let user = Home::bare().configured();
        user.account(scope, "alice", |_| {});
        user.config(&["--global", &format!("credential.https://HOST{scope}.useHttpPath"), "true"]);
        assert!(user.finds(&format!("{scope}/r.git")).is_empty());
        let status = user.status(path);
        assert_eq!(ids(&status), ["no-account"], "{scope}");
        assert_eq!(status["well"], false);
        let what = finding(&status, "no-account")["what"].as_str().unwrap();
        assert!(what.contains(&format!("{scope} is not for it")), "{what}");
        assert!(!answers(&user, path));
        user.runs(&command(&status, "no-account"), " --with-token --username bob");
        assert!(user.finds(path).is_empty() && answers(&user, path), "{scope}");
    }
}

#[test]
fn what_is_for_another_repository_of_the_host_is_no_alarm() {
    let user = with_remote("/o/r2.git");
    user.account("/o/r1", "alice", |_| {});
    let status = of_remotes(&user);
    assert_eq!(status["well"], true, "{status:#}");
    assert!(!ids(&status).contains(&"no-path".to_owned()), "{status:#}");
    assert_eq!(user.finds("/o/r1.git"), ["no-path"]);
    user.mends("/o/r1.git", "no-path");
    assert!(user.finds("/o/r1.git").is_empty() && answers(&user, "/o/r1.git"));
}

#[test]
fn the_path_is_sent_for_a_repository_however_its_url_ends() {
    for (scope, path) in [("/o/r", "/o/r.git"), ("/r", "/r.git"), ("/o/c++", "/o/c++.git")] {
        let user = Home::bare().configured();
        user.account(scope, "alice", |_| {});
        user.mends(path, "no-path");
        assert!(user.finds(path).is_empty() && answers(&user, path), "{path}");
    }
}

#[test]
fn a_remote_whose_accounts_are_of_other_names_has_no_answer() {
    let user = with_remote("/o/r.git");
    let url = format!("https://bob@{}/o/r.git", user.host);
    user.sandbox.git(&["remote", "set-url", "origin", &url]);
    assert_eq!(of_remotes(&user)["well"], true, "nothing of the host is here");
    user.account("", "alice", |_| {});
    let status = of_remotes(&user);
    assert_eq!((ids(&status), &status["well"]), (vec!["no-account".to_owned()], &false.into()));
}

#[test]
fn a_dead_account_beside_the_one_that_answers_is_a_note() {
    let user = Home::bare().configured();
    user.account("", "alice", |_| {});
    user.account("", "bob", |c| c.rejected_at = Some(1_796_169_600));
    user.config(&["--global", "credential.https://HOST.username", "alice"]);
    let status = user.status("");
    assert_eq!((ids(&status), &status["well"]), (vec!["rejected".to_owned()], &true.into()));
    user.config(&["--global", "credential.https://HOST.username", "bob"]);
    assert_eq!(user.status("")["well"], false);
}

#[test]
fn a_source_for_elsewhere_or_without_its_token_is_no_answer() {
    let mut user = Home::bare();
    user.sandbox.set("TOKEN", "ghp_TESTONLY");
    user.helper("pat --for https://elsewhere.example --env TOKEN");
    let status = user.status_of(&[&user.url("")]);
    assert_eq!((ids(&status), &status["well"]), (vec!["no-account".to_owned()], &false.into()));
    let user = Home::bare().configured();
    user.helper(&format!("pat --for {} --env TOKEN", user.url("")));
    let status = user.status("");
    assert_eq!(
        (ids(&status), &status["well"]),
        (["no-account", "source"].map(Into::into).to_vec(), &false.into())
    );
}
