//! A search finds exactly the items that it asks for.

use super::open;
use crate::subject::{Handle, Host, Subject, credential, name};
use git_credential_pat::credential::Username;

pub(super) fn accounts_are_found(subject: &Subject<'_>, host: &Host) {
    let mut keychain = open(subject);
    let at = host.at("");
    assert!(keychain.find(&at, None).is_empty());
    assert!(keychain.0.find(&[], None).unwrap().is_empty());
    assert!(keychain.0.read(&[]).unwrap().is_empty());
    assert!(keychain.0.usernames(&[]).unwrap().is_empty());
    for username in ["alice", "bob", ""] {
        keychain.add_token(&at, username, &format!("ghp_TESTONLY{username}"));
    }
    assert_eq!(keychain.tokens(&at, Some("alice")), ["ghp_TESTONLYalice"]);
    assert_eq!(keychain.tokens(&at, Some("bob")), ["ghp_TESTONLYbob"]);
    // An empty username is a name like others, and no wildcard.
    assert_eq!(keychain.tokens(&at, Some("")), ["ghp_TESTONLY"]);
    for nobody in ["carol", "alic", "alice2", "*"] {
        assert!(keychain.find(&at, Some(nobody)).is_empty(), "{nobody}");
    }
    let all = ["ghp_TESTONLY", "ghp_TESTONLYalice", "ghp_TESTONLYbob"];
    assert_eq!(keychain.tokens(&at, None), all);
}

pub(super) fn places_are_apart(subject: &Subject<'_>, host: &Host) {
    const PLACES: [&str; 6] = ["", ":8443", ":844", "/team", "/team/repo", ":8443/team"];
    let mut keychain = open(subject);
    let places = PLACES.map(|rest| (rest, host.at(rest)));
    let registry = host.registry();
    let wider = Host::new();
    // Each context is searched before it has an item, while wider or narrower ones have theirs.
    for (rest, place) in &places {
        assert!(keychain.find(place, Some("alice")).is_empty(), "{rest}");
        keychain.add_token(place, "alice", &format!("ghp_TESTONLY{rest}"));
    }
    assert!(keychain.find(&registry, None).is_empty());
    keychain.add_token(&registry, "alice", "ghp_TESTONLYregistry");
    for (rest, place) in &places {
        let own = [format!("ghp_TESTONLY{rest}")];
        assert_eq!(keychain.tokens(place, None), own);
        assert_eq!(keychain.tokens(place, Some("alice")), own);
    }
    assert_eq!(keychain.tokens(&registry, None), ["ghp_TESTONLYregistry"]);
    for nothing in ["/tea", "/team/repo/x", "/repo", ":84"] {
        assert!(keychain.find(&host.at(nothing), None).is_empty(), "{nothing}");
    }
    assert!(keychain.find(&wider.at(""), None).is_empty());
}

pub(super) fn several_places(subject: &Subject<'_>, host: &Host) {
    let mut keychain = open(subject);
    let places = ["/team/repo", "/team", ""].map(|rest| host.at(rest));
    for place in &places[1..] {
        keychain.add_token(place, "alice", &format!("ghp_TESTONLY{place}"));
    }
    keychain.add_token(&places[2], "bob", "ghp_TESTONLYbob");
    let alice = name("alice");
    for (username, count) in [(None, 3), (Some(&alice), 2)] {
        let found = keychain.find_all(&places, username);
        assert_eq!(found.len(), count);
        for (found, credential) in keychain.0.read(&found).unwrap() {
            assert!(found.context == credential.context, "{}", found.context);
        }
        assert_eq!(found.iter().filter(|found| found.context == places[1]).count(), 1);
    }
}

pub(super) fn case_matters(subject: &Subject<'_>, host: &Host) {
    const ACCOUNTS: [(&str, &str); 5] =
        [("", "alice"), ("", "Alice"), ("", "ALICE"), ("/team", "alice"), ("/Team", "alice")];
    let mut keychain = open(subject);
    for (rest, username) in ACCOUNTS {
        assert!(keychain.find(&host.at(rest), Some(username)).is_empty(), "{rest} {username}");
        let token = format!("ghp_TESTONLY{rest}{username}");
        keychain.add_token(&host.at(rest), username, &token);
    }
    let are_apart = |keychain: &mut Handle, accounts: &[(&str, &str)], token: &str| {
        for (rest, username) in accounts {
            let own = [format!("{token}{rest}{username}")];
            assert_eq!(keychain.tokens(&host.at(rest), Some(username)), own);
        }
    };
    are_apart(&mut keychain, &ACCOUNTS, "ghp_TESTONLY");
    keychain.replace(&credential(&host.at(""), "Alice", "ghp_TESTONLY2Alice"));
    keychain.delete(&host.at("/Team"), "alice");
    are_apart(&mut keychain, &[ACCOUNTS[0], ACCOUNTS[2], ACCOUNTS[3]], "ghp_TESTONLY");
    are_apart(&mut keychain, &[ACCOUNTS[1]], "ghp_TESTONLY2");
    assert!(keychain.find(&host.at("/Team"), None).is_empty());
}

