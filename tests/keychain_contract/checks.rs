//! The contract has a function for each promise. The callers of a keychain count on every promise
//! and check none.

mod contents;
mod finding;
mod going;
mod lasting;

use crate::subject::{Handle, Host, Subject, again};
use std::panic::{AssertUnwindSafe, catch_unwind};

type Check = fn(&Subject<'_>, &Host);

/// The promises of every keychain.
const CHECKS: [(&str, Check); 14] = [
    ("an account is found by its context and username", finding::accounts_are_found),
    ("a place is found exactly, not as part of another", finding::places_are_apart),
    ("several places are found at once, each under its own name", finding::several_places),
    ("names that differ only in case are different", finding::case_matters),
    ("any username is kept as it is", finding::odd_usernames),
    ("all that is known of a token is read back", contents::everything_is_read_back),
    ("an item is replaced, and nothing else", contents::items_are_replaced),
    ("a long token is kept whole, or refused and nothing is changed", contents::long_tokens),
    ("several are read, and named, in the order asked for", contents::order_is_kept),
    ("an item is deleted once, and nothing else", going::items_are_deleted),
    ("an item that went away is no item, and no error", going::items_go_away),
    ("a write into an item that went away is not lost silently", going::writes_are_not_lost),
    ("the list has each account once, and what it has can be read", finding::accounts_are_listed),
    ("an answer is of the item that was asked for, unlocked", finding::found_items_are_open),
];

/// The further promises of a keychain whose items outlive its handle.
const LASTING: [(&str, Check); 3] = [
    ("what one handle changes another sees", lasting::other_handles_see_changes),
    ("what one process changes another sees", lasting::other_processes_see_changes),
    ("at every moment the old or the new token is there, whole", lasting::replacing_is_one_step),
];

/// Expects a keychain to keep the whole contract. A failure names every promise that it breaks.
pub fn holds(subject: &Subject<'_>) {
    let lasting = LASTING.iter().filter(|_| subject.helper.is_some());
    let mut broken = Vec::new();
    for (promise, check) in CHECKS.iter().chain(lasting) {
        let host = Host::new();
        let result = catch_unwind(AssertUnwindSafe(|| {
            check(subject, &host);
        }));
        if result.is_err() {
            broken.push(*promise);
        }
        remove(subject, &host);
    }
    assert!(broken.is_empty(), "{} breaks: {broken:#?}", (subject.open)().kind().name());
}

/// Deletes all items of the host, which a failed check may leave, too.
fn remove(subject: &Subject<'_>, host: &Host) {
    let mut keychain = open(subject);
    for (found, account) in again(|| keychain.0.list()).unwrap_or_default() {
        if host.has(&account.context) {
            let _ = keychain.0.delete(&found);
        }
    }
}

fn open(subject: &Subject<'_>) -> Handle {
    Handle((subject.open)())
}
