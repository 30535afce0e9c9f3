//! Names of a test's own in the kernel's user keyring.
//!
//! All processes of a user share that keyring, tests that run in parallel and the user's
//! own git as well. So every test has a label that is in each of its hosts' names, and what
//! is filed under it is removed at the end.

use super::label::Label;
use super::program::program;
use std::fs;
use std::process::{Command, Stdio};

/// The keychain's name.
pub const KEYCHAIN: &str = "kernel";

/// The keys whose description holds a label; removed when dropped.
pub struct Keys {
    label: Label,
}

impl Keys {
    /// With a label that no other test and no earlier run has.
    pub fn new() -> Self {
        Self::labelled(&Label::new().0)
    }

    /// Where the label is given, such as a host with the port of a server of one's own.
    pub fn labelled(label: &str) -> Self {
        let keys = Self { label: Label(label.to_owned()) };
        keys.remove();
        keys
    }

    /// Where what is filed under the label is there already, and this test's own.
    pub fn of_host(host: &str) -> Self {
        Self { label: Label(host.to_owned()) }
    }

    /// A host's name that only this test uses.
    pub fn host(&self, name: &str) -> String {
        self.label.host(name)
    }

    /// The label as three numbers that are not 0, for names that consist of numbers.
    pub fn number(&self) -> [u8; 3] {
        self.label.number()
    }

    /// What is filed: contexts and usernames, e.g. `https://h.test/team alice`, in order.
    pub fn accounts(&self) -> Vec<String> {
        let account = |key: &Key| {
            let account = key.description.strip_prefix("git-credential-pat:")?;
            Some(account.replace('\t', " "))
        };
        let mut accounts: Vec<String> = self.list().iter().filter_map(account).collect();
        accounts.sort();
        accounts
    }

    /// The copies of another keychain's answers, as they are described.
    pub fn caches(&self) -> Vec<String> {
        let descriptions = self.list().into_iter().map(|key| key.description);
        descriptions.filter(|text| text.starts_with("git-credential-pat-cache:")).collect()
    }

    /// Gives each key a time to live, which the kernel takes away at the next write.
    pub fn mark_unwritten(&self) {
        for key in self.list() {
            keyctl(&["timeout", &key.serial.to_string(), "3000"]);
        }
    }

    /// Whether the kernel removes every key in time.
    pub fn end_by_themselves(&self) -> bool {
        self.list().iter().all(|key| key.ends)
    }

    /// Whether every key is as [`Self::mark_unwritten`] left it.
    pub fn are_unwritten(&self) -> bool {
        self.end_by_themselves()
    }

    fn list(&self) -> Vec<Key> {
        let linked = keyctl(&["rlist", "@u"]);
        let linked: Vec<u32> = linked.split_whitespace().map(|s| s.parse().unwrap()).collect();
        // Other programs' keys may be called anything.
        let table = fs::read("/proc/keys").unwrap();
        let table = String::from_utf8_lossy(&table);
        let keys = table.lines().filter_map(Key::parse);
        keys.filter(|k| linked.contains(&k.serial) && k.description.contains(&self.label.0))
            .collect()
    }

    fn remove(&self) {
        for key in self.list() {
            keyctl(&["unlink", &key.serial.to_string(), "@u"]);
        }
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

impl Drop for Keys {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Runs keyctl; what it printed. A key that is gone meanwhile is another test's.
fn keyctl(args: &[&str]) -> String {
    let mut command = Command::new(program("keyctl", "keyutils"));
    let output = command.args(args).stdin(Stdio::null()).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}
