//! Tokens in plain text: each is found, none is shown, and the remedy moves them, or the report
//! says that nothing does.

use super::{TOKEN, command, finding, ids};
use crate::support::desktop::Desktop;
use crate::support::home::Home;
use crate::support::sandbox::BINARY;
use serde_json::Value;
use std::fs;

const MOVES: &str =
    "; import moves it to the kernel's keyring (kernel): in memory only, gone at reboot";

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
    assert_eq!(what(&status), [format!("3 tokens lie in plain text in ~/.git-credentials{MOVES}")]);
    let import = "git credential-pat import --from store --remove";
    assert_eq!(command(&status, "plain-text-file"), import);
    fs::remove_file(user.sandbox.path(".git-credentials")).unwrap();
    // The file is found even if its helper is not asked any more.
    fs::create_dir(user.sandbox.path("config/git")).unwrap();
    fs::write(user.sandbox.path("config/git/credentials"), line("a")).unwrap();
    fs::write(user.sandbox.path("other file"), line("a")).unwrap();
    user.helper("store --file '~/other file'");
    user.config(&["--global", "--unset-all", "credential.helper", "^pat"]);
    user.helper("");
    user.helper("pat --keychain kernel");
    let status = user.status("");
    let files = ["~/config/git/credentials", "~/other file"];
    let lies = files.map(|file| format!("a token lies in plain text in {file}{MOVES}"));
    assert_eq!(what(&status), lies);
    let import = status["findings"][1]["command"].as_str().unwrap();
    let file = user.sandbox.path("other file");
    let source = format!("--from 'store={}' --remove", file.display());
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
    assert!(what(&status)[0].starts_with("a token lies in plain text in ~/.netrc"), "{status:#}");
    let import = "git credential-pat import --from netrc --remove";
    assert_eq!(command(&status, "plain-text-file"), import);
    user.mends("", "plain-text-file");
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
    user.sandbox.git(&["remote", "add", "three", &with(&format!("{TOKEN}:x"))]);
    let status = user.status_of(&["--keychain", "kernel"]);
    assert_eq!(ids(&status), ["token-in-url"; 3]);
    let lies = |key: &str| format!("a token lies in plain text: {key} in ~/.git/config{MOVES}");
    assert_eq!(
        what(&status),
        ["remote.one.url", "remote.two.pushurl", "remote.three.url"].map(lies)
    );
    let import = "git credential-pat import --from config --remove";
    assert_eq!(command(&status, "token-in-url"), import);
    let urls: Vec<&Value> =
        status["places"].as_array().unwrap().iter().map(|place| &place["username"]).collect();
    assert_eq!(urls, [&Value::from("alice"), &Value::Null]);
    user.agrees_to(import);
    assert!(ids(&user.status_of(&["--keychain", "kernel"])).is_empty());
}

#[test]
fn a_token_anywhere_in_gits_configuration_is_found_and_moved() {
    for (key, value) in [
        ("url.https://alice:TOKEN@HOST/.insteadOf", "work:"),
        ("url.https://HOST/.insteadOf", "https://alice:TOKEN@HOST/"),
        ("credential.https://alice:TOKEN@HOST.helper", "cache"),
        ("submodule.s.url", "https://alice:TOKEN@HOST/s.git"),
        ("branch.main.remote", "https://alice:TOKEN@HOST/b"),
        ("remote.pushDefault", "https://alice:TOKEN@HOST/b"),
        ("lfs.url", "https://alice:TOKEN@HOST/b"),
        ("http.proxy", "https://alice:TOKEN@HOST"),
    ] {
        for place in ["--global", "--local", "--worktree"] {
            let user = Home::bare().configured();
            user.account("", "alice", |_| {});
            user.sandbox.git(&["init", "-q", "."]);
            user.sandbox.git(&["config", "extensions.worktreeConfig", "true"]);
            let fill = |text: &str| text.replace("TOKEN", TOKEN);
            user.config(&[place, &fill(key), &fill(value)]);
            assert_eq!(
                user.mends("", "token-in-url"),
                "git credential-pat import --from config --remove"
            );
        }
    }
}

