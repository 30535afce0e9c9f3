//! The schedulers' own programs, `systemctl` and `crontab`: how they are run, and what can go wrong.

use crate::child::{self, Bounds, Output, Stand, Stopped};
use crate::said::capped;
use std::process::Command;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long such a program may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest text that is read of one: a crontab has thousands of lines at most.
const MOST: usize = 1024 * 1024;

/// The reason why a timer is not installed, read or taken back.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// There is neither a user manager of systemd nor a crontab.
    #[error("this system has no scheduler for a user: neither systemd's user manager nor crontab")]
    NoScheduler,
    /// The scheduler's program has failed. The text is its own.
    #[error("{0} has failed: {1}")]
    Failed(&'static str, String),
    /// The scheduler's program took too long.
    #[error("{0} took longer than 30 seconds")]
    TooSlow(&'static str),
    /// The file of a unit cannot be written.
    #[error("the timer's files cannot be written")]
    Unwritable,
    /// A file of this name is somebody else's.
    #[error("a file of this name is there already, and is not this program's: {0}")]
    AnothersFile(String),
    /// The crontab was changed between the look and the change.
    #[error("the crontab was changed meanwhile and is left as it is: begin again")]
    Changed,
    /// The line is longer than cron reads.
    #[error("the line is longer than cron reads")]
    TooLong,
    /// The crontab does not hold what was written.
    #[error("the crontab does not hold what was written")]
    NotWritten,
}

impl Trouble {
    /// Returns what a person can do about it, where there is something.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoScheduler => {
                "install cron, or have any scheduler run once a day: git credential-pat watch run"
            }
            Self::AnothersFile(_) => "look at it, and move it away",
            Self::Unwritable => "its folder is below $XDG_CONFIG_HOME, else ~/.config: look at it",
            Self::TooLong => "give --tell a script, and --account fewer accounts",
            Self::Failed("crontab", _) => {
                "see who may have a crontab in /etc/cron.allow and /etc/cron.deny"
            }
            Self::Failed(..) | Self::TooSlow(_) | Self::Changed | Self::NotWritten => return None,
        })
    }
}

/// Runs a scheduler's program with these words. Returns its output, whatever its status is.
///
/// # Errors
/// Where it does not come to its end.
pub(super) fn run(
    name: &'static str,
    words: &[&str],
    input: Option<&[u8]>,
) -> Result<Output, Trouble> {
    let mut program = Command::new(name);
    // Its words are told apart.
    program.args(words).env("LC_ALL", "C");
    let bounds =
        Bounds { deadline: Instant::now() + PATIENCE, stdout: Some(MOST), stderr: Some(MOST) };
    let input = input.map(|input| Zeroizing::new(input.to_vec()));
    child::run(program, input, Stand::Apart, &bounds).map_err(|stopped| match stopped {
        Stopped::TooSlow => Trouble::TooSlow(name),
        Stopped::NotStarted => Trouble::Failed(name, "it cannot be started".to_owned()),
        Stopped::TooMuch => Trouble::Failed(name, "it printed too much".to_owned()),
        Stopped::Failed => Trouble::Failed(name, "its output cannot be read".to_owned()),
    })
}

/// Returns the output of a program that has succeeded.
///
/// # Errors
/// Where it has failed, with its first words.
pub(super) fn succeeded(name: &'static str, output: Output) -> Result<Output, Trouble> {
    if output.status.success() {
        return Ok(output);
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("it does not say why");
    Err(Trouble::Failed(name, capped(line.trim())))
}
