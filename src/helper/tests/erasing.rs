//! What a host's refusal does, and what a person's erase does.

use super::{HOST, Helper, NOW, POLICY, account, alice, request, with_alice};
use crate::credential::{Maker, Username};
use crate::error::Error;
use crate::helper::{Policy, Restored, erase, forget_if_gone, restore, store};
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

/// A token rejected 30 days ago may be forgotten, but not one rejected by a wrong clock.
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
        helper.change(|credential| forgotten = Some(credential.is_gone(later)));
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
    let forget = |helper: &mut Helper, now| forget_if_gone(&mut helper.keychain, &found, now);
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
fn without_a_token_exactly_this_context_is_put_away() {
    let mut helper = with_alice();
    helper.store(&format!("{HOST} username=bob password=t2"));
    helper.store(&format!("{HOST} path=org username=alice password=t3"));
    let mut answer = |erased: &str| {
        helper.erase(erased);
        let at = ["username=alice", "username=bob", "path=org"];
        at.map(|at| {
            helper.get(&format!("{HOST} {at}")).replace("password=", "").replace("username=", "")
        })
    };
    let all = ["alice t1", "bob t2", "alice t3"];
    assert_eq!(answer(&format!("{HOST} path=org/repo username=alice")), all);
    assert_eq!(answer(&format!("{HOST} path=a/../b")), all);
    assert_eq!(answer(&format!("{HOST} username=alice")), ["", "bob t2", "alice t3"]);
    assert_eq!(answer(HOST), ["", "", "alice t3"]);
    assert_eq!(answer(&format!("{HOST} path=org")), ["", "", ""]);
    assert_eq!(helper.accounts().len(), 3, "nothing is deleted");
}

#[test]
fn what_was_put_away_hides_nobody() {
    let mut helper = with_alice();
    helper.log_in("https://h.example/org bob t2");
    helper.log_in("https://h.example/org alice t3");
    helper.erase(&format!("{HOST} path=org username=bob"));
    assert_eq!(helper.get(&format!("{HOST} path=org")), "username=alice password=t3");
    helper.erase(&format!("{HOST} path=org"));
    for asked in ["path=org", "path=org/r username=alice"] {
        assert_eq!(helper.get(&format!("{HOST} {asked}")), "username=alice password=t1");
    }
    // Nor does it hide the wider account from a refusal.
    helper.erase(&format!("{HOST} path=org username=alice password=t1"));
    assert_eq!(helper.get(HOST), "");
}

#[test]
fn another_program_that_puts_all_away_has_its_own_token_answered() {
    for theirs in ["alice", "x-access-token"] {
        let mut helper = Helper::default();
        helper.log_in("https://h.example alice t1");
        helper.erase(HOST);
        assert_eq!(helper.get(HOST), "");
        helper.store(&format!("{HOST} username={theirs} password=gho"));
        assert_eq!(helper.get(HOST), format!("username={theirs} password=gho"));
        let context = account("https://h.example", "alice").context;
        let alice = Username::new(b"alice");
        let restored = restore(&mut helper.keychain, &context, Some(&alice), NOW);
        assert!(restored.is_ok_and(|restored| matches!(restored, Restored::Account(_))));
        assert_eq!(helper.get(HOST), "username=alice password=t1");
    }
}

#[test]
fn what_was_put_away_30_days_ago_is_as_if_it_were_not_there() {
    let mut helper = Helper::default();
    helper.log_in("https://h.example alice t1");
    helper.erase(HOST);
    let later = Policy { now: NOW + 31 * 24 * 60 * 60, ..POLICY };
    let keychain = &mut helper.keychain;
    let context = account("https://h.example", "").context;
    let restored = restore(keychain, &context, None, later.now);
    assert!(restored.is_ok_and(|restored| matches!(restored, Restored::Nobody)));
    store(&request(&alice("t2")), later, keychain).expect("stored");
    assert_eq!(helper.get(HOST), "username=alice password=t2");
    helper.change(|credential| {
        assert!(credential.made_by == Maker::Git && credential.aside.is_none());
    });
}

#[test]
fn of_several_accounts_a_restored_one_is_named() {
    let mut helper = Helper::default();
    helper.log_in("https://h.example alice t1").log_in("https://h.example bob t2").erase(HOST);
    let context = account("https://h.example", "").context;
    let mut restore = |name: Option<&[u8]>| {
        let name = name.map(Username::new);
        restore(&mut helper.keychain, &context, name.as_ref(), NOW).expect("an outcome")
    };
    assert!(matches!(restore(None), Restored::Several));
    assert!(matches!(restore(Some(b"carol")), Restored::Nobody));
    assert!(matches!(restore(Some(b"bob")), Restored::Account(_)));
    assert!(matches!(restore(Some(b"bob")), Restored::Nothing));
    assert!(matches!(restore(None), Restored::Account(_)), "alice is the only one left");
}

#[test]
fn a_refused_token_that_has_expired_is_not_restored() {
    let mut helper = Helper::default();
    helper.log_in("https://h.example alice t1").erase(&alice("t1"));
    helper.change(|credential| credential.expiry = Some(NOW));
    let context = account("https://h.example", "").context;
    assert!(restore(&mut helper.keychain, &context, None, NOW).err() == Some(Error::Expired));
}

#[test]
fn what_is_damaged_is_not_put_away() {
    let mut helper = with_alice();
    helper.keychain.plant(account("https://h.example", "bob"), b"planted");
    helper.erase(HOST);
    assert_eq!(helper.get(&format!("{HOST} username=alice")), "");
    assert!(helper.keychain.contents().iter().any(|content| **content == *b"planted"));
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
