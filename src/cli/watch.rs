//! `git credential-pat watch [daily|weekly|off]` installs the timer that has tokens checked, shows
//! it, and takes it back. [`run`](mod@run) is what the timer starts, [`finding`] what it may find.

mod finding;
mod rotation;
mod run;

use super::KeychainArguments;
use super::configure::plan::{Consent, agrees_to};
use super::status::finding::this_command;
use crate::arguments::keychain_of_environment;
use crate::error::{Error, kept};
use crate::forge;
use crate::git::helper_line;
use crate::git::words::typed;
use crate::terminal;
use crate::terminal::display;
use crate::terminal::prompt::Terminal;
use crate::time::{DAY, now, relative};
use crate::watch::memory;
use crate::watch::{self, Installed, Job, Rhythm, Trouble, Way, cron, systemd};
use std::time::Duration;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// How often to check: `daily` or `weekly`. `off` takes the timer back. `run` checks now, as the
    /// timer does [default: show the timer]
    #[arg(value_name = "daily|weekly|off|run", value_parser = parse_what)]
    what: Option<What>,
    /// Rotate, too, by itself and so long before its end, each token that the forge gives a new one
    /// for: GitLab does. Each account is asked about
    #[arg(long, value_name = "14d", value_parser = parse_before)]
    rotate: Option<Duration>,
    /// With --rotate: an account that is rotated, as `https://NAME@HOST`. May stand several times
    #[arg(long = "account", value_name = "URL", requires = "rotate")]
    accounts: Vec<String>,
    /// Send what is found as a notification of the desktop, too
    #[arg(long)]
    notify: bool,
    /// Give what is found to this command instead, as JSON on its standard input. Quotes are
    /// understood as in a shell, but no shell runs it
    #[arg(long, value_name = "WORDS", value_parser = parse_command)]
    tell: Option<String>,
    /// With `off`: only a timer that runs this very program, not another copy of it
    #[arg(long)]
    this_program: bool,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    keychain: KeychainArguments,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Every(Rhythm),
    Off,
    Run,
}

fn parse_what(word: &str) -> Result<What, &'static str> {
    match word {
        "daily" => Ok(What::Every(Rhythm::Daily)),
        "weekly" => Ok(What::Every(Rhythm::Weekly)),
        "off" => Ok(What::Off),
        "run" => Ok(What::Run),
        _ => Err("it takes daily, weekly, off or run"),
    }
}

fn parse_before(text: &str) -> Result<Duration, &'static str> {
    let time = humantime::parse_duration(text).ok();
    // A new token lives for twice as long, and for a year at most.
    let fits = |time: &Duration| (DAY..=180 * DAY).contains(&time.as_secs());
    time.filter(fits).ok_or("it takes a time from a day to 180 days, such as 14d")
}

fn parse_command(line: &str) -> Result<String, &'static str> {
    if forge::holds_token(line.as_bytes()) {
        return Err("a token does not belong into a command that stands in a file");
    }
    if line.contains(char::is_control) {
        return Err("it takes a command on one line");
    }
    match shell_words::split(line) {
        Ok(words) if !words.is_empty() => Ok(line.to_owned()),
        _ => Err("it takes a command, whose quotes match"),
    }
}

/// Runs the command. Returns the exit status: 0 if all is well.
pub(super) fn run(arguments: &Arguments) -> Result<u8, Error> {
    let done = match arguments.what {
        Some(What::Run) => return run::run(arguments),
        Some(What::Every(rhythm)) => install(arguments, rhythm),
        Some(What::Off) => off(arguments),
        None if arguments.has_options() => {
            return Err(Error::Usage("say how often: watch daily, or watch weekly"));
        }
        None => show(),
    };
    done.or_else(|failed| match failed {
        Failed::Ours(error) => Err(error),
        Failed::Schedulers(trouble) => {
            terminal::complain("watch", &trouble.to_string());
            if let Some(hint) = trouble.hint() {
                terminal::hint(hint);
            }
            Ok(1)
        }
    })
}

/// The reason why the command has failed.
enum Failed {
    Ours(Error),
    Schedulers(Trouble),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

impl From<Trouble> for Failed {
    fn from(trouble: Trouble) -> Self {
        Self::Schedulers(trouble)
    }
}

impl Arguments {
    fn has_options(&self) -> bool {
        self.notify
            || self.tell.is_some()
            || self.rotate.is_some()
            || self.this_program
            || self.consent.yes
    }

