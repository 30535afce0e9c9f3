//! Our stores beside the keyring family's own: each reads what the other writes.

use git_credential_pat::keychain::kernel;
use keyring_core::Error;
use keyring_core::api::CredentialStoreApi;
use std::collections::HashMap;
use std::env;
use std::process::{self, Command};

/// Names that no other test, and nobody else on the machine, uses.
fn unique(what: &str) -> String {
    format!("{what}-{}.example", process::id())
}

/// Runs this test again in a session keyring of its own that leads to the user's: the
/// family's kernel store needs one, and not every shell has it. Whether that was done.
fn in_own_session(test: &str) -> bool {
    const MARK: &str = "IN_OWN_SESSION_KEYRING";
    if env::var_os(MARK).is_some() {
        return false;
    }
    let again = "keyctl link @u @s && exec \"$0\" --exact \"$1\"";
    let program = env::current_exe().unwrap();
    let output = Command::new("keyctl")
        .args(["session", "-", "sh", "-c", again])
        .args([program.as_os_str(), test.as_ref()])
        .env(MARK, "1")
        .output()
        .expect("keyctl, of the package keyutils");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{output:?}");
    true
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
    let ours = kernel::store::Store.build(&unique("limits"), "alice", None).unwrap();
    assert!(matches!(ours.set_secret(b""), Err(Error::Invalid(..))));
    assert!(matches!(ours.set_secret(&[b'x'; 32_768]), Err(Error::TooLong(..))));
    let modifiers = HashMap::from([("target", "x")]);
    assert!(kernel::store::Store.build("s", "u", Some(&modifiers)).is_err());
}
