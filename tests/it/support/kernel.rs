//! Names of a test's own in the kernel's user keyring.
//!
//! Where a test cannot have a keyring of its own, it shares the user's with the tests beside it and
//! with the user's own git. So every test has a label that is in each of its hosts' names, and the
//! keys under that label are removed at the end.

use super::keyring::Keyring;
use super::label::Label;
use super::program::program;
use super::sandbox::run;
use git_credential_pat::credential::{Account, Credential};
use git_credential_pat::keychain::item::Content;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

/// The keychain's name.
pub const KEYCHAIN: &str = "kernel";

/// The keys whose description holds a label. They are removed when this is dropped.
pub struct Keys {
    label: Label,
    keyring: Keyring,
}

impl Keys {
    /// Makes a label that no other test and no earlier run has.
    pub fn new() -> Self {
        Self::labelled(&Label::new().0)
    }

    /// Takes a given label, such as a host with the port of a server of one's own.
    pub fn labelled(label: &str) -> Self {
        let keys = Self::of_host(label);
        keys.remove();
        keys
    }

    /// Takes a label under which this test has keys already.
    pub fn of_host(host: &str) -> Self {
        Self { label: Label(host.to_owned()), keyring: Keyring::of_this_test() }
    }

    /// Returns a host's name that only this test uses.
    pub fn host(&self, name: &str) -> String {
        self.label.host(name)
    }

    /// Returns the label as three numbers that are not 0, for names that consist of numbers.
    pub fn number(&self) -> [u8; 3] {
        self.label.number()
    }

    /// Returns the accounts: contexts and usernames, e.g. `https://h.test/team alice`, in order.
    pub fn accounts(&self) -> Vec<String> {
        let account = |key: &Key| {
            let account = key.description.strip_prefix("git-credential-pat:")?;
            Some(account.replace('\t', " "))
        };
        let mut accounts: Vec<String> = self.list().iter().filter_map(account).collect();
        accounts.sort();
        accounts
    }

    /// Returns the descriptions of the copies of another keychain's answers.
    pub fn caches(&self) -> Vec<String> {
        let descriptions = self.list().into_iter().map(|key| key.description);
        descriptions.filter(|text| text.starts_with("git-credential-pat-cache:")).collect()
    }

    /// Gives each key a timeout, which the kernel takes away at the next write.
    pub fn mark_unwritten(&self) {
        for key in self.list() {
            self.keyctl(&["timeout", &key.serial.to_string(), "3000"]);
        }
    }

    /// Returns whether every key has a timeout.
    pub fn end_by_themselves(&self) -> bool {
        self.list().iter().all(|key| key.ends)
    }

    /// Returns whether every key is as [`Self::mark_unwritten`] left it.
    pub fn are_unwritten(&self) -> bool {
        self.end_by_themselves()
    }

    /// Puts a key into the keyring, as any program of the user can.
    #[track_caller]
    pub fn plant(&self, description: &[u8], content: &[u8]) {
        let mut command = self.command();
        command.args(["padd", "user"]).arg(OsStr::from_bytes(description)).arg("@u");
        let ran = run(command, content);
        assert!(ran.status.success(), "{ran}");
    }

    /// Puts an account into the keyring, whatever state it is in.
    #[track_caller]
    pub fn plant_account(&self, credential: &Credential) {
        let Account { context, username } = credential.account();
        let description = format!("git-credential-pat:{context}\t{}", username.filed());
        self.plant(description.as_bytes(), &Content::of(credential).to_bytes());
    }

    /// Changes the content of the only account, as a later moment or another program could.
    #[track_caller]
    pub fn edit(&self, change: impl FnOnce(&str) -> String) {
        let mut keys = self.list();
        keys.retain(|key| key.description.starts_with("git-credential-pat:"));
        let [key] = &keys[..] else { panic!("one account") };
        let content = self.keyctl(&["pipe", &key.serial.to_string()]);
        self.plant(key.description.as_bytes(), change(&content).as_bytes());
    }

    fn list(&self) -> Vec<Key> {
        let linked = self.keyctl(&["rlist", "@u"]);
        let linked: Vec<u32> = linked.split_whitespace().map(|s| s.parse().unwrap()).collect();
        // Other programs' keys may have any name.
        let table = fs::read("/proc/keys").unwrap();
        let table = String::from_utf8_lossy(&table);
        let keys = table.lines().filter_map(Key::parse);
        keys.filter(|k| linked.contains(&k.serial) && k.description.contains(&self.label.0))
            .collect()
    }

    fn remove(&self) {
        // The test's own keyring is new, and goes with the test.
        if self.keyring.is_own() {
            return;
        }
        for key in self.list() {
            self.keyctl(&["unlink", &key.serial.to_string(), "@u"]);
        }
    }

    /// Runs keyctl. Returns its output. A key that is gone meanwhile is another test's.
    fn keyctl(&self, args: &[&str]) -> String {
        let output = self.command().args(args).stdin(Stdio::null()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(program("keyctl", "keyutils"));
        self.keyring.enter(&mut command);
        command
    }
}

/// A line of `/proc/keys`.
struct Key {
    serial: u32,
    ends: bool,
    description: String,
}

impl Key {
    /// `SERIAL FLAGS USES TIME PERMISSIONS UID GID user DESCRIPTION: LENGTH`
    fn parse(line: &str) -> Option<Self> {
        let (head, rest) = line.split_once(" user ")?;
        let mut head = head.split_whitespace();
        let serial = u32::from_str_radix(head.next()?, 16).ok()?;
        let ends = head.nth(2)? != "perm";
        let (description, _) = rest.trim_start().rsplit_once(':')?;
        Some(Self { serial, ends, description: description.to_owned() })
    }
}

#[test]
fn what_a_test_keeps_is_in_no_other_tests_keyring() {
    let keys = Keys::new();
    keys.plant(format!("git-credential-pat:https://{}\t", keys.host("h")).as_bytes(), b"x");
    assert_eq!(keys.accounts().len(), 1);
    let seen = || Keys::of_host(&keys.host("h")).accounts().len();
    let seen_by_another = std::thread::scope(|scope| scope.spawn(seen).join().unwrap());
    assert_eq!(seen_by_another, usize::from(!keys.keyring.is_own()));
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.remove();
    }
}