pub(super) fn odd_usernames(subject: &Subject<'_>, host: &Host) {
    let mut keychain = open(subject);
    let at = host.at("");
    // Wine keeps 255 letters of an item's whole name. So many are left for the username.
    let long = "x".repeat(160);
    // Composed and decomposed letters look the same to a reader, but are two names to a host.
    let texts = [
        "gr\u{fc}\u{df}e",
        "gru\u{308}\u{df}e",
        "\u{65e5}\u{672c}",
        "\u{1f511}",
        "a b",
        " a",
        "a ",
        "a",
        "a\tb",
        "a\u{1}",
        "%61",
        "%",
        "a*",
        "a?",
        "[a]",
        "a/b",
        "a\\b",
        "a@b.example",
        "a:b",
        "a=b",
        "a;b",
        "\"a'",
        "-a",
        &long,
    ];
    let mut names: Vec<Username> = texts.map(name).into();
    names.push(Username::new(b"b\xff\xfed"));
    names.push(Username::new(b"b\xfe\xffd"));
    for (number, username) in names.iter().enumerate() {
        let clash = keychain.find_all(std::slice::from_ref(&at), Some(username));
        assert!(clash.is_empty(), "{username} is found before it is there");
        let mut credential = credential(&at, "", &format!("ghp_TESTONLY{number}"));
        credential.username = Some(username.clone());
        keychain.add(&credential);
    }
    for (number, username) in names.iter().enumerate() {
        let found = keychain.find_all(std::slice::from_ref(&at), Some(username));
        assert_eq!(found.len(), 1, "{username}");
        assert!(keychain.0.usernames(&found).unwrap() == [username.clone()], "{username}");
        let read = keychain.0.read(&found).unwrap();
        assert!(read[0].1.username.as_ref() == Some(username), "{username}");
        assert_eq!(read[0].1.token.expose(), format!("ghp_TESTONLY{number}").as_bytes());
    }
    let listed = keychain.list();
    let listed = listed.into_iter().filter(|(_, account)| host.has(&account.context));
    let mut listed: Vec<Username> = listed.map(|(_, account)| account.username).collect();
    listed.sort();
    names.sort();
    assert!(listed == names);
}

pub(super) fn accounts_are_listed(subject: &Subject<'_>, host: &Host) {
    let mut keychain = open(subject);
    assert!(keychain.accounts(host).is_empty());
    let places = ["", ":8443", "/team"].map(|rest| host.at(rest));
    let mut expected = Vec::new();
    for place in &places {
        for username in ["", "alice", "gr\u{fc}\u{df}e%\u{1}"] {
            keychain.add_token(place, username, &format!("ghp_TESTONLY{place}{username}"));
            expected.push(format!("{place} {}", name(username)));
        }
    }
    expected.sort();
    assert_eq!(keychain.accounts(host), expected);
    for (found, account) in keychain.list() {
        if host.has(&account.context) {
            assert!(!found.locked && found.context == account.context);
            let read = keychain.0.read(std::slice::from_ref(&found)).unwrap();
            assert!(read.len() == 1 && read[0].1.account() == account);
            assert!(keychain.0.usernames(&[found]).unwrap() == [account.username]);
        }
    }
}

pub(super) fn found_items_are_open(subject: &Subject<'_>, host: &Host) {
    let mut keychain = open(subject);
    let at = host.at("/team");
    keychain.add_token(&at, "alice", "ghp_TESTONLY");
    let found = keychain.one(&at, "alice");
    assert!(!found.locked && found.context == at);
    assert!(!keychain.0.asks_before_it_searches().unwrap());
    assert_eq!(keychain.0.kind(), (subject.open)().kind());
}
