//! A request that gets no answer, or none that can be read.

use super::{OLD, said};
use crate::check::GLPAT;
use crate::support::home::Home;
use crate::support::server::wait_for;
use std::thread;

/// With a rotation that was asked for so many seconds ago, of which this became.
fn cut_off(word: &str, seconds: u64) -> Home {
    let desk = Home::with_gitlab();
    desk.server().forge().set("issuing", word);
    desk.rotate(&["--unattended", "https://HOST"]);
    desk.note_is_of(seconds);
    desk
}

#[test]
fn an_answer_that_was_lost_is_told_from_a_request_that_was() {
    let desk = Home::with_gitlab();
    for (word, happens) in [
        ("close", true),
        ("cut", true),
        ("html", true),
        ("empty", true),
        ("same", true),
        ("escaped", true),
        ("moved", true),
        ("status=500", true),
        ("leave", false),
    ] {
        desk.begins_anew();
        let forge = desk.server().forge();
        forge.set("issuing", word);
        let ran = desk.rotate(&["--unattended", "https://HOST"]);
        assert_eq!(ran.status.code(), Some(1), "{word}: {ran}");
        assert!(said(&ran).contains("nobody knows yet"), "{word}: {ran}");
        assert_eq!(desk.token_for_git(), GLPAT, "{word}");
        desk.note_is_of(91);
        forge.unset("issuing");
        let ran = desk.rotate(&["--unattended", "https://HOST"]);
        assert_eq!(ran.status.code(), Some(1), "{word}: {ran}");
        assert_eq!(forge.issued().len(), 1, "{word}: no second request");
        let account = desk.listed_account();
        assert!(account["rotating"].is_null(), "{word}");
        if happens {
            assert!(said(&ran).contains("its answer was lost"), "{word}: {ran}");
            assert!(
                said(&ran).contains("/-/user_settings/personal_access_tokens"),
                "{word}: {ran}"
            );
            assert_eq!(account["state"], "rejected", "{word}");
        } else {
            assert!(said(&ran).contains("did not happen"), "{word}: {ran}");
            assert_eq!(
                (account["state"].as_str(), forge.living()),
                (Some("ready"), vec![OLD.into()])
            );
            let ran = desk.rotate(&["--unattended", "https://HOST"]);
            assert_eq!(ran.status.code(), Some(0), "{ran}");
        }
    }
}

#[test]
fn what_waits_for_the_request_to_be_settled_says_so_and_then_asks() {
    let desk = cut_off("leave", 87);
    let ran = desk.rotate(&["--unattended", "https://HOST"]);
    let said = said(&ran);
    assert!(said.contains("seconds, so this waits"), "{ran}");
    assert!(said.contains("did not happen"), "{ran}");
}

#[test]
fn check_mends_a_rotation_that_was_cut_off_as_rotate_does() {
    let desk = Home::with_gitlab();
    for (word, expected, status) in
        [("close", "its answer was lost", 1), ("leave", "did not happen", 0)]
    {
        desk.begins_anew();
        let forge = desk.server().forge();
        forge.set("issuing", word);
        desk.rotate(&["--unattended", "https://HOST"]);
        let before = desk.listed_account();
        let ran = desk.check(&["--forge", "gitlab", "https://HOST"]);
        assert!(said(&ran).contains("not known yet") && ran.status.code() == Some(1), "{ran}");
        assert_eq!(desk.listed_account(), before, "it changes nothing so early");
        desk.note_is_of(91);
        let ran = desk.check(&["--forge", "gitlab", "https://HOST"]);
        assert!(said(&ran).contains(expected), "{word}: {ran}");
        assert_eq!(ran.status.code(), Some(status), "{word}: {ran}");
        assert!(desk.listed_account()["rotating"].is_null(), "{word}");
    }
}

#[test]
fn a_forge_that_is_not_reached_later_leaves_the_note() {
    let desk = cut_off("close", 91);
    desk.server().forge().set("fault", "status=503+busy");
    let ran = desk.rotate(&["--unattended", "https://HOST"]);
    assert!(said(&ran).contains("nobody knows what has become of it"), "{ran}");
    assert!(!desk.listed_account()["rotating"].is_null());
}

#[test]
fn a_new_token_that_cannot_be_verified_at_once_is_verified_later() {
    let desk = Home::with_gitlab();
    let forge = desk.server().forge();
    forge.set("issuing", "slow=2");
    let ran = thread::scope(|scope| {
        let rotation = scope.spawn(|| desk.rotate(&["--unattended", "https://HOST"]));
        wait_for("the new token", || forge.living() == ["old-2"]);
        forge.set("fault", "status=503+busy");
        rotation.join().unwrap()
    });
    assert_eq!(ran.status.code(), Some(1), "{ran}");
    assert!(said(&ran).contains("nobody knows yet whether it is good"), "{ran}");
    assert_eq!(desk.token_for_git(), forge.token("old-2"), "it serves all the same");
    assert!(!desk.listed_account()["previous"].is_null());
    forge.unset("fault");
    let ran = desk.rotate(&["--unattended", "https://HOST"]);
    assert_eq!(ran.status.code(), Some(0), "{ran}");
    assert!(desk.listed_account()["previous"].is_null());
    assert_eq!(forge.issued().len(), 1);
}
