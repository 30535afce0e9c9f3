//! Items that are deleted, also between the search and the use of what it found.

use super::open;
use crate::subject::{Host, Subject, again, credential, name};

pub(super) fn items_are_deleted(subject: &Subject<'_>, host: &Host) {
    let mut keychain = open(subject);
    let at = host.at("");
    let team = host.at("/team");
    for (place, username) in [(&at, "alice"), (&at, "bob"), (&at, ""), (&team, "bob")] {
        keychain.add_token(place, username, "ghp_TESTONLY");
    }
    let bob = keychain.one(&at, "bob");
    keychain.0.delete(&bob).unwrap();
    keychain.0.delete(&bob).unwrap();
    assert!(keychain.find(&at, Some("bob")).is_empty());
    assert_eq!(keychain.find(&at, None).len(), 2);
    assert_eq!(keychain.find(&team, Some("bob")).len(), 1);
    // Deleting the item without a username deletes no other, and a deleted account can come back.
    keychain.delete(&at, "");
    assert_eq!(keychain.tokens(&at, Some("alice")), ["ghp_TESTONLY"]);
    keychain.add_token(&at, "bob", "ghp_TESTONLYnew");
    assert_eq!(keychain.tokens(&at, Some("bob")), ["ghp_TESTONLYnew"]);
}

pub(super) fn items_go_away(subject: &Subject<'_>, host: &Host) {
    let mut keychain = open(subject);
    let at = host.at("");
    for username in ["alice", "bob"] {
        keychain.add_token(&at, username, "ghp_TESTONLY");
    }
    let (alice, bob) = (keychain.one(&at, "alice"), keychain.one(&at, "bob"));
    keychain.0.delete(&bob).unwrap();
    // A missing item may be in the middle of a replacement, so the first error may be transient.
    let read = again(|| keychain.0.read(std::slice::from_ref(&bob)));
    assert!(read.is_ok_and(|read| read.is_empty()));
    match keychain.0.read(&[bob.clone(), alice.clone()]) {
        Ok(read) => assert!(read.len() == 1 && read[0].0 == alice),
        Err(error) => assert!(error.is_transient(), "{error}"),
    }
    match keychain.0.usernames(&[bob]) {
        Ok(names) => assert!(names == [name("bob")]),
        Err(error) => assert!(error.is_transient(), "{error}"),
    }
}

pub(super) fn writes_are_not_lost(subject: &Subject<'_>, host: &Host) {
    let mut keychain = open(subject);
    let at = host.at("");
    keychain.add_token(&at, "alice", "ghp_TESTONLYold");
    let gone = keychain.one(&at, "alice");
    keychain.0.delete(&gone).unwrap();
    let kept: &[&str] =
        match keychain.0.write(Some(&gone), &credential(&at, "alice", "ghp_TESTONLY")) {
            Ok(()) => &["ghp_TESTONLY"],
            Err(error) if error.is_transient() => &[],
            Err(error) => panic!("{error}"),
        };
    assert_eq!(keychain.tokens(&at, Some("alice")), kept);
}