#[test]
fn what_no_import_moves_is_said_to_stay_and_why() {
    let user = Home::bare().configured();
    user.account("", "alice", |_| {});
    fs::write(
        user.sandbox.path(".git-credentials"),
        format!(
            "http://a:{TOKEN}@{0}\nno URL\nhttps://b:{TOKEN}@{0}.\nhttp://c:{TOKEN}@{0}\n\
             https://a@{0}\n",
            user.host
        ),
    )
    .unwrap();
    fs::write(user.sandbox.path(".netrc"), format!("default login a password {TOKEN}\n")).unwrap();
    user.config(&["--global", "alias.x", &format!("!git clone https://a:{TOKEN}@h.example/x")]);
    let status = user.status("");
    let leaves = |rest: &str| format!("what lies in plain text there, import leaves: {rest}");
    assert_eq!(
        what(&status),
        [
            leaves("line 1, line 4 of ~/.git-credentials: http is unencrypted"),
            leaves("line 3 of ~/.git-credentials: its host cannot be one that git asks for"),
            leaves(
                "line 1 of ~/.netrc (curl and other programs read it, too): it is for any machine"
            ),
            leaves(
                "alias.x in ~/gitconfig: a token stands in the middle of it: take it out by hand"
            ),
        ]
    );
    let advice = "no command moves it: take it out by hand, in an editor";
    assert_eq!(finding(&status, "plain-text-file")["advice"], advice);
    assert_eq!(command(&status, "token-in-url"), "git config --global --edit");
}

#[test]
fn another_token_than_the_keychains_is_said_to_be_one() {
    let user = Home::bare().configured();
    user.account("", "alice", |_| {});
    let other = TOKEN.replace("status", "stale");
    let line = format!("https://alice:{other}@{}\n", user.host);
    fs::write(user.sandbox.path(".git-credentials"), &line).unwrap();
    let status = user.status("");
    let differs = "a token lies in plain text in ~/.git-credentials, and the keychain has others for \
                   the same accounts";
    assert_eq!(what(&status), [differs]);
    let import = "git credential-pat import --from store --replace --remove";
    assert_eq!(user.mends("", "plain-text-file"), import);
}

#[test]
fn entries_for_one_account_leave_with_the_one_that_was_used() {
    let user = Home::bare().configured();
    user.account("", "alice", |_| {});
    let line = |token: &str| format!("https://alice:{token}@{}\n", user.host);
    let lines = line(TOKEN) + &line(&TOKEN.replace("status", "double"));
    fs::write(user.sandbox.path(".git-credentials"), lines).unwrap();
    user.mends("", "plain-text-file");
    assert_eq!(fs::read_to_string(user.sandbox.path(".git-credentials")).unwrap(), "");
}

#[test]
fn only_where_the_keychain_forgets_somebody_is_asked() {
    let desktop = Desktop::gnome_keyring();
    desktop.sandbox.git(&["config", "--global", "credential.helper", BINARY]);
    let line = format!("https://alice:{TOKEN}@h.example\n");
    fs::write(desktop.sandbox.path(".git-credentials"), line).unwrap();
    let ran = desktop.sandbox.helper(&["status", "--json"], b"");
    let status: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let import = "git credential-pat import --from store --remove --yes";
    assert_eq!(command(&status, "plain-text-file"), import);
    let ran = desktop.sandbox.run("sh", &["-c", import], b"");
    assert!(ran.status.success(), "{ran}");
    assert_eq!(fs::read_to_string(desktop.sandbox.path(".git-credentials")).unwrap(), "");
    // Where nobody can be asked, a token in a lasting file stays there.
    let user = Home::bare().configured();
    user.account("", "alice", |_| {});
    let line = format!("https://alice:{TOKEN}@{}\n", user.host);
    fs::write(user.sandbox.path(".git-credentials"), &line).unwrap();
    let import = command(&user.status(""), "plain-text-file");
    let ran = user.sandbox.run("setsid", &["--wait", "sh", "-c", &import], b"");
    assert!(!ran.status.success(), "{ran}");
    assert_eq!(fs::read_to_string(user.sandbox.path(".git-credentials")).unwrap(), line);
}

#[test]
fn nothing_of_a_url_with_a_token_goes_to_git() {
    let user = Home::bare().configured();
    user.account("", "alice", |_| {});
    let key = format!("credential.https://alice:{TOKEN}@{}.helper", user.host);
    user.config(&["--global", &key, "cache"]);
    let status = user.status("");
    assert_eq!(ids(&status), ["token-in-url"], "{status:#}");
    let key = format!("http.https://alice:{TOKEN}@{}/.extraheader", user.host);
    user.config(&["--global", &key, "Authorization: x"]);
    let url = format!("https://alice@{}/a", user.host);
    let status = user.status_of(&["--keychain", "kernel", &url]);
    assert_eq!(command(&status, "extra-header"), "git config --global --edit");
    // A command that would write beside such a line does not show the token either.
    let key = format!("credential.https://alice:{TOKEN}@{}.helper", user.host);
    user.config(&["--global", "--add", &key, ""]);
    let reset = user.status_of(&["--keychain", "kernel", &url]);
    let configure = format!("git credential-pat configure --yes {}", user.url(""));
    assert_eq!(command(&reset, "not-configured"), configure);
    let helpers = status["places"][0]["helpers"].as_array().unwrap();
    assert!(helpers.iter().any(|helper| helper["name"] == "cache"), "{status:#}");
}
