//! Tokens that outlive a reboot on machines without a desktop: encrypted files.
//!
//! - [`life`]: a vault is made, opened, closed, and gets another passphrase and another key.
//! - [`asking`]: who is asked for the passphrase, and who is not.
//! - [`unattended`]: something gives the key.
//! - [`files`]: what lies in the folder, and what becomes of files that are not what was written.
//! - [`faults`]: disks, rights and memory that fail. [`containers`]: several that use one vault.
//! - [`crashes`]: what a killed process leaves.
//! - [`recovery`]: the same with stock age. [`residue`]: what is left in memory.

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

/// The key that something gives: the bytes from 0 to 31.
const GIVEN_KEY: &str =
    "AGE-SECRET-KEY-1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSNZS23V9CCRYDPK8QARC0SWRYDWG";

/// A vault whose key something gives.
struct Given {
    sandbox: Sandbox,
    options: Vec<String>,
}

impl Given {
    /// Made by `configure` with these options.
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

    /// The only account's file.
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
