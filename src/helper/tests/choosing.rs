//! The choice of the account that answers.

use super::{HOST, Helper, NOW, account, alice, with_alice};
use crate::error::Error;
use crate::helper::Outcome;
use crate::secret::Secret;

#[test]
fn only_the_same_endpoint_answers() {
    let mut helper = with_alice();
    let answer = "username=alice password=t1";
    for host in ["host=h.example", "host=H.Example", "host=h.example:443"] {
        assert_eq!(helper.get(&format!("protocol=https {host}")), answer, "{host}");
    }
    for other in [
        "protocol=https host=h.example:8443",
        "protocol=https host=x.h.example",
        "protocol=https host=example",
        "protocol=http host=h.example:443",
        "protocol=HTTPS host=h.example",
        "protocol=https host=h.example.",
        "protocol=https host=",
        "protocol=https",
        "host=h.example",
        "",
    ] {
        assert!(!helper.get(other).contains("t1"), "{other}");
    }
}

#[test]
fn the_username_asked_for_is_the_only_one_answered() {
    let mut helper = with_alice();
    assert_eq!(helper.get(&format!("{HOST} username=alice")), "username=alice password=t1");
    for other in ["bob", "Alice", "alic", ""] {
        assert_eq!(helper.get(&format!("{HOST} username={other}")), "", "{other}");
    }
}

#[test]
fn of_several_accounts_none_is_picked_at_random() {
    let mut helper = with_alice();
    helper.store(&format!("{HOST} username=bob password=t2"));
    assert_eq!(helper.get(HOST), "ambiguous at https://h.example: alice bob");
    assert_eq!(helper.get(&format!("{HOST} username=bob")), "username=bob password=t2");
    helper.store(&format!("{HOST} username= password=t3"));
    assert_eq!(helper.get(HOST), "username= password=t3");
}

#[test]
fn a_persons_account_answers_before_those_that_git_brought() {
    let mut helper = Helper::default();
    helper.log_in("https://h.example alice t1");
    for other in ["zzz", "", "aaa"] {
        helper.store(&format!("{HOST} username={other} password=j"));
        assert_eq!(helper.get(HOST), "username=alice password=t1", "{other}");
    }
    helper.keychain.take_calls();
    helper.get(HOST);
    assert_eq!(helper.keychain.take_calls(), ["find", "read"], "all are read in one call");
    helper.log_in("https://h.example bob t2");
    assert_eq!(helper.get(HOST), "ambiguous at https://h.example: alice bob");
}

#[test]
fn a_persons_dead_account_is_chosen_before_a_live_one_of_gits() {
    let mut helper = Helper::default();
    helper.log_in("https://h.example alice t1");
    helper.store(&format!("{HOST} username=zzz password=j"));
    helper.erase(&alice("t1"));
    assert_eq!(helper.get(HOST), "");
}

#[test]
fn beside_a_damaged_account_nobody_is_picked_but_who_is_named() {
    let mut helper = with_alice();
    helper.keychain.plant(account("https://h.example", "bob"), b"planted");
    assert_eq!(helper.get(HOST), "ambiguous at https://h.example: alice bob");
    assert_eq!(helper.get(&format!("{HOST} username=alice")), "username=alice password=t1");
    // A damaged copy is nobody's account.
    let mut helper = with_alice();
    helper.keychain.plant(account("https://h.example", "alice"), b"planted");
    assert_eq!(helper.get(HOST), "username=alice password=t1");
}

#[test]
fn a_dead_account_of_gits_hides_no_live_one_of_a_persons() {
    let mut helper = Helper::default();
    helper.log_in("https://h.example alice t1");
    let (at_repository, named) = (format!("{HOST} path=org/r "), "username=alice ");
    helper.store(&format!("{at_repository} {named} password=junk"));
    assert_eq!(helper.get(&at_repository), "username=alice password=junk");
    helper.erase(&format!("{at_repository} {named} password=junk"));
    for asked in [at_repository.clone(), format!("{at_repository} {named}")] {
        assert_eq!(helper.get(&asked), "username=alice password=t1");
    }
    // A refusal at the repository marks the account that answered there.
    helper.erase(&format!("{at_repository} {named} password=t1"));
    assert_eq!(helper.get(&at_repository), "");
    assert_eq!(helper.get(HOST), "");

    // No account of another name is hidden, no dead one and none of git's.
    for wider in ["bob t1", "alice dead", ""] {
        let mut helper = Helper::default();
        if wider.is_empty() {
            helper.store(&alice("t2"));
        } else {
            helper.log_in(&format!("https://h.example {wider}"));
        }
        helper.erase(&alice("dead"));
        helper.store(&format!("{at_repository} {named} password=junk"));
        helper.erase(&format!("{at_repository} {named} password=junk"));
        assert_eq!(helper.get(&at_repository), "", "{wider}");
    }
}

