//! Services that find nothing while they are locked, and those that do.

use super::{add, again, client, context, credential, find, tokens};
use crate::support::desktop::Desktop;
use crate::support::sandbox::{BINARY, Ran, run};
use git_credential_pat::error::Error;
use git_credential_pat::keychain::Keychain;
use git_credential_pat::keychain::secret_service::{Prompts, store::Store};
use keyring_core::api::CredentialStoreApi;

const HOST: &str = "https://h.example";
const ELSEWHERE: &str = "https://elsewhere.example";
const TOKEN: &str = "ghp_TESTONLYhidden";

/// One call of the helper, as git makes it.
fn helper(desktop: &Desktop, operation: &str, host: &str, rest: &str) -> Ran {
    let mut command = desktop.sandbox.command(BINARY);
    command.args(["--keychain", "secret-service", operation]);
    run(command, format!("protocol=https\nhost={host}\n{rest}\n").as_bytes())
}

/// Nothing is found, and that is said to be for want of an unlocking.
fn all_is_locked(desktop: &Desktop) {
    for prompts in [Prompts::Never, Prompts::Always] {
        let open = || client(desktop).with_prompts(prompts);
        for at in [HOST, ELSEWHERE] {
            let found = open().find(&[context(at)], None);
            assert_eq!(found.map(|found| found.len()), Err(Error::Locked), "{at} {prompts:?}");
        }
        assert!(matches!(open().list(), Err(Error::Locked)));
        let new = credential(ELSEWHERE, "b", "ghp_TESTONLYother");
        assert_eq!(open().write(None, &new), Err(Error::Locked), "{prompts:?}");
    }
    assert_eq!(client(desktop).asks_before_it_searches(), Ok(true));
    let user = "username=a\npassword=ghp_TESTONLYother\n";
    for (operation, rest) in [("get", ""), ("store", user), ("erase", "username=a\n")] {
        let ran = helper(desktop, operation, "h.example", rest);
        ran.fails(1, &format!("{operation}: the keychain is locked"));
    }
    for words in [&["list"][..], &["status", "https://h.example"]] {
        let mut command = desktop.sandbox.command(BINARY);
        command.args(words).args(["--keychain", "secret-service"]);
        let ran = run(command, b"");
        assert!(ran.to_string().contains("locked"), "{ran}");
    }
    let entry = Store::at(desktop.address()).build("service", "user", None).unwrap();
    assert!(matches!(entry.get_secret(), Err(keyring_core::Error::NoStorageAccess(_))));
}

#[test]
#[ignore = "slow: tests/oo7-daemon.sh builds the daemon"]
fn a_locked_oo7_daemon_is_locked_and_not_empty() {
    let mut desktop = Desktop::oo7_daemon();
    add(&mut client(&desktop), &credential(HOST, "a", TOKEN));
    assert_eq!(find(&mut client(&desktop), ELSEWHERE, None).len(), 0);
    helper(&desktop, "get", "elsewhere.example", "").prints("");
    desktop.lock();
    all_is_locked(&desktop);
    desktop.restart_oo7_daemon_locked();
    all_is_locked(&desktop);
}

#[test]
#[ignore = "slow: tests/oo7-daemon.sh builds the daemon"]
fn an_oo7_daemon_keeps_twenty_tokens_that_come_at_once() {
    let desktop = Desktop::oo7_daemon();
    std::thread::scope(|scope| {
        for number in 0..20 {
            let desktop = &desktop;
            scope.spawn(move || {
                let rest = format!("username=a\npassword={TOKEN}{number}\n");
                helper(desktop, "store", &format!("h{number}.example"), &rest).prints("");
            });
        }
    });
    for number in 0..20 {
        let at = format!("https://h{number}.example");
        assert_eq!(tokens(&mut client(&desktop), &at, None), [format!("{TOKEN}{number}")]);
    }
}

/// Who finds locked items is believed where nothing is found.
fn nothing_is_nothing(desktop: &Desktop) {
    let found = again(|| client(desktop).find(&[context(ELSEWHERE)], None));
    assert_eq!(found.map(|found| found.len()), Ok(0));
    assert_eq!(client(desktop).asks_before_it_searches(), Ok(false));
    helper(desktop, "get", "elsewhere.example", "").prints("");
}

#[test]
fn a_locked_gnome_keyring_without_an_account_is_a_miss() {
    let desktop = Desktop::gnome_keyring();
    desktop.lock();
    // Also where there is no item at all.
    nothing_is_nothing(&desktop);
}

#[test]
fn a_locked_kwallet_without_an_account_is_a_miss() {
    let desktop = Desktop::kwallet();
    nothing_is_nothing(&desktop);
    let mut keychain = client(&desktop).with_prompts(Prompts::Always);
    add(&mut keychain, &credential(HOST, "a", TOKEN));
    desktop.lock();
    nothing_is_nothing(&desktop);
}

#[test]
fn keepassxc_without_an_account_is_a_miss() {
    nothing_is_nothing(&Desktop::keepassxc());
}
