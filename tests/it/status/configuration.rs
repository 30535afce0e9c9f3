//! The helpers that git asks, and what keeps it from asking ours.

use super::{TOKEN, command, finding, ids};
use crate::support::home::Home;
use crate::support::program::gits;
use crate::support::sandbox::BINARY;

/// The line as `configure` writes it.
const OURS: &str = concat!(env!("CARGO_BIN_EXE_git-credential-pat"), " --keychain kernel");

#[test]
fn all_is_well_where_the_account_answers() {
    for git in gits() {
        let user = Home::bare().with_git(&git);
        user.helper(OURS);
        user.account("", "alice", |_| {});
        let status = user.status("");
        assert!(ids(&status).is_empty(), "{status:#}");
        assert_eq!(status["well"], true);
        assert_eq!(status["places"][0]["accounts"][0]["answers"], true);
        assert_eq!(status["keychains"][0]["survives_reboot"], false);
    }
}

#[test]
fn git_that_does_not_ask_us_is_mended() {
    for git in gits() {
        let user = Home::bare().with_git(&git);
        user.account("", "alice", |_| {});
        let command = user.mends("", "not-configured");
        assert_eq!(command, "git credential-pat configure --yes");
        assert_eq!(user.helpers(), [OURS]);
        assert!(user.finds("").is_empty());
    }
}

#[test]
fn a_reset_after_ours_is_mended_whatever_it_is_for() {
    for git in gits() {
        let user = Home::bare().with_git(&git);
        user.account("", "alice", |_| {});
        user.helper(OURS);
        user.helper("");
        user.mends("", "not-configured");
        assert!(user.finds("").is_empty());
        // `gh auth setup-git` writes these lines.
        let key = "credential.https://HOST.helper";
        user.config(&["--global", "--add", key, ""]);
        user.config(&["--global", "--add", key, "!/usr/bin/gh auth git-credential"]);
        let command = user.mends("", "not-configured");
        assert!(command.contains(&format!("--only --yes {}", user.url(""))), "{command}");
        assert!(user.finds("").is_empty(), "{:#}", user.status(""));
    }
}

#[test]
fn a_plain_text_store_beside_ours_is_not_well() {
    for git in gits() {
        let user = Home::bare().with_git(&git);
        user.account("", "alice", |_| {});
        for line in ["store", OURS, "/usr/lib/git-core/git-credential-store"] {
            user.helper(line);
        }
        user.config(&["--global", "--add", "credential.https://HOST.helper", "store --file /x y"]);
        let status = user.status("");
        assert_eq!(ids(&status), ["plain-text-helper"; 3]);
        for _ in 0..3 {
            let status = user.status("");
            user.runs(&command(&status, "plain-text-helper"), "");
        }
        assert!(user.finds("").is_empty());
        assert_eq!(user.helpers(), [OURS]);
    }
}

#[test]
fn manager_and_libsecret_at_once_are_reset_in_one_step() {
    for git in gits() {
        let user = Home::bare().with_git(&git);
        user.account("", "alice", |_| {});
        user.helper("manager");
        user.helper("/usr/share/doc/git/contrib/credential/libsecret/git-credential-libsecret");
        let status = user.status("");
        let what = finding(&status, "not-configured")["what"].as_str().unwrap();
        assert!(what.contains("manager, libsecret"), "{what}");
        let command = user.mends("", "not-configured");
        assert_eq!(command, "git credential-pat configure --only --yes");
        assert!(user.finds("").is_empty());
        assert_eq!(user.helpers()[2..], ["", OURS]);
        // Neither of them comes before ours, or gets copies, where all three are there.
        let user = Home::bare().with_git(&git);
        user.account("", "alice", |_| {});
        for line in ["manager", OURS, "libsecret"] {
            user.helper(line);
        }
        assert_eq!(user.finds(""), ["asked-first", "gets-copies"]);
        assert_eq!(user.status("")["findings"][1]["wrong"], false);
        user.mends("", "gets-copies");
        user.mends("", "asked-first");
        assert!(user.finds("").is_empty());
    }
}

#[test]
fn doubled_helpers_are_found_in_one_file_and_in_two() {
    let user = Home::bare().configured();
    user.account("", "alice", |_| {});
    user.helper(&format!("{BINARY} --keychain kernel"));
    assert_eq!(user.finds(""), ["doubled"]);
    user.mends("", "doubled");
    assert_eq!(user.helpers().len(), 1);
    user.helper("cache");
    user.helper("cache");
    user.mends("", "doubled");
    assert_eq!(user.helpers().len(), 2);
    user.sandbox.git(&["init", "-q", "."]);
    user.config(&["--local", "credential.helper", OURS]);
    let command = user.mends("", "doubled");
    assert!(command.contains("--local"), "{command}");
}

