//! Handles and processes see each other's changes.

use super::open;
use crate::subject::{Host, Subject, again, credential, name, run};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

pub(super) fn other_handles_see_changes(subject: &Subject<'_>, host: &Host) {
    let (mut one, mut other) = (open(subject), open(subject));
    let at = host.at("");
    assert!(other.find(&at, None).is_empty());
    one.add_token(&at, "alice", "ghp_TESTONLY1");
    assert_eq!(other.tokens(&at, None), ["ghp_TESTONLY1"]);
    other.replace(&credential(&at, "alice", "ghp_TESTONLY2"));
    assert_eq!(one.tokens(&at, None), ["ghp_TESTONLY2"]);
    assert_eq!(one.accounts(host), other.accounts(host));
    one.delete(&at, "alice");
    assert!(other.accounts(host).is_empty());
}

/// Only the helper reads tokens here: some keychains let a program read what it has written
/// itself, and ask a person about every other program.
pub(super) fn other_processes_see_changes(subject: &Subject<'_>, host: &Host) {
    let mut keychain = open(subject);
    let place = format!("protocol=https\nhost={}\n", host.name());
    let helper = |operation: &str, rest: &str| {
        let mut command = subject.helper.unwrap()();
        command.arg(operation);
        run(command, &format!("{place}{rest}"))
    };
    let long = "ghp_TESTONLY".repeat(subject.takes / 12);
    for token in ["ghp_TESTONLY1", &long, "ghp_TESTONLY2"] {
        let account = format!("username=alice\npassword={token}\n");
        assert_eq!(helper("store", &account), "");
        assert_eq!(helper("get", ""), account);
    }
    assert_eq!(keychain.accounts(host), [format!("{} alice", host.at(""))]);
    // An account that was put away answers no more, and a later store brings it back.
    assert_eq!(helper("erase", "username=alice\n"), "");
    assert_eq!(helper("get", ""), "");
    assert_eq!(keychain.accounts(host), [format!("{} alice", host.at(""))]);
    let account = "username=alice\npassword=ghp_TESTONLY2\n";
    assert_eq!(helper("store", account), "");
    assert_eq!(helper("get", ""), account);
}

pub(super) fn replacing_is_one_step(subject: &Subject<'_>, host: &Host) {
    let mut keychain = open(subject);
    let at = host.at("");
    // The long token may need more than one item.
    let tokens = ["ghp_TESTONLY".to_owned(), "x".repeat(subject.takes)];
    keychain.add_token(&at, "alice", &tokens[0]);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut reads = 0;
            let mut keychain = open(subject);
            while !is_over.load(Ordering::Relaxed) || reads < 10 {
                let read = again(|| {
                    let found = keychain.0.find(std::slice::from_ref(&at), Some(&name("alice")))?;
                    keychain.0.read(&found)
                });
                let read = read.unwrap_or_else(|error| panic!("after {reads} reads: {error}"));
                assert_eq!(read.len(), 1, "after {reads} reads");
                let token = read[0].1.token.expose();
                assert!(tokens.iter().any(|whole| whole.as_bytes() == token), "half a token");
                reads += 1;
            }
        });
        for token in tokens.iter().cycle().take(40) {
            if reader.is_finished() {
                break;
            }
            keychain.replace(&credential(&at, "alice", token));
        }
        is_over.store(true, Ordering::Relaxed);
        reader.join().unwrap();
    });
}
