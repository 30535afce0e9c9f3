//! Several of our processes use the same account, as in `git fetch --jobs` and submodules.

use crate::support::home::Home;
use std::fs::File;
use std::thread;
use std::time::{Duration, Instant};

/// The path of the helper's lock, and a folder that cannot be made.
#[cfg(unix)]
const LOCK: &str = "run/git-credential-pat.lock";
#[cfg(unix)]
const NOWHERE: &str = "/dev/null/nowhere";
#[cfg(windows)]
const LOCK: &str = "state/git-credential-pat/git-credential-pat.lock";
#[cfg(windows)]
const NOWHERE: &str = r"C:\nowhere\a*b";

#[test]
fn stores_at_once_leave_one_whole_token() {
    let place = Home::bare();
    let tokens: Vec<String> = (0..12).map(|n| format!("ghp_TESTONLY{n:0>30}")).collect();
    let answer = |token: &str| format!("username=alice\npassword={token}\n");
    let (place, tokens) = (&place, &tokens);
    thread::scope(|scope| {
        for token in tokens {
            scope.spawn(move || {
                let request = format!("protocol=https host=HOST username=alice password={token}");
                place.answers("store", &request, "");
                let ran = place.operation("get", place.lines("protocol=https host=HOST"));
                assert!(tokens.iter().any(|t| ran.stdout() == answer(t)), "{ran}");
            });
        }
    });
    assert_eq!(place.keys.accounts(), [place.fill("https://HOST alice")]);
}

#[test]
fn stores_of_several_accounts_at_once_lose_none() {
    let place = Home::bare();
    thread::scope(|scope| {
        for name in 0..12 {
            let place = &place;
            scope.spawn(move || {
                let request = format!("protocol=https host=HOST username=u{name} password=t");
                place.answers("store", &request, "");
            });
        }
    });
    assert_eq!(place.keys.accounts().len(), 12);
}

#[test]
fn a_refusal_of_an_old_token_at_once_with_a_store_of_a_new_one_never_takes_the_new_one() {
    let place = Home::bare();
    for round in 0..12 {
        let old = format!("protocol=https host=HOST username=alice password=old{round}");
        let new = format!("protocol=https host=HOST username=alice password=new{round}");
        place.answers("store", &old, "");
        thread::scope(|scope| {
            scope.spawn(|| place.answers("erase", &old, ""));
            scope.spawn(|| place.answers("store", &new, ""));
        });
        let answer = format!("username=alice password=new{round}");
        place.answers("get", "protocol=https host=HOST", &answer);
    }
}

#[test]
fn a_get_does_not_wait_for_a_lock_and_a_store_not_for_ever() {
    let place = Home::bare();
    place.answers("store", "protocol=https host=HOST username=alice password=t1", "");
    let lock = File::options().write(true).open(place.sandbox.path(LOCK));
    let lock = lock.unwrap();
    lock.lock().unwrap();
    let began = Instant::now();
    place.answers("get", "protocol=https host=HOST", "username=alice password=t1");
    assert!(began.elapsed() < Duration::from_secs(3), "it waited for the lock");
    place.answers("store", "protocol=https host=HOST username=alice password=t2", "");
    place.answers("get", "protocol=https host=HOST", "username=alice password=t2");
    assert!(began.elapsed() < Duration::from_secs(25), "it waited too long for the lock");
}

#[test]
fn where_no_lock_can_be_had_the_write_goes_on() {
    let mut place = Home::bare();
    for variable in ["XDG_RUNTIME_DIR", "XDG_STATE_HOME", "HOME", "LOCALAPPDATA"] {
        place.sandbox.set(variable, NOWHERE);
    }
    place.answers("store", "protocol=https host=HOST username=alice password=t1", "");
    place.answers("get", "protocol=https host=HOST", "username=alice password=t1");
}
