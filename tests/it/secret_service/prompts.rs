//! Locked keyrings and the windows that unlock them.

use super::{add, again, client, context, credential, find, tokens};
use crate::support::desktop::{Desktop, PASSWORD};
use git_credential_pat::error::Error;
use git_credential_pat::keychain::Keychain;
use git_credential_pat::keychain::secret_service::{Prompts, SecretService};
use std::time::{Duration, Instant};

const HOST: &str = "https://h.example";
const TOKEN: &str = "ghp_TESTONLYlocked";

/// The words by which xdotool finds GNOME Keyring's window.
const GNOME_WINDOW: [&str; 2] = ["--class", "gcr-prompter"];

/// The person's actions at the window, for xdotool.
const TYPED: [&str; 2] = ["type --delay 20 test", "key Return"];

/// Expects that nothing that needs an unlocked keyring works on a locked one.
fn refuses_where_nobody_can_be_asked(desktop: &Desktop) {
    let mut keychain = client(desktop);
    let found = find(&mut keychain, HOST, None);
    assert!(found.len() == 1 && found[0].locked);
    let other = credential(HOST, "other", "ghp_TESTONLYother");
    let same = credential(HOST, "a", "ghp_TESTONLYnew");
    let locked = |result: Result<(), Error>| assert_eq!(result, Err(Error::Locked));
    locked(keychain.read(&found).map(drop));
    locked(keychain.unlock(&found));
    locked(keychain.write(Some(&found[0]), &same));
    locked(keychain.write(None, &other));
    locked(keychain.delete(&found[0]));
    // The accounts of locked items can still be listed.
    let listed = again(|| keychain.list()).unwrap();
    assert_eq!(listed.len(), 1);
    assert!(listed[0].0.locked && listed[0].1.username.as_bytes() == b"a");
}

fn asking(desktop: &Desktop) -> SecretService {
    client(desktop).with_prompts(Prompts::Always)
}

#[test]
fn a_locked_gnome_keyring_is_unlocked_by_its_window_or_not_at_all() {
    let desktop = Desktop::gnome_keyring_with_display();
    add(&mut client(&desktop), &credential(HOST, "a", TOKEN));
    desktop.lock();
    refuses_where_nobody_can_be_asked(&desktop);

    let mut keychain = asking(&desktop);
    let found = find(&mut keychain, HOST, None);
    let answered = |keys: &'static [&'static str], keychain: &mut SecretService| {
        std::thread::scope(|scope| {
            scope.spawn(|| desktop.answer_window(GNOME_WINDOW, keys));
            keychain.unlock(&found)
        })
    };
    assert_eq!(answered(&["key Escape"], &mut keychain), Err(Error::Denied));
    assert!(find(&mut keychain, HOST, None)[0].locked);

    assert!(TYPED[0].ends_with(PASSWORD));
    assert_eq!(answered(&TYPED, &mut keychain), Ok(()));
    assert_eq!(tokens(&mut keychain, HOST, None), [TOKEN]);
}

#[test]
fn a_new_account_unlocks_a_locked_gnome_keyring() {
    let desktop = Desktop::gnome_keyring_with_display();
    desktop.lock();
    let mut keychain = asking(&desktop);
    std::thread::scope(|scope| {
        scope.spawn(|| desktop.answer_window(GNOME_WINDOW, &TYPED));
        add(&mut keychain, &credential(HOST, "a", TOKEN));
        assert_eq!(tokens(&mut keychain, HOST, None), [TOKEN]);
    });
}

#[test]
fn a_locked_kwallet_is_never_deleted_from() {
    let desktop = Desktop::kwallet();
    let mut keychain = asking(&desktop);
    add(&mut keychain, &credential(HOST, "a", TOKEN));
    desktop.lock();
    refuses_where_nobody_can_be_asked(&desktop);
    desktop.open_kwallet();
    let found = find(&mut keychain, HOST, None);
    keychain.unlock(&found).unwrap();
    assert_eq!(tokens(&mut keychain, HOST, None), [TOKEN]);
}

#[test]
fn a_locked_keepassxc_waits_for_its_own_window_and_costs_five_seconds() {
    let desktop = Desktop::locked_keepassxc();
    let started = Instant::now();
    let result = client(&desktop).find(&[context(HOST)], None);
    assert!(matches!(result, Err(Error::TimedOut)));
    assert!(started.elapsed() < Duration::from_secs(7));
}

/// By default `KeePassXC` shows every new client a locked item and asks whether it may have
/// it; `GNOME Keyring` and `KWallet` do not.
#[test]
fn keepassxc_is_asked_before_it_hands_out_an_item() {
    let desktop = Desktop::asking_keepassxc();
    add(&mut asking(&desktop), &credential(HOST, "a", TOKEN));
    refuses_where_nobody_can_be_asked(&desktop);

    let mut keychain = asking(&desktop);
    let found = find(&mut keychain, HOST, None);
    std::thread::scope(|scope| {
        scope.spawn(|| desktop.answer_window(["--name", "Access Request"], &["key Return"]));
        keychain.unlock(&found).unwrap();
    });
    assert_eq!(tokens(&mut keychain, HOST, None), [TOKEN]);
}
