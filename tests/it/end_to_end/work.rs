//! The main path: clone, fetch and push take their token from the keychain, wherever git
//! runs and whichever git it is.

use crate::support::home::{Home, TOKEN};
use crate::support::program::gits;
use crate::support::sandbox::BINARY;
use std::fs;

/// Clones, fetches, commits and pushes. Checks for which operations git ran the helper, and that
/// nothing was written or shown on the way.
#[track_caller]
fn clone_fetch_and_push(desk: &mut Home) {
    desk.approve(&desk.url(""), "alice", TOKEN);
    desk.mark_unwritten();
    desk.operations();
    let checkout = desk.sandbox.path("checkout");
    let checkout = checkout.to_str().unwrap();
    let mut said = String::new();
    let mut git = |args: &[&str]| {
        let ran = desk.git(args);
        assert_eq!(desk.operations().last().map(String::as_str), Some("store"), "{ran}");
        said += &(ran.stdout() + &ran.stderr());
    };
    git(&["clone", &desk.url("team/repo.git"), checkout]);
    git(&["-C", checkout, "fetch"]);
    fs::write(desk.sandbox.path("checkout/file"), "content").unwrap();
    desk.git(&["-C", checkout, "add", "file"]);
    desk.git(&["-C", checkout, "commit", "--quiet", "-m", "Add a file"]);
    git(&["-C", checkout, "push"]);

    let pushed = |r: &crate::support::server::Request| {
        r.path == "/team/repo.git/git-receive-pack" && r.status == 200 && r.user == "alice"
    };
    desk.server().requests(|requests| requests.iter().any(pushed));
    assert!(desk.is_unwritten(), "a store after a success has written");
    assert!(!said.contains("git-credential-pat"), "the helper has nothing to say:\n{said}");
}

#[test]
fn clone_fetch_and_push_take_their_token_from_the_kernel_keyring_with_each_git() {
    for git in gits() {
        clone_fetch_and_push(&mut Home::bare().with_git_host().with_git(&git));
    }
}

#[test]
fn clone_fetch_and_push_take_their_token_from_the_gnome_keyring_with_each_git() {
    for git in gits() {
        let mut desk = Home::with_gnome_keyring().with_git_host().with_git(&git);
        clone_fetch_and_push(&mut desk);
        assert_eq!(desk.keys.accounts(), [""; 0], "nothing goes to the kernel");
    }
}

#[test]
fn without_an_option_the_desktops_keychain_is_taken_and_elsewhere_the_kernels() {
    let mut desk = Home::with_gnome_keyring().with_git_host();
    desk.configure("credential.helper", BINARY);
    clone_fetch_and_push(&mut desk);
    assert_eq!(desk.keys.accounts(), [""; 0]);
    let mut desk = Home::bare().with_git_host();
    desk.configure("credential.helper", BINARY);
    clone_fetch_and_push(&mut desk);
    assert_eq!(desk.keys.accounts().len(), 1);
}

#[test]
fn clone_fetch_and_push_work_in_a_session_that_does_not_possess_the_users_keys() {
    clone_fetch_and_push(&mut Home::bare().with_git_host().in_fresh_sessions());
}

#[test]
fn a_fetch_looks_the_token_up_and_its_store_asks_the_keychain_nothing_where_git_has_state() {
    for git in gits() {
        let desk = Home::with_gnome_keyring().with_git_host().with_git(&git);
        desk.approve(&desk.url(""), "alice", TOKEN);
        let url = desk.url("team/repo.git");
        let calls = desk.calls_of(|| drop(desk.git(&["ls-remote", &url])));
        let lookup = ["Hello", "SearchItems", "OpenSession", "GetSecret"];
        let has_state = desk.run_git(&["credential", "capability"], "").status.success();
        let expected = if has_state { lookup.to_vec() } else { lookup.repeat(2) };
        assert_eq!(calls, expected, "{}", git.display());
    }
}

#[test]
fn a_token_that_was_typed_is_kept_once_it_has_worked() {
    let mut desk = Home::bare().with_git_host();
    desk.types_for_git("alice", TOKEN);
    desk.git(&["ls-remote", &desk.url("team/repo.git")]);
    desk.types_nothing_for_git();
    desk.git(&["ls-remote", &desk.url("team/repo.git")]);
    assert_eq!(desk.keys.accounts(), [format!("https://{} alice", desk.server().host())]);
}

#[test]
fn no_trace_of_git_shows_the_token() {
    let mut desk = Home::bare().with_git_host();
    desk.approve(&desk.url(""), "alice", TOKEN);
    for variable in ["GIT_TRACE", "GIT_TRACE2", "GIT_TRACE_CURL", "GIT_TRACE_PACKET"] {
        desk.set(variable, "1");
    }
    let ran = desk.git(&["ls-remote", &desk.url("team/repo.git")]);
    assert!(ran.stderr().contains("git-credential-pat"), "there is no trace: {ran}");
    assert!(!ran.stderr().contains(TOKEN), "{ran}");
}

#[test]
fn a_helper_string_that_is_a_mere_name_finds_the_helper() {
    let mut desk = Home::bare().with_git_host();
    desk.configure("credential.helper", "pat --keychain kernel");
    clone_fetch_and_push(&mut desk);
}

#[test]
fn parallel_fetches_of_one_host_all_get_their_token() {
    let desk = Home::bare().with_git_host();
    desk.approve(&desk.url(""), "alice", TOKEN);
    let url = desk.url("team/repo.git");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| desk.git(&["ls-remote", &url]));
        }
    });
}
