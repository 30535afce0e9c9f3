//! Many helpers at once, as `git fetch --jobs`, submodules and build machines run them: each gets
//! its own account, none fails because another runs, and no name comes with another's token. They
//! run with the kernel's keyring, and with one GNOME Keyring for all.

use crate::support::home::Home;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

fn request(home: &Home, name: &str) -> String {
    format!("protocol=https\nhost={}\n", home.keys.host(name))
}

fn store(home: &Home, name: &str, account: &str) {
    home.operation("store", request(home, name) + account).prints("");
}

fn erase(home: &Home, name: &str, account: &str) {
    home.operation("erase", request(home, name) + account).prints("");
}

fn get(home: &Home, name: &str) -> String {
    let ran = home.operation("get", request(home, name));
    assert!(ran.status.success() && ran.stderr.is_empty(), "{ran}");
    ran.stdout()
}

/// Runs a person's command about alice's account.
#[track_caller]
fn command(home: &Home, name: &str, words: &[&str], stdin: &str) {
    let url = format!("https://{}", home.keys.host(name));
    let words = [words, &[&url, "--username", "alice", "--keychain", home.keychain]].concat();
    let ran = home.sandbox.helper(&words, stdin);
    assert!(ran.status.success(), "{ran}");
}

/// Makes a home in which each store displaces the key of the one before.
fn with_timeout() -> Home {
    Home::bare().with_options("--timeout 3000")
}

/// Returns a username and the token that belongs to it, as the lines of a request or an answer.
fn account(n: usize) -> String {
    format!("username=user{n}\npassword=ghp_TESTONLY{n:0>28}\n")
}

fn at_once(count: usize, act: impl Fn(usize) + Sync) {
    thread::scope(|scope| {
        for n in 0..count {
            let act = &act;
            scope.spawn(move || act(n));
        }
    });
}

fn many_at_once(home: &Home, count: usize) {
    // First come different contexts.
    at_once(count, |n| store(home, &format!("h{n}"), &account(n)));
    at_once(count, |n| assert_eq!(get(home, &format!("h{n}")), account(n)));
    // Then come one context and one account.
    let token = |n: usize| account(n).replace(&format!("user{n}"), "alice");
    at_once(count, |n| store(home, "one", &token(n)));
    let answer = get(home, "one");
    assert!((0..count).any(|n| token(n) == answer), "{answer}");
    at_once(count, |_| assert_eq!(get(home, "one"), answer));
    // Last come ten accounts at each of some contexts: none is lost.
    let shared = |n: usize| format!("all{}", n / 10);
    at_once(count, |n| store(home, &shared(n), &account(n)));
    at_once(count, |n| {
        let ran = home.operation("get", request(home, &shared(n)) + &format!("username=user{n}\n"));
        ran.prints(&account(n));
    });
    at_once(count, |n| {
        erase(home, &shared(n), &format!("username=user{n}\n"));
        erase(home, &format!("h{n}"), "");
    });
    erase(home, "one", "");
}

/// Expects that a get beside stores sees an old or a new pair, always a whole one.
fn gets_beside_stores(home: &Home, gets: usize) {
    let token = |n: usize| format!("username=alice\npassword=ghp_TESTONLY{}\n", "ab".repeat(9 * n));
    let pairs = [token(1), token(2)];
    store(home, "h", &pairs[0]);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for pair in pairs.iter().cycle() {
                store(home, "h", pair);
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        let getters: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..gets / 2 {
                        let answer = get(home, "h");
                        assert!(pairs.contains(&answer), "{answer:?}");
                    }
                })
            })
            .collect();
        let ends: Vec<_> = getters.into_iter().map(thread::ScopedJoinHandle::join).collect();
        is_over.store(true, Ordering::Relaxed);
        assert!(ends.iter().all(Result::is_ok), "a get saw what was never stored");
    });
}

/// Expects that a late refusal of the old token, beside a store of the new one, leaves the new one.
fn erases_beside_stores(home: &Home, rounds: usize) {
    for round in 0..rounds {
        let pair = |age: &str| format!("username=alice\npassword=ghp_TESTONLY{age}{round}\n");
        let (old, new) = (pair("old"), pair("new"));
        store(home, "h", &old);
        thread::scope(|scope| {
            scope.spawn(|| erase(home, "h", &old));
            scope.spawn(|| store(home, "h", &new));
        });
        assert_eq!(get(home, "h"), new);
    }
}

/// Expects that a refusal of a person's token, a store of the new one and a store from a URL leave
/// the person's token so that it can be brought back, whichever comes first.
fn junk_beside_a_refusal(home: &Home, rounds: usize) {
    for round in 0..rounds {
        let token = |what: &str| format!("ghp_TESTONLY{what}{round}");
        let pair = |what: &str| format!("username=alice\npassword={}\n", token(what));
        command(home, "h", &["login", "--with-token", "--replace"], &token("own"));
        thread::scope(|scope| {
            scope.spawn(|| erase(home, "h", &pair("own")));
            scope.spawn(|| store(home, "h", &pair("new")));
            scope.spawn(|| store(home, "h", &pair("junk")));
        });
        let ran = home.operation("get", request(home, "h"));
        assert_ne!(ran.stdout(), pair("own"), "it was refused");
        command(home, "h", &["login", "--restore"], "");
        assert_eq!(get(home, "h"), pair("own"), "round {round}");
    }
}

#[test]
fn no_token_of_a_persons_is_lost_with_the_kernel_keyring() {
    junk_beside_a_refusal(&Home::bare(), 60);
}

#[test]
fn no_token_of_a_persons_is_lost_with_the_gnome_keyring() {
    junk_beside_a_refusal(&Home::with_gnome_keyring(), 60);
}

#[test]
fn a_dozen_helpers_at_once_with_the_kernel_keyring() {
    many_at_once(&Home::bare(), 12);
}

#[test]
fn fifty_helpers_at_once_with_the_gnome_keyring() {
    many_at_once(&Home::with_gnome_keyring(), 50);
}

#[test]
fn gets_beside_stores_with_the_kernel_keyring() {
    gets_beside_stores(&Home::bare(), 100);
}

#[test]
fn gets_beside_stores_that_displace_the_key() {
    gets_beside_stores(&with_timeout(), 400);
}

#[test]
fn gets_beside_stores_with_the_gnome_keyring() {
    gets_beside_stores(&Home::with_gnome_keyring(), 100);
}

#[test]
fn erases_beside_stores_with_the_gnome_keyring() {
    erases_beside_stores(&Home::with_gnome_keyring(), 12);
}

/// The number is limited: a user who is not root may have 200 keys, and other tests run as well.
#[test]
#[ignore = "slow: run by tests/run.sh --all"]
fn fifty_helpers_at_once_with_the_kernel_keyring() {
    many_at_once(&Home::bare(), 50);
}

#[test]
#[ignore = "slow: run by tests/run.sh --all"]
fn a_thousand_gets_beside_stores() {
    gets_beside_stores(&Home::bare(), 1000);
    gets_beside_stores(&with_timeout(), 1000);
    gets_beside_stores(&Home::with_gnome_keyring(), 1000);
}

#[test]
#[ignore = "slow: run by tests/run.sh --all"]
fn two_hundred_erases_beside_stores() {
    erases_beside_stores(&Home::bare(), 200);
    erases_beside_stores(&Home::with_gnome_keyring(), 200);
}
