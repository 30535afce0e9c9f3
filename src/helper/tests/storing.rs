//! What a store keeps, in which account, and when it writes nothing.

use super::{HOST, Helper, NOW, POLICY, Policy, alice, request, with_alice};
use crate::error::Error;
use crate::helper::store;

#[test]
fn an_incomplete_or_foreign_credential_is_not_kept() {
    let mut helper = Helper::default();
    for lines in [
        "protocol=https host=h.example username=alice",
        "protocol=https host=h.example password=t1",
        "protocol=https username=alice password=t1",
        "host=h.example username=alice password=t1",
        "protocol=https host=h.example authtype=Bearer",
        "protocol=https host=h.example credential=t1",
        "protocol=https host=h.example:x username=alice password=t1",
        "protocol=smtp host=h.example username=alice password=t1",
        "protocol=http host=h.example username=alice password=t1",
        "protocol=https host=h.example path=a/../b username=alice password=t1",
        "protocol=https host=h.example username=alice password=t1 ephemeral=1",
        "protocol=https host=h.example username=ghp_TESTONLYTESTONLY password=x-oauth-basic",
        "protocol=https host=ghp_TESTONLYTESTONLY username=alice password=t1",
        "protocol=https host=h.example username=alice password=t1 password_expiry_utc=1",
        "protocol=https host=h.example username=alice password=t1 password_expiry_utc=1800000000",
    ] {
        helper.store(lines);
        assert!(!helper.wrote(), "{lines}");
    }
}

#[test]
fn http_is_kept_for_loopback_and_where_it_is_allowed() {
    let mut helper = Helper::default();
    helper.store("protocol=http host=127.0.0.1:3000 username=a password=t1");
    assert_eq!(helper.get("protocol=http host=127.0.0.1:3000"), "username=a password=t1");
    let elsewhere = request("protocol=http host=h.example username=a password=t2");
    let allowed = Policy { allow_http: true, ..POLICY };
    store(&elsewhere, allowed, &mut helper.keychain).expect("stored");
    assert_eq!(helper.accounts(), ["http://127.0.0.1:3000 a", "http://h.example a"]);
    assert_eq!(helper.get("protocol=http host=h.example"), "refused http");
}

#[test]
fn an_equal_token_is_not_written_again() {
    let mut helper = Helper::default();
    helper.store(&format!("{} password_expiry_utc=1900000000", alice("t1"))).wrote();
    helper.store(&alice("t1"));
    helper.store(&format!("{} password_expiry_utc=1900000000", alice("t1")));
    helper.store(&format!("{} path=org/repo", alice("t1")));
    assert!(!helper.wrote());
    helper.store(&format!("{} password_expiry_utc=1900000001", alice("t1")));
    assert!(helper.wrote());
    assert!(helper.get(HOST).ends_with("password_expiry_utc=1900000001"));
    assert_eq!(helper.accounts(), ["https://h.example alice"]);
}

#[test]
fn an_equal_refresh_token_is_not_written_again_and_another_one_is() {
    let mut helper = Helper::default();
    helper.store(&format!("{} oauth_refresh_token=r1", alice("t1"))).wrote();
    helper.store(&format!("{} oauth_refresh_token=r1", alice("t1")));
    assert!(!helper.wrote());
    helper.store(&format!("{} oauth_refresh_token=r2", alice("t1")));
    assert_eq!(helper.get(HOST), "username=alice password=t1 oauth_refresh_token=r2");
}

#[test]
fn what_is_known_of_a_token_stays_where_a_store_says_nothing_of_it() {
    let mut helper = Helper::default();
    let life = "password_expiry_utc=1900000000 oauth_refresh_token=";
    helper.store(&format!("{} {life}r1", alice("t1")));
    helper.store(&format!("{} oauth_refresh_token=r2", alice("t1")));
    assert_eq!(helper.get(HOST), format!("username=alice password=t1 {life}r2"));
}

#[test]
fn what_is_written_says_when() {
    let mut helper = with_alice();
    let later = Policy { now: NOW + 60, ..POLICY };
    let request = request(&format!("{} oauth_refresh_token=r1", alice("t1")));
    store(&request, later, &mut helper.keychain).expect("stored");
    let mut stored_at = 0;
    helper.change(|credential| stored_at = credential.stored_at);
    assert_eq!(stored_at, NOW + 60);
}

#[test]
fn a_new_token_inherits_nothing() {
    let mut helper = Helper::default();
    let life = "password_expiry_utc=1900000000 oauth_refresh_token=r1";
    helper.store(&format!("{} {life}", alice("t1")));
    assert_eq!(helper.get(HOST), format!("username=alice password=t1 {life}"));
    helper.store(&alice("t2"));
    assert_eq!(helper.get(HOST), "username=alice password=t2");
}

#[test]
fn the_host_and_its_scopes_do_not_touch_each_other() {
    let mut helper = with_alice();
    helper.store(&format!("{} path=org/repo.git", alice("t2")));
    assert_eq!(helper.accounts(), ["https://h.example alice", "https://h.example/org/repo alice"]);
    helper.store(&alice("t3"));
    assert_eq!(helper.get(&format!("{HOST} path=org/repo")), "username=alice password=t2");
    assert_eq!(helper.get(HOST), "username=alice password=t3");
}

#[test]
fn a_new_token_goes_to_where_the_dead_one_of_the_same_user_lies() {
    let mut helper = with_alice();
    helper.erase(&alice("t1"));
    helper.store(&format!("{} path=org/repo", alice("t2")));
    assert_eq!(helper.accounts(), ["https://h.example alice"]);
    assert_eq!(helper.get(HOST), "username=alice password=t2");

    let mut helper = with_alice();
    helper.change(|credential| credential.expiry = Some(NOW - 1));
    helper.store(&format!("{} path=org/repo", alice("t2")));
    assert_eq!(helper.accounts(), ["https://h.example alice"]);
    assert_eq!(helper.get(HOST), "username=alice password=t2");
}