    /// Returns the words with which the timer runs this program.
    ///
    /// # Errors
    /// Where no account is agreed to that is to be rotated, or the environment names no keychain.
    fn words(&self) -> Result<Vec<String>, Error> {
        let mut words = vec!["watch".to_owned(), "run".to_owned()];
        if self.notify {
            words.push("--notify".to_owned());
        }
        if let Some(line) = &self.tell {
            words.extend(["--tell".to_owned(), line.clone()]);
        }
        if let Some(rotate) = self.rotate {
            let days = rotate.as_secs() / DAY;
            let accounts = rotation::agreed(self, days)?;
            words.extend(["--rotate".to_owned(), format!("{days}d")]);
            words.extend(accounts.into_iter().flat_map(|url| ["--account".to_owned(), url]));
        }
        // A scheduler does not have this variable.
        let kind = match self.keychain.keychain {
            Some(kind) => Some(kind),
            None => keychain_of_environment()?,
        };
        if let Some(kind) = kind {
            words.extend(["--keychain".to_owned(), kind.name().to_owned()]);
        }
        Ok(words)
    }
}

fn say(what: &str) {
    terminal::say("watch", what);
}

fn install(arguments: &Arguments, rhythm: Rhythm) -> Result<u8, Failed> {
    let program = helper_line::this_path();
    let program = program.and_then(|path| path.into_os_string().into_string().ok());
    let program = program.filter(|path| !path.contains(char::is_control));
    let program =
        program.ok_or(Error::Refused("this program's path cannot be written for a scheduler"))?;
    let way = if watch::is_by_hand() { None } else { Some(watch::way()?) };
    let (variables, left_out) = watch::variables(way);
    let job = Job { rhythm, program, words: arguments.words()?, variables };
    let Some(way) = way else {
        terminal::write_raw(watch::to_install(&job).as_bytes())?;
        return Ok(0);
    };
    let old = watch::installed();
    let is_it = |one: &Installed| one.way == way && one.job.as_ref() == Some(&job);
    let is_live = || way != Way::Systemd || systemd::is_enabled();
    if old.len() == 1 && is_it(&old[0]) && is_live() {
        say("nothing to change: this timer is installed already");
        return Ok(0);
    }
    let crontab = if way == Way::Cron { Some(cron::Crontab::now()?) } else { None };
    let line = cron::line(&job, minute());
    let text = match way {
        Way::Systemd => systemd::shown(&job),
        Way::Cron => format!("crontab:\n{}\n", line.clone()?),
    };
    let mut terminal = arguments.terminal();
    let question = match way {
        Way::Systemd => "Install this timer?",
        Way::Cron => "Add this line to the crontab?",
    };
    if !agrees_to(&text, question, &arguments.consent, terminal.as_mut())? {
        return Ok(0);
    }
    match &crontab {
        Some(seen) => cron::install(&line?, seen)?,
        None => systemd::install(&job)?,
    }
    for other in old.iter().filter(|one| one.way != way) {
        remove(other.way)?;
    }
    say(&format!("tokens are checked {}, by {}", rhythm.word(), way.name()));
    for name in left_out {
        say(&format!("{name} may hold a password, and is not written into the timer"));
        terminal::hint(
            "a proxy can stand in git's configuration: git config --global http.proxy URL",
        );
    }
    if way == Way::Systemd {
        if !arguments.notify && arguments.tell.is_none() {
            let hint =
                "it speaks to the journal alone without --notify or --tell: journalctl --user -u";
            terminal::hint(&format!("{hint} {}", systemd::UNIT));
        }
        if !display::is_seen() {
            terminal::hint("it runs while you are logged in; always: loginctl enable-linger");
        }
    }
    Ok(0)
}

/// Returns a minute at random, so that not all machines ask a host at once.
fn minute() -> u8 {
    let mut byte = [0];
    let _ = getrandom::fill(&mut byte);
    byte[0] % 60
}

impl Arguments {
    fn terminal(&self) -> Option<Terminal> {
        match &self.consent {
            Consent { yes: false, dry_run: false } => Terminal::open().ok(),
            _ => None,
        }
    }
}

fn remove(way: Way) -> Result<(), Trouble> {
    match way {
        Way::Systemd => systemd::remove(),
        Way::Cron => cron::remove(),
    }
}

fn off(arguments: &Arguments) -> Result<u8, Failed> {
    if watch::is_by_hand() {
        terminal::write_raw(format!("{}\n", watch::to_remove()).as_bytes())?;
        return Ok(0);
    }
    if !take_back(arguments.this_program, arguments.consent.dry_run)? {
        say("no timer is installed: nothing to change");
    }
    Ok(0)
}

/// Takes back the timers, or only those that run this very program. Says so. Returns whether there
/// was one.
///
/// # Errors
/// Where one cannot be taken back.
pub(super) fn take_back(this_program: bool, dry_run: bool) -> Result<bool, Trouble> {
    let mut installed = watch::installed();
    installed.retain(|one| !this_program || one.is_of_this_program());
    for one in &installed {
        if dry_run {
            say(&format!("would take back {}", one.way.name()));
        } else {
            remove(one.way)?;
            say(&format!("took back {}", one.way.name()));
        }
    }
    if !installed.is_empty() && !dry_run {
        memory::forget_runs();
    }
    Ok(!installed.is_empty())
}

/// Shows what is installed, when it ran last, and when it runs next.
fn show() -> Result<u8, Failed> {
    let installed = watch::installed();
    let mut is_well = true;
    if watch::is_by_hand() {
        terminal::write_raw(b"the system's own scheduler knows what is installed\n")?;
    } else if installed.is_empty() {
        terminal::write_raw(b"no timer is installed\n")?;
        terminal::hint(&format!("to have tokens checked: {} watch daily", this_command()));
    }
    for one in &installed {
        terminal::write_raw(shown(one).as_bytes())?;
        is_well &= warn(one);
    }
    let now = now();
    if let Some(last) = memory::last() {
        let result = match last.findings {
            0 => "all was well".to_owned(),
            1 => "one thing was not well".to_owned(),
            several => format!("{several} things were not well"),
        };
        let text = format!("last run: {}, {result}\n", relative(last.at, now));
        terminal::write_raw(text.as_bytes())?;
        let job = installed.iter().find_map(|one| one.job.as_ref());
        let late = job.map(|job| match job.rhythm {
            Rhythm::Daily => 3 * DAY,
            Rhythm::Weekly => 15 * DAY,
        });
        if late.is_some_and(|late| now.saturating_sub(last.at) > late) {
            say("it has not run for longer than it should");
            is_well = false;
        }
    } else if !installed.is_empty() {
        terminal::write_raw(b"last run: none yet\n")?;
    }
    Ok(u8::from(!is_well))
}

fn shown(one: &Installed) -> String {
    let mut text = one.way.name().to_owned();
    if let Some(job) = &one.job {
        let words = [&job.program].into_iter().chain(&job.words);
        let command = words.map(typed).collect::<Vec<_>>().join(" ");
        text = format!("{text}, {}: {command}", job.rhythm.word());
    }
    let next = match one.way {
        Way::Systemd => systemd::next(),
        Way::Cron => cron::Crontab::now().ok().and_then(|tab| cron::when(&tab.ours()?)),
    };
    let next = next.map(|next| format!("next run: {next}\n")).unwrap_or_default();
    crate::context::shown(&text).into_owned() + "\n" + &next
}

/// Says what is wrong with a timer. Returns whether nothing is.
fn warn(one: &Installed) -> bool {
    let Some(what) = trouble(one) else { return true };
    say(&what);
    terminal::hint(&mend());
    false
}

/// Returns what is wrong with a timer, if anything is.
pub(super) fn trouble(one: &Installed) -> Option<String> {
    let way = one.way.name();
    if one.job.is_none() {
        return Some(format!("{way} checks the tokens, and was changed by hand"));
    }
    if let Some(program) = one.missing_program() {
        return Some(format!("{way} runs a program that is not there any more: {program}"));
    }
    let is_off = one.way == Way::Systemd && !systemd::is_enabled();
    is_off.then(|| format!("{way} is there, and nothing starts it"))
}

/// Returns what to type to have a timer that runs.
pub(super) fn mend() -> String {
    format!("to install it anew: {0} watch daily; to take it back: {0} watch off", this_command())
}

/// Returns the error of a command that is to be told and fails.
fn untold(why: &str) -> Error {
    Error::Refused(kept(format!("the command of --tell {why}")))
}
