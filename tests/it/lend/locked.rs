//! A keychain that is locked while something is lent.

use super::{Lending, home, said};
use crate::support::home::{Home, TOKEN};
use crate::support::server_home::PASSPHRASE;

/// A lending that goes on while the keychain is locked and unlocked.
fn lends_until_it_is_locked(home: &Home, lock: impl FnOnce(), unlock: impl FnOnce(), says: &str) {
    let repository = home.url("team/repo.git");
    let lending = Lending::start(home, &format!("--push {repository} --branches agent/* --port 0"));
    let checkout = home.sandbox.path("checkout");
    let checkout = checkout.to_str().unwrap();
    let ran = lending.git(home, &["clone", "--quiet", &repository, checkout]);
    assert!(ran.status.success(), "{ran}");
    lending.git(home, &["-C", checkout, "commit", "--quiet", "--allow-empty", "-m", "More"]);
    let push = ["-C", checkout, "push", "origin", "HEAD:refs/heads/agent/x"];
    lock();
    let before = home.server().requests(|all| !all.is_empty()).len();
    for git in [&["ls-remote", &repository][..], &["-C", checkout, "fetch"], &push] {
        let ran = lending.git(home, git);
        let reason = "remote: git-credential-pat lend: the keychain on the host is locked";
        assert!(!ran.status.success() && ran.stderr().contains(reason), "{ran}");
        assert!(ran.stderr().contains("on the host, type: git credential-pat status"), "{ran}");
    }
    let log = said(home);
    assert!(log.contains(says) && log.contains("hint: ") && !log.contains(TOKEN), "{log}");
    unlock();
    let ran = lending.git(home, &push);
    assert!(ran.status.success(), "{ran} {}", said(home));
    // Of what was refused, the host heard nothing.
    let after = home.server().requests(|all| all.iter().any(|r| r.path.ends_with("-receive-pack")));
    assert_eq!(after.len(), before + 2, "{after:?}");
}

#[test]
fn a_locked_gnome_keyring_answers_nothing_asks_nobody_and_goes_on_once_it_is_open() {
    let home = Home::with_gnome_keyring().with_git_host();
    home.approve(&home.url(""), "alice", TOKEN);
    let calls = home.calls_of(|| {
        let (lock, unlock) = (|| home.desktop().lock(), || home.desktop().unlock_gnome_keyring());
        lends_until_it_is_locked(&home, lock, unlock, "the keychain is locked");
    });
    let asks = |call: &&String| call.contains("Unlock") || call.contains("Prompt");
    assert_eq!(calls.iter().find(asks), None, "{calls:?}");
}

#[test]
fn a_locked_vault_answers_nothing_and_goes_on_once_it_is_open() {
    let home = home();
    home.types(&format!("logout {}", home.url("")), "");
    home.config(&["--global", "--unset-all", "credential.helper"]);
    let passphrase = format!("{PASSPHRASE}\n");
    let configure = "configure --keychain vault --low-memory --passphrase-from - --yes";
    let ran = home.types(configure, &passphrase);
    assert!(ran.status.success(), "{ran}");
    home.approve(&home.url(""), "alice", TOKEN);
    let types = |line: &str, stdin: &str| {
        let ran = home.types(line, stdin);
        assert!(ran.status.success(), "{ran}");
    };
    let (lock, unlock) = (|| types("lock", ""), || types("unlock", &passphrase));
    lends_until_it_is_locked(&home, lock, unlock, "the vault is locked");
    types("lock", "");
}
