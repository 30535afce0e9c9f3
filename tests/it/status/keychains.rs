//! The keychain: reachable, locked, persistent. status only looks at it.

use super::{TOKEN, command, finding, ids};
use crate::support::desktop::Desktop;
use crate::support::sandbox::{BINARY, Ran, Sandbox};
use crate::support::watch::Watch;
use serde_json::Value;

const URL: &str = "https://h.example";
const HELPER: &str = "pat --keychain secret-service";

fn with_account(desktop: &Desktop) {
    let request = format!("protocol=https\nhost=h.example\nusername=alice\npassword={TOKEN}\n\n");
    desktop.sandbox.helper(&["--keychain", "secret-service", "store"], request).prints("");
    desktop.sandbox.git(&["config", "--global", "credential.helper", HELPER]);
}

#[track_caller]
fn status(sandbox: &Sandbox, words: &[&str]) -> (Ran, Value) {
    let ran = sandbox.helper(&[&["status", "--json"], words].concat(), b"");
    assert!(ran.stderr.is_empty() && !ran.stdout().contains("TESTONLY"), "{ran}");
    let status = serde_json::from_slice(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
    (ran, status)
}

#[test]
fn a_desktop_where_all_is_well() {
    for mut desktop in [Desktop::gnome_keyring(), Desktop::keepassxc(), Desktop::kwallet()] {
        // Some services let a person confirm the write, or seem to.
        desktop.sandbox.set("DISPLAY", ":0");
        with_account(&desktop);
        for words in [&[URL][..], &[]] {
            let (ran, status) = status(&desktop.sandbox, words);
            assert_eq!(ran.status.code(), Some(0), "{ran}");
            assert_eq!(status["keychains"][0]["name"], "secret-service");
            assert_eq!(status["keychains"][0]["survives_reboot"], true);
            assert_eq!(status["places"][0]["accounts"][0]["username"], "alice");
        }
    }
}

#[test]
fn without_a_place_ours_may_be_for_some_places_only() {
    let desktop = Desktop::gnome_keyring();
    with_account(&desktop);
    desktop.sandbox.git(&["config", "--global", "--unset-all", "credential.helper"]);
    let key = "credential.https://h.example.helper";
    desktop.sandbox.git(&["config", "--global", key, HELPER]);
    let (ran, status) = status(&desktop.sandbox, &[]);
    assert_eq!(ran.status.code(), Some(0), "{ran}");
    assert_eq!(ids(&status), ["elsewhere"]);
    assert_eq!(status["places"][0]["accounts"][0]["username"], "alice");
}

#[test]
fn a_scope_may_be_reached_elsewhere() {
    let desktop = Desktop::gnome_keyring();
    with_account(&desktop);
    let request =
        format!("protocol=https\nhost=h.example\npath=org\nusername=bob\npassword={TOKEN}\n\n");
    desktop.sandbox.helper(&["--keychain", "secret-service", "store"], request).prints("");
    let (ran, status) = status(&desktop.sandbox, &[]);
    assert!(ran.status.success() && ids(&status) == ["no-path"], "{ran}");
}

#[test]
fn a_locked_keyring_is_found_and_stays_locked() {
    let desktop = Desktop::gnome_keyring_with_display();
    with_account(&desktop);
    desktop.lock();
    for words in [&[URL][..], &[]] {
        let (ran, status) = status(&desktop.sandbox, words);
        assert_eq!(ran.status.code(), Some(1), "{ran}");
        assert_eq!(ids(&status), ["locked"], "{status:#}");
        assert!(finding(&status, "locked")["advice"].as_str().unwrap().contains("unlock"));
    }
    let (_, status) = status(&desktop.sandbox, &[URL]);
    assert_eq!(status["places"][0]["accounts"][0]["why"], "locked");
    assert!(desktop.is_locked());
    assert!(!desktop.has_owner("org.gnome.keyring.SystemPrompter"), "a window asks");
}

#[test]
fn the_service_is_asked_nothing_before_a_search() {
    let desktop = Desktop::gnome_keyring();
    with_account(&desktop);
    let watch = Watch::new(&desktop);
    let (ran, _) = status(&desktop.sandbox, &[URL]);
    assert!(ran.status.success(), "{ran}");
    let calls = watch.calls(&desktop);
    let of_the_bus = ["Hello", "GetNameOwner"];
    let first = calls.iter().find(|call| !of_the_bus.contains(&call.as_str()));
    assert_eq!(first.map(String::as_str), Some("SearchItems"), "{calls:?}");
}

#[test]
fn a_locked_keepassxc_is_not_made_to_ask() {
    let desktop = Desktop::locked_keepassxc();
    desktop.sandbox.git(&["config", "--global", "credential.helper", HELPER]);
    let (ran, status) = status(&desktop.sandbox, &[URL]);
    assert_eq!(ids(&status), ["locked"], "{ran}");
}

#[test]
fn a_desktop_that_is_gone_is_an_error_and_not_another_keychain() {
    let mut desktop = Desktop::gnome_keyring();
    with_account(&desktop);
    desktop.kill("gnome-keyring");
    let (_, status) = status(&desktop.sandbox, &[URL]);
    assert_eq!(ids(&status), ["keychain"], "{status:#}");
    assert_eq!(status["keychains"][0]["name"], "secret-service");
    let advice = finding(&status, "keychain")["advice"].as_str().unwrap();
    assert!(advice.contains("--keychain kernel"), "{advice}");
}

#[test]
fn a_desktop_that_is_not_configured_yet_is_configured_with_its_own_keychain() {
    let desktop = Desktop::gnome_keyring();
    with_account(&desktop);
    desktop.sandbox.git(&["config", "--global", "--unset-all", "credential.helper"]);
    let (_, before) = status(&desktop.sandbox, &[URL]);
    let ran = desktop.sandbox.run("sh", &["-c", &command(&before, "not-configured")], b"");
    assert!(ran.status.success(), "{ran}");
    let helper = desktop.sandbox.git(&["config", "--global", "credential.helper"]);
    assert_eq!(helper.trim(), format!("{BINARY} --keychain secret-service"));
    let (ran, _) = status(&desktop.sandbox, &[URL]);
    assert_eq!(ran.status.code(), Some(0), "{ran}");
}

#[test]
fn a_locked_keyring_leads_to_no_configuration() {
    let desktop = Desktop::gnome_keyring();
    desktop.lock();
    let ran = desktop.sandbox.run(BINARY, &["configure", "--yes"], b"");
    ran.fails(1, "the keychain is locked");
    assert!(!desktop.sandbox.path("gitconfig").exists());
}
