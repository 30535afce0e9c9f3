//! `git credential-pat exec URL -- command…` runs a command that finds a token in a variable.
//!
//! On Unix this process *becomes* the command: the kernel throws our memory away, and signals,
//! exit status and process id are the command's own, with nothing in between to forward them.
//! The token is in the environment of the command and of the programs that it starts, and of
//! nobody else. It is never an argument.
//!
//! The command inherits two things. Core dumps stay off, because a dump would hold the
//! environment. And where the kernel's keyring could be read only from a session keyring of our
//! own, the command runs in that.

use super::answer::AccountArguments;
use crate::child::not_started;
use crate::context::{Context, Protocol};
use crate::error::Error;
use crate::forge;
#[cfg(windows)]
use crate::hardening;
use crate::secret::Secret;
#[cfg(windows)]
use crate::terminal;
use std::ffi::OsString;
#[cfg(windows)]
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The variable that holds the token [default: `GITHUB_TOKEN` for github.com, `GITLAB_TOKEN`
    /// for gitlab.com, `HF_TOKEN` for huggingface.co]
    #[arg(long, value_name = "VARIABLE")]
    env: Option<String>,
    #[command(flatten)]
    account: AccountArguments,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Runs the command. Returns only where it could not be run, or on a system that cannot replace
/// a process.
pub(super) fn run(arguments: &Arguments) -> Result<u8, Error> {
    let name = match &arguments.env {
        Some(name) if is_name(name) => name,
        Some(_) => {
            return Err(Error::Usage("--env takes the name of a variable, such as NPM_TOKEN"));
        }
        None => conventional_variable(&arguments.account.context()?)
            .ok_or(Error::Usage("name the variable that the command reads with --env VARIABLE"))?,
    };
    let (program, rest) =
        arguments.command.split_first().ok_or(Error::Usage("the command is missing"))?;
    let credential = arguments.account.credential("exec")?;
    let mut command = Command::new(found(program));
    command.args(rest).env(name, value(&credential.token)?);
    drop(credential);
    become_command(command)
}

/// Returns the variable in which the tools for a host look for its token.
fn conventional_variable(context: &Context) -> Option<&'static str> {
    if context.protocol() != Protocol::Https || context.port().is_some() {
        return None;
    }
    Some(match context.host() {
        "github.com" => "GITHUB_TOKEN",
        "gitlab.com" => "GITLAB_TOKEN",
        "huggingface.co" => "HF_TOKEN",
        _ => return None,
    })
}

fn is_name(text: &str) -> bool {
    let plain = |b: u8| b == b'_' || b.is_ascii_alphanumeric();
    text.bytes().all(plain)
        && text.bytes().next().is_some_and(|b| !b.is_ascii_digit())
        && !forge::holds_token(text.as_bytes())
}

#[cfg(unix)]
fn value(token: &Secret) -> Result<OsString, Error> {
    use std::os::unix::ffi::OsStringExt;
    if token.expose().contains(&0) {
        return Err(Error::Damaged);
    }
    Ok(OsString::from_vec(token.expose().to_vec()))
}

#[cfg(windows)]
fn value(token: &Secret) -> Result<OsString, Error> {
    std::str::from_utf8(token.expose()).map(OsString::from).map_err(|_| Error::Damaged)
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "as on other systems")]
fn become_command(mut command: Command) -> Result<u8, Error> {
    use std::os::unix::process::CommandExt;
    Ok(not_started("exec", &command.exec()))
}

/// Runs the command and waits for it: on Windows a process cannot become another. It leaves a
/// Ctrl-C to the command, and ends with its status, of which Windows has more than 256.
#[cfg(windows)]
fn become_command(mut command: Command) -> Result<u8, Error> {
    terminal::console::leave_interrupts_to_children();
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Ok(not_started("exec", &error)),
    };
    drop(command);
    let status = child.wait().map_err(|error| Error::Stream(error.kind()))?;
    hardening::end();
    std::process::exit(status.code().unwrap_or(1))
}

/// Returns the file that a command's name stands for. Windows itself looks for programs only, but
/// many tools are scripts, such as `npm.cmd`.
#[cfg(windows)]
fn found(name: &OsString) -> OsString {
    let path = Path::new(name);
    let is_bare = path.components().count() == 1 && path.extension().is_none();
    let folders = std::env::var_os("PATH").filter(|_| is_bare).unwrap_or_default();
    std::env::split_paths(&folders)
        .flat_map(|folder| ["exe", "cmd", "bat"].map(|e| folder.join(path).with_extension(e)))
        .find(|file| file.is_file())
        .map_or_else(|| name.clone(), PathBuf::into_os_string)
}

#[cfg(unix)]
fn found(name: &OsString) -> &OsString {
    name
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn a_variable_has_a_name_that_every_shell_takes() {
        for name in ["GITHUB_TOKEN", "_", "a1", "HF_TOKEN_FOR_PRODUCTION"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "1A", "A=B", "A-B", "A B", "\u{e4}", "ghp_TESTONLYTESTONLY"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
