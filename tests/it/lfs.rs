//! git-lfs asks git for a credential of its own, and with `credential.useHttpPath` under a
//! path of its own: `…/repo.git/info/lfs`. Its stores must not make copies of a token.

use crate::support::home::{Home, OTHER_TOKEN, TOKEN};
use crate::support::kernel::Keys;
use crate::support::program::program;
use crate::support::server::Request;
use std::fs;

/// Makes a desk whose host is `localhost` with the server's port, because git-lfs does not know
/// `http.curloptResolve`. Also returns the guard of that name's keys.
fn desk() -> (Home, Keys, String) {
    program("git-lfs", "git-lfs");
    program("python3", "python3");
    let desk = Home::bare().with_git_host();
    let host = format!("localhost:{}", desk.server().ports()[0]);
    let keys = Keys::labelled(&host);
    desk.git(&["lfs", "install", "--skip-repo"]);
    desk.server().set_token("bob", OTHER_TOKEN);
    desk.server().create_repository("only-bob/repo.git");
    (desk, keys, format!("https://{host}"))
}

/// Pushes a file through git-lfs, pulls it in another clone, and expects the server to have
/// seen nobody but this user.
#[track_caller]
fn push_and_pull(desk: &Home, url: &str, user: &str) {
    let (here, there) = (desk.sandbox.path("here"), desk.sandbox.path("there"));
    let (here, there) = (here.to_str().unwrap(), there.to_str().unwrap());
    desk.git(&["clone", url, here]);
    desk.git(&["-C", here, "lfs", "track", "*.bin"]);
    fs::write(desk.sandbox.path("here/large.bin"), "large").unwrap();
    desk.git(&["-C", here, "add", "."]);
    desk.git(&["-C", here, "commit", "--quiet", "-m", "Add a large file"]);
    desk.git(&["-C", here, "push"]);
    desk.git(&["clone", url, there]);
    assert_eq!(fs::read_to_string(desk.sandbox.path("there/large.bin")).unwrap(), "large");
    let transferred = |r: &&Request| r.path.contains("/info/lfs/") && r.status == 200;
    let got = |r: &Request| transferred(&r) && r.method == "GET";
    let requests = desk.server().requests(|all| all.iter().any(got));
    assert!(requests.iter().any(|r| transferred(&r) && r.method == "PUT"), "{requests:#?}");
    assert!(requests.iter().filter(transferred).all(|r| r.user == user), "{requests:#?}");
}

#[test]
fn lfs_takes_the_token_of_the_host_and_writes_nothing() {
    let (desk, keys, host) = desk();
    desk.approve(&host, "alice", TOKEN);
    keys.mark_unwritten();
    push_and_pull(&desk, &format!("{host}/team/repo.git"), "alice");
    assert!(keys.are_unwritten());
    assert_eq!(keys.accounts(), [format!("{host} alice")]);
}

#[test]
fn with_paths_lfs_takes_the_token_of_the_host_and_makes_no_copy_under_its_own_path() {
    let (desk, keys, host) = desk();
    desk.approve(&host, "alice", TOKEN);
    desk.configure("credential.useHttpPath", "true");
    keys.mark_unwritten();
    push_and_pull(&desk, &format!("{host}/team/repo.git"), "alice");
    assert!(keys.are_unwritten());
    assert_eq!(keys.accounts(), [format!("{host} alice")]);
}

#[test]
fn with_paths_lfs_takes_the_scoped_token_and_makes_no_copy_under_its_own_path() {
    for scope in ["only-bob", "only-bob/repo.git"] {
        let (desk, keys, host) = desk();
        desk.configure("credential.useHttpPath", "true");
        desk.approve(&format!("{host}/{scope}"), "bob", OTHER_TOKEN);
        desk.approve(&host, "alice", TOKEN);
        let accounts = keys.accounts();
        assert_eq!(accounts.len(), 2);
        keys.mark_unwritten();
        push_and_pull(&desk, &format!("{host}/only-bob/repo.git"), "bob");
        assert!(keys.are_unwritten());
        assert_eq!(keys.accounts(), accounts);
    }
}

#[test]
fn a_refused_token_is_rejected_for_lfs_too() {
    let (desk, keys, host) = desk();
    desk.approve(&host, "alice", TOKEN);
    let url = format!("{host}/team/repo.git");
    let here = desk.sandbox.path("here");
    let here = here.to_str().unwrap();
    desk.git(&["clone", &url, here]);
    desk.git(&["-C", here, "lfs", "track", "*.bin"]);
    fs::write(desk.sandbox.path("here/large.bin"), "large").unwrap();
    desk.git(&["-C", here, "add", "."]);
    desk.git(&["-C", here, "commit", "--quiet", "-m", "Add a large file"]);
    desk.server().set_token("alice", OTHER_TOKEN);
    let ran = desk.run_git(&["-C", here, "lfs", "push", "origin", "main"], "");
    assert!(!ran.status.success(), "{ran}");
    assert_eq!(desk.token(&host, Some("alice")), None, "{ran}");
    assert_eq!(keys.accounts(), [format!("{host} alice")]);
}
