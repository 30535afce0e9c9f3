//! Helpers and clients that do less than git expects of a helper, or than git does itself.

use super::ids;
use crate::support::home::Home;
use crate::support::sandbox::BINARY;
use std::os::unix::fs::symlink;

#[test]
fn a_helper_that_only_answers_gets_no_copies() {
    let user = Home::bare().configured();
    user.account("", "alice", |_| {});
    user.helper("oauth");
    user.helper("azure");
    user.helper("!/usr/bin/gh auth git-credential");
    assert!(user.finds("").is_empty());
    user.helper("libsecret");
    assert_eq!(user.finds(""), ["gets-copies"]);
}

#[test]
fn where_cargo_is_in_use_what_it_does_not_ask_is_noted() {
    let user = Home::bare().configured();
    user.account("", "alice", |_| {});
    user.helper("oauth");
    assert!(user.finds("").is_empty());
    user.write("Cargo.toml", "");
    let status = user.status("");
    assert_eq!((ids(&status), &status["well"]), (vec!["cargo".to_owned()], &true.into()));
    user.helper("pat --keychain kernel --allow-http");
    assert!(!user.finds("").contains(&"cargo".to_owned()));
}

#[test]
fn a_path_that_hugging_faces_client_does_not_read_is_noted() {
    let mut user = Home::bare();
    user.account("", "alice", |_| {});
    user.write("a.b/x", "");
    let program = user.sandbox.path("a.b/git-credential-pat");
    symlink(BINARY, &program).unwrap();
    user.helper(&format!("{} --keychain kernel", program.display()));
    let cache = user.sandbox.path("hf");
    user.set("HF_HOME", cache.to_str().unwrap());
    assert!(user.finds("").is_empty());
    user.write("hf/token", "hf_TESTONLY");
    assert_eq!(user.finds(""), ["hugging-face"]);
    user.mends("", "hugging-face");
    assert_eq!(user.helpers(), ["pat --keychain kernel"]);
}