#[test]
fn gits_sign_for_single_sign_on_answers_where_no_account_does() {
    let sign = format!("{HOST} username= password=");
    let mut helper = Helper::default();
    helper.store(&sign);
    assert_eq!(helper.get(HOST), "username= password=");
    assert_eq!(helper.get(&format!("{HOST} username=alice")), "");
    helper.store(&format!("{HOST} username=alice password=t1"));
    assert_eq!(helper.get(HOST), "username=alice password=t1");
    helper.erase(&format!("{HOST} username=alice"));
    assert_eq!(helper.get(HOST), "username= password=");
    helper.store(&format!("{HOST} username= password=t0"));
    assert_eq!(helper.get(HOST), "username= password=t0");
}

#[test]
fn the_most_specific_scope_answers_and_the_host_last() {
    let mut helper = with_alice();
    helper.store(&format!("{HOST} path=org username=bob password=t2"));
    helper.store(&format!("{HOST} path=org/repo.git username=carol password=t3"));
    for (path, answer) in [
        ("org/repo", "username=carol password=t3"),
        ("org/repo.git/info/lfs", "username=carol password=t3"),
        ("org/repository", "username=bob password=t2"),
        ("organisation/repo", "username=alice password=t1"),
        ("org/../other", "username=alice password=t1"),
    ] {
        assert_eq!(helper.get(&format!("{HOST} path={path}")), answer, "{path}");
    }
    assert_eq!(helper.get(HOST), "username=alice password=t1");
}

#[test]
fn a_named_user_is_found_at_the_host_behind_a_scope_of_somebody_else() {
    let mut helper = with_alice();
    helper.store(&format!("{HOST} path=org username=bob password=t2"));
    let answer = helper.get(&format!("{HOST} path=org/repo username=alice"));
    assert_eq!(answer, "username=alice password=t1");
}

#[test]
fn a_token_that_ends_within_a_week_is_told_with_its_account() {
    const WEEK: u64 = 7 * 24 * 60 * 60;
    let mut helper = Helper::default();
    helper.store(&format!("{HOST} username=alice password=t1"));
    let mut ending = |expiry, rejected_at| {
        helper.change(|credential| {
            credential.expiry = expiry;
            credential.rejected_at = rejected_at;
        });
        match helper.try_get(HOST).expect("an outcome") {
            Outcome::Answer { ending, .. } => ("answer", ending.map(|ending| ending.expiry)),
            Outcome::Expired(ending) => ("none", Some(ending.expiry)),
            _ => ("none", None),
        }
    };
    assert_eq!(ending(None, None), ("answer", None));
    assert_eq!(ending(Some(NOW + WEEK + 1), None), ("answer", None));
    assert_eq!(ending(Some(NOW + WEEK), None), ("answer", Some(NOW + WEEK)));
    assert_eq!(ending(Some(NOW + 1), None), ("answer", Some(NOW + 1)));
    assert_eq!(ending(Some(NOW), None), ("none", Some(NOW)));
    assert_eq!(ending(Some(NOW), Some(1)), ("none", None));
}

#[test]
fn an_expired_token_hands_on_its_refresh_token_and_not_itself() {
    let mut helper = Helper::default();
    helper.store(&format!("{} oauth_refresh_token=r1", alice("t1")));
    helper.change(|credential| credential.expiry = Some(NOW));
    let handed_on = format!("username=alice password_expiry_utc={NOW} oauth_refresh_token=r1");
    for asked in ["", "username=alice", "capability[]=state", "capability[]=authtype"] {
        assert_eq!(helper.get(&format!("{HOST} {asked}")), handed_on, "{asked}");
    }
    let outcome = helper.try_get(HOST).expect("an outcome");
    assert!(matches!(outcome, Outcome::Answer { ending: None, .. }), "nothing is said of it");
    // A refresh token of another scheme goes only to a request that takes the scheme, and nowhere
    // once the token is refused.
    helper.change(|credential| credential.authtype = Some(b"Bearer".to_vec()));
    assert_eq!(helper.get(HOST), "");
    assert_eq!(helper.get(&format!("capability[]=authtype {HOST}")), handed_on);
    helper.change(|credential| credential.rejected_at = Some(NOW));
    assert_eq!(helper.get(&format!("capability[]=authtype {HOST}")), "");
}

#[test]
fn what_a_generator_got_takes_the_expired_tokens_place() {
    let mut helper = Helper::default();
    helper.store(&format!("{} oauth_refresh_token=r1", alice("t1")));
    helper.change(|credential| credential.expiry = Some(NOW));
    let life = "password_expiry_utc=1900000000 oauth_refresh_token=r2";
    helper.store(&format!("{} {life}", alice("t2")));
    assert_eq!(helper.get(HOST), format!("username=alice password=t2 {life}"));
    helper.change(|credential| assert!(credential.aside.is_none()));
}

#[test]
fn a_rejected_or_expired_account_is_chosen_and_gives_no_answer() {
    let mut helper = with_alice();
    helper.store(&format!("{HOST} path=org username=bob password=t2"));
    helper.erase(&format!("{HOST} path=org/repo username=bob password=t2"));
    assert_eq!(helper.get(&format!("{HOST} path=org/repo")), "");

    let mut helper = with_alice();
    helper.change(|credential| credential.expiry = Some(NOW));
    assert_eq!(helper.get(HOST), "");
    helper.change(|credential| credential.expiry = Some(NOW + 1));
    assert!(helper.get(HOST).contains("t1 password_expiry_utc=1800000001"));
}

