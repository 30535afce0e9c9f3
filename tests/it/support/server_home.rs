//! A person on a server: a home with a vault, and no desktop.

use super::program::program;
use super::sandbox::{BINARY, Ran, Sandbox};
use super::terminal::Terminal;
use std::fs;
use std::path::{Path, PathBuf};

/// The passphrase that opens the vault.
pub const PASSPHRASE: &str = "TESTONLY correct horse";

/// A home with a vault, which is locked when this is dropped.
pub struct ServerHome {
    pub sandbox: Sandbox,
}

impl ServerHome {
    /// Makes a home with a vault that is unlocked, and takes little memory.
    pub fn new() -> Self {
        let server = Self::without_vault();
        let ran = server.types(
            "configure --keychain vault --low-memory --passphrase-from - --yes",
            &format!("{PASSPHRASE}\n"),
        );
        assert!(ran.status.success(), "{ran}");
        server
    }

    pub fn without_vault() -> Self {
        Self { sandbox: Sandbox::new() }
    }

    /// Returns the vault's folder.
    pub fn place(&self) -> PathBuf {
        self.sandbox.path("data/git-credential-pat/vault")
    }

    /// Returns the path of a file in the vault.
    pub fn file(&self, name: &str) -> PathBuf {
        self.place().join(name)
    }

    /// Returns all files of accounts, in order.
    pub fn items(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        walk(&self.file("items"), &mut files);
        files.retain(|path| path.extension().is_some_and(|end| end == "age"));
        files.sort();
        files
    }

    /// Returns all files in the folder, with unfinished ones.
    pub fn everything(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        walk(&self.place(), &mut files);
        files.sort();
        files
    }

    /// Runs one of git's operations.
    pub fn helper(&self, operation: &str, request: &str) -> Ran {
        self.sandbox.helper(&["--keychain", "vault", operation], request)
    }

    /// Stores a token for alice.
    #[track_caller]
    pub fn store(&self, host: &str, token: &str) {
        self.helper("store", &alice(host, token)).prints("");
    }

    /// Returns the token that answers for a host, or none where there is no answer.
    #[track_caller]
    pub fn get(&self, host: &str) -> Option<String> {
        let ran = self.helper("get", &request(host));
        assert!(ran.status.success() && ran.stderr.is_empty(), "{ran}");
        let text = ran.stdout();
        text.lines().find_map(|line| line.strip_prefix("password=")).map(ToOwned::to_owned)
    }

    /// Runs a command; the words are split at blanks.
    pub fn types(&self, line: &str, stdin: &str) -> Ran {
        self.sandbox.helper(&line.split_whitespace().collect::<Vec<_>>(), stdin)
    }

    /// Unlocks the vault.
    #[track_caller]
    pub fn unlock(&self) {
        let ran = self.types("unlock", &format!("{PASSPHRASE}\n"));
        assert!(ran.status.success(), "{ran}");
    }

    /// Makes the kernel forget the key, as a reboot does.
    pub fn reboot(&self) {
        if let Some(serial) = self.serial() {
            self.keyctl(&["unlink", &serial.to_string(), "@u"]);
        }
    }

    /// Returns the kernel's own text for when the vault's key expires, as in `/proc/keys`.
    pub fn end_of_key(&self) -> Option<String> {
        let serial = format!("{:08x}", self.serial()?);
        let keys = self.sandbox.run("cat", &["/proc/keys"], b"").stdout();
        let key = keys.lines().find(|line| line.starts_with(&serial))?;
        key.split_whitespace().nth(3).map(ToOwned::to_owned)
    }

    /// Returns the serial of the vault's key, if the kernel holds it.
    fn serial(&self) -> Option<u32> {
        let format = fs::read_to_string(self.file("format")).ok()?;
        let description = format!("git-credential-pat-vault:{}", format[2..].trim_end());
        let found = self.keyctl(&["search", "@u", "user", &description]);
        found.stdout().trim().parse().ok()
    }

    fn keyctl(&self, arguments: &[&str]) -> Ran {
        self.sandbox.run(program("keyctl", "keyutils"), arguments, b"")
    }

    /// Runs a shell script on a terminal where git would ask; `PAT` is the helper.
    pub fn on_terminal(&self, script: &str) -> Terminal {
        let mut command = self.sandbox.command("sh");
        command.args(["-c", &script.replace("PAT", BINARY)]).env("GIT_TERMINAL_PROMPT", "1");
        Terminal::run(&command)
    }
}

impl Drop for ServerHome {
    fn drop(&mut self) {
        self.reboot();
    }
}

/// Returns a request for a host.
pub fn request(host: &str) -> String {
    format!("protocol=https\nhost={host}\n\n")
}

/// Returns what git sends once alice's token has worked.
pub fn alice(host: &str, token: &str) -> String {
    format!("protocol=https\nhost={host}\nusername=alice\npassword={token}\n\n")
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else {
            files.push(path);
        }
    }
}
