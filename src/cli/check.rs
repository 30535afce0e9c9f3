//! `git credential-pat check [URL]` shows whose token it is, what it may do, until when, and why
//! git was refused.
//!
//! - [`subjects`]: the accounts that are asked about. [`keep`]: the facts that are kept with them.
//! - [`open`]: what has become of a rotation that was cut off.
//! - [`report`]: the output for people. [`json`](mod@json) and [`nagios`]: those for programs.
//!   [`rehearsed`]: all of them, for given answers.

pub(super) mod json;
pub(super) mod keep;
mod nagios;
mod open;
#[doc(hidden)]
pub mod rehearsed;
pub(super) mod report;
pub(super) mod subjects;

use super::KeychainArguments;
use super::login::parse_forge;
use crate::api::state::State;
use crate::check::advice::forge_of_realm;
use crate::check::{self, Checked, Options, Subject};
use crate::error::Error;
use crate::forge;
use crate::keychain::{Keychain, Kind};
use crate::setup::Setups;
use crate::terminal;
use crate::terminal::prompt::Terminal;
use crate::time::now;
pub(super) use report::of_api as in_words;
use serde_json::Value;
use std::time::Duration;
use subjects::Wanted;

/// [`check::WARN_BEFORE`] as people type it.
const WARN_BEFORE: &str = "14d";

/// The longest time for an account, where a person says nothing else.
const TIMEOUT: &str = "10s";

#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags are what people type")]
pub(super) struct Arguments {
    /// The repository, or the host [default: this repository's remotes]
    url: Option<String>,
    /// The account, where there are several
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// Ask about every account, also those that have ended
    #[arg(long, conflicts_with_all = ["url", "username", "api"])]
    all: bool,
    /// The forge at the host, where its name does not tell: github, gitlab, bitbucket, gitea
    /// (or Forgejo), azure or huggingface. It is kept with the account
    #[arg(long, value_name = "NAME", value_parser = parse_forge)]
    forge: Option<forge::Id>,
    /// The forge's URL, if it is not at the root of its host: <https://HOST/git>. It is kept with
    /// the account
    #[arg(long, value_name = "URL")]
    api: Option<String>,
    /// Ask nobody, and check only the token's form and its end, as far as that is known
    #[arg(long)]
    offline: bool,
    /// How long before its end a token is reported
    #[arg(long, value_name = "14d", default_value = WARN_BEFORE, value_parser = humantime::parse_duration)]
    warn_before: Duration,
    /// The longest time that all questions about one account may take
    #[arg(long, value_name = "10s", default_value = TIMEOUT, value_parser = parse_timeout)]
    timeout: Duration,
    /// Print a JSON array with an object for each account, for programs
    #[arg(long, conflicts_with = "nagios")]
    json: bool,
    /// Print one line for a monitor. The exit status is 0, 1, 2 or 3
    #[arg(long)]
    nagios: bool,
    #[command(flatten)]
    keychain: KeychainArguments,
}

pub(super) fn parse_timeout(text: &str) -> Result<Duration, &'static str> {
    const MOST: Duration = Duration::from_secs(60 * 60);
    let duration = humantime::parse_duration(text).ok();
    duration.filter(|time| !time.is_zero() && *time <= MOST).ok_or("a time such as 10s")
}

impl Arguments {
    fn options(&self) -> Options {
        Options {
            forge: self.forge,
            api: self.api.clone(),
            offline: self.offline,
            warn_before: self.warn_before.as_secs(),
            timeout: self.timeout,
            now: now(),
        }
    }

    /// Returns whether a person is there who can be asked, and the options allow it.
    fn may_ask(&self) -> bool {
        !self.json
            && !self.nagios
            && !self.all
            && terminal::stdin_is_terminal()
            && terminal::stdout_is_terminal()
    }
}

/// An account and the keychain that has it.
pub(super) struct Held {
    pub(super) subject: Subject,
    /// The number of the keychain, or none where nothing can be kept.
    pub(super) keychain: Option<usize>,
}

/// Runs the command. Returns the exit status: 0 if all is well, 1 if something needs a person, or
/// the status for a monitor.
pub(super) fn run(arguments: &Arguments) -> Result<u8, Error> {
    let setups = arguments.keychain.setups()?;
    let options = arguments.options();
    let (checked, failed) = if arguments.all {
        let Everything { checked, failed, .. } = everything(&setups, &options)?;
        (checked.into_iter().map(|(checked, _)| checked).collect(), failed)
    } else {
        let mut keychains: Vec<Box<dyn Keychain>> = Vec::new();
        let wanted = Wanted {
            url: arguments.url.as_deref(),
            username: arguments.username.as_deref(),
            api: arguments.api.as_deref(),
        };
        let held = subjects::named(&wanted, &setups, &mut keychains)?;
        (one_by_one(arguments, held, &options, &setups, &mut keychains)?, None)
    };
    let status = if arguments.nagios {
        terminal::write_raw(nagios::line(&checked, &options).as_bytes())?;
        nagios::status(&checked)
    } else {
        if arguments.json {
            let all = checked.iter().map(|one| json::of(one, options.now)).collect();
            terminal::write_json(&Value::Array(all))?;
        } else {
            terminal::write_raw(report::text(&checked, options.now).as_bytes())?;
        }
        u8::from(!checked.iter().all(Checked::is_well))
    };
    failed.map_or(Ok(status), Err)
}

