//! Names of a test's own in the kernel's user keyring.
//!
//! All processes of a user share that keyring, tests that run in parallel and the user's
//! own git as well. So every test has a label that is in each of its hosts' names, and what
//! is filed under it is removed at the end.

use super::program::program;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The keys whose description holds a label; removed when dropped.
pub struct Keys {
    label: String,
}

impl Keys {
    /// With a label that no other test and no earlier run has.
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self::labelled(&format!("{now:x}-{count}"))
    }

    /// Where the label is given, such as a host with the port of a server of one's own.
    pub fn labelled(label: &str) -> Self {
        let keys = Self { label: label.to_owned() };
        keys.remove();
        keys
    }

    /// A host's name that only this test uses.
    pub fn host(&self, name: &str) -> String {
        format!("{name}-{}.test", self.label)
    }

    /// The label as three numbers that are not 0, for names that consist of numbers.
    pub fn number(&self) -> [u8; 3] {
        let mut hasher = DefaultHasher::new();
        self.label.hash(&mut hasher);
        let bytes = hasher.finish().to_be_bytes();
        [bytes[0], bytes[1], bytes[2]].map(|byte| byte.clamp(1, 254))
    }

    /// Their serials and descriptions, in the order of the descriptions.
    pub fn list(&self) -> Vec<(String, String)> {
        let mut keys: Vec<(String, String)> = keyctl(&["rlist", "@u"])
            .split_whitespace()
            .map(|serial| (serial.to_owned(), keyctl(&["rdescribe", serial])))
            .filter(|(_, description)| description.contains(&self.label))
            .collect();
        keys.sort_by(|a, b| a.1.cmp(&b.1));
        keys
    }

    /// What is filed: contexts and usernames, e.g. `https://h.test/team alice`.
    pub fn accounts(&self) -> Vec<String> {
        let account = |(_, description): (String, String)| {
            let (_, account) = description.split_once("git-credential-pat:").unwrap();
            account.trim_end_matches('\n').replace('\t', " ")
        };
        self.list().into_iter().map(account).collect()
    }

    /// Gives each key a time to live, which the kernel takes away at the next write.
    pub fn mark_unwritten(&self) {
        for (serial, _) in self.list() {
            keyctl(&["timeout", &serial, "3000"]);
        }
    }

    /// Whether every key is as [`Self::mark_unwritten`] left it.
    pub fn are_unwritten(&self) -> bool {
        let table = std::fs::read_to_string("/proc/keys").unwrap();
        self.list().iter().all(|(serial, _)| {
            let id = format!("{:08x}", serial.parse::<u32>().unwrap());
            let line = table.lines().find(|line| line.starts_with(&id)).unwrap();
            line.split_whitespace().nth(3) != Some("perm")
        })
    }

    fn remove(&self) {
        for (serial, _) in self.list() {
            keyctl(&["unlink", &serial, "@u"]);
        }
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
