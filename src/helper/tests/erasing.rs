//! What a refusal of the host does, and what a person's erase.

use super::{HOST, Helper, NOW, alice, with_alice};

#[test]
fn a_refused_token_is_rejected_and_kept() {
    let mut helper = with_alice();
    helper.erase(&alice("t1"));
    assert_eq!(helper.get(HOST), "");
    assert_eq!(helper.accounts(), ["https://h.example alice"]);
    let mut rejected_at = None;
    helper.change(|credential| rejected_at = credential.rejected_at);
    assert_eq!(rejected_at, Some(NOW));
    helper.wrote();
    helper.erase(&alice("t1"));
    assert!(!helper.wrote(), "erase twice is erase once");
}

#[test]
fn a_stale_erase_does_not_touch_a_newer_token() {
    let mut helper = with_alice();
    for stale in ["t0", "t", "t11", ""] {
        helper.erase(&alice(stale));
    }
    helper.erase(&format!("{HOST} username=bob password=t1"));
    helper.erase(&format!("{HOST} username=alice authtype=Bearer credential=t1"));
    assert_eq!(helper.get(HOST), "username=alice password=t1");
}

#[test]
fn a_refused_token_without_a_username_is_anybodys() {
    let mut helper = with_alice();
    helper.store(&format!("{HOST} username=bob password=t2"));
    helper.erase(&format!("{HOST} password=t1"));
    assert_eq!(helper.get(&format!("{HOST} username=alice")), "");
    assert_eq!(helper.get(&format!("{HOST} username=bob")), "username=bob password=t2");
}

#[test]
fn only_the_scope_that_answered_is_rejected() {
    let mut helper = with_alice();
    helper.store(&format!("{} path=org", alice("t2")));
    helper.erase(&format!("{} path=org/repo", alice("t1")));
    assert_eq!(helper.get(HOST), "username=alice password=t1");
    helper.erase(&format!("{} path=org/repo", alice("t2")));
    assert_eq!(helper.get(HOST), "username=alice password=t1");
    assert_eq!(helper.get(&format!("{HOST} path=org/repo")), "");
}

#[test]
fn without_a_token_exactly_this_context_is_deleted() {
    let mut helper = with_alice();
    helper.store(&format!("{HOST} username=bob password=t2"));
    helper.store(&format!("{HOST} path=org username=alice password=t3"));
    helper.erase(&format!("{HOST} path=org/repo username=alice"));
    helper.erase(&format!("{HOST} path=a/../b"));
    assert_eq!(helper.accounts().len(), 3);
    helper.erase(&format!("{HOST} username=alice"));
    assert_eq!(helper.accounts(), ["https://h.example bob", "https://h.example/org alice"]);
    helper.erase(HOST);
    assert_eq!(helper.accounts(), ["https://h.example/org alice"]);
    helper.erase(&format!("{HOST} path=org"));
    assert!(helper.accounts().is_empty());
}

#[test]
fn without_protocol_and_host_nothing_is_erased() {
    let mut helper = with_alice();
    for lines in ["", "protocol=https", "host=h.example", "username=alice password=t1", "host="] {
        helper.erase(lines);
    }
    assert_eq!(helper.get(HOST), "username=alice password=t1");
}

#[test]
fn a_damaged_item_does_not_save_its_neighbour() {
    let mut helper = with_alice();
    let mallory = super::account("https://h.example", "mallory");
    helper.keychain.plant(mallory, b"planted");
    helper.erase(&format!("{HOST} password=t1"));
    assert_eq!(helper.get(&format!("{HOST} username=alice")), "");
}

#[test]
fn an_authtype_of_ones_own_is_refused_by_its_credential() {
    let mut helper = Helper::default();
    helper.store(&format!("{HOST} authtype=Bearer credential=c1"));
    helper.erase(&format!("{HOST} authtype=Bearer credential=c1"));
    assert_eq!(helper.get(&format!("capability[]=authtype {HOST}")), "");
}
