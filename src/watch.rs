//! The timer by which tokens are checked while nobody thinks of them. No process of ours stays for
//! it: the system's own scheduler starts `git credential-pat watch run`.
//!
//! ```text
//! Linux with systemd     a timer of the user's, in files of ours        systemd
//! other Unix             a line of the user's crontab                   cron
//! macOS, Windows         a text that a person puts where it belongs     elsewhere
//! ```
//!
//! A timer starts the program with few variables and without a terminal. So everything that counts
//! stands in its [`Job`]: the program's path, the options, and the variables that say where the
//! configuration and the state are.

pub(crate) mod cron;
mod elsewhere;
pub(crate) mod memory;
pub(crate) mod rotation;
mod scheduler;
pub(crate) mod systemd;

pub(crate) use elsewhere::{to_install, to_remove};
pub(crate) use scheduler::Trouble;

use crate::api::http;
use crate::git::helper_line::{self, is_program};
use std::env;
use std::path::{Path, PathBuf};

/// How often tokens are checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rhythm {
    Daily,
    Weekly,
}

impl Rhythm {
    /// Its name, as a person types it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
        }
    }
}

/// What a timer runs, and how often.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Job {
    pub(crate) rhythm: Rhythm,
    /// The path of this program, from the root.
    pub(crate) program: String,
    /// The words after the program.
    pub(crate) words: Vec<String>,
    /// The variables that the program needs, and a scheduler does not give.
    pub(crate) variables: Vec<(String, String)>,
}

/// A timer of ours that was found.
pub(crate) struct Installed {
    pub(crate) way: Way,
    /// None where its file was changed by hand so that it cannot be read.
    pub(crate) job: Option<Job>,
}

impl Installed {
    /// Returns the program that it names, where that is not there any more.
    pub(crate) fn missing_program(&self) -> Option<&str> {
        let program = self.job.as_ref().map(|job| job.program.as_str());
        program.filter(|program| !is_program(Path::new(program)))
    }

    /// Returns whether it runs the program that runs now, or one that is not there any more.
    pub(crate) fn is_of_this_program(&self) -> bool {
        let Some(job) = &self.job else { return true };
        let program = Path::new(&job.program);
        !is_program(program) || helper_line::is_this_program(program)
    }
}

/// The scheduler that starts a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    Systemd,
    Cron,
}

impl Way {
    /// Its name for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Systemd => "a systemd timer",
            Self::Cron => "a line in the crontab",
        }
    }
}

/// Returns whether this system's scheduler gets its job from a person.
pub(crate) fn is_by_hand() -> bool {
    cfg!(any(windows, target_os = "macos"))
}

/// Returns the scheduler of this user, the better one first.
///
/// # Errors
/// Where there is none.
pub(crate) fn way() -> Result<Way, Trouble> {
    if systemd::is_there() {
        return Ok(Way::Systemd);
    }
    if cron::is_there() { Ok(Way::Cron) } else { Err(Trouble::NoScheduler) }
}

/// Returns the timers of ours, as far as they can be read: one, or two where a system has changed
/// its scheduler.
pub(crate) fn installed() -> Vec<Installed> {
    if is_by_hand() {
        return Vec::new();
    }
    // Whoever may have no crontab has no line of ours in it.
    let line = if cron::is_there() { cron::installed().ok().flatten() } else { None };
    systemd::installed().into_iter().chain(line).collect()
}

/// The variables that say where this user's files are, besides those that curl gets.
const PLACES: [&str; 4] =
    ["GIT_CONFIG_GLOBAL", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"];

/// The folders in which every scheduler looks for programs.
const USUAL_PATH: [&str; 2] = ["/usr/bin", "/bin"];

/// The variable by which the session bus is found, and with it the desktop's keychain.
const RUNTIME: &str = "XDG_RUNTIME_DIR";

/// Returns the variables that a job needs, with the names of those that are left out because they
/// may hold a password.
pub(crate) fn variables(way: Option<Way>) -> (Vec<(String, String)>, Vec<&'static str>) {
    let (mut variables, mut left_out) = (Vec::new(), Vec::new());
    let names = PLACES.into_iter().chain(http::ENVIRONMENT).filter(|name| *name != "SYSTEMROOT");
    // A user manager has its own.
    for name in Some(RUNTIME).filter(|_| way == Some(Way::Cron)).into_iter().chain(names) {
        let Ok(value) = env::var(name) else { continue };
        let has_login = name.to_ascii_lowercase().ends_with("_proxy") && value.contains('@');
        if has_login {
            left_out.push(name);
        } else if !value.is_empty() && !value.contains(char::is_control) {
            variables.push((name.to_owned(), value));
        }
    }
    variables.extend(path().map(|path| ("PATH".to_owned(), path)));
    (variables, left_out)
}

/// Returns the value of PATH, where git or curl are in none of the usual folders.
fn path() -> Option<String> {
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH")?).collect();
    let mut all: Vec<PathBuf> = Vec::new();
    for program in ["git", "curl"] {
        let first = folders.iter().find(|folder| is_program(&folder.join(program)));
        let Some(first) = first else { continue };
        let is_usual = USUAL_PATH.iter().any(|usual| is_program(&Path::new(usual).join(program)));
        if !is_usual && first.is_absolute() && !all.contains(first) {
            all.push(first.clone());
        }
    }
    if all.is_empty() {
        return None;
    }
    all.extend(USUAL_PATH.map(PathBuf::from));
    let path = env::join_paths(all).ok()?.into_string().ok()?;
    (!path.contains(char::is_control)).then_some(path)
}
