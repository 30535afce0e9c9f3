//! A token that the host refuses is served no more, and no other token is touched.

use crate::support::home::{Home, OTHER_TOKEN, TOKEN, attributes};
use crate::support::server::wait_for;
use std::time::{SystemTime, UNIX_EPOCH};

#[test]
fn a_refused_token_is_served_no_more_and_every_other_stays_in_the_kernel_keyring() {
    one_is_refused(&Home::bare().with_git_host());
}

#[test]
fn a_refused_token_is_served_no_more_and_every_other_stays_in_the_gnome_keyring() {
    one_is_refused(&Home::with_gnome_keyring().with_git_host());
}

#[track_caller]
fn one_is_refused(desk: &Home) {
    let host = desk.url("");
    desk.configure("credential.useHttpPath", "true");
    desk.approve(&desk.url("elsewhere"), "alice", OTHER_TOKEN);
    desk.approve(&host, "alice", OTHER_TOKEN);
    desk.approve(&host, "bob", OTHER_TOKEN);
    desk.approve(&desk.other_url(""), "alice", OTHER_TOKEN);
    desk.configure(&format!("credential.{host}.username"), "alice");
    desk.operations();
    desk.git_is_refused(&["ls-remote", &desk.url("team/repo.git")]);
    assert_eq!(desk.operations(), ["get", "erase"]);
    let (here, other) = (desk.server().host(), desk.server().other());
    let mut accounts = desk.accounts();
    accounts.sort();
    assert_eq!(
        accounts,
        [
            format!("https://{here} alice rejected"),
            format!("https://{here} bob ready"),
            format!("https://{here}/elsewhere alice ready"),
            format!("https://{other} alice ready"),
        ]
    );
    desk.git_is_refused(&["ls-remote", &desk.url("team/repo.git")]);
    assert_eq!(desk.operations(), ["get"], "a rejected token was served again");
}

#[test]
fn a_new_token_takes_the_place_of_the_refused_one() {
    for desk in [Home::bare().with_git_host(), Home::with_gnome_keyring().with_git_host()] {
        is_replaced(desk);
    }
}

#[track_caller]
fn is_replaced(mut desk: Home) {
    let host = desk.url("");
    desk.approve(&host, "alice", OTHER_TOKEN);
    desk.git_is_refused(&["ls-remote", &desk.url("team/repo.git")]);
    desk.types_for_git("alice", TOKEN);
    desk.git(&["ls-remote", &desk.url("team/repo.git")]);
    desk.types_nothing_for_git();
    desk.git(&["ls-remote", &desk.url("team/repo.git")]);
    assert_eq!(desk.accounts(), [format!("https://{} alice ready", desk.server().host())]);
}

#[test]
fn a_token_that_the_host_takes_again_is_restored_by_its_owner() {
    let desk = Home::bare().with_git_host();
    desk.approve(&desk.url(""), "alice", TOKEN);
    desk.server().set_token("alice", OTHER_TOKEN);
    desk.git_is_refused(&["ls-remote", &desk.url("team/repo.git")]);
    desk.server().set_token("alice", TOKEN);
    desk.git_is_refused(&["ls-remote", &desk.url("team/repo.git")]);
    let restore = ["login", "--restore", "--keychain", "kernel", &desk.url("")];
    let ran = desk.sandbox.helper(&restore, "");
    assert!(ran.status.success(), "{ran}");
    desk.git(&["ls-remote", &desk.url("team/repo.git")]);
}

#[test]
fn a_new_token_for_a_refused_scoped_one_is_not_given_to_the_whole_host() {
    let mut desk = Home::bare().with_git_host();
    desk.configure("credential.useHttpPath", "true");
    let team = desk.url("team");
    desk.approve(&team, "alice", OTHER_TOKEN);
    desk.git_is_refused(&["ls-remote", &desk.url("team/repo.git")]);
    desk.types_for_git("alice", TOKEN);
    desk.git(&["ls-remote", &desk.url("team/repo.git")]);
    assert_eq!(desk.keys.accounts(), [format!("{team} alice")]);
    assert_eq!(desk.token(&team, None).as_deref(), Some(TOKEN));
    assert_eq!(desk.token(&desk.url(""), None), None);
}

#[test]
fn only_the_scope_that_was_asked_is_rejected() {
    let desk = Home::bare().with_git_host();
    desk.configure("credential.useHttpPath", "true");
    desk.approve(&desk.url("team"), "alice", OTHER_TOKEN);
    desk.approve(&desk.url(""), "alice", OTHER_TOKEN);
    desk.git_is_refused(&["ls-remote", &desk.url("team/repo.git")]);
    assert_eq!(desk.token(&desk.url("team/repo.git"), None), None, "nothing in its place");
    assert_eq!(desk.token(&desk.url("elsewhere"), None).as_deref(), Some(OTHER_TOKEN));
}

#[test]
fn a_late_refusal_of_the_old_token_does_not_touch_the_new_one() {
    for desk in [Home::bare().with_git_host(), Home::with_gnome_keyring().with_git_host()] {
        is_not_touched(&desk);
    }
}

#[track_caller]
fn is_not_touched(desk: &Home) {
    let host = desk.url("");
    desk.approve(&host, "alice", OTHER_TOKEN);
    desk.approve(&host, "alice", TOKEN);
    let stale = format!("{}username=alice\npassword={OTHER_TOKEN}\n", attributes(&host));
    assert!(desk.run_git(&["credential", "reject"], &stale).status.success());
    assert_eq!(desk.token(&host, Some("alice")).as_deref(), Some(TOKEN));
}

#[test]
fn a_403_and_a_404_tell_nothing_about_the_token() {
    let mut desk = Home::bare().with_git_host();
    desk.server().create_repository("only-bob/repo.git");
    desk.approve(&desk.url(""), "alice", TOKEN);
    desk.mark_unwritten();
    for (path, status) in [("only-bob/repo.git", "403"), ("team/missing.git", "not found")] {
        let ran = desk.run_git(&["ls-remote", &desk.url(path)], "");
        assert!(!ran.status.success() && ran.stderr().contains(status), "{ran}");
        assert_eq!(desk.token(&desk.url(""), None).as_deref(), Some(TOKEN));
    }
    assert!(desk.is_unwritten());
}

#[test]
fn a_token_past_its_end_is_not_served_and_nobody_elses_instead() {
    let desk = Home::bare().with_git_host();
    let host = desk.url("");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let ends = format!(
        "{}username=alice\npassword={TOKEN}\npassword_expiry_utc={}\n",
        attributes(&host),
        now + 2
    );
    // git does not store it: before 2.40 it does not pass the expiry on.
    desk.sandbox.helper(&["--keychain", "kernel", "store"], format!("{ends}\n")).prints("");
    assert_eq!(desk.token(&host, None).as_deref(), Some(TOKEN));
    wait_for("the token to end", || desk.token(&host, None).is_none());
    desk.approve(&host, "bob", OTHER_TOKEN);
    let refused = desk.git_is_refused(&["ls-remote", &desk.url("team/repo.git")]);
    assert!(refused.stderr().contains("several accounts"), "{refused}");
    assert_eq!(desk.token(&host, Some("alice")), None);
}
