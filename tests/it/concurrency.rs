//! Many helpers at once, as `git fetch --jobs`, submodules and build machines run them: all
//! get what is theirs, none fails because another runs, and no name comes with another's
//! token. With the kernel's keyring, and with one GNOME Keyring for all.

use crate::support::desktop::Desktop;
use crate::support::kernel::Keys;
use crate::support::sandbox::{BINARY, Ran, Sandbox, run};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// One name in a keychain that many use.
struct Place {
    home: Home,
    /// Of the helper string.
    options: &'static [&'static str],
    keys: Keys,
}

enum Home {
    Server(Sandbox),
    Desktop(Desktop),
}

impl Place {
    fn kernel() -> Self {
        let (home, options) = (Home::Server(Sandbox::new()), &["--keychain", "kernel"]);
        Self { home, options, keys: Keys::new() }
    }

    /// Each store displaces the key of the one before.
    fn kernel_with_timeout() -> Self {
        Self { options: &["--keychain", "kernel", "--timeout", "3000"], ..Self::kernel() }
    }

    fn gnome_keyring() -> Self {
        let home = Home::Desktop(Desktop::gnome_keyring());
        Self { home, options: &["--keychain", "secret-service"], keys: Keys::new() }
    }

    fn request(&self, name: &str) -> String {
        format!("protocol=https\nhost={}\n", self.keys.host(name))
    }

    fn sandbox(&self) -> &Sandbox {
        match &self.home {
            Home::Server(sandbox) => sandbox,
            Home::Desktop(desktop) => &desktop.sandbox,
        }
    }

    fn helper(&self, operation: &str, request: &str) -> Ran {
        let mut command = self.sandbox().command(BINARY);
        command.args(self.options).arg(operation);
        run(command, request.as_bytes())
    }

    /// A person's command about alice's account.
    #[track_caller]
    fn command(&self, name: &str, words: &[&str], stdin: &str) {
        let url = format!("https://{}", self.keys.host(name));
        let words = [words, &[&url, "--username", "alice"], &self.options[..2]].concat();
        let ran = self.sandbox().helper(&words, stdin);
        assert!(ran.status.success(), "{ran}");
    }

    fn store(&self, name: &str, account: &str) {
        self.helper("store", &(self.request(name) + account)).prints("");
    }

    fn erase(&self, name: &str, account: &str) {
        self.helper("erase", &(self.request(name) + account)).prints("");
    }

    fn get(&self, name: &str) -> String {
        let ran = self.helper("get", &self.request(name));
        assert!(ran.status.success() && ran.stderr.is_empty(), "{ran}");
        ran.stdout()
    }
}

/// A username and the token that belongs to it, as the lines of a request or an answer.
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

fn many_at_once(place: &Place, count: usize) {
    // Different contexts.
    at_once(count, |n| place.store(&format!("h{n}"), &account(n)));
    at_once(count, |n| assert_eq!(place.get(&format!("h{n}")), account(n)));
    // One context and one account.
    let token = |n: usize| account(n).replace(&format!("user{n}"), "alice");
    at_once(count, |n| place.store("one", &token(n)));
    let answer = place.get("one");
    assert!((0..count).any(|n| token(n) == answer), "{answer}");
    at_once(count, |_| assert_eq!(place.get("one"), answer));
    // Ten accounts at each of some contexts: none is lost.
    let shared = |n: usize| format!("all{}", n / 10);
    at_once(count, |n| place.store(&shared(n), &account(n)));
    at_once(count, |n| {
        let request = format!("{}username=user{n}\n", place.request(&shared(n)));
        place.helper("get", &request).prints(&account(n));
    });
    at_once(count, |n| {
        place.erase(&shared(n), &format!("username=user{n}\n"));
        place.erase(&format!("h{n}"), "");
    });
    place.erase("one", "");
}

