//! Hosts that a token was not meant for: a repository can send git to any host, and none of them
//! may see it.

use crate::support::home::{Home, OTHER_TOKEN, TOKEN};
use crate::support::kernel::Keys;
use crate::support::sandbox::BINARY;
use crate::support::server::Request;
use std::fs;

/// Expects that the port was asked for something and was shown no credential.
#[track_caller]
fn saw_no_credential(desk: &Home, port: u16) {
    let requests = desk.server().requests(|all| all.iter().any(|r| r.port == port));
    let told: Vec<&Request> = requests.iter().filter(|r| r.port == port && r.authorized).collect();
    assert!(told.is_empty(), "{told:#?}");
}

#[test]
fn a_submodule_on_another_host_gets_nothing() {
    let desk = Home::bare().with_git_host();
    desk.approve(&desk.url(""), "alice", TOKEN);
    let checkout = desk.sandbox.path("checkout");
    let checkout = checkout.to_str().unwrap();
    desk.git(&["clone", &desk.url("team/repo.git"), checkout]);
    let modules =
        format!("[submodule \"m\"]\n\tpath = m\n\turl = {}\n", desk.other_url("team/repo.git"));
    fs::write(desk.sandbox.path("checkout/.gitmodules"), modules).unwrap();
    let commit = desk.git(&["-C", checkout, "rev-parse", "HEAD"]).stdout();
    let link = format!("160000,{},m", commit.trim());
    desk.git(&["-C", checkout, "add", ".gitmodules"]);
    desk.git(&["-C", checkout, "update-index", "--add", "--cacheinfo", &link]);
    desk.git(&["-C", checkout, "commit", "--quiet", "-m", "Add a submodule"]);
    desk.git(&["-C", checkout, "push"]);
    desk.git_is_refused(&["clone", "--recurse-submodules", &desk.url("team/repo.git"), "again"]);
    saw_no_credential(&desk, desk.server().ports()[1]);
}

#[test]
fn a_redirect_to_another_host_gets_nothing() {
    for path in ["moved/team/repo.git", "moved-after-login/team/repo.git"] {
        let desk = Home::bare().with_git_host();
        desk.approve(&desk.url(""), "alice", TOKEN);
        desk.git_is_refused(&["ls-remote", &desk.url(path)]);
        saw_no_credential(&desk, desk.server().ports()[1]);
    }
}

#[test]
fn a_redirect_is_answered_with_the_other_hosts_own_token() {
    let desk = Home::bare().with_git_host();
    desk.server().set_token("bob", OTHER_TOKEN);
    desk.approve(&desk.url(""), "alice", TOKEN);
    desk.approve(&desk.other_url(""), "bob", OTHER_TOKEN);
    desk.git(&["ls-remote", &desk.url("moved/team/repo.git")]);
    let port = desk.server().ports()[1];
    let there = |r: &&Request| r.port == port && r.status == 200;
    let requests = desk.server().requests(|all| all.iter().any(|r| there(&r)));
    assert!(requests.iter().filter(there).all(|r| r.user == "bob"), "{requests:#?}");
}

#[test]
fn another_port_of_the_same_host_gets_nothing() {
    let desk = Home::bare().with_git_host();
    desk.approve(&desk.url(""), "alice", TOKEN);
    let [first, second, _] = desk.server().ports();
    let neighbour = desk.url("team/repo.git").replace(&format!(":{first}"), &format!(":{second}"));
    desk.git_is_refused(&["ls-remote", &neighbour]);
    saw_no_credential(&desk, second);
}

#[test]
fn unencrypted_http_to_another_machine_gets_nothing_unless_allowed() {
    let desk = Home::bare().with_git_host();
    let [first, _, plain] = desk.server().ports();
    let host = desk.server().host().replace(&first.to_string(), &plain.to_string());
    let url = format!("http://{host}/team/repo.git");
    desk.approve(&format!("http://{host}"), "alice", TOKEN);
    assert_eq!(desk.keys.accounts(), [""; 0], "refused http is not stored either");
    desk.git_is_refused(&["ls-remote", &url]);
    saw_no_credential(&desk, plain);

    desk.configure("credential.helper", &format!("{BINARY} --keychain kernel --allow-http"));
    desk.approve(&format!("http://{host}"), "alice", TOKEN);
    desk.git(&["ls-remote", &url]);
    desk.configure("credential.helper", &format!("{BINARY} --keychain kernel"));
    desk.git_is_refused(&["ls-remote", &url]);
}

#[test]
fn unencrypted_http_on_this_machine_is_served() {
    let desk = Home::bare().with_git_host();
    let host = format!("127.0.0.1:{}", desk.server().ports()[2]);
    let _keys = Keys::labelled(&host);
    desk.approve(&format!("http://{host}"), "alice", TOKEN);
    desk.git(&["ls-remote", &format!("http://{host}/team/repo.git")]);
}
