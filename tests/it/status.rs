//! `status`: real gits and real keychains are asked what decides which token git uses. Each command
//! that it names as a remedy is run as it stands, and works.

mod accounts;
mod as_git_does;
mod clients;
mod configuration;
mod keychains;
mod paths;
mod plain_text;
mod promise;
mod roles;
mod screen;

use crate::support::home::Home;
use crate::support::sandbox::Ran;
use crate::support::terminal::Terminal;
use git_credential_pat::context::Context;
use git_credential_pat::credential::{Credential, Username};
use git_credential_pat::secret::Secret;
use serde_json::Value;

/// A token that must never be seen.
pub const TOKEN: &str = "ghp_TESTONLYstatus0123456789";

/// The answers of `status`, and its remedies.
impl Home {
    /// Makes an account, whatever state it is in.
    pub fn account(&self, path: &str, username: &str, change: impl FnOnce(&mut Credential)) {
        let mut credential = Credential::new(
            Context::from_canonical(&self.url(path)).unwrap(),
            Some(Username::new(username.as_bytes())),
            Secret::new(TOKEN.as_bytes()),
            1_796_169_600,
        );
        change(&mut credential);
        self.keys.plant_account(&credential);
    }

    /// Returns what `status --json` says of a path at the host, and expects the same in the report
    /// for people.
    #[track_caller]
    pub fn status(&self, path: &str) -> Value {
        self.status_of(&["--keychain", "kernel", &self.url(path)])
    }

    #[track_caller]
    pub fn status_of(&self, words: &[&str]) -> Value {
        let ran = self.sandbox.helper(&[&["status", "--json"], words].concat(), b"");
        assert!(ran.stderr.is_empty(), "{ran}");
        let status: Value =
            serde_json::from_slice(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {ran}"));
        let code = i32::from(status["well"] == false);
        assert_eq!(ran.status.code(), Some(code), "{ran}");
        let text = self.sandbox.helper(&[&["status"], words].concat(), b"");
        assert_eq!(text.status.code(), Some(code), "{text}");
        for finding in status["findings"].as_array().unwrap() {
            if let Some(command) = finding["command"].as_str() {
                assert!(text.stdout().contains(command), "{command}: {text}");
            }
        }
        for said in [ran, text] {
            assert!(!format!("{said}").contains("TESTONLY"), "{said}");
        }
        status
    }

    /// Returns the ids of the findings for a path at the host, in order.
    #[track_caller]
    pub fn finds(&self, path: &str) -> Vec<String> {
        ids(&self.status(path))
    }

    /// Runs the remedy of a finding for a path at the host, and expects that the finding is gone.
    /// Returns the command.
    #[track_caller]
    pub fn mends(&self, path: &str, id: &str) -> String {
        let command = command(&self.status(path), id);
        if command.ends_with(" --remove") {
            self.agrees_to(&command);
        } else {
            self.runs(&command, "");
        }
        let left = self.finds(path);
        assert!(!left.iter().any(|left| left == id), "{command}: {left:?}");
        command
    }

    /// Runs a command that was named, in a shell on a terminal, and answers every question with
    /// yes.
    #[track_caller]
    pub fn agrees_to(&self, command: &str) -> String {
        let mut shell = self.sandbox.command("sh");
        shell.args(["-c", command]);
        let mut terminal = Terminal::run(&shell);
        terminal.types(&"y\n".repeat(9));
        let (status, screen) = terminal.ends();
        assert!(status.success() && !screen.contains("TESTONLY"), "{command}: {screen}");
        screen
    }

    /// Runs a command that was named, in a shell. `more` is added to it for the test alone.
    #[track_caller]
    pub fn runs(&self, command: &str, more: &str) -> Ran {
        let ran = self.sandbox.run("sh", &["-c", &format!("{command}{more}")], TOKEN.as_bytes());
        assert!(ran.status.success(), "{ran}");
        assert!(!ran.stdout().contains("TESTONLY") && !ran.stderr().contains("TESTONLY"), "{ran}");
        ran
    }
}

#[track_caller]
pub fn finding<'a>(status: &'a Value, id: &str) -> &'a Value {
    let found = status["findings"].as_array().unwrap().iter().find(|one| one["id"] == id);
    found.unwrap_or_else(|| panic!("no {id}: {status:#}"))
}

#[track_caller]
pub fn command(status: &Value, id: &str) -> String {
    let finding = finding(status, id);
    finding["command"].as_str().unwrap_or_else(|| panic!("no command: {finding:#}")).to_owned()
}

pub fn ids(status: &Value) -> Vec<String> {
    let findings = status["findings"].as_array().unwrap();
    findings.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}
