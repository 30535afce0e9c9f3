//! What may be pushed, and how git tells why the rest may not.

use super::{home, lend};
use crate::support::home::{Home, TOKEN};
use crate::support::program::gits;
use crate::support::sandbox::{Ran, run};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Clones the repository and commits a file of so many bytes that cannot be compressed.
fn checkout(home: &Home, bytes: usize) -> String {
    let folder = home.sandbox.path("checkout");
    let folder = folder.to_str().unwrap();
    home.git(&["clone", "--quiet", &home.url("team/repo.git"), folder]);
    let mut content = vec![0; bytes];
    getrandom::fill(&mut content).unwrap();
    fs::write(Path::new(folder).join("file"), content).unwrap();
    home.git(&["-C", folder, "add", "file"]);
    home.git(&["-C", folder, "commit", "--quiet", "-m", "Add a file"]);
    folder.to_owned()
}

/// Pushes from the checkout as somebody to whom `agent/*` is lent.
fn push(home: &Home, words: &[&str]) -> Ran {
    let folder = home.sandbox.path("checkout");
    let options = format!("--push {} --branches agent/* --port 0", home.url("team/repo.git"));
    let git = [&["git", "-C", folder.to_str().unwrap(), "push"], words].concat();
    lend(home, &options, &git)
}

/// How many pushes have reached the git host.
fn arrived(home: &Home) -> usize {
    let all = home.server().requests(|requests| !requests.is_empty());
    all.iter().filter(|request| request.path.ends_with("/git-receive-pack")).count()
}

#[track_caller]
fn is_refused(ran: &Ran, reason: &str) {
    assert!(!ran.status.success() && ran.stderr().contains(reason), "{reason}: {ran}");
}

#[test]
fn branches_inside_the_pattern_are_created_updated_and_forced_with_each_git() {
    for git in gits() {
        let home = home().with_git(&git);
        let folder = checkout(&home, 1000);
        for words in [
            &["origin", "HEAD:refs/heads/agent/x"][..],
            &["origin", "HEAD~1:refs/heads/agent/x", "--force"],
            &["origin", "HEAD:agent/x", "HEAD:refs/heads/agent/deep/y", "--atomic"],
        ] {
            let ran = push(&home, words);
            assert!(ran.status.success(), "{ran}");
        }
        let ran = home.git(&["-C", &folder, "ls-remote", "origin", "agent/*"]);
        assert_eq!(ran.stdout().lines().count(), 2, "{ran}");
    }
}

#[test]
fn a_push_that_git_sends_in_chunks_arrives_whole() {
    let home = home();
    let folder = checkout(&home, 5_000_000);
    for buffer in ["http.postBuffer=65536", "http.postBuffer=100000000"] {
        let branch = format!("HEAD:refs/heads/agent/{}", buffer.len());
        home.git(&["-C", &folder, "commit", "--quiet", "--allow-empty", "-m", buffer]);
        let options = format!("--push {} --branches agent/* --port 0", home.url("team/repo.git"));
        let git = ["git", "-c", buffer, "-C", &folder, "push", "origin", &branch];
        let ran = lend(&home, &options, &git);
        assert!(ran.status.success(), "{ran}");
    }
    home.git(&["-C", &folder, "fetch", "origin"]);
    home.git(&["-C", &folder, "fsck", "--full"]);
}

#[test]
fn a_branch_outside_is_refused_for_its_reason_and_nothing_reaches_the_host() {
    for git in gits() {
        let home = home().with_git(&git);
        checkout(&home, 1000);
        let ran = push(&home, &["origin", "HEAD:refs/heads/main"]);
        is_refused(
            &ran,
            "remote: git-credential-pat lend: only branches agent/* may be pushed here",
        );
        is_refused(
            &ran,
            "! [remote rejected] HEAD -> main (lend: only refs/heads/agent/* may be pushed)",
        );
        let ran = push(&home, &["origin", "HEAD:refs/heads/main", "HEAD:refs/heads/agent/x"]);
        is_refused(&ran, "HEAD -> agent/x (lend: another ref of this push was refused)");
        let ran = push(&home, &["origin", "HEAD:refs/tags/v1"]);
        is_refused(&ran, "HEAD -> v1 (lend: only refs/heads/agent/* may be pushed)");
        let ran = push(&home, &["origin", "HEAD:refs/for/main"]);
        is_refused(&ran, "(lend: only refs/heads/agent/* may be pushed)");
        assert_eq!(arrived(&home), 0);
    }
}

