//! A token that stands in a URL: git approves it although it was never sent. It may take no token
//! away and answer in no other account's place.

use super::{HOST, Helper, NOW, account, alice, with_alice};
use crate::credential::{Credential, Maker};
use crate::secret::Secret;

const DAY: u64 = 24 * 60 * 60;

fn with_a_persons() -> Helper {
    let mut helper = Helper::default();
    helper.log_in("https://h.example alice t1");
    helper
}

const ANSWER: &str = "username=alice password=t1";

#[test]
fn junk_takes_no_persons_place_whatever_name_it_has() {
    for planted in [
        "username=alice password=junk",
        "username=alice password=junk1 | username=alice password=junk2",
        "username= password=junk",
        "username=zzz password=junk",
        "username=alice password=",
        "username= password=",
        "username=alice authtype=Bearer credential=junk",
        "authtype=Bearer credential=junk",
        "username=alice password=junk password_expiry_utc=1900000000 oauth_refresh_token=r",
    ] {
        let mut helper = with_a_persons();
        for planted in planted.split('|') {
            helper.store(&format!("{HOST} {planted}"));
        }
        assert_eq!(helper.get(HOST), ANSWER, "{planted}");
        assert_eq!(helper.get(&format!("{HOST} username=alice")), ANSWER, "{planted}");
        assert_eq!(helper.get(&format!("capability[]=authtype {HOST}")), ANSWER, "{planted}");
    }
}

#[test]
fn a_provoked_refusal_makes_no_junk_answer() {
    let mut helper = with_a_persons();
    helper.store(&alice("junk"));
    helper.erase(&alice("t1"));
    assert_eq!(helper.get(HOST), "", "what lies aside never answers by itself");
    helper.erase(&alice("junk"));
    assert_eq!(helper.get(HOST), "");
}

#[test]
fn a_persons_token_outlives_every_order_of_erase_old_store_new_store_junk() {
    let steps: [(bool, &str); 3] = [(false, "t1"), (true, "new"), (true, "junk")];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut helper = with_a_persons();
        for step in order {
            let (stores, token) = steps[step];
            if stores {
                helper.store(&alice(token));
            } else {
                helper.erase(&alice(token));
            }
        }
        helper.change(|c| {
            let answers = c.token.expose() == b"t1";
            let aside = c.aside.as_ref().is_some_and(|aside| aside.token.secret.expose() == b"t1");
            assert!(answers || aside, "{order:?}");
        });
    }
}

#[test]
fn a_new_token_of_git_s_answers_once_the_old_one_is_refused() {
    let mut helper = with_a_persons();
    helper.erase(&alice("t1")).store(&alice("t2"));
    assert_eq!(helper.get(HOST), "username=alice password=t2");
    // In the other order it costs one more question.
    let mut helper = with_a_persons();
    helper.store(&alice("t2")).erase(&alice("t1"));
    assert_eq!(helper.get(HOST), "");
    helper.store(&alice("t2"));
    assert_eq!(helper.get(HOST), "username=alice password=t2");
}

#[test]
fn in_an_account_of_gits_the_new_token_answers_and_the_old_is_not_lost() {
    let mut helper = with_alice();
    helper.store(&alice("t2")).store(&alice("t3"));
    assert_eq!(helper.get(HOST), "username=alice password=t3");
    helper.store(&alice("t1"));
    assert_eq!(helper.get(HOST), ANSWER, "the oldest stays aside for 30 days");
    helper.change(|c| c.aside.as_mut().expect("a token").since = NOW - 31 * DAY);
    helper.store(&alice("t4")).store(&alice("t1"));
    assert_eq!(helper.get(HOST), ANSWER, "and then makes room");
}

