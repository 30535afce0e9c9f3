//! Our stores and the keyring family's own: each reads the entries of the other.

use crate::support::desktop::Desktop;
use crate::support::keyring::{Keyring, elsewhere, in_own_keyring};
use crate::support::program::program;
use git_credential_pat::keychain::{kernel, secret_service};
use keyring_core::Error;
use keyring_core::api::CredentialStoreApi;
use std::collections::HashMap;
use std::process::{self, Command};

/// Returns a name that no other test, and nobody else on the machine, uses.
fn unique(what: &str) -> String {
    format!("{what}-{}.example", process::id())
}

/// Runs the test in a session keyring that leads to the user's: the family's kernel store needs
/// one, and not every shell has it.
pub fn in_own_session(test: &str) -> bool {
    elsewhere(test, || {
        let mut keyctl = Command::new(program("keyctl", "keyutils"));
        Keyring::of_this_test().enter(&mut keyctl);
        keyctl.args(["session", "-", "sh", "-c", "keyctl link @u @s && exec \"$0\" \"$@\""]);
        keyctl
    })
}

#[test]
fn the_kernel_store_and_the_familys_read_and_replace_each_others_entries() {
    if in_own_session(
        "keyring_family::the_kernel_store_and_the_familys_read_and_replace_each_others_entries",
    ) {
        return;
    }
    let family = linux_keyutils_keyring_store::Store::new().unwrap();
    let service = unique("family");
    let theirs = family.build(&service, "alice", None).unwrap();
    let ours = kernel::store::Store.build(&service, "alice", None).unwrap();

    assert!(matches!(ours.get_secret(), Err(Error::NoEntry)));
    theirs.set_secret(b"ghp_TESTONLY1").unwrap();
    assert_eq!(ours.get_secret().unwrap(), b"ghp_TESTONLY1");
    ours.set_secret(b"ghp_TESTONLY2").unwrap();
    assert_eq!(theirs.get_secret().unwrap(), b"ghp_TESTONLY2");
    ours.delete_credential().unwrap();
    assert!(matches!(ours.delete_credential(), Err(Error::NoEntry)));

    let service = unique("ours");
    let theirs = family.build(&service, "alice", None).unwrap();
    let ours = kernel::store::Store.build(&service, "alice", None).unwrap();
    ours.set_secret(b"ghp_TESTONLY3").unwrap();
    assert_eq!(theirs.get_secret().unwrap(), b"ghp_TESTONLY3");
    assert_eq!(ours.get_specifiers(), Some((service, "alice".to_owned())));
    theirs.delete_credential().unwrap();
}

#[test]
fn the_kernel_store_refuses_what_a_key_cannot_hold() {
    if in_own_keyring("keyring_family::the_kernel_store_refuses_what_a_key_cannot_hold") {
        return;
    }
    let ours = kernel::store::Store.build(&unique("limits"), "alice", None).unwrap();
    assert!(matches!(ours.set_secret(b""), Err(Error::Invalid(..))));
    assert!(matches!(ours.set_secret(&vec![b'x'; 32_768]), Err(Error::TooLong(..))));
    let modifiers = HashMap::from([("target", "x")]);
    assert!(kernel::store::Store.build("s", "u", Some(&modifiers)).is_err());
}

#[test]
fn the_secret_service_store_and_the_familys_read_and_replace_each_others_entries() {
    let test = "keyring_family::\
                the_secret_service_store_and_the_familys_read_and_replace_each_others_entries";
    let mut desktop = None;
    let in_desktop = || {
        let desktop = desktop.insert(Desktop::gnome_keyring());
        desktop.sandbox.command("env")
    };
    if elsewhere(test, in_desktop) {
        return;
    }
    let theirs = keyring::Entry::new("family.example", "alice").unwrap();
    let store = secret_service::store::Store::new();
    let ours = store.build("family.example", "alice", None).unwrap();

    assert!(matches!(ours.get_secret(), Err(Error::NoEntry)));
    theirs.set_secret(b"ghp_TESTONLY1").unwrap();
    assert_eq!(ours.get_secret().unwrap(), b"ghp_TESTONLY1");
    ours.set_secret(b"ghp_TESTONLY2").unwrap();
    assert_eq!(theirs.get_secret().unwrap(), b"ghp_TESTONLY2");
    ours.delete_credential().unwrap();
    assert!(matches!(theirs.get_secret(), Err(Error::NoEntry)));

    ours.set_secret(b"ghp_TESTONLY3").unwrap();
    assert_eq!(theirs.get_secret().unwrap(), b"ghp_TESTONLY3");
    theirs.set_secret(b"ghp_TESTONLY4").unwrap();
    assert_eq!(ours.get_secret().unwrap(), b"ghp_TESTONLY4");
    theirs.delete_credential().unwrap();
    assert!(matches!(ours.delete_credential(), Err(Error::NoEntry)));
}
