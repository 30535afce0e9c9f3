//! The keychain that the installer chooses, on buses with and without a real password manager.

use super::{git_keeps_a_token, helpers, install, installed};
use crate::support::desktop::Desktop;

/// The message where the desktop's keychain is chosen.
const KEPT: &str = "tokens are kept in the desktop's keychain (secret-service)";

#[test]
fn takes_the_secret_service_of_the_session() {
    let desktop = Desktop::gnome_keyring();
    let ran = installed(&desktop.sandbox, "p", &[]);
    assert!(ran.stderr().contains(KEPT), "{ran}");
    assert!(!ran.stderr().contains("gone at reboot"), "{ran}");
    assert!(helpers(&desktop.sandbox)[0].ends_with(" --keychain secret-service"));
    git_keeps_a_token(&desktop.sandbox);
    let left = desktop.sandbox.helper(&["list", "--json"], "").stdout();
    assert!(left.matches("\"state\": \"put away\"").count() == 1, "{left}");
    assert!(left.matches("\"context\"").count() == 1, "{left}");
}

#[test]
fn finds_the_bus_of_the_runtime_directory() {
    let mut desktop = Desktop::gnome_keyring();
    desktop.sandbox.unset("DBUS_SESSION_BUS_ADDRESS");
    let ran = installed(&desktop.sandbox, "p", &[]);
    assert!(ran.stderr().contains(KEPT), "{ran}");
}

#[test]
fn takes_the_kernel_where_nobody_on_the_bus_keeps_secrets() {
    let desktop = Desktop::empty();
    let ran = installed(&desktop.sandbox, "p", &[]);
    assert!(ran.stderr().contains("no Secret Service is on this session's bus"), "{ran}");
    assert!(ran.stderr().contains("tokens are kept in the kernel's keyring (kernel)"), "{ran}");
    assert!(helpers(&desktop.sandbox)[0].ends_with(" --keychain kernel"));
    // A keychain that is asked for by name is taken, or there is an error.
    let ran = install(&desktop.sandbox, "q", &["--keychain", "secret-service"]);
    assert_eq!(ran.status.code(), Some(1), "{ran}");
    assert!(ran.stderr().contains("no Secret Service is running"), "{ran}");
}

#[test]
fn a_locked_keychain_is_an_error_and_not_another_keychain() {
    let desktop = Desktop::gnome_keyring();
    desktop.lock();
    let ran = install(&desktop.sandbox, "p", &[]);
    assert_eq!(ran.status.code(), Some(1), "{ran}");
    assert!(ran.stderr().contains("the keychain is locked\nhint: "), "{ran}");
    assert!(!desktop.sandbox.path("gitconfig").exists(), "{ran}");
}

#[test]
fn a_locked_keychain_is_unlocked_where_somebody_sees_its_dialog() {
    let desktop = Desktop::gnome_keyring_with_display();
    desktop.lock();
    std::thread::scope(|threads| {
        let installing = threads.spawn(|| installed(&desktop.sandbox, "p", &[]));
        desktop.answer_window(["--class", "gcr-prompter"], &["type --delay 20 test", "key Return"]);
        let ran = installing.join().unwrap();
        assert!(ran.stderr().contains(KEPT), "{ran}");
    });
    git_keeps_a_token(&desktop.sandbox);
}

#[test]
fn another_keychain_replaces_our_line() {
    let desktop = Desktop::gnome_keyring();
    installed(&desktop.sandbox, "p", &[]);
    installed(&desktop.sandbox, "p", &["--keychain", "kernel"]);
    let helpers = helpers(&desktop.sandbox);
    assert!(helpers.len() == 1 && helpers[0].ends_with(" --keychain kernel"), "{helpers:?}");
}
