//! The content of items, and its change when the same or another item is written.

use super::open;
use crate::subject::{Host, Subject, credential, name};
use git_credential_pat::credential::{Credential, Username};
use git_credential_pat::error::Error;
use git_credential_pat::secret::Secret;

pub(super) fn everything_is_read_back(subject: &Subject<'_>, host: &Host) {
    let mut keychain = open(subject);
    let bare = Credential { expiry: None, ..credential(&host.at("/bare"), "", "") };
    let full = Credential {
        authtype: Some(b"Bearer".to_vec()),
        expiry: Some(u64::MAX),
        refresh_token: Some(Secret::new(b"\x80\xffrefresh=1")),
        stored_at: 1_796_169_600,
        rejected_at: Some(1_798_761_600),
        ..credential(&host.at("/full"), "alice", "ghp_TESTONLY=1 \u{fc}")
    };
    let any = Credential { any_username: true, ..credential(&host.at("/any"), "alice", "t") };
    let empty = Credential {
        username: Some(Username::default()),
        ..credential(&host.at("/empty"), "", "ghp_TESTONLY")
    };
    let link = Credential {
        linked_to: Some(host.at("/full")),
        ..credential(&host.registry(), "alice", "")
    };
    for credential in [bare, full, any, empty, link] {
        keychain.add(&credential);
        let account = credential.account();
        let read = keychain.read(&account.context, &account.username.to_string());
        assert!(read == credential, "{}", account.context);
    }
}

pub(super) fn items_are_replaced(subject: &Subject<'_>, host: &Host) {
    let mut keychain = open(subject);
    let at = host.at("");
    let first = Credential {
        refresh_token: Some(Secret::new(b"ghr_TESTONLY")),
        rejected_at: Some(1),
        authtype: Some(b"Bearer".to_vec()),
        ..credential(&at, "alice", "ghp_TESTONLYlonglonglong")
    };
    keychain.add(&first);
    for other in ["bob", ""] {
        keychain.add_token(&at, other, "ghp_TESTONLYother");
    }
    keychain.add_token(&host.at("/team"), "alice", "ghp_TESTONLYteam");
    let short = Credential { expiry: None, ..credential(&at, "alice", "ghp_TESTONLY2") };
    let bytes = Credential { token: Secret::new(b"\xff\xfe"), ..credential(&at, "alice", "") };
    // The tokens: a shorter one, the same again, one that is no text, and texts again.
    for next in [&short, &short, &bytes, &first, &short] {
        keychain.replace(next);
        assert!(keychain.read(&at, "alice") == *next);
    }
    assert_eq!(keychain.tokens(&at, Some("bob")), ["ghp_TESTONLYother"]);
    assert_eq!(keychain.tokens(&at, Some("")), ["ghp_TESTONLYother"]);
    assert_eq!(keychain.tokens(&host.at("/team"), None), ["ghp_TESTONLYteam"]);
    assert_eq!(keychain.accounts(host).len(), 4);
}

pub(super) fn long_tokens(subject: &Subject<'_>, host: &Host) {
    let mut keychain = open(subject);
    let at = host.at("");
    let mut kept = "ghp_TESTONLY".to_owned();
    keychain.add_token(&at, "alice", &kept);
    for length in [1_000, 2_500, 2_561, 5_000, 16_000, 40_000, 10] {
        let token: String = "ghp_TESTONLY0123456789".chars().cycle().take(length).collect();
        let found = keychain.one(&at, "alice");
        match keychain.0.write(Some(&found), &credential(&at, "alice", &token)) {
            Ok(()) => kept = token,
            Err(Error::TooLong | Error::KernelKeyringFull) => assert!(length > subject.takes),
            Err(error) => panic!("{length} bytes: {error}"),
        }
        assert!(keychain.tokens(&at, Some("alice")) == [kept.as_str()], "after {length} bytes");
        assert_eq!(keychain.accounts(host).len(), 1, "after {length} bytes");
    }
    // Nothing is left of the deleted item, and a new one takes a token of the promised length.
    keychain.delete(&at, "alice");
    assert!(keychain.accounts(host).is_empty());
    let token = "x".repeat(subject.takes);
    keychain.add_token(&at, "alice", &token);
    assert!(keychain.tokens(&at, None) == [token]);
}

pub(super) fn order_is_kept(subject: &Subject<'_>, host: &Host) {
    let mut keychain = open(subject);
    let at = host.at("");
    let usernames = ["bob", "", "carol", "alice"];
    for username in usernames {
        keychain.add_token(&at, username, &format!("ghp_TESTONLY{username}"));
    }
    let mut found: Vec<_> = usernames.iter().map(|name| keychain.one(&at, name)).collect();
    for expected in [usernames.to_vec(), usernames.iter().rev().copied().collect()] {
        let names = keychain.0.usernames(&found).unwrap();
        assert!(names == expected.iter().map(|text| name(text)).collect::<Vec<_>>());
        let read = keychain.0.read(&found).unwrap();
        assert_eq!(read.len(), found.len());
        for ((expected, found), (read, credential)) in expected.iter().zip(&found).zip(read) {
            assert!(*found == read);
            let token = format!("ghp_TESTONLY{expected}");
            assert_eq!(credential.token.expose(), token.as_bytes());
        }
        found.reverse();
    }
}
