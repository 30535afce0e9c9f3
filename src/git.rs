//! git as a program. No other module starts it, so that all questions to it stand in one folder.
//!
//! - [`config_file`]: a file of its configuration, parsed so that a part of it can be changed.
//! - [`configuration`]: what counts at a URL: the helpers that git asks, and the username.
//! - [`credential`]: git asked for a credential, through one helper line.
//! - [`entries`]: all lines of its configuration, each with its file and the URL it is for.
//! - [`failed`]: the reasons why it did not do what it was asked.
//! - [`files`]: the files of its configuration.
//! - [`helper_line`]: what a line of `credential.helper` means, and how ours is written;
//!   [`shell_line`]: the words of such a line.
//! - [`http`]: how it connects to a URL, for another program that is to do the same.
//! - [`interactive`]: whether `credential.interactive` leaves room for a keychain's prompts.
//! - [`reach`]: whether it may read a repository, and is offered to push to it.
//! - [`remotes`]: the URLs of this repository's remotes.
//! - [`url`]: URLs as its credential code takes them apart, writes and compares them.
//! - [`username`]: the username that it asks for at a place, written so that it holds.
//! - [`words`]: the words of commands that change its configuration. [`written`]: what such
//!   commands of ours have changed.

pub(crate) mod config_file;
pub(crate) mod configuration;
pub(crate) mod credential;
pub(crate) mod entries;
mod failed;
pub(crate) mod files;
pub(crate) mod helper_line;
pub(crate) mod http;
#[cfg(unix)]
pub(crate) mod interactive;
pub(crate) mod reach;
pub(crate) mod remotes;
mod shell_line;
pub(crate) mod url;
pub(crate) mod username;
pub(crate) mod words;
pub(crate) mod written;

use crate::context::Context;
use crate::credential::Username;
use crate::error::Error;
use configuration::Configuration;
use entries::Entries;
pub(crate) use failed::Failed;
pub(crate) use helper_line::is_program;
use std::path::Path;
use std::process::{Command, Stdio};
use zeroize::Zeroizing;

/// An empty configuration, for git on every system.
const NO_FILE: &str = "/dev/null";

/// Returns the name of a setting of `credential`, for one URL or for all.
pub(crate) fn key(place: &str, name: &str) -> String {
    if place.is_empty() {
        format!("credential.{name}")
    } else {
        format!("credential.{place}.{name}")
    }
}

/// Returns whether git sends the path at this URL.
///
/// # Errors
/// Where git cannot read its configuration, with its reason.
pub(crate) fn sends_path(url: &str) -> Result<bool, Failed> {
    Ok(Configuration::at(&Entries::read()?, Some(url)).sends_path)
}

/// Makes git send the path for requests at this context, for this user.
///
/// # Errors
/// Where git refuses, with its reason.
pub(crate) fn send_path(context: &Context) -> Result<(), Failed> {
    set(&key(&url::of(context), "useHttpPath"), "true")
}

/// Makes git send the path at this URL, for this user.
///
/// # Errors
/// Where git refuses, with its reason.
pub(crate) fn send_path_at(url: &str) -> Result<(), Failed> {
    set(&key(url, "useHttpPath"), "true")
}

/// Makes git ask for this username at this context, for this user.
///
/// # Errors
/// Where git refuses, with its reason, or takes no such username.
pub(crate) fn set_username(context: &Context, username: &Username) -> Result<(), Error> {
    username::set(context, username)
}

/// Makes git ask for no username at exactly this context, for this user.
///
/// # Errors
/// Where git's configuration cannot be changed.
pub(crate) fn unset_username(context: &Context) -> Result<(), Error> {
    username::unset(context)
}

fn set(name: &str, value: &str) -> Result<(), Failed> {
    change(&["--global", name, value])
}

/// Runs `git config` with these arguments, which change something, and notes the change. The first
/// says whose configuration is meant: `--global`, or `--file` and the file.
///
/// # Errors
/// Where git refuses, with its reason.
pub(crate) fn change(arguments: &[&str]) -> Result<(), Failed> {
    let pending = written::Pending::of(arguments);
    let output = config().args(arguments).stderr(Stdio::piped()).output();
    let output = output.map_err(|error| Failed::to_start(&error))?;
    if output.status.success() {
        if let Some(pending) = pending {
            pending.note();
        }
        return Ok(());
    }
    Err(Failed::to_change(&output, arguments.first().copied().unwrap_or_default()))
}

/// Returns the values that a setting has in this configuration (`--global`, or `--file` and the
/// file), in git's order.
///
/// # Errors
/// Where git cannot read its configuration, with its reason.
pub(crate) fn values(whose: &[&str], key: &str) -> Result<Vec<String>, Failed> {
    const NONE: i32 = 1;
    let output = config()
        .args(whose)
        .args(["--null", "--get-all", key])
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| Failed::to_start(&error))?;
    match output.status.code() {
        Some(0) => {
            let values = String::from_utf8_lossy(&output.stdout);
            Ok(values.split_terminator('\0').map(ToOwned::to_owned).collect())
        }
        Some(NONE) => Ok(Vec::new()),
        _ => Err(Failed::to_read(&output, whose.first().copied().unwrap_or_default())),
    }
}

/// Returns git's version, such as `2.47.3`, whatever its configuration, or nothing where git cannot
/// be run.
pub(crate) fn version() -> Option<String> {
    let mut git = command();
    git.arg("version").envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", NO_FILE)]);
    let text = printed(&mut git)?;
    Some(text.trim().strip_prefix("git version ")?.to_owned())
}

/// Returns the command that runs a helper's `get` as git does: a path as it is, a name through git.
pub(crate) fn credential_helper(name: &str) -> Command {
    let mut helper = if Path::new(name).is_absolute() {
        Command::new(name)
    } else {
        let mut git = Command::new("git");
        git.arg(format!("credential-{name}"));
        git
    };
    helper.arg("get");
    helper
}

/// Runs git. Returns its output, or nothing where it fails.
fn ask(arguments: &[&str]) -> Option<Zeroizing<String>> {
    printed(command().args(arguments))
}

fn printed(git: &mut Command) -> Option<Zeroizing<String>> {
    let output = git.output().ok()?;
    let printed = String::from_utf8(output.stdout).ok().map(Zeroizing::new);
    printed.filter(|_| output.status.success())
}

/// Returns the command git, with nothing to read and its messages dropped.
fn command() -> Command {
    let mut git = Command::new("git");
    git.stdin(Stdio::null()).stderr(Stdio::null());
    git
}

fn config() -> Command {
    let mut git = command();
    git.arg("config");
    git
}
