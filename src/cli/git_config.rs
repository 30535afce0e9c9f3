//! git's configuration, asked and changed through git itself.
//!
//! - [`entries`]: everything that git knows, with where it stands and for which places.
//! - [`helper_line`]: what a line of `credential.helper` means, and how ours is written.
//! - [`words`]: the words of commands that change it.

pub(super) mod entries;
pub(super) mod helper_line;
pub(super) mod words;

use crate::arguments::HelperOptions;
use crate::context::Context;
use crate::credential::Username;
use crate::error::Error;
use helper_line::our_options;
use std::process::{Command, Stdio};

/// Our line in `credential.helper`.
pub(super) struct OurHelper {
    pub(super) options: HelperOptions,
}

/// What `credential.helper` says of us; nothing where git does not use us.
pub(super) fn our_helper() -> Option<OurHelper> {
    let lines = get(&["--get-all", "credential.helper"])?;
    // An empty line resets the list; the last line that is ours counts.
    let helpers: Vec<&str> = lines.lines().collect();
    let since_reset = helpers.rsplit(|line| line.is_empty()).next()?;
    let options = since_reset.iter().rev().find_map(|line| our_options(line));
    options.map(|options| OurHelper { options })
}

/// Whether git sends the path for requests at this context.
pub(super) fn sends_path(context: &Context) -> bool {
    let url = context.to_string();
    get(&["--type=bool", "--get-urlmatch", "credential.useHttpPath", &url])
        .is_some_and(|value| value.trim() == "true")
}

/// Whether git asks for a certain username at this context.
pub(super) fn asks_for_username(context: &Context) -> bool {
    get(&["--get-urlmatch", "credential.username", &context.to_string()]).is_some()
}

/// Makes git send the path for requests at this context, for this user.
///
/// # Errors
/// [`Error::Refused`] where git does not.
pub(super) fn send_path(context: &Context) -> Result<(), Error> {
    set(&format!("credential.{context}.useHttpPath"), "true")
}

/// Makes git ask for this username at this context, for this user.
///
/// # Errors
/// [`Error::Refused`] where git does not.
pub(super) fn set_username(context: &Context, username: &Username) -> Result<(), Error> {
    let name = std::str::from_utf8(username.as_bytes())
        .map_err(|_| Error::Refused("git's configuration takes no such username"))?;
    set(&format!("credential.{context}.username"), name)
}

/// Adds a credential helper, for this user.
///
/// # Errors
/// [`Error::Refused`] where git does not.
pub(super) fn add_helper(helper: &str) -> Result<(), Error> {
    change(&["--global", "--add", "credential.helper", helper])
}

fn set(name: &str, value: &str) -> Result<(), Error> {
    change(&["--global", name, value])
}

/// Runs `git config` with these arguments, which change something.
///
/// # Errors
/// [`Error::Refused`] where git does not.
pub(super) fn change(arguments: &[&str]) -> Result<(), Error> {
    let status = git().args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if status.is_ok_and(|status| status.success()) {
        Ok(())
    } else {
        Err(Error::Refused("git's configuration could not be changed"))
    }
}

/// The values that a setting has in this scope (`global`), in git's order.
pub(super) fn values(scope: &str, key: &str) -> Vec<String> {
    let values = get(&[&format!("--{scope}"), "--null", "--get-all", key]).unwrap_or_default();
    values.split_terminator('\0').map(ToOwned::to_owned).collect()
}

fn get(arguments: &[&str]) -> Option<String> {
    let output = git().args(arguments).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok().filter(|_| output.status.success())
}

fn git() -> Command {
    let mut git = Command::new("git");
    git.arg("config").stdin(Stdio::null());
    git
}
