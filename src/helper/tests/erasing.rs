//! What a refusal of the host does, and what a person's erase.

use super::{HOST, Helper, NOW, POLICY, alice, request, with_alice};
use crate::helper::{Policy, erase, forget_long_rejected};
use crate::keychain::Keychain;

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

/// What was rejected 30 days ago may be forgotten: not what was rejected by a wrong clock.
#[test]
fn a_refusal_by_a_clock_that_was_wrong_is_not_of_long_ago() {
    const DAY: u64 = 24 * 60 * 60;
    for (stored_at, refused_at, later, is_long_ago) in [
        (NOW, NOW, NOW + 30 * DAY, false),
        (NOW, NOW, NOW + 30 * DAY + 1, true),
        (NOW, NOW - 400 * DAY, NOW + DAY, false),
        (NOW, NOW - 400 * DAY, NOW + 31 * DAY, true),
        (0, 0, NOW, false),
        (NOW, u64::MAX, NOW, false),
    ] {
        let mut helper = with_alice();
        helper.change(|credential| credential.stored_at = stored_at);
        let policy = Policy { now: refused_at, ..POLICY };
        erase(&request(&alice("t1")), policy, &mut helper.keychain).expect("erased");
        let mut forgotten = None;
        helper.change(|credential| forgotten = Some(credential.is_long_rejected(later)));
        assert_eq!(forgotten, Some(is_long_ago), "{stored_at} {refused_at} {later}");
        assert_eq!(helper.get(HOST), "");
    }
}

#[test]
fn what_was_rejected_long_ago_is_forgotten_and_what_came_in_its_place_is_not() {
    let later = NOW + 31 * 24 * 60 * 60;
    let mut helper = with_alice();
    helper.erase(&alice("t1"));
    let (found, _) = helper.keychain.list().expect("listed").remove(0);
    let forget = |helper: &mut Helper, now| forget_long_rejected(&mut helper.keychain, &found, now);
    assert_eq!(forget(&mut helper, NOW), Ok(false));
    helper.store(&alice("t2"));
    assert_eq!(forget(&mut helper, later), Ok(false));
    assert_eq!(helper.get(HOST), "username=alice password=t2");
    helper.erase(&alice("t2"));
    assert_eq!(forget(&mut helper, later), Ok(true));
    assert!(helper.accounts().is_empty());
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
