//! Tokens from elsewhere come into the keychain, and out of the plain text.

mod config;
mod files;
mod finishing;
mod keyring;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod memory;
mod others;
mod removal;
mod spellings;

use crate::support::home::Home;
use crate::support::sandbox::{Ran, run};

/// A person with tokens in files.
impl Home {
    /// Runs import with these arguments, where nobody can be asked.
    fn import(&self, line: &str) -> Ran {
        let command = self.typed(&format!("import {line}"));
        let mut alone = self.sandbox.command("setsid");
        alone.args(["--wait"]).arg(command.get_program()).args(command.get_args());
        let ran = run(alone, b"");
        let said = ran.stdout() + &ran.stderr();
        assert!(!said.contains("TESTONLY"), "{ran}");
        ran
    }

    #[track_caller]
    fn imports(&self, line: &str) -> Ran {
        let ran = self.import(line);
        assert!(ran.status.success(), "{ran}");
        ran
    }

    /// Expects this answer to a get for the host; the lines are separated by blanks.
    #[track_caller]
    fn serves(&self, request: &str, answer: &str) {
        self.answers("get", format!("protocol=https host=HOST {request}").trim_end(), answer);
    }

    /// Returns the lines of a table, each with single blanks.
    fn table(&self, ran: &Ran) -> Vec<String> {
        let squeeze = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        ran.stdout().lines().map(|line| squeeze(line).replace(&self.host, "HOST")).collect()
    }
}
