//! Whole ways out of trouble: the commands that status names are run, one after the other, each
//! once and as it stands, until all is well. Nobody types anything else, and every question is
//! answered with yes.

use super::TOKEN;
use crate::support::desktop::Desktop;
use crate::support::home::Home;
use crate::support::program::gits;
use serde_json::Value;
use std::fs;

/// Runs the remedy of the first finding, again and again. Returns the commands, in order.
#[track_caller]
fn mend_all(user: &Home, words: &[&str]) -> Vec<String> {
    let mut commands = Vec::new();
    loop {
        let status = user.status_of(words);
        let findings = status["findings"].as_array().unwrap();
        let Some(wrong) = findings.iter().find(|one| one["wrong"] == true) else { break };
        let command = wrong["command"].as_str().unwrap_or_else(|| panic!("{wrong:#}")).to_owned();
        assert!(!commands.contains(&command), "{command} did not help: {status:#}");
        if command.ends_with(" --remove") {
            user.agrees_to(&command);
        } else {
            let login = command.contains("credential-pat login");
            user.runs(&command, if login { " --with-token" } else { "" });
        }
        commands.push(command);
    }
    commands
}

/// Returns git's own answer where no username is given.
fn answer(user: &Home, path: &str) -> String {
    let asked = format!("url={}\n\n", user.url(path));
    user.sandbox.run("git", &["credential", "fill"], asked.as_bytes()).stdout()
}

#[test]
fn from_a_plain_text_store_with_three_accounts() {
    for git in gits() {
        let user = Home::bare().with_git(&git);
        user.helper("store");
        let line = |name: &str| format!("https://{name}:{TOKEN}@{}\n", user.host);
        let file = user.sandbox.path(".git-credentials");
        fs::write(&file, line("a") + &line("b") + &line("c")).unwrap();
        let commands = mend_all(&user, &["--keychain", "kernel", &user.url("")]);
        let programs = commands.iter().map(|c| c.split(' ').take(3).collect::<Vec<_>>().join(" "));
        assert!(commands.len() <= 4, "{:?}", programs.collect::<Vec<_>>());
        assert_eq!(fs::read_to_string(file).unwrap_or_default(), "");
        assert!(answer(&user, "").contains(&format!("password={TOKEN}")), "{commands:?}");
    }
}

#[test]
fn from_tokens_in_the_urls_of_remotes_and_in_netrc() {
    let user = Home::bare().configured();
    let remote = format!("https://alice:{TOKEN}@{}/team/repo.git", user.host);
    user.sandbox.git(&["init", "-q", "."]);
    user.sandbox.git(&["remote", "add", "origin", &remote]);
    user.sandbox.git(&["remote", "add", "push", &user.url("/team/repo.git")]);
    user.sandbox.git(&["remote", "set-url", "--push", "push", &remote]);
    let commands = mend_all(&user, &["--keychain", "kernel"]);
    assert_eq!(commands, ["git credential-pat import --from config --remove"]);
    let urls = user.sandbox.git(&["config", "--get-regexp", "^remote\\..*url$"]);
    assert!(!urls.contains("TESTONLY"), "{urls}");
    let entry = format!("machine {} login bob password {TOKEN}\n", user.host);
    fs::write(user.sandbox.path(".netrc"), entry).unwrap();
    let commands = mend_all(&user, &["--keychain", "kernel", &user.url("")]);
    assert_eq!(commands, ["git credential-pat import --from netrc --remove"]);
}

#[test]
fn on_a_server_without_a_desktop_from_nothing() {
    let user = Home::bare();
    let commands = mend_all(&user, &[&user.url("")]);
    assert_eq!(
        commands,
        [
            "git credential-pat configure --yes".to_owned(),
            format!("git credential-pat login {}", user.url("")),
        ]
    );
    assert!(answer(&user, "").contains(TOKEN));
}

#[test]
fn from_manager_and_libsecret_at_once() {
    let desktop = Desktop::gnome_keyring();
    for line in ["manager", "libsecret"] {
        desktop.sandbox.git(&["config", "--global", "--add", "credential.helper", line]);
    }
    let ran = desktop.sandbox.helper(&["status", "--json", "https://h.example"], b"");
    let status: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let command = super::command(&status, "not-configured");
    let ran = desktop.sandbox.run("sh", &["-c", &command], b"");
    assert!(ran.status.success(), "{ran}");
    let ran = desktop.sandbox.helper(&["status", "--json", "https://h.example"], b"");
    let status: Value = serde_json::from_slice(&ran.stdout).unwrap();
    // Only the token itself is missing, because the other helpers had none.
    assert_eq!(super::ids(&status), ["no-account"], "{status:#}");
}
