//! Whether the account that was chosen may be served and, if not, why.

use super::{HOST, Helper, NOW, Outcome, POLICY, alice, with_alice};
use crate::context::Context;
use crate::credential::Credential;
use crate::error::Error;
use crate::helper::Policy;
use crate::helper::verdict::{Question, Verdict, judge};
use crate::secret::Secret;

fn verdict(helper: &mut Helper, host: &str, takes_schemes: bool) -> Result<String, Error> {
    let context = Context::from_canonical(host).expect("canonical");
    let contexts = std::slice::from_ref(&context);
    let question = Question { contexts, username: None, takes_schemes };
    Ok(match judge(&mut helper.keychain, &question, POLICY)? {
        Verdict::Served(item) => {
            format!("served {}", String::from_utf8_lossy(item.1.token.expose()))
        }
        Verdict::Withheld(_, reason) => format!("{reason:?}"),
        Verdict::Nobody => "nobody".to_owned(),
        Verdict::Ambiguous(..) => "ambiguous".to_owned(),
        Verdict::Locked => "locked".to_owned(),
        Verdict::Damaged => "damaged".to_owned(),
        Verdict::RefusedHttp => "refused http".to_owned(),
    })
}

#[test]
fn each_state_of_the_chosen_account_has_its_verdict() {
    type Change = fn(&mut Credential);
    let bearer: Change = |c| c.authtype = Some(b"Bearer".to_vec());
    let rejected: Change = |c| c.rejected_at = Some(NOW);
    let expired: Change = |c| c.expiry = Some(NOW);
    let renewable: Change = |c| c.refresh_token = Some(Secret::new(b"r1"));
    for (changes, for_git, for_all) in [
        (&[][..], "served t1", "served t1"),
        (&[bearer], "Scheme", "served t1"),
        (&[rejected], "Rejected", "Rejected"),
        (&[expired], "Expired", "Expired"),
        (&[renewable], "served t1", "served t1"),
        (&[expired, renewable], "Renewable", "Renewable"),
        (&[expired, rejected, renewable, bearer], "Rejected", "Rejected"),
        (&[expired, bearer], "Scheme", "Expired"),
    ] {
        let mut helper = with_alice();
        for change in changes {
            helper.change(change);
        }
        let host = "https://h.example";
        assert_eq!(verdict(&mut helper, host, false).as_deref(), Ok(for_git));
        assert_eq!(verdict(&mut helper, host, true).as_deref(), Ok(for_all));
    }
}

#[test]
fn without_one_account_to_serve_the_verdict_says_why() {
    let mut helper = with_alice();
    assert_eq!(verdict(&mut helper, "https://g.example", true).as_deref(), Ok("nobody"));
    helper.store(&format!("{HOST} username=bob password=t2"));
    assert_eq!(verdict(&mut helper, "https://h.example", true).as_deref(), Ok("ambiguous"));

    let mut helper = Helper::default();
    helper.keychain.plant(super::account("https://h.example", "alice"), b"planted");
    assert_eq!(verdict(&mut helper, "https://h.example", true).as_deref(), Ok("damaged"));

    let mut helper = with_alice();
    helper.keychain.fail_on("find", Error::Locked);
    assert_eq!(verdict(&mut helper, "https://h.example", true).as_deref(), Ok("locked"));
    helper.keychain.fail_on("find", Error::TimedOut);
    assert_eq!(verdict(&mut helper, "https://h.example", true), Err(Error::TimedOut));
}

#[test]
fn for_unencrypted_http_nobody_is_asked_and_no_other_account_is_read() {
    let mut helper = with_alice();
    helper.keychain.take_calls();
    assert_eq!(verdict(&mut helper, "http://h.example", true).as_deref(), Ok("refused http"));
    let calls = helper.keychain.take_calls();
    assert!(calls.iter().all(|call| *call == "find"), "{calls:?}");
    let mut helper = Helper::default();
    helper.log_in("http://h.example alice t1");
    helper.keychain.lock();
    assert_eq!(verdict(&mut helper, "http://h.example", true).as_deref(), Ok("refused http"));
    assert!(!helper.keychain.take_calls().contains(&"unlock"));
    let context = Context::from_canonical("http://h.example").expect("canonical");
    assert!(Policy { allow_http: true, ..POLICY }.allows(&context) && !POLICY.allows(&context));
}

/// Returns what a get that is withheld tells: the account, since when, and the other accounts.
fn withheld(helper: &mut Helper, lines: &str) -> Option<String> {
    let Outcome::Withheld(it) = helper.try_get(lines).expect("an outcome") else { return None };
    let name = it.username.map(|name| name.to_string()).unwrap_or_default();
    let others: Vec<String> = it.others.iter().map(ToString::to_string).collect();
    Some(format!("{:?} {} {name}; {}", it.reason, it.since, others.join(" ")))
}

#[test]
fn a_persons_token_that_fails_is_told_with_the_other_live_accounts() {
    let mut helper = Helper::default();
    helper.log_in("https://h.example alice t1");
    helper.change(|c| c.expiry = Some(NOW - 5));
    let told = withheld(&mut helper, HOST);
    assert_eq!(told.as_deref(), Some("Expired 1799999995 alice; "));
    helper.log_in("https://h.example bob t2").log_in("https://h.example carol t3");
    helper.log_in("https://g.example dora t4").log_in("https://h.example/org erin t5");
    helper.erase(&format!("{HOST} username=carol password=t3"));
    let told = withheld(&mut helper, &format!("{HOST} username=carol"));
    assert_eq!(told.as_deref(), Some("Rejected 1800000000 carol; bob"));
    let told = withheld(&mut helper, &format!("{HOST} username=alice path=org/r.git"));
    assert_eq!(told.as_deref(), Some("Expired 1799999995 alice; bob erin"));
}

#[test]
fn of_an_account_that_git_stored_nothing_is_told() {
    let mut helper = with_alice();
    helper.erase(&alice("t1"));
    assert!(matches!(helper.try_get(HOST), Ok(Outcome::Silent)));
}
