//! A forge that leads elsewhere: git inside follows to what is lent, and to nothing else.

use super::{Lending, home, lend};
use crate::support::home::Home;
use crate::support::program::gits;

/// The paths of the requests that came to one of the host's ports.
fn paths(home: &Home, port: usize) -> Vec<String> {
    let port = home.server().ports()[port];
    let all = home.server().requests(|all| !all.is_empty());
    all.into_iter().filter(|r| r.port == port).map(|r| r.path).collect()
}

#[test]
fn a_repository_that_moved_to_what_is_lent_is_read_and_pushed_to() {
    for git in gits() {
        let home = home().with_git(&git);
        let folder = home.sandbox.path("checkout");
        let folder = folder.to_str().unwrap();
        let (old, new) = (home.url("renamed/team/repo.git"), home.url("team/repo.git"));
        let options = format!("--push {old} {new} --branches agent/* --port 0");
        let ran = lend(&home, &options, &["git", "clone", &old, folder]);
        assert!(ran.status.success() && ran.stderr().contains("redirecting to "), "{ran}");
        home.git(&["-C", folder, "commit", "--quiet", "--allow-empty", "-m", "More"]);
        let push = ["git", "-C", folder, "push", "origin", "HEAD:refs/heads/agent/x"];
        let ran = lend(&home, &options, &push);
        assert!(ran.status.success(), "{ran}");
        let requests = home.server().requests(|all| all.len() >= 6);
        assert!(requests.iter().all(|r| r.authorized), "{requests:?}");
    }
}

#[test]
fn a_redirect_to_what_is_not_lent_is_refused_in_gits_own_output() {
    let home = home();
    let (name, _) = home.host.split_once(':').unwrap();
    for (from, reads) in [
        // Another host, before and after the login.
        ("moved/team/repo.git", ""),
        ("moved-after-login/team/repo.git", ""),
        // Another port of the same name, and loopback addresses.
        ("moved-port/team/repo.git", ""),
        ("moved-local/team/repo.git", ""),
        ("moved-local-port/team/repo.git", ""),
        ("junk-for-alice/team/repo.git", ""),
        // Another place of the same host.
        ("renamed/team/secret.git", "renamed"),
    ] {
        let options = format!("--read {} --port 0", home.url(reads));
        let ran = lend(&home, &options, &["git", "ls-remote", &home.url(from)]);
        let reason = format!("remote: git-credential-pat lend: {name}:");
        let says = ran.stderr();
        assert!(!ran.status.success() && says.contains(&reason), "{from}: {ran}");
        assert!(says.contains("leads to a place that is not lent"), "{from}: {ran}");
        assert!(!says.contains(&home.server().other()) && !says.contains("junk@"), "{ran}");
    }
    assert_eq!(paths(&home, 1), [""; 0]);
    assert!(!paths(&home, 0).iter().any(|path| path.starts_with("/team/secret")));
}

#[test]
fn a_redirect_that_leads_to_what_is_only_read_is_refused_to_a_push() {
    let home = home();
    let folder = home.sandbox.path("checkout");
    let folder = folder.to_str().unwrap();
    home.git(&["clone", "--quiet", &home.url("team/repo.git"), folder]);
    home.git(&["-C", folder, "commit", "--quiet", "--allow-empty", "-m", "More"]);
    let old = home.url("renamed/team/repo.git");
    let options =
        format!("--read {} --push {old} --branches agent/* --port 0", home.url("team/repo.git"));
    let ran =
        lend(&home, &options, &["git", "-C", folder, "push", &old, "HEAD:refs/heads/agent/x"]);
    let says = ran.stderr();
    assert!(!ran.status.success() && says.contains("leads to a place that is not lent"), "{ran}");
    assert!(!paths(&home, 0).iter().any(|path| path.ends_with("/git-receive-pack")));
}

#[test]
fn what_is_sent_to_a_redirect_goes_nowhere_else() {
    let home = home();
    let repository = home.url("renamed/team/repo.git");
    let options = format!("--read {} --push {repository} --branches a/* --port 0", home.url(""));
    let lending = Lending::start(&home, &options);
    let (none, id) = ("0".repeat(40), "1".repeat(40));
    let command = format!("{none} {id} refs/heads/a/x\0 report-status agent=x");
    let push = format!("{:04x}{command}0000PACK", command.len() + 4);
    for (service, body) in [("upload-pack", "0000"), ("receive-pack", push.as_str())] {
        let head = format!(
            "POST /{}/renamed/team/repo.git/git-{service} HTTP/1.1\r\nHost: x\r\nX-Lend: {}\r\n\
             Content-Type: application/x-git-{service}-request\r\nContent-Length: {}\r\n\r\n{body}",
            home.host,
            lending.key(),
            body.len()
        );
        let answer = lending.say(head.as_bytes());
        assert!(answer.contains("leads to a place that is not lent"), "{answer}");
        assert!(!answer.contains("Location"), "{answer}");
    }
    let all = paths(&home, 0);
    assert!(all.len() == 2 && all.iter().all(|path| path.starts_with("/renamed/")), "{all:?}");
}
