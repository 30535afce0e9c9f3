//! git as a program. Nothing else starts it, so that how it is asked stands in one place.
//!
//! - [`config_file`]: a file of its configuration, taken apart so that a part can be changed.
//! - [`credential`]: git asked for a credential, through one helper line.
//! - [`entries`]: everything in its configuration, with where it stands and for which places.
//! - [`failed`]: why it did not do what it was asked.
//! - [`files`]: the files of its configuration.
//! - [`helper_line`]: what a line of `credential.helper` means, and how ours is written.
//! - [`interactive`]: whether `credential.interactive` leaves room for a keychain's prompts.
//! - [`remotes`]: the URLs of this repository's remotes.
//! - [`words`]: the words of commands that change its configuration.

pub(crate) mod config_file;
pub(crate) mod credential;
pub(crate) mod entries;
mod failed;
pub(crate) mod files;
pub(crate) mod helper_line;
#[cfg(unix)]
pub(crate) mod interactive;
pub(crate) mod remotes;
pub(crate) mod words;

use crate::arguments::HelperOptions;
use crate::context::Context;
use crate::credential::Username;
use crate::error::Error;
pub(crate) use failed::Failed;
use helper_line::our_options;
use std::path::Path;
use std::process::{Command, Stdio};
use zeroize::Zeroizing;

/// A configuration without a line, for git on every system.
const NO_FILE: &str = "/dev/null";

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

pub(crate) fn sends_path_at(url: &str) -> bool {
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
/// Where git does not, with its reason.
pub(crate) fn send_path(context: &Context) -> Result<(), Failed> {
    set(&format!("credential.{context}.useHttpPath"), "true")
}

/// Makes git send the path at this URL, for this user.
///
/// # Errors
/// Where git does not, with its reason.
pub(crate) fn send_path_at(url: &str) -> Result<(), Failed> {
    set(&format!("credential.{url}.useHttpPath"), "true")
}

/// Makes git ask for this username at this context, for this user.
///
/// # Errors
/// Where git does not, with its reason, or takes no such username.
pub(crate) fn set_username(context: &Context, username: &Username) -> Result<(), Error> {
    let name = std::str::from_utf8(username.as_bytes())
        .map_err(|_| Error::Refused("git's configuration takes no such username"))?;
    set(&format!("credential.{context}.username"), name).map_err(Failed::tell)
}

/// Adds a credential helper, for this user.
///
/// # Errors
/// Where git does not, with its reason.
pub(crate) fn add_helper(helper: &str) -> Result<(), Failed> {
    change(&["--global", "--add", "credential.helper", helper])
}

fn set(name: &str, value: &str) -> Result<(), Failed> {
    change(&["--global", name, value])
}

/// Runs `git config` with these arguments, which change something. The first names whose
/// configuration it is: `--global`.
///
/// # Errors
/// Where git does not, with its reason.
pub(crate) fn change(arguments: &[&str]) -> Result<(), Failed> {
    let output = config().args(arguments).stderr(Stdio::piped()).output();
    let output = output.map_err(|error| Failed::to_start(&error))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Failed::to_change(&output, arguments.first().copied().unwrap_or_default()))
}

/// The values that a setting has in this scope (`global`), in git's order.
///
/// # Errors
/// Where git cannot read its configuration, with its reason.
pub(crate) fn values(scope: &str, key: &str) -> Result<Vec<String>, Failed> {
    const NONE: i32 = 1;
    let scope = format!("--{scope}");
    let output = config()
        .args([&scope, "--null", "--get-all", key])
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| Failed::to_start(&error))?;
    match output.status.code() {
        Some(0) => {
            let values = String::from_utf8_lossy(&output.stdout);
            Ok(values.split_terminator('\0').map(ToOwned::to_owned).collect())
        }
        Some(NONE) => Ok(Vec::new()),
        _ => Err(Failed::to_read(&output, &scope)),
    }
}

fn get(arguments: &[&str]) -> Option<String> {
    let output = config().args(arguments).output().ok()?;
    String::from_utf8(output.stdout).ok().filter(|_| output.status.success())
}

/// What git calls its version, such as `2.47.3`, whatever its configuration; nothing where it
/// cannot be run.
pub(crate) fn version() -> Option<String> {
    let mut git = command();
    git.arg("version").envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", NO_FILE)]);
    let text = printed(&mut git)?;
    Some(text.trim().strip_prefix("git version ")?.to_owned())
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
    printed(command().args(arguments))
}

fn printed(git: &mut Command) -> Option<Zeroizing<String>> {
    let output = git.output().ok()?;
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