/// A get that runs beside stores sees an old or a new pair, always a whole one.
fn gets_beside_stores(place: &Place, gets: usize) {
    let token = |n: usize| format!("username=alice\npassword=ghp_TESTONLY{}\n", "ab".repeat(9 * n));
    let pairs = [token(1), token(2)];
    place.store("h", &pairs[0]);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for pair in pairs.iter().cycle() {
                place.store("h", pair);
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        let getters: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..gets / 2 {
                        let answer = place.get("h");
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

/// A late refusal of the old token beside a store of the new one: the new one stays.
fn erases_beside_stores(place: &Place, rounds: usize) {
    for round in 0..rounds {
        let pair = |age: &str| format!("username=alice\npassword=ghp_TESTONLY{age}{round}\n");
        let (old, new) = (pair("old"), pair("new"));
        place.store("h", &old);
        thread::scope(|scope| {
            scope.spawn(|| place.erase("h", &old));
            scope.spawn(|| place.store("h", &new));
        });
        assert_eq!(place.get("h"), new);
    }
}

/// A refusal of a person's token, the new one and what stood in a URL: whatever comes first, the
/// person's can be brought back.
fn junk_beside_a_refusal(place: &Place, rounds: usize) {
    for round in 0..rounds {
        let token = |what: &str| format!("ghp_TESTONLY{what}{round}");
        let pair = |what: &str| format!("username=alice\npassword={}\n", token(what));
        place.command("h", &["login", "--with-token", "--replace"], &token("own"));
        thread::scope(|scope| {
            scope.spawn(|| place.erase("h", &pair("own")));
            scope.spawn(|| place.store("h", &pair("new")));
            scope.spawn(|| place.store("h", &pair("junk")));
        });
        assert_ne!(place.get("h"), pair("own"), "it was refused");
        place.command("h", &["login", "--restore"], "");
        assert_eq!(place.get("h"), pair("own"), "round {round}");
    }
}

#[test]
fn no_token_of_a_persons_is_lost_with_the_kernel_keyring() {
    junk_beside_a_refusal(&Place::kernel(), 60);
}

#[test]
fn no_token_of_a_persons_is_lost_with_the_gnome_keyring() {
    junk_beside_a_refusal(&Place::gnome_keyring(), 60);
}

#[test]
fn a_dozen_helpers_at_once_with_the_kernel_keyring() {
    many_at_once(&Place::kernel(), 12);
}

#[test]
fn fifty_helpers_at_once_with_the_gnome_keyring() {
    many_at_once(&Place::gnome_keyring(), 50);
}

#[test]
fn gets_beside_stores_with_the_kernel_keyring() {
    gets_beside_stores(&Place::kernel(), 100);
}

#[test]
fn gets_beside_stores_that_displace_the_key() {
    gets_beside_stores(&Place::kernel_with_timeout(), 400);
}

#[test]
fn gets_beside_stores_with_the_gnome_keyring() {
    gets_beside_stores(&Place::gnome_keyring(), 100);
}

#[test]
fn erases_beside_stores_with_the_gnome_keyring() {
    erases_beside_stores(&Place::gnome_keyring(), 12);
}

/// Not more: a user who is not root may have 200 keys, and other tests run as well.
#[test]
#[ignore = "slow: run by tests/run.sh --all"]
fn fifty_helpers_at_once_with_the_kernel_keyring() {
    many_at_once(&Place::kernel(), 50);
}

#[test]
#[ignore = "slow: run by tests/run.sh --all"]
fn a_thousand_gets_beside_stores() {
    gets_beside_stores(&Place::kernel(), 1000);
    gets_beside_stores(&Place::kernel_with_timeout(), 1000);
    gets_beside_stores(&Place::gnome_keyring(), 1000);
}

#[test]
#[ignore = "slow: run by tests/run.sh --all"]
fn two_hundred_erases_beside_stores() {
    erases_beside_stores(&Place::kernel(), 200);
    erases_beside_stores(&Place::gnome_keyring(), 200);
}