/// Returns the options of a check for which a person says nothing.
///
/// # Panics
/// Never: the text above is a time.
pub(super) fn usual_options() -> Options {
    Options {
        forge: None,
        api: None,
        offline: false,
        warn_before: check::WARN_BEFORE,
        timeout: humantime::parse_duration(TIMEOUT).expect("a time"),
        now: now(),
    }
}

/// The results about every account.
pub(super) struct Everything {
    /// The results, each with the number of its keychain, or none where nothing can be kept.
    pub(super) checked: Vec<(Checked, Option<usize>)>,
    pub(super) keychains: Vec<Box<dyn Keychain>>,
    /// The error of a keychain that fails beside others.
    pub(super) failed: Option<Error>,
}

/// Asks about every account in the keychains that git's configuration names, and keeps what is
/// learnt.
///
/// # Errors
/// Where there is one keychain, and it fails.
pub(super) fn everything(setups: &Setups, options: &Options) -> Result<Everything, Error> {
    let mut keychains: Vec<Box<dyn Keychain>> = Vec::new();
    let (mut held, failed) = subjects::all(setups, &mut keychains)?;
    for one in &mut held {
        open::settle(one, options, &mut keychains);
    }
    let (subjects, places): (Vec<_>, Vec<_>) =
        held.into_iter().map(|held| (held.subject, held.keychain)).unzip();
    let checked = check::all::all(subjects, options);
    let mut all = Vec::with_capacity(checked.len());
    for (one, place) in checked.into_iter().zip(places) {
        keep_in(&mut keychains, place, &one);
        all.push((one, place));
    }
    Ok(Everything { checked: all, keychains, failed })
}

fn one_by_one(
    arguments: &Arguments,
    held: Vec<Held>,
    options: &Options,
    setups: &Setups,
    keychains: &mut [Box<dyn Keychain>],
) -> Result<Vec<Checked>, Error> {
    let mut all = Vec::new();
    for mut one in held {
        open::settle(&mut one, options, keychains);
        let Held { subject, keychain } = one;
        let options = Options { now: now(), ..options.clone() };
        let mut checked = check::one(subject, &options, setups.entries());
        if arguments.may_ask()
            && let Some(forge) = confirmed_forge(&checked)?
        {
            let options = Options { forge: Some(forge), ..options };
            checked = check::one(checked.subject, &options, setups.entries());
        }
        keep_in(keychains, keychain, &checked);
        if arguments.may_ask() && checked.is_refused_by_both() {
            let keychain = keychain.and_then(|at| keychains.get_mut(at));
            offer_to_reject(&checked, keychain)?;
        }
        all.push(checked);
    }
    Ok(all)
}

fn keep_in(keychains: &mut [Box<dyn Keychain>], at: Option<usize>, checked: &Checked) {
    let keychain = at.and_then(|at| keychains.get_mut(at));
    if let (Some(keychain), Some(learnt)) = (keychain, &checked.learnt) {
        keep::keep_or_say("check", &mut **keychain, learnt);
    }
}

/// Returns the forge that a host says it is, if a person agrees to a question to it.
fn confirmed_forge(checked: &Checked) -> Result<Option<forge::Id>, Error> {
    let realm = checked.git.as_ref().and_then(|git| git.realm.as_deref());
    let forge = realm.filter(|_| checked.forge.is_none()).and_then(forge_of_realm);
    let (Some(forge), Ok(mut terminal)) = (forge, Terminal::open()) else { return Ok(None) };
    let host = checked.subject.context.host_level();
    let question =
        format!("{host} calls itself {}. Ask its API about this token, too?", forge.name());
    Ok(terminal.confirm(&question)?.then_some(forge))
}

/// Marks a token as rejected that neither git's host nor the forge's API takes, if a person agrees.
/// A proxy's 401 alone must not hide a good token.
fn offer_to_reject(
    checked: &Checked,
    keychain: Option<&mut Box<dyn Keychain>>,
) -> Result<(), Error> {
    let is_served = checked.subject.account.state == State::Good;
    let Some(keychain) = keychain.filter(|keychain| is_served && keychain.kind() != Kind::Source)
    else {
        return Ok(());
    };
    let (Some(credential), Ok(mut terminal)) = (&checked.subject.credential, Terminal::open())
    else {
        return Ok(());
    };
    let question = "git and the forge both refuse it. Mark it as rejected, so that git is not \
                    given it any more?";
    if terminal.confirm(question)? {
        keep::reject(&mut **keychain, credential)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::WARN_BEFORE;
    use crate::check;

    #[test]
    fn the_time_that_help_names_is_the_one_that_counts() {
        let time = humantime::parse_duration(WARN_BEFORE).expect("a time");
        assert_eq!(time.as_secs(), check::WARN_BEFORE);
    }
}
