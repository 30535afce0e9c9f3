//! `git credential`, by which git hands a request to its helpers: the trial of a helper line before
//! git is configured with it.
//!
//! No other helper is asked. git stands outside of any repository and asks nobody. Secrets go
//! through pipes, never into an argument or the environment.

use super::command;
use super::failed::{self, Failed};
use crate::context::{Context, escape};
use crate::credential::{Credential, Username};
use crate::hardening::interrupts::Held;
use crate::protocol::{Request, description};
use crate::secret::Secret;
use crate::terminal::NAME;
use std::io::{self, Write};
use std::process::{Command, Output, Stdio};
use zeroize::Zeroizing;

/// A helper line that is tried.
pub(crate) struct Trial<'a> {
    pub(crate) line: &'a str,
    /// The guard that lets Ctrl-C end git and the helper, while this process waits to clean up
    /// after them.
    pub(crate) held: &'a Held,
}

/// The result of a trial.
pub(crate) struct Tried {
    /// The token that the helper gave.
    pub(crate) token: Option<Secret>,
    /// The lines that git, the shell and the helper wrote to standard error, fit to be shown.
    pub(crate) said: Vec<String>,
}

impl Trial<'_> {
    /// Makes git hand this credential to the helper for storing.
    ///
    /// # Errors
    /// Where git cannot be run.
    pub(crate) fn store(&self, credential: &Credential) -> Result<Tried, Failed> {
        let username = credential.username.as_ref().map(Username::as_bytes);
        let input = description(&credential.context, username, Some(&credential.token));
        self.ask("approve", &input)
    }

    /// Makes git ask the helper for a token.
    ///
    /// # Errors
    /// Where git cannot be run.
    pub(crate) fn get(
        &self,
        context: &Context,
        username: Option<&Username>,
    ) -> Result<Tried, Failed> {
        self.ask("fill", &description(context, username.map(Username::as_bytes), None))
    }

    fn ask(&self, operation: &str, input: &[u8]) -> Result<Tried, Failed> {
        let mut git = command();
        git.args(["-C", "/", "-c", "credential.helper=", "-c"]);
        git.args([&format!("credential.helper={}", self.line), "credential", operation]);
        for repository in ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR"] {
            git.env_remove(repository);
        }
        git.env("GIT_TERMINAL_PROMPT", "0").env("GIT_ASKPASS", "");
        self.held.let_end(&mut git);
        let output = run(git, input).map_err(|error| Failed::to_start(&error))?;
        let printed = Zeroizing::new(output.stdout);
        let token = Request::parse(&printed).ok().and_then(|answer| answer.password);
        Ok(Tried { token, said: shown(&output.stderr) })
    }
}

fn run(mut program: Command, input: &[u8]) -> io::Result<Output> {
    program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut program = program.spawn()?;
    if let Some(mut stdin) = program.stdin.take() {
        // A program that does not read its input says why.
        let _ = stdin.write_all(input);
    }
    program.wait_with_output()
}

/// Returns the lines as they may be shown, each once: an operation that is tried again says the
/// same. Our own lines hold no secret; those of others are cleaned.
fn shown(said: &[u8]) -> Vec<String> {
    const MOST: usize = 10;
    let mut lines: Vec<String> = Vec::new();
    for line in said.split(|&byte| byte == b'\n') {
        let is_ours = [NAME, "hint: "].iter().any(|begin| line.starts_with(begin.as_bytes()));
        let line = if is_ours { escape(line) } else { failed::cleaned(line) };
        if !line.is_empty() && lines.len() < MOST && !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn what_was_said_is_shown_once_and_moves_no_cursor() {
        let said =
            b"git-credential-pat: store: no\nhint: go\n\ngit-credential-pat: store: no\na\x1b[2J\n";
        let lines = shown(said);
        assert_eq!(lines[..2], ["git-credential-pat: store: no", "hint: go"]);
        assert!(lines.len() == 3 && !lines[2].contains('\x1b'), "{lines:?}");
        let many: Vec<String> = (0..50).map(|number| number.to_string()).collect();
        assert_eq!(shown(many.join("\n").as_bytes()).len(), 10);
        let value = "fatal: bad boolean config value 'TESTONLY' for 'a.b'\n";
        assert_eq!(shown(value.as_bytes()), ["bad boolean config value …"]);
    }
}