#[test]
fn an_account_for_any_username_answers_with_the_one_asked_after_an_exact_one() {
    let mut helper = Helper::default();
    helper.log_in("https://h.example alice t1");
    helper.change(|credential| credential.any_username = true);
    let content = helper.keychain.contents().remove(0);
    let mut helper = Helper::default();
    helper.keychain.plant(account("https://h.example", ""), &content);
    assert_eq!(helper.get(&format!("{HOST} username=org")), "username=org password=t1");
    assert_eq!(helper.get(HOST), "username=alice password=t1");
    helper.log_in("https://h.example bob t2");
    assert_eq!(helper.get(&format!("{HOST} username=bob")), "username=bob password=t2");
    helper.erase(&format!("{HOST} username=org password=t1"));
    assert_eq!(helper.get(&format!("{HOST} username=other")), "");
}

#[test]
fn an_account_without_a_username_is_no_answer_for_a_named_user() {
    let mut helper = Helper::default();
    helper.store(&format!("{HOST} username= password=t1"));
    assert_eq!(helper.get(&format!("{HOST} username=alice")), "");
}

#[test]
fn a_token_under_a_key_it_was_not_stored_under_is_not_used() {
    let content = with_alice().keychain.contents().remove(0);
    for (context, username, ask) in [
        ("https://evil.example", "alice", "protocol=https host=evil.example"),
        ("https://h.example:8443", "alice", "protocol=https host=h.example:8443"),
        ("https://h.example", "mallory", "protocol=https host=h.example username=mallory"),
    ] {
        let mut planted = Helper::default();
        planted.keychain.plant(account(context, username), &content);
        assert!(matches!(planted.try_get(ask), Err(Error::Damaged)), "{context} {username}");
    }
}

#[test]
fn planted_line_ends_are_not_emitted() {
    for bad in ["t\rpassword=x", "t\0"] {
        let mut helper = Helper::default();
        let content = format!("{bad}\ncontext=https://h.example\nusername=alice\nstored_at=1\n");
        helper.keychain.plant(account("https://h.example", "alice"), content.as_bytes());
        assert!(matches!(helper.try_get(HOST), Err(Error::Damaged)));
    }
}

#[test]
fn of_two_items_for_one_account_the_later_answers_and_erase_takes_both() {
    let mut helper = with_alice();
    let old = helper.keychain.contents().remove(0);
    helper.change(|credential| credential.stored_at -= 1);
    helper.change(|credential| credential.token = Secret::new(b"older"));
    helper.keychain.plant(account("https://h.example", "alice"), &old);
    assert_eq!(helper.get(HOST), "username=alice password=t1");
    assert_eq!(helper.get(&format!("{HOST} username=alice")), "username=alice password=t1");
    helper.erase(&format!("{HOST} username=alice"));
    assert_eq!(helper.get(HOST), "", "one of them is not put away");
    helper.store(&alice("t1"));
    assert_eq!(helper.get(HOST), "username=alice password=t1");
}

#[test]
fn of_two_items_for_one_account_the_later_answers_whosever_it_is() {
    let mut helper = Helper::default();
    helper.log_in("https://h.example alice older");
    let old = helper.keychain.contents().remove(0);
    let mut helper = with_alice();
    helper.change(|credential| credential.stored_at += 1);
    helper.keychain.plant(account("https://h.example", "alice"), &old);
    assert_eq!(helper.get(HOST), "username=alice password=t1");
}

/// The one that is written answers even if a clock that was ahead stored the other.
#[test]
fn of_two_items_for_one_account_the_one_that_is_written_answers_from_then_on() {
    let mut helper = with_alice();
    let other = helper.keychain.contents().remove(0);
    helper.change(|credential| credential.stored_at += 1000);
    helper.keychain.plant(account("https://h.example", "alice"), &other);
    helper.store(&alice("t2"));
    assert_eq!(helper.get(HOST), "username=alice password=t2");
}

#[test]
fn what_is_locked_is_unlocked_and_searched_again() {
    let mut helper = with_alice();
    helper.keychain.lock();
    helper.keychain.take_calls();
    assert_eq!(helper.get(HOST), "username=alice password=t1");
    assert_eq!(helper.keychain.take_calls(), ["find", "unlock", "find", "read"]);
}

#[test]
fn two_transient_failures_are_tried_again_and_a_third_is_not() {
    let mut helper = with_alice();
    for failures in 1..=3 {
        for _ in 0..failures {
            helper.keychain.fail_on("find", Error::Transient(""));
        }
        assert_eq!(helper.try_get(HOST).is_ok(), failures < 3);
    }
    helper.keychain.fail_on("read", Error::TimedOut);
    assert!(helper.try_get(HOST).is_err());
}

#[test]
fn get_writes_nothing() {
    let mut helper = with_alice();
    helper.store(&alice("t2")).keychain.take_calls();
    helper.get(HOST);
    assert_eq!(helper.keychain.take_calls(), ["find", "read"]);
}
