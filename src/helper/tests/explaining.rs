//! An explanation says exactly what a get does.

use super::{HOST, Helper, NOW, POLICY, account, request};
use crate::credential::{Credential, Maker};
use crate::error::Error;
use crate::helper::explanation::{Explained, Still, Why, accounts, explain};
use crate::helper::{Outcome, get};
use crate::keychain::Keychain;
use crate::keychain::item::Content;
use crate::secret::Secret;

/// An account, `CONTEXT USERNAME STATE`.
type Line = (&'static str, &'static str, &'static str);

const LINES: [Line; 9] = [
    ("https://h.example", "alice", ""),
    ("https://h.example", "bob", "rejected"),
    ("https://h.example", "", ""),
    ("https://h.example", "anna", "any"),
    ("https://h.example/org", "alice", "expired"),
    ("https://h.example/org", "carol", ""),
    ("https://h.example/org/repo", "dave", "bearer"),
    ("https://h.example:8443", "alice", ""),
    ("https://g.example", "alice", ""),
];

const REQUESTS: [&str; 8] = [
    "",
    "username=alice",
    "username=bob",
    "username=eve",
    "path=org/repo.git",
    "path=org/other",
    "path=org/repo username=alice",
    "path=other username=carol",
];

fn with(lines: &[Line]) -> Helper {
    let mut helper = Helper::default();
    for (at, (context, username, state)) in (0_u64..).zip(lines) {
        let account = account(context, username);
        let credential = Credential {
            any_username: *state == "any",
            authtype: (*state == "bearer").then(|| b"Bearer".to_vec()),
            expiry: (*state == "expired").then_some(NOW),
            rejected_at: (*state == "rejected").then_some(NOW),
            ..Credential::new(
                account.context,
                Some(account.username).filter(|name| !name.is_empty()),
                Secret::new(format!("{context}#{username}").as_bytes()),
                NOW - 100 + at,
            )
        };
        helper.keychain.write(None, &credential).expect("written");
    }
    helper
}

fn explained(helper: &mut Helper, asked: &str) -> Vec<Explained> {
    explain(&request(&format!("{HOST}{asked}")), POLICY, &mut helper.keychain).expect("explained")
}

fn whys(lines: &[Line], asked: &str) -> Vec<Why> {
    explained(&mut with(lines), asked).iter().map(|one| one.why).collect()
}

#[test]
fn an_account_is_said_to_answer_if_and_only_if_it_does() {
    for chosen in 0..1_usize << LINES.len() {
        let lines: Vec<Line> =
            (0..LINES.len()).filter(|at| chosen >> at & 1 == 1).map(|at| LINES[at]).collect();
        let mut helper = with(&lines);
        for asked in REQUESTS {
            let all = explained(&mut helper, asked);
            let said: Vec<&Explained> = all.iter().filter(|one| one.why == Why::Answers).collect();
            let request = request(&format!("{HOST}{asked}"));
            let outcome = get(&request, POLICY, &mut helper.keychain).expect("an outcome");
            let answers = matches!(outcome, Outcome::Answer { .. });
            assert_eq!(said.len(), usize::from(answers), "{lines:?} {asked}");
            let several = all.iter().any(|one| one.why == Why::Ambiguous);
            assert_eq!(several, matches!(outcome, Outcome::Ambiguous(..)), "{lines:?} {asked}");
            assert!(all.iter().all(|one| one.why != Why::Refused), "{lines:?} {asked}");
            if let [one] = said.as_slice() {
                let token = &one.credential.as_ref().expect("read").token;
                let answer = helper.get(&format!("{HOST}{asked}"));
                let token = String::from_utf8_lossy(token.expose()).into_owned();
                assert!(answer.ends_with(&format!("password={token}")), "{lines:?} {asked}");
            }
        }
    }
}

#[test]
fn each_of_the_others_has_its_reason() {
    use Why::{
        Ambiguous, AnotherFirst, Answers, Expired, LessSpecific, NoPath, OtherPath, OtherUsername,
        Rejected, Scheme,
    };
    let at_host = &LINES[..2];
    assert_eq!(whys(at_host, ""), [Ambiguous, Ambiguous]);
    assert_eq!(whys(at_host, "username=alice"), [Answers, OtherUsername]);
    assert_eq!(whys(at_host, "username=bob"), [OtherUsername, Rejected]);
    assert_eq!(whys(&LINES[..3], ""), [Answers, AnotherFirst, AnotherFirst]);
    let with_scope = &[LINES[0], LINES[4]];
    assert_eq!(whys(with_scope, ""), [Answers, NoPath]);
    assert_eq!(whys(with_scope, "path=org/x"), [LessSpecific, Expired]);
    assert_eq!(whys(with_scope, "path=other"), [Answers, OtherPath]);
    assert_eq!(whys(with_scope, "path=org/x username=alice"), [LessSpecific, Expired]);
    assert_eq!(whys(&LINES[6..7], "path=org/repo"), [Scheme]);
    let two_in_scope = &[LINES[0], LINES[4], LINES[5]];
    assert_eq!(whys(two_in_scope, "path=org/x"), [LessSpecific, Ambiguous, Ambiguous]);
    // Of two copies the later one counts.
    assert_eq!(whys(&[LINES[0], LINES[0]], ""), [AnotherFirst, Answers]);
}

#[test]
fn what_is_damaged_or_another_accounts_is_a_reason() {
    let mut helper = Helper::default();
    let (alice, bob) = (account("https://h.example", "alice"), account("https://h.example", "bob"));
    let at = NOW - 1;
    let theirs = Credential::new(bob.context, Some(bob.username), Secret::new(b"bobs"), at);
    helper.keychain.plant(alice, &Content::of(&theirs).to_bytes());
    let all = explained(&mut helper, "username=alice");
    assert!(all.len() == 1 && all[0].credential.is_none() && all[0].why == Why::Damaged);

    // A damaged item beside a sound one that answers only a request without a username.
    let mut helper = with(&LINES[2..3]);
    helper.keychain.plant(account("https://h.example", ""), b"?");
    let all = explained(&mut helper, "username=eve");
    assert_eq!([all[0].why, all[1].why], [Why::OtherUsername, Why::Damaged]);
}

#[test]
fn all_accounts_are_told_and_none_is_said_to_answer() {
    let all = accounts(&mut with(&LINES).keychain, NOW).expect("told");
    assert!(all.len() == LINES.len());
    assert!(all.iter().all(|one| one.credential.is_some() && one.why == Why::Refused));
}

#[test]
fn nothing_is_changed_through_what_only_looks() {
    let mut helper = with(&LINES[..1]);
    let before = helper.keychain.contents();
    let (found, _) = helper.keychain.list().expect("listed").remove(0);
    let (_, kept) = helper.keychain.read(std::slice::from_ref(&found)).expect("read").remove(0);
    let mut still = Still(&mut helper.keychain);
    assert_eq!(still.write(None, &kept), Err(Error::Denied));
    assert_eq!(still.delete(&found), Err(Error::Denied));
    assert_eq!(helper.keychain.contents(), before);
}

#[test]
fn what_is_locked_is_a_reason_and_nothing_is_unlocked() {
    let mut helper = with(&LINES[..1]);
    helper.keychain.lock();
    helper.keychain.take_calls();
    let all = explained(&mut helper, "");
    assert!(all.len() == 1 && all[0].locked && all[0].why == Why::Locked);
    let calls = helper.keychain.take_calls();
    assert!(!calls.iter().any(|call| matches!(*call, "unlock" | "write" | "delete")), "{calls:?}");
}

#[test]
fn unencrypted_http_is_a_reason_and_a_failing_keychain_an_error() {
    let mut helper = with(&[("http://h.example", "alice", "")]);
    let asked = request("protocol=http host=h.example");
    // A person kept the account after a warning. One that git brought is no consent.
    for (maker, why) in [(Maker::Person, Why::Answers), (Maker::Git, Why::Refused)] {
        helper.change(|credential| credential.made_by = maker);
        let all = explain(&asked, POLICY, &mut helper.keychain).expect("explained");
        assert!(all.len() == 1 && all[0].why == why);
    }
    helper.keychain.fail_on("list", Error::TimedOut);
    assert!(explain(&asked, POLICY, &mut helper.keychain).err() == Some(Error::TimedOut));
}