#[test]
fn an_empty_token_is_none() {
    let mut helper = Helper::default();
    for empty in ["username=a password=", "username=a authtype=Bearer credential="] {
        helper.store(&format!("{HOST} {empty}"));
        assert!(!helper.wrote(), "{empty}");
    }
    // With an empty username it is a sign for single sign-on, where the context has no account.
    let sign = format!("{HOST} username= password=");
    helper.store(&sign).store(&sign);
    assert_eq!(helper.accounts(), ["https://h.example"]);
    for there in ["alice", ""] {
        let mut helper = Helper::default();
        helper.store(&format!("{HOST} username={there} password=t1")).wrote();
        helper.store(&sign);
        helper.erase(HOST).wrote();
        helper.store(&sign);
        assert!(!helper.wrote(), "{there}");
    }
}

/// An earlier version kept empty tokens in this form.
#[test]
fn an_empty_token_that_is_there_hides_nobody_and_makes_room() {
    let mut helper = with_a_persons();
    let bob = account("https://h.example", "bob");
    let empty = b"\ncontext=https://h.example\nusername=bob\nstored_at=1\n";
    helper.keychain.plant(bob, empty);
    assert_eq!(helper.get(HOST), ANSWER);
    assert_eq!(helper.get(&format!("{HOST} username=bob")), "");
    helper.store(&format!("{HOST} username=bob password=t2"));
    assert_eq!(helper.get(&format!("{HOST} username=bob")), "username=bob password=t2");
}

#[test]
fn at_a_context_with_16_accounts_gits_new_usernames_are_not_kept() {
    let mut helper = with_a_persons();
    let name = |number: usize| format!("{HOST} username=zz{number} password=j");
    for number in 0..230 {
        helper.store(&name(number));
    }
    assert_eq!(helper.accounts().len(), 16);
    assert_eq!(helper.get(HOST), ANSWER);
    // An account that is there keeps a new token as before, and another context has room.
    helper.store(&format!("{HOST} username=zz0 password=k"));
    assert_eq!(helper.get(&format!("{HOST} username=zz0")), "username=zz0 password=k");
    helper.store(&format!("{HOST} path=org username=new password=k"));
    assert_eq!(helper.accounts().len(), 17);
    helper.log_in("https://h.example carol t3");
    assert_eq!(helper.get(&format!("{HOST} username=carol")), "username=carol password=t3");
    // An account that was put away does not count, and one that is gone is deleted.
    helper.erase(&format!("{HOST} username=zz1")).erase(&format!("{HOST} username=zz2"));
    helper.store(&name(300));
    assert_eq!(helper.get(&name(300)), "username=zz300 password=j");
}

#[test]
fn what_is_gone_makes_room_for_gits_new_usernames() {
    let mut helper = Helper::default();
    helper.log_in("https://h.example gone t1").erase(HOST);
    helper.change(|credential| credential.put_away_at = Some(NOW - 31 * DAY));
    for number in 0..16 {
        helper.store(&format!("{HOST} username=zz{number} password=j"));
    }
    let accounts = helper.accounts();
    assert!(accounts.len() == 16 && !accounts.contains(&"https://h.example gone".to_owned()));
}

#[test]
fn where_a_person_answers_any_username_an_exact_one_is_set_aside() {
    for path in ["", "path=org/repo"] {
        let mut helper = Helper::default();
        let context = account("https://h.example", "").context;
        let any = Credential {
            any_username: true,
            ..Credential::new(context, None, Secret::new(b"t1"), NOW)
        };
        super::put(&mut helper.keychain, &any).expect("a write");
        helper.store(&format!("{HOST} {path} username=org password=junk"));
        assert_eq!(helper.accounts(), ["https://h.example"], "{path}");
        assert_eq!(helper.get(&format!("{HOST} username=org")), "username=org password=t1");
        helper.change(|c| {
            let aside = c.aside.as_ref().expect("a token");
            assert!(c.any_username && aside.token.made_by == Maker::Git);
        });
    }
}

#[test]
fn what_a_login_says_again_is_a_persons_from_then_on() {
    let mut helper = with_alice();
    helper.store(&alice("junk"));
    assert_eq!(helper.get(HOST), "username=alice password=junk");
    helper.log_in("https://h.example alice t1").store(&alice("junk"));
    assert_eq!(helper.get(HOST), ANSWER);
}
