//! Tokens that lie about in plain text: each is counted, none is shown.

use super::{TOKEN, command, ids};
use crate::support::home::Home;
use serde_json::Value;
use std::fs;

fn what(status: &Value) -> Vec<String> {
    let findings = status["findings"].as_array().unwrap().iter();
    findings.map(|one| one["what"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_files_of_gits_store_are_found_wherever_they_are() {
    let user = Home::bare().configured();
    user.account("", "alice", |_| {});
    let line = |name: &str| format!("https://{name}:{TOKEN}@{}\n", user.host);
    fs::write(user.sandbox.path(".git-credentials"), line("a") + &line("b") + &line("c")).unwrap();
    let status = user.status("");
    assert_eq!(ids(&status), ["plain-text-file"]);
    assert_eq!(what(&status), ["3 tokens lie in plain text in ~/.git-credentials"]);
    let import = "git credential-pat import --from store --remove --yes";
    assert_eq!(command(&status, "plain-text-file"), import);
    fs::remove_file(user.sandbox.path(".git-credentials")).unwrap();
    // Also where its helper is not asked any more.
    fs::create_dir(user.sandbox.path("config/git")).unwrap();
    fs::write(user.sandbox.path("config/git/credentials"), line("a")).unwrap();
    fs::write(user.sandbox.path("other file"), line("a")).unwrap();
    user.helper("store --file '~/other file'");
    user.config(&["--global", "--unset-all", "credential.helper", "^pat"]);
    user.helper("");
    user.helper("pat --keychain kernel");
    let status = user.status("");
    let files = ["~/config/git/credentials", "~/other file"];
    assert_eq!(what(&status), files.map(|file| format!("a token lies in plain text in {file}")));
    let import = status["findings"][1]["command"].as_str().unwrap();
    let file = user.sandbox.path("other file");
    let source = format!("--from 'store={}' --remove --yes", file.display());
    assert!(import.ends_with(&source), "{import}");
}

#[test]
fn netrc_is_found_where_it_has_a_password() {
    let user = Home::bare().configured();
    user.account("", "alice", |_| {});
    let entry = format!("machine {} login a\n", user.host);
    fs::write(user.sandbox.path(".netrc"), &entry).unwrap();
    assert!(user.finds("").is_empty());
    fs::write(user.sandbox.path(".netrc"), format!("{entry} password {TOKEN}\n")).unwrap();
    let status = user.status("");
    assert_eq!(what(&status), ["a token lies in plain text in ~/.netrc"]);
    let import = "git credential-pat import --from netrc --remove --yes";
    assert_eq!(command(&status, "plain-text-file"), import);
}

#[test]
fn tokens_in_the_urls_of_remotes_are_found_and_not_shown() {
    let user = Home::bare().configured();
    user.account("", "alice", |_| {});
    user.sandbox.git(&["init", "-q", "."]);
    let with = |user_part: &str| format!("https://{user_part}@{}/a/b", user.host);
    user.sandbox.git(&["remote", "add", "one", &with(&format!("alice:{TOKEN}"))]);
    user.sandbox.git(&["remote", "add", "two", &with("alice")]);
    user.sandbox.git(&["remote", "set-url", "--push", "two", &with(TOKEN)]);
    let status = user.status_of(&["--keychain", "kernel"]);
    assert_eq!(ids(&status), ["token-in-url"; 2]);
    let one = "a token lies in plain text in the URL of the remote one";
    assert_eq!(what(&status), [one, "a token lies in plain text in the URL of the remote two"]);
    let import = "git credential-pat import --from remotes --remove --yes";
    assert_eq!(command(&status, "token-in-url"), import);
    let urls: Vec<&Value> =
        status["places"].as_array().unwrap().iter().map(|place| &place["username"]).collect();
    assert_eq!(urls, [&Value::from("alice"), &Value::Null]);
}

#[test]
fn a_token_in_a_rewriting_is_found_and_edited() {
    let mut user = Home::bare().configured();
    user.account("", "alice", |_| {});
    let key = format!("url.https://alice:{TOKEN}@{}/.insteadOf", user.host);
    user.config(&["--global", &key, "work:"]);
    // The person at the editor.
    user.sandbox.set("GIT_EDITOR", "sed -i -e '/alice:/d' -e '/insteadOf/d'");
    let command = user.mends("", "token-in-url");
    assert_eq!(command, "git config --global --edit");
    let status = user.status("");
    assert!(ids(&status).is_empty(), "{status:#}");
}

#[test]
fn nothing_of_a_url_with_a_token_goes_to_git() {
    let user = Home::bare().configured();
    user.account("", "alice", |_| {});
    let key = format!("credential.https://alice:{TOKEN}@{}.helper", user.host);
    user.config(&["--global", &key, "cache"]);
    let status = user.status("");
    assert!(ids(&status).is_empty(), "{status:#}");
    let key = format!("http.https://alice:{TOKEN}@{}/.extraheader", user.host);
    user.config(&["--global", &key, "Authorization: x"]);
    let url = format!("https://alice@{}/a", user.host);
    let status = user.status_of(&["--keychain", "kernel", &url]);
    assert_eq!(command(&status, "extra-header"), "git config --global --edit");
    // Neither does a command show it that would write beside such a line.
    let key = format!("credential.https://alice:{TOKEN}@{}.helper", user.host);
    user.config(&["--global", "--add", &key, ""]);
    let reset = user.status_of(&["--keychain", "kernel", &url]);
    let configure = format!("git credential-pat configure --yes {}", user.url(""));
    assert_eq!(command(&reset, "not-configured"), configure);
    let helpers = status["places"][0]["helpers"].as_array().unwrap();
    assert!(helpers.iter().any(|helper| helper["name"] == "cache"), "{status:#}");
}