#[test]
fn a_snippet_that_runs_us_is_reported_as_one() {
    let user = Home::bare().configured();
    user.account("", "alice", |_| {});
    user.helper(&format!("!{BINARY} capability </dev/null; tee -a leak | {OURS}"));
    let status = user.status("");
    assert_eq!(ids(&status), ["snippet"]);
    user.runs(&command(&status, "snippet"), "");
    assert_eq!(user.helpers(), ["pat --keychain kernel"]);
}

#[test]
fn our_name_in_a_files_name_is_not_another_helper() {
    let user = Home::bare();
    let file = user.sandbox.path("git-credential-pat");
    let line = format!("--for {} --file {}", user.url(""), file.display());
    user.helper(&format!("{BINARY} {line}/token"));
    user.helper(&format!("{BINARY} {line}"));
    let names = user.status("")["places"][0]["helpers"].clone();
    assert!(names.to_string().matches("pat --for").count() == 2, "{names}");
}

#[test]
fn a_shell_snippet_is_shown_to_be_there_and_never_its_text() {
    for git in gits() {
        let user = Home::bare().with_git(&git);
        user.account("", "alice", |_| {});
        let snippet = format!("!f() {{ echo username=a; echo password={TOKEN}; }}; f");
        user.helper(&snippet);
        user.helper(OURS);
        assert_eq!(user.finds(""), ["snippet"]);
        let command = user.mends("", "snippet");
        assert_eq!(command, "git config --global --unset-all credential.helper '^!'");
        assert_eq!(user.helpers(), [OURS]);
    }
}

#[test]
fn a_header_of_gits_own_is_found_and_not_shown() {
    for git in gits() {
        let user = Home::bare().with_git(&git);
        user.helper(OURS);
        user.account("", "alice", |_| {});
        let header = format!("AUTHORIZATION: basic {TOKEN}");
        user.config(&["--global", "http.https://HOST/.extraheader", &header]);
        user.config(&["--global", "--add", "http.https://HOST/.extraheader", "X-Other: 1"]);
        user.config(&["--global", "http.https://other.example/.extraheader", &header]);
        assert_eq!(user.finds(""), ["extra-header"]);
        user.mends("", "extra-header");
        let left = user.sandbox.git(&["config", "--global", "--list"]);
        assert!(left.contains("X-Other") && left.contains("other.example"), "{left}");
        user.config(&["--global", "http.extraheader", &header]);
        user.mends("", "extra-header");
    }
}

#[test]
fn a_helper_that_git_cannot_run_is_mended() {
    let mut user = Home::bare();
    user.account("", "alice", |_| {});
    user.helper("/nowhere/git-credential-pat --keychain kernel");
    user.mends("", "no-program");
    assert_eq!(user.helpers(), [OURS]);
    user.config(&["--global", "credential.helper", "pat --keychain=nowhere"]);
    user.mends("", "wrong-options");
    assert_eq!(user.helpers(), ["pat --keychain kernel"]);
    let path = std::env::var("PATH").unwrap();
    user.sandbox.set("PATH", &path);
    let command = user.mends("", "not-in-path");
    assert!(command.starts_with(BINARY), "{command}");
    assert_eq!(user.helpers(), [OURS]);
}

#[test]
fn what_is_set_by_the_environment_is_said_to_be() {
    let mut user = Home::bare().configured();
    user.account("", "alice", |_| {});
    user.sandbox.set("GIT_CONFIG_COUNT", "1");
    user.sandbox.set("GIT_CONFIG_KEY_0", "credential.helper");
    user.sandbox.set("GIT_CONFIG_VALUE_0", "cache");
    let status = user.status("");
    let advice = finding(&status, "gets-copies")["advice"].as_str().unwrap();
    assert!(advice.contains("environment"), "{advice}");
}

#[test]
fn without_a_url_the_remotes_of_the_repository_are_looked_at() {
    let user = Home::bare().configured();
    user.account("", "alice", |_| {});
    user.sandbox.git(&["init", "-q", "."]);
    user.config(&["--global", "url.https://HOST/.insteadOf", "work:"]);
    user.sandbox.git(&["remote", "add", "origin", "work:team/repo.git"]);
    user.sandbox.git(&["remote", "add", "other", "git@ssh.example:a/b"]);
    user.sandbox.git(&["remote", "set-url", "--push", "other", &user.url("/other")]);
    let status = user.status_of(&["--keychain", "kernel"]);
    let urls: Vec<&str> =
        status["places"].as_array().unwrap().iter().map(|p| p["url"].as_str().unwrap()).collect();
    assert_eq!(urls, [user.url("/team/repo"), user.url("/other")]);
    assert_eq!(status["well"], true, "{status:#}");
}

