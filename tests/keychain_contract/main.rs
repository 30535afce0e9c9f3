//! Tests the contract that every keychain keeps ([`checks`]) on each real keychain of this system.
//! Whoever adds a keychain adds a test here.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]
#![allow(unreachable_pub, reason = "what the tests stand on is for all of them")]

mod checks;
mod subject;
/// The parts of the other tests' support that are needed here.
#[cfg(any(target_os = "linux", windows))]
#[path = "../it/support"]
#[allow(dead_code, reason = "it is not all of it")]
mod support {
    #[cfg(target_os = "linux")]
    pub mod desktop;
    #[cfg(target_os = "linux")]
    pub mod keyring;
    #[cfg(target_os = "linux")]
    pub mod program;
    pub mod sandbox;
}

use git_credential_pat::keychain::memory::MemoryKeychain;
use subject::Subject;

/// The length in bytes of the longest token that must be kept: a JWT full of groups.
const LONG: usize = 16_000;

/// The keychain in memory ends with its handle, so no helper can open it.
#[test]
fn memory_keeps_the_contract() {
    let open = || Box::new(MemoryKeychain::default()) as _;
    checks::holds(&Subject { open: &open, helper: None, takes: LONG });
}

#[cfg(target_os = "linux")]
mod linux {
    use crate::subject::Subject;
    use crate::support::desktop::Desktop;
    use crate::support::keyring::in_own_keyring;
    use crate::support::sandbox::{BINARY, Sandbox};
    use crate::{LONG, checks};
    use git_credential_pat::keychain::kernel::KernelKeyring;
    use git_credential_pat::keychain::secret_service::{Prompts, SecretService};
    use git_credential_pat::keychain::vault::Vault;
    use git_credential_pat::keychain::{Identity, Options};
    use std::time::Duration;

    fn kernel(options: &Options, helper_options: &[&str]) {
        let sandbox = Sandbox::new();
        let open = || Box::new(KernelKeyring::new(options)) as _;
        let helper = || {
            let mut command = sandbox.command(BINARY);
            command.args(["--keychain", "kernel"]).args(helper_options);
            command
        };
        // The quota of a user leaves so much for sure.
        checks::holds(&Subject { open: &open, helper: Some(&helper), takes: 2_000 });
    }

    #[test]
    fn the_kernel_keyring_keeps_the_contract() {
        if in_own_keyring("linux::the_kernel_keyring_keeps_the_contract") {
            return;
        }
        kernel(&Options::default(), &[]);
    }

    /// A key with a lifetime is written in another way.
    #[test]
    fn the_kernel_keyring_with_a_lifetime_keeps_the_contract() {
        if in_own_keyring("linux::the_kernel_keyring_with_a_lifetime_keeps_the_contract") {
            return;
        }
        let lifetime = Some(Duration::from_secs(3000));
        kernel(&Options { lifetime, ..Options::default() }, &["--timeout", "3000"]);
    }

    fn vault(options: &Options, begin: impl Fn(&Vault), helper_options: &[&str]) {
        let sandbox = Sandbox::new();
        let place = sandbox.path("data/git-credential-pat/vault");
        let open = || Vault::new(options).at(place.clone());
        begin(&open());
        let helper = || {
            let mut command = sandbox.command(BINARY);
            command.args(["--keychain", "vault"]).args(helper_options);
            command
        };
        let boxed = || Box::new(open()) as _;
        checks::holds(&Subject { open: &boxed, helper: Some(&helper), takes: LONG });
        let _ = open().lock();
    }

    #[test]
    fn the_vault_keeps_the_contract() {
        if in_own_keyring("linux::the_vault_keeps_the_contract") {
            return;
        }
        let unlocked = |vault: &Vault| {
            vault.make_with_passphrase(b"TESTONLY passphrase", true, None).unwrap();
        };
        vault(&Options::default(), unlocked, &[]);
    }

    /// Every command is given the vault's key.
    #[test]
    fn the_vault_with_a_given_key_keeps_the_contract() {
        let line =
            "echo AGE-SECRET-KEY-1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSNZS23V9CCRYDPK8QARC0SWRYDWG";
        let identity = Some(Identity::Command(line.to_owned()));
        let options = Options { identity, ..Options::default() };
        let given = |vault: &Vault| vault.make_with_given_key().unwrap();
        vault(&options, given, &["--identity-command", line]);
    }

    fn desktop(desktop: &Desktop, prompts: Prompts) {
        let options = Options { patient: true, ..Options::default() };
        let address = desktop.address().to_owned();
        let open = || Box::new(SecretService::at(&address, &options).with_prompts(prompts)) as _;
        let helper = || {
            let mut command = desktop.sandbox.command(BINARY);
            command.args(["--keychain", "secret-service"]);
            if prompts == Prompts::Always {
                // A display means that somebody could be asked. No window is ever shown.
                command.env("DISPLAY", ":0");
            }
            command
        };
        checks::holds(&Subject { open: &open, helper: Some(&helper), takes: LONG });
    }

    #[test]
    fn gnome_keyring_keeps_the_contract() {
        desktop(&Desktop::gnome_keyring(), Prompts::Never);
    }

    /// Some desktops have dbus-broker as their bus.
    #[test]
    fn gnome_keyring_on_dbus_broker_keeps_the_contract() {
        desktop(&Desktop::gnome_keyring_on_dbus_broker(), Prompts::Never);
    }

    /// oo7-daemon finds nothing while it is locked.
    #[test]
    #[ignore = "slow: tests/oo7-daemon.sh builds the daemon"]
    fn oo7_daemon_keeps_the_contract() {
        desktop(&Desktop::oo7_daemon(), Prompts::Never);
    }

    /// `KeePassXC` makes a new item by a prompt that completes by itself.
    #[test]
    fn keepassxc_keeps_the_contract() {
        desktop(&Desktop::keepassxc(), Prompts::Always);
    }

    /// The first write unlocks `KWallet`'s collection, with a prompt that shows no window.
    #[test]
    fn kwallet_keeps_the_contract() {
        desktop(&Desktop::kwallet(), Prompts::Always);
    }
}

#[cfg(target_os = "macos")]
mod macos {
    use crate::subject::Subject;
    use crate::{LONG, checks};
    use git_credential_pat::keychain::login_keychain::LoginKeychain;
    use git_credential_pat::keychain::prompts::Prompts;
    use std::process::Command;

    /// The keychain is that of whoever runs the tests, but the checks use hosts of their own.
    #[test]
    fn the_login_keychain_keeps_the_contract() {
        let open = || Box::new(LoginKeychain::with_prompts(Prompts::Never)) as _;
        let helper = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_git-credential-pat"));
            command.args(["--keychain", "login-keychain"]);
            command.env("GIT_CONFIG_COUNT", "1");
            command.env("GIT_CONFIG_KEY_0", "credential.interactive");
            command.env("GIT_CONFIG_VALUE_0", "false");
            command
        };
        checks::holds(&Subject { open: &open, helper: Some(&helper), takes: LONG });
    }
}

#[cfg(windows)]
mod windows {
    use crate::subject::Subject;
    use crate::support::sandbox::{BINARY, Sandbox};
    use crate::{LONG, checks};
    use git_credential_pat::keychain::credential_manager::CredentialManager;

    #[test]
    fn the_credential_manager_keeps_the_contract() {
        let sandbox = Sandbox::new();
        let open = || Box::new(CredentialManager) as _;
        let helper = || {
            let mut command = sandbox.command(BINARY);
            command.args(["--keychain", "credential-manager"]);
            command
        };
        checks::holds(&Subject { open: &open, helper: Some(&helper), takes: LONG });
    }
}
