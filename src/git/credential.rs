//! `git credential`, by which git hands to its helpers what it is given: how a helper line is
//! tried before git is configured with it.
//!
//! No other helper is asked. git stands outside of any repository and asks nobody. What is
//! secret goes through pipes, never into an argument or the environment.

use super::command;
use crate::context::{Context, escape};
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::hardening::interrupts::Held;
use crate::protocol::{Request, description};
use crate::secret::Secret;
use std::io::{self, Write};
use std::process::{Command, Output, Stdio};
use zeroize::Zeroizing;

/// How many lines of what is said are shown, and how many characters of each.
const SHOWN: (usize, usize) = (10, 300);

/// A helper line that is tried.
pub(crate) struct Trial<'a> {
    pub(crate) line: &'a str,
    /// Ctrl-C ends git and the helper, while this process waits to clean up after them.
    pub(crate) held: &'a Held,
}

/// What a trial came to.
pub(crate) struct Tried {
    /// The token that the helper gave.
    pub(crate) token: Option<Secret>,
    /// What git, the shell and the helper said on standard error, fit to be shown.
    pub(crate) said: Vec<String>,
}

impl Trial<'_> {
    /// Has git hand this credential to the helper to be stored.
    ///
    /// # Errors
    /// [`Error::Refused`] where git cannot be run.
    pub(crate) fn store(&self, credential: &Credential) -> Result<Tried, Error> {
        let username = credential.username.as_ref().map(Username::as_bytes);
        let input = description(&credential.context, username, Some(&credential.token));
        self.ask("approve", &input)
    }

    /// Has git ask the helper for a token.
    ///
    /// # Errors
    /// [`Error::Refused`] where git cannot be run.
    pub(crate) fn get(
        &self,
        context: &Context,
        username: Option<&Username>,
    ) -> Result<Tried, Error> {
        self.ask("fill", &description(context, username.map(Username::as_bytes), None))
    }

    fn ask(&self, operation: &str, input: &[u8]) -> Result<Tried, Error> {
        let mut git = command();
        git.args(["-C", "/", "-c", "core.askPass=", "-c", "credential.helper=", "-c"]);
        git.args([&format!("credential.helper={}", self.line), "credential", operation]);
        for repository in ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR"] {
            git.env_remove(repository);
        }
        git.env("GIT_TERMINAL_PROMPT", "0").env("GIT_ASKPASS", "");
        self.held.let_end(&mut git);
        let output = run(git, input).map_err(|_| Error::Refused("git cannot be run"))?;
        let printed = Zeroizing::new(output.stdout);
        let token = Request::parse(&printed).ok().and_then(|answer| answer.password);
        Ok(Tried { token, said: shown(&output.stderr) })
    }
}

fn run(mut program: Command, input: &[u8]) -> io::Result<Output> {
    program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut program = program.spawn()?;
    if let Some(mut stdin) = program.stdin.take() {
        // One that does not read says why.
        let _ = stdin.write_all(input);
    }
    program.wait_with_output()
}

/// The lines as they may be shown, each once: an operation that is tried again says the same.
fn shown(said: &[u8]) -> Vec<String> {
    let (most, longest) = SHOWN;
    let mut lines: Vec<String> = Vec::new();
    for line in said.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let line: String = escape(line).chars().take(longest).collect();
        if lines.len() < most && !lines.contains(&line) {
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
        assert_eq!(shown("x\n".repeat(50).as_bytes()), ["x"]);
        let many: String = (0..50).map(|number| format!("{number}\n")).collect();
        assert_eq!(shown(many.as_bytes()).len(), 10);
        assert_eq!(shown("x".repeat(1000).as_bytes())[0].len(), 300);
    }
}