#[test]
fn a_large_push_is_refused_as_readably_as_a_small_one() {
    let home = home();
    checkout(&home, 9_000_000);
    let ran = push(&home, &["origin", "HEAD:refs/heads/main"]);
    is_refused(&ran, "HEAD -> main (lend: only refs/heads/agent/* may be pushed)");
    // git asks first with an empty list whether it may send much.
    let ran = push(&home, &["origin", "HEAD:refs/heads/agent/x"]);
    assert!(ran.status.success(), "{ran}");
}

#[test]
fn deleting_push_options_and_signed_pushes_are_refused() {
    let home = home();
    checkout(&home, 1000);
    let repository = home.server().create_repository("team/other.git");
    let repository = repository.with_file_name("repo.git");
    for setting in ["receive.advertisePushOptions=true", "receive.certNonceSeed=x"] {
        let (name, value) = setting.split_once('=').unwrap();
        let mut git = Command::new("git");
        git.arg("--git-dir").arg(&repository).args(["config", name, value]);
        git.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "safe.directory");
        git.env("GIT_CONFIG_VALUE_0", "*");
        let ran = run(git, b"");
        assert!(ran.status.success(), "{ran}");
    }
    let ran = push(&home, &["origin", "HEAD:refs/heads/agent/x"]);
    assert!(ran.status.success(), "{ran}");
    let before = arrived(&home);
    is_refused(&push(&home, &["origin", ":agent/x"]), "(lend: deleting branches is not lent)");
    let ran = push(&home, &["origin", "-o", "ci.skip", "HEAD:refs/heads/agent/y"]);
    is_refused(&ran, "(lend: push options are not lent)");
    assert_eq!(arrived(&home), before);
}

#[test]
fn what_is_lent_for_reading_cannot_be_pushed_to() {
    let home = home();
    let folder = checkout(&home, 1000);
    let git = ["git", "-C", &folder, "push", "origin", "HEAD:refs/heads/agent/x"];
    let reads = format!("--read {} --port 0", home.url("team"));
    // That another repository may be pushed to changes nothing, also if its name begins alike.
    for others in [String::new(), home.url("team/other.git"), home.url("team/re"), home.url("team")]
    {
        let push = if others.is_empty() { "" } else { "--branches agent/* --push " };
        let ran = lend(&home, &format!("{reads} {push}{others}"), &git);
        is_refused(&ran, &format!("{} is lent for reading only", home.url("team/repo")));
        is_refused(&ran, "on the host, type: git credential-pat lend --push");
    }
    assert_eq!(arrived(&home), 0);
}

#[test]
fn a_token_that_the_host_refuses_is_said_and_nobody_inside_is_asked() {
    let home = home();
    let folder = checkout(&home, 1000);
    let asked = home.sandbox.path("asked");
    let helper = format!("!f() {{ echo asked >> {}; }}; f", asked.display());
    home.server().set_token("alice", "TESTONLYanother");
    home.helper(&helper);
    let reason = "refused the token: it is to be renewed on the host";
    is_refused(&push(&home, &["origin", "HEAD:refs/heads/agent/x"]), reason);
    let options = format!("--read {} --port 0", home.url("team"));
    is_refused(&lend(&home, &options, &["git", "-C", &folder, "fetch"]), reason);
    assert!(!asked.exists());
    // It is not marked: who is inside could make that happen.
    assert_eq!(home.token(&home.url(""), None).as_deref(), Some(TOKEN));
}