#[test]
fn where_only_a_source_serves_no_keychain_is_looked_at() {
    let mut user = Home::bare();
    user.sandbox.set("TOKEN", "ghp_TESTONLY");
    user.helper(&format!("pat --for {} --env TOKEN", user.url("")));
    // A keychain that cannot be reached is not missed here.
    let status = user.status_of(&[&user.url("")]);
    assert!(ids(&status).is_empty(), "{status:#}");
    let name = format!("pat --for {} (the variable TOKEN)", user.url(""));
    assert_eq!(status["places"][0]["helpers"][0]["name"], *name);
    assert!(status["keychains"].as_array().unwrap().is_empty());
    // Beside a keychain the source may still be the one that answers.
    user.helper(OURS);
    assert!(user.finds("").is_empty());
}

#[test]
fn a_source_that_has_no_token_is_named() {
    let mut user = Home::bare();
    let here = user.url("");
    user.helper(&format!("pat --for {here} --env TOKEN"));
    let status = user.status_of(&[&here]);
    assert_eq!(ids(&status), ["source"]);
    assert_eq!(status["well"], false, "{status:#}");
    user.sandbox.set("TOKEN", "ghp_TESTONLY");
    assert!(user.finds("").is_empty());
    // A source for another URL has no say here, and a command is not run.
    user.helper("pat --for https://elsewhere.example --env NONE");
    user.helper(&format!(
        "pat --for {here} --command 'touch {}'",
        user.sandbox.path("ran").display()
    ));
    assert!(user.finds("").is_empty());
    assert!(!user.sandbox.path("ran").exists());
    user.helper("pat --ci");
    assert_eq!(user.finds(""), ["source"]);
    user.sandbox.set("GITLAB_CI", "true");
    user.sandbox.set("CI_SERVER_PROTOCOL", "https");
    user.sandbox.set("CI_SERVER_FQDN", "gitlab.example");
    user.sandbox.set("CI_JOB_TOKEN", "TESTONLYjob");
    let status = user.status_of(&[&here]);
    let helpers = status["places"][0]["helpers"].to_string();
    let name = "pat --ci (the variable CI_JOB_TOKEN for https://gitlab.example)";
    assert!(helpers.contains(name) && ids(&status).is_empty(), "{status:#}");
}

#[test]
fn a_configuration_that_git_cannot_read_is_said_to_be_one() {
    let user = Home::bare();
    std::fs::write(user.sandbox.path("gitconfig"), "[credential\nhelper = x\n").unwrap();
    let status = user.status("");
    assert_eq!(ids(&status), ["configuration"]);
    assert_eq!(command(&status, "configuration"), "git config --list");
    let mut user = user;
    user.sandbox.set("PATH", "/nowhere");
    assert_eq!(ids(&user.status("")), ["no-git"]);
}

#[test]
fn http_and_a_token_as_a_username_are_not_well() {
    let user = Home::bare().configured();
    let status = user.status_of(&["--keychain", "kernel", &format!("http://{}", user.host)]);
    assert_eq!(ids(&status), ["http"], "{status:#}");
    user.account("", "alice", |_| {});
    user.config(&["--global", "credential.https://HOST.username", TOKEN]);
    assert_eq!(ids(&user.status("")), ["token-as-username", "no-account"]);
    user.mends("", "token-as-username");
}

#[test]
fn a_line_that_git_takes_for_a_name_is_mended() {
    for line in [
        "~/bin/git-credential-pat --keychain kernel",
        "$HOME/bin/git-credential-pat --keychain kernel",
        " pat --keychain kernel",
    ] {
        let user = Home::bare();
        user.helper(line);
        user.account("", "alice", |_| {});
        let request = format!("url={}\n\n", user.url(""));
        let fill = || user.sandbox.run("git", &["credential", "fill"], request.as_bytes()).stdout();
        assert!(!fill().contains("password="), "{line}");
        user.mends("", "not-run");
        assert_eq!(user.helpers(), [OURS]);
        assert!(user.finds("").is_empty() && fill().contains("password="), "{line}");
    }
}

#[test]
fn a_keychain_that_only_a_variable_names_is_noted() {
    let mut user = Home::bare();
    user.sandbox.set("GIT_CREDENTIAL_PAT_KEYCHAIN", "kernel");
    user.helper("pat");
    user.account("", "alice", |_| {});
    let status = user.status("");
    assert_eq!((ids(&status), &status["well"]), (vec!["keychain-variable".into()], &true.into()));
    let command = user.mends("", "keychain-variable");
    assert_eq!(command, "git credential-pat configure --keychain kernel --yes");
    assert!(user.helpers()[0].ends_with(" --keychain kernel"), "{:?}", user.helpers());
}
