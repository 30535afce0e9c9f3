//! Tokens that outlive a reboot on machines without a desktop: encrypted files.
//!
//! - [`life`]: a vault is made, unlocked, locked, and gets another passphrase and another key.
//! - [`asking`]: when a person is asked for the passphrase, and when not.
//! - [`unattended`]: a file, a command or systemd gives the key.
//! - [`files`]: the files in the folder, and the fate of files that are not as they were written.
//! - [`faults`]: disks, rights and memory that fail. [`containers`]: several processes on one
//!   vault.
//! - [`crashes`]: the state after a process was killed.
//! - [`recovery`]: the same files with stock age. [`residue`]: the remains in memory.

mod asking;
mod containers;
#[cfg(target_arch = "x86_64")]
mod crashes;
mod faults;
mod files;
mod life;
mod recovery;
#[cfg(target_arch = "x86_64")]
mod residue;
mod unattended;

use crate::support::sandbox::{Ran, Sandbox};
use crate::support::server_home::{alice, request};
use std::fs;
use std::path::PathBuf;

/// The key of a vault that needs no passphrase: the bytes from 0 to 31.
const GIVEN_KEY: &str =
    "AGE-SECRET-KEY-1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSNZS23V9CCRYDPK8QARC0SWRYDWG";

/// A vault whose key comes from a file, a command or systemd.
struct Given {
    sandbox: Sandbox,
    options: Vec<String>,
}

impl Given {
    /// Makes the vault with `configure` and these options.
    #[track_caller]
    fn new(sandbox: Sandbox, options: &[&str]) -> Self {
        let words = [&["configure", "--yes", "--keychain", "vault"], options].concat();
        let ran = sandbox.helper(&words, "");
        assert!(ran.status.success(), "{ran}");
        assert!(ran.stderr().contains("made a vault for the key that was given"), "{ran}");
        Self { sandbox, options: options.iter().map(ToString::to_string).collect() }
    }

    fn place(&self) -> PathBuf {
        self.sandbox.path("data/git-credential-pat/vault")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.place().join(name)
    }

    /// Returns the path of the only account's file.
    fn item(&self) -> String {
        let folder = fs::read_dir(self.file("items")).unwrap().next().unwrap().unwrap();
        let file = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap();
        file.path().display().to_string()
    }

    fn helper(&self, operation: &str, request: &str) -> Ran {
        let options = self.options.iter().map(String::as_str);
        let words: Vec<_> =
            ["--keychain", "vault"].into_iter().chain(options).chain([operation]).collect();
        self.sandbox.helper(&words, request)
    }

    #[track_caller]
    fn get(&self, host: &str) -> String {
        let ran = self.helper("get", &request(host));
        assert!(ran.status.success() && ran.stderr.is_empty(), "{ran}");
        ran.stdout()
    }

    /// Stores and gets a token.
    #[track_caller]
    fn works(&self, host: &str, token: &str) {
        self.helper("store", &alice(host, token)).prints("");
        assert_eq!(self.get(host), format!("username=alice\npassword={token}\n"));
    }
}