#[test]
fn a_rejected_token_that_works_again_serves_again() {
    let mut helper = with_alice();
    helper.erase(&alice("t1")).store(&alice("t1"));
    assert_eq!(helper.get(HOST), "username=alice password=t1");
    for past in [NOW - 1, NOW] {
        helper.change(|credential| credential.expiry = Some(past));
        helper.store(&alice("t1"));
        assert_eq!(helper.get(HOST), "username=alice password=t1");
    }
}

#[test]
fn a_new_token_brings_its_own_scheme() {
    let mut helper = with_alice();
    helper.erase(&alice("t1"));
    helper.store(&format!("{HOST} username=alice authtype=Bearer credential=t2"));
    assert_eq!(helper.get(HOST), "");
    let answer = helper.get(&format!("capability[]=authtype {HOST}"));
    assert!(answer.ends_with("authtype=Bearer username=alice credential=t2"), "{answer}");
}

#[test]
fn a_new_token_says_itself_whether_there_is_a_username() {
    let mut helper = Helper::default();
    let bearer = format!("{HOST} authtype=Bearer credential=c1");
    helper.store(&bearer).erase(&bearer).store(&format!("{HOST} username= password=t1"));
    assert_eq!(helper.get(HOST), "username= password=t1");
    helper.erase(&format!("{HOST} username= password=t1")).store(&bearer);
    let answer = helper.get(&format!("capability[]=authtype {HOST}"));
    assert_eq!(answer, "capability[]=authtype authtype=Bearer credential=c1");
}

#[test]
fn a_new_token_for_any_username_keeps_the_one_it_is_told_by() {
    let mut helper = with_alice();
    helper.change(|credential| credential.any_username = true);
    helper.change(|credential| credential.rejected_at = Some(NOW));
    helper.store(&format!("{HOST} username=org password=t2"));
    helper.change(|credential| {
        assert!(credential.any_username);
        assert_eq!(credential.username.as_ref().map(ToString::to_string), Some("alice".into()));
    });
}

#[test]
fn a_dead_account_of_somebody_else_is_left_alone() {
    let mut helper = with_alice();
    helper.erase(&alice("t1"));
    helper.store(&format!("{HOST} username=bob password=t2"));
    assert_eq!(helper.accounts(), ["https://h.example alice", "https://h.example bob"]);
    assert_eq!(helper.get(&format!("{HOST} username=alice")), "");
}

#[test]
fn what_was_handed_out_comes_back_without_a_look_at_the_keychain() {
    let mut helper = Helper::default();
    let full = format!("{} password_expiry_utc=1900000000 oauth_refresh_token=r1", alice("t1"));
    helper.store(&full);
    let answer = helper.get(&format!("capability[]=state {HOST} path=org/repo"));
    let (rest, state) = answer.rsplit_once("state[]=").expect("a state");
    assert!(rest.starts_with("capability[]=state username=alice password=t1"));
    let back = format!("{full} path=org/repo state[]=other:1 state[]={state}");
    helper.keychain.take_calls();
    helper.store(&back);
    assert!(helper.keychain.take_calls().is_empty());
    for (from, to) in [
        ("password=t1", "password=t2"),
        ("username=alice", "username=bob"),
        ("1900000000", "1900000001"),
        ("oauth_refresh_token=r1", "oauth_refresh_token=r2"),
        ("oauth_refresh_token=r1", ""),
        ("path=org/repo", "path=org/other"),
        ("path=org/repo", ""),
        ("h.example", "h.test"),
        ("password=t1", "authtype=Bearer credential=t1"),
        ("state[]=git", "state[]= state[]=xgit"),
    ] {
        helper.store(&back.replace(from, to));
        assert!(!helper.keychain.take_calls().is_empty(), "{from} → {to}");
    }
}

#[test]
fn what_is_handed_out_without_an_attribute_is_not_the_same_with_an_empty_one() {
    let mut helper = with_alice();
    let answer = helper.get(&format!("capability[]=state {HOST}"));
    let (_, state) = answer.rsplit_once("state[]=").expect("a state");
    let back = format!("{} state[]={state}", alice("t1"));
    helper.keychain.take_calls();
    helper.store(&back);
    assert!(helper.keychain.take_calls().is_empty());
    helper.store(&format!("{back} oauth_refresh_token="));
    assert!(!helper.keychain.take_calls().is_empty());
}

#[test]
fn a_state_is_handed_out_only_where_it_is_understood_and_tells_nothing() {
    let mut helper = with_alice();
    assert!(!helper.get(HOST).contains("state"));
    let ask = format!("capability[]=state {HOST}");
    assert!(helper.get(&ask).contains("state[]=git-credential-pat:1:"));
    assert_eq!(helper.get(&format!("capability[]=state capability[]= {HOST}")), helper.get(HOST));
}

#[test]
fn another_authtype_is_handed_out_only_where_it_is_understood() {
    let mut helper = Helper::default();
    helper.store(&format!("capability[]=authtype {HOST} authtype=Bearer credential=c1"));
    assert_eq!(helper.get(HOST), "");
    assert_eq!(
        helper.get(&format!("capability[]=authtype {HOST}")),
        "capability[]=authtype authtype=Bearer credential=c1"
    );
}

#[test]
fn a_failed_write_leaves_the_old_token() {
    let mut helper = with_alice();
    helper.keychain.fail_on("write", Error::TimedOut);
    assert!(store(&request(&alice("t2")), POLICY, &mut helper.keychain).is_err());
    assert_eq!(helper.get(HOST), "username=alice password=t1");
}
