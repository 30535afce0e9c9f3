//! What others do while a rotation is under way.

use super::{OLD, said};
use crate::check::GLPAT;
use crate::support::home::Home;
use crate::support::server::wait_for;
use std::thread;

/// Runs this while the request of a rotation is in the server, which has rotated the token already.
fn meanwhile(desk: &Home, act: impl FnOnce()) {
    let forge = desk.server().forge();
    forge.set("issuing", "slow=8");
    thread::scope(|scope| {
        let rotate = || desk.rotate(&["--unattended", "https://HOST"]).status.code();
        let rotation = scope.spawn(rotate);
        wait_for("the new token", || forge.living() == ["old-2"]);
        act();
        assert_eq!(rotation.join().unwrap(), Some(0));
    });
    assert_eq!(desk.token_for_git(), forge.token("old-2"));
}

#[test]
fn two_rotations_at_once_send_one_request() {
    let desk = Home::with_gitlab();
    let forge = desk.server().forge();
    meanwhile(&desk, || {
        let ran = desk.rotate(&["--unattended", "https://HOST"]);
        assert_eq!(ran.status.code(), Some(0), "{ran}");
        assert!(said(&ran).contains("so this waits"), "{ran}");
        assert_eq!(forge.issued().len(), 1);
    });
    assert_eq!(forge.issued(), [format!("{OLD} {OLD}-2")]);
}

#[test]
fn a_store_or_an_erase_during_a_rotation_changes_nothing() {
    for (operation, token) in
        [("store", "glpat-TESTONLYTESTONLYjunk"), ("store", GLPAT), ("erase", GLPAT)]
    {
        let desk = Home::with_gitlab();
        let host = desk.host.clone();
        meanwhile(&desk, || {
            let before = desk.listed_account();
            let request =
                format!("protocol=https\nhost={host}\nusername=alice\npassword={token}\n\n");
            desk.operation(operation, request);
            assert_eq!(desk.listed_account(), before, "{operation} {token}");
            assert_eq!(desk.token_for_git(), GLPAT, "the new one is not here yet");
        });
        let account = desk.listed_account();
        assert!(account["aside"].is_null() && account["state"] == "ready", "{account:#}");
    }
}

#[test]
fn a_fetch_that_began_before_a_rotation_changes_nothing_after_it() {
    let desk = Home::with_gitlab();
    let ran = desk.rotate(&["--unattended", "https://HOST"]);
    assert_eq!(ran.status.code(), Some(0), "{ran}");
    let host = &desk.host;
    let before = desk.listed_account();
    let request = format!("protocol=https\nhost={host}\nusername=alice\npassword={GLPAT}\n\n");
    desk.operation("erase", &request);
    assert_eq!(desk.listed_account(), before);
    assert_eq!(desk.token_for_git(), desk.server().forge().token("old-2"));
}

#[test]
fn what_changes_nothing_because_of_a_rotation_says_so() {
    let desk = Home::with_gitlab();
    desk.server().forge().set("issuing", "leave");
    desk.rotate(&["--unattended", "https://HOST"]);
    let host = &desk.host;
    for (operation, token, speaks) in [
        ("store", "glpat-TESTONLYTESTONLYjunk", true),
        ("store", GLPAT, false),
        ("erase", GLPAT, true),
    ] {
        let request = format!("protocol=https\nhost={host}\nusername=alice\npassword={token}\n\n");
        let ran = desk.operation(operation, request);
        let words = "a rotation of the account's token has not come to its end";
        assert_eq!(said(&ran).contains(words), speaks, "{operation}: {ran}");
    }
}
