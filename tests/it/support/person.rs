//! Somebody who types commands.

use super::kernel::Keys;
use super::sandbox::{BINARY, Ran, Sandbox};
use super::terminal::Terminal;
use humantime::parse_rfc3339;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A user with the kernel keyring, which all tests share: so each has a host of its own.
pub struct Person {
    pub sandbox: Sandbox,
    pub host: String,
    _keys: Keys,
}

impl Person {
    pub fn new() -> Self {
        Self::at("commands")
    }

    /// At a host whose first label is given.
    pub fn at(label: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut sandbox = Sandbox::new();
        sandbox.set("GIT_CREDENTIAL_PAT_KEYCHAIN", "kernel");
        let host = format!("{label}.people-{}-{number}.example", std::process::id());
        let keys = Keys::of_host(&host);
        Self { sandbox, host, _keys: keys }
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.host)
    }

    /// Runs a command; the words are split at blanks, `HOST` is the test's own.
    pub fn types(&self, line: &str, stdin: &str) -> Ran {
        let line = line.replace("HOST", &self.host);
        self.sandbox.helper(&line.split_whitespace().collect::<Vec<_>>(), stdin)
    }

    /// The same on a terminal of 80 columns.
    pub fn on_terminal(&self, line: &str) -> Terminal {
        self.on_terminal_of(80, line)
    }

    pub fn on_terminal_of(&self, columns: u16, line: &str) -> Terminal {
        let line = line.replace("HOST", &self.host);
        let mut command = self.sandbox.command(BINARY);
        command.args(line.split_whitespace());
        Terminal::of_columns(columns, &command)
    }

    /// A shell script on a terminal; `PAT` is the helper.
    pub fn runs_on_terminal(&self, script: &str) -> Terminal {
        let script = script.replace("HOST", &self.host).replace("PAT", BINARY);
        let mut command = self.sandbox.command("sh");
        command.args(["-c", &script]);
        Terminal::run(&command)
    }

    pub fn get(&self, more: &str) -> Ran {
        self.sandbox.helper(&["get"], format!("protocol=https\nhost={}\n{more}\n", self.host))
    }

    /// The lines of `list` for this test's host; a time within the last hour is JUST NOW.
    pub fn listed(&self) -> Vec<String> {
        let ran = self.types("list", "");
        assert!(ran.status.success(), "{ran}");
        let lines = ran.stdout();
        let ours = lines.lines().filter(|line| line.contains(&self.host));
        ours.map(|line| line.split_whitespace().map(age).collect::<Vec<_>>().join(" ")).collect()
    }
}

fn age(word: &str) -> &str {
    const HOUR: Duration = Duration::from_secs(3600);
    let passed = parse_rfc3339(word).ok().and_then(|time| time.elapsed().ok());
    if passed.is_some_and(|passed| passed < HOUR) { "JUST NOW" } else { word }
}
