//! git as a program. Nothing else starts it, so that how it is asked stands in one place.
//!
//! - [`credential`]: git asked for a credential, through one helper line.
//! - [`entries`]: everything in its configuration, with where it stands and for which places.
//! - [`helper_line`]: what a line of `credential.helper` means, and how ours is written.
//! - [`interactive`]: whether `credential.interactive` leaves room for a keychain's prompts.
//! - [`remotes`]: the URLs of this repository's remotes.
//! - [`words`]: the words of commands that change its configuration.

pub(crate) mod credential;
pub(crate) mod entries;
pub(crate) mod helper_line;
#[cfg(unix)]
pub(crate) mod interactive;
pub(crate) mod remotes;
pub(crate) mod words;

use crate::arguments::HelperOptions;
use crate::context::Context;
use crate::credential::Username;
use crate::error::Error;
use helper_line::our_options;
use std::path::Path;
use std::process::{Command, Stdio};
use zeroize::Zeroizing;

/// Our line in `credential.helper`.
pub(crate) struct OurHelper {
    pub(crate) options: HelperOptions,
}

/// What `credential.helper` says of us; nothing where git does not use us.
pub(crate) fn our_helper() -> Option<OurHelper> {
    let lines = get(&["--get-all", "credential.helper"])?;
    // An empty line resets the list; the last line that is ours counts.
    let helpers: Vec<&str> = lines.lines().collect();
    let since_reset = helpers.rsplit(|line| line.is_empty()).next()?;
    let options = since_reset.iter().rev().find_map(|line| our_options(line));
    options.map(|options| OurHelper { options })
}

/// Whether git sends the path for requests at this context.
pub(crate) fn sends_path(context: &Context) -> bool {
    sends_path_at(&context.to_string())
}

fn sends_path_at(url: &str) -> bool {
    get(&["--type=bool", "--get-urlmatch", "credential.useHttpPath", url])
        .is_some_and(|value| value.trim() == "true")
}

/// Whether git asks for a certain username at this context.
pub(crate) fn asks_for_username(context: &Context) -> bool {
    get(&["--get-urlmatch", "credential.username", &context.to_string()]).is_some()
}

/// Makes git send the path for requests at this context, for this user.
///
/// # Errors
/// [`Error::Refused`] where git does not.
pub(crate) fn send_path(context: &Context) -> Result<(), Error> {
    set(&format!("credential.{context}.useHttpPath"), "true")
}

/// Makes git send the path at this URL, in this repository, unless it does so already.
///
/// # Errors
/// [`Error::Refused`] where git does not.
pub(crate) fn send_path_in_repository(url: &str) -> Result<(), Error> {
    if sends_path_at(url) {
        return Ok(());
    }
    change(&["--local", &format!("credential.{url}.useHttpPath"), "true"])
}

/// Makes git ask for this username at this context, for this user.
///
/// # Errors
/// [`Error::Refused`] where git does not.
pub(crate) fn set_username(context: &Context, username: &Username) -> Result<(), Error> {
    let name = std::str::from_utf8(username.as_bytes())
        .map_err(|_| Error::Refused("git's configuration takes no such username"))?;
    set(&format!("credential.{context}.username"), name)
}

/// Adds a credential helper, for this user.
///
/// # Errors
/// [`Error::Refused`] where git does not.
pub(crate) fn add_helper(helper: &str) -> Result<(), Error> {
    change(&["--global", "--add", "credential.helper", helper])
}

fn set(name: &str, value: &str) -> Result<(), Error> {
    change(&["--global", name, value])
}

/// Runs `git config` with these arguments, which change something.
///
/// # Errors
/// [`Error::Refused`] where git does not.
pub(crate) fn change(arguments: &[&str]) -> Result<(), Error> {
    let status = config().args(arguments).stdout(Stdio::null()).status();
    if status.is_ok_and(|status| status.success()) {
        Ok(())
    } else {
        Err(Error::Refused("git's configuration could not be changed"))
    }
}

/// The values that a setting has in this scope (`global`), in git's order.
pub(crate) fn values(scope: &str, key: &str) -> Vec<String> {
    let values = get(&[&format!("--{scope}"), "--null", "--get-all", key]).unwrap_or_default();
    values.split_terminator('\0').map(ToOwned::to_owned).collect()
}

fn get(arguments: &[&str]) -> Option<String> {
    let output = config().args(arguments).output().ok()?;
    String::from_utf8(output.stdout).ok().filter(|_| output.status.success())
}

/// What git calls its version, such as `2.47.3`; nothing where it cannot be run.
pub(crate) fn version() -> Option<String> {
    let text = ask(&["version"])?;
    Some(text.trim().strip_prefix("git version ")?.to_owned())
}

/// Whether git can be run at all.
pub(crate) fn runs() -> bool {
    command().arg("--exec-path").output().is_ok()
}

/// A credential helper's `get` as git runs it: a path as it is, a name by way of git.
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

/// What git prints; nothing where it fails.
fn ask(arguments: &[&str]) -> Option<Zeroizing<String>> {
    let output = command().args(arguments).output().ok()?;
    let printed = String::from_utf8(output.stdout).ok().map(Zeroizing::new);
    printed.filter(|_| output.status.success())
}

/// git, without anything to read and with nowhere to complain.
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
