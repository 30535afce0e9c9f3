//! `--rotate`: the accounts whose tokens the timer rotates, each named and agreed to beforehand; and
//! their rotation, once they are due.
//!
//! An account stands in the timer's own words as a URL with its name. So exactly the accounts that
//! were agreed to are rotated, whatever others come to the keychain.

use super::finding::Finding;
use super::{Arguments, say};
use crate::api::state::State;
use crate::check::{Checked, Options, Subject};
use crate::cli::check::{Held, report, subjects, usual_options};
use crate::cli::place::Place;
use crate::cli::rotate;
use crate::context::Context;
use crate::credential::{Account, Username};
use crate::error::{Error, kept};
use crate::git::url;
use crate::keychain::Keychain;
use crate::setup::Setups;
use crate::terminal;
use crate::terminal::prompt::Terminal;
use crate::watch::rotation::{LeftOut, Plan, in_memory, objection, plan};

/// An account that may be rotated, as the timer's words name it.
#[derive(PartialEq, Eq)]
struct Named {
    context: Context,
    username: Option<Username>,
}

impl Named {
    fn of(url: &str) -> Result<Self, Error> {
        let Place { context, username, .. } = Place::parse(url)?;
        Ok(Self { context, username })
    }

    /// Returns whether this is the account, by its own username: one that answers for any is filed
    /// under none.
    fn is(&self, subject: &Subject) -> bool {
        let name = self.username.clone().unwrap_or_default();
        let account = subject.named();
        self.context == account.context && name == account.username
    }
}

/// Returns an account as a URL, if it reads back as this very account.
fn url_of(subject: &Subject) -> Option<String> {
    let Account { context, username } = subject.named();
    let url = url::at(&context, Some(&username), &context.path());
    Named::of(&url).ok().filter(|named| named.is(subject)).map(|_| url)
}

/// Returns the URLs of the accounts that are agreed to.
///
/// # Errors
/// Where nobody can be asked, none is agreed to, or one that is named cannot be rotated.
pub(super) fn agreed(arguments: &Arguments, days: u64) -> Result<Vec<String>, Error> {
    let setups = arguments.keychain.setups()?;
    let mut keychains = Vec::new();
    let (held, failed) = subjects::all(&setups, &mut keychains)?;
    if let Some(error) = failed {
        return Err(error);
    }
    let named: Vec<Named> =
        arguments.accounts.iter().map(|url| Named::of(url)).collect::<Result<_, _>>()?;
    let options = usual_options();
    let mut candidates = Vec::new();
    for Held { subject, keychain } in held {
        let (Some(credential), Some(keychain)) = (&subject.credential, keychain) else { continue };
        let is_named = named.iter().any(|named| named.is(&subject));
        if !is_named && !named.is_empty() {
            continue;
        }
        match objection(credential, &options) {
            None => candidates.push((subject, keychains[keychain].kind())),
            Some(LeftOut { why, .. }) if is_named => {
                let whose = whose(&subject);
                let text = format!("{whose}: a timer cannot rotate the token: {why}");
                return Err(Error::Refused(kept(text)));
            }
            Some(_) => {}
        }
    }
    let is_there = |named: &Named| candidates.iter().any(|(subject, _)| named.is(subject));
    if !named.iter().all(is_there) {
        return Err(Error::NoAccount);
    }
    let mut terminal = arguments.terminal();
    let is_agreed = arguments.consent.yes || arguments.consent.dry_run;
    if terminal.is_none() && (!is_agreed || named.is_empty()) {
        return Err(Error::Usage(
            "nobody can be asked here: name each account with --account https://NAME@HOST, and add \
             --yes",
        ));
    }
    let mut urls = Vec::new();
    for (subject, kind) in candidates {
        let whose = whose(&subject);
        if !kind.outlives_reboot() {
            let LeftOut { why, hint } = in_memory(kind);
            say(&format!("{whose}: not to be rotated by a timer: {why}"));
            if let Some(hint) = hint {
                terminal::hint(&hint);
            }
            continue;
        }
        let Some(url) = url_of(&subject) else { continue };
        let question =
            format!("Rotate the token of {whose} by itself, {days} days before its end?");
        if agrees(terminal.as_mut(), &question)? {
            urls.push(url);
        }
    }
    if urls.is_empty() {
        return Err(Error::Refused("no account is left that a timer may rotate"));
    }
    Ok(urls)
}

/// Returns whether a person agrees, or has done so beforehand.
fn agrees(terminal: Option<&mut Terminal>, question: &str) -> Result<bool, Error> {
    terminal.map_or(Ok(true), |terminal| terminal.confirm(question))
}

fn whose(subject: &Subject) -> String {
    report::whose_of(&subject.context, subject.username.as_ref())
}

/// Fails where it is not said which accounts are to be rotated.
///
/// # Errors
/// [`Error::Usage`] where none is named, or a name cannot be understood.
pub(super) fn check_names(arguments: &Arguments) -> Result<(), Error> {
    if arguments.rotate.is_some() && arguments.accounts.is_empty() {
        return Err(Error::Usage("name each account that is to be rotated: --account URL"));
    }
    arguments.accounts.iter().try_for_each(|url| Named::of(url).map(|_| ()))
}

/// What has become of the accounts that may be rotated.
pub(super) struct Rotated {
    /// Those that are not to be spoken of as ones that end.
    pub(super) settled: Vec<Account>,
    pub(super) findings: Vec<Finding>,
}

/// Rotates the tokens that are due, of those that are agreed to.
pub(super) fn rotate(
    arguments: &Arguments,
    checked: &[(Checked, Option<usize>)],
    keychains: &mut [Box<dyn Keychain>],
    setups: &Setups,
    options: &Options,
) -> Result<Rotated, Error> {
    let mut rotated = Rotated { settled: Vec::new(), findings: Vec::new() };
    let Some(due) = arguments.rotate else { return Ok(rotated) };
    for url in &arguments.accounts {
        let named = Named::of(url)?;
        let is_it = |(one, _): &&(Checked, _)| named.is(&one.subject);
        let Some((one, keychain)) = checked.iter().find(is_it) else {
            let whose = report::whose_of(&named.context, named.username.as_ref());
            let why = "it is to be rotated, and is not in the keychain any more";
            let hint = "name the accounts anew: git credential-pat watch daily --rotate 14d";
            rotated.findings.push(Finding::of_missing(&whose, why, hint, options.now));
            continue;
        };
        let Some(keychain) = keychain.and_then(|at| keychains.get_mut(at)) else { continue };
        let kind = keychain.kind();
        let (why, hint) = match plan(one, kind, due.as_secs(), options, setups)? {
            Plan::NotYet => {
                // Its end is no news: it will be rotated in time.
                if one.worst.state == State::Ending {
                    rotated.settled.push(one.subject.named());
                }
                continue;
            }
            Plan::LeftOut(LeftOut { why, hint }) => (format!("it is not rotated: {why}"), hint),
            Plan::Rotate => {
                let Some(credential) = &one.subject.credential else { continue };
                match rotate::unattended(&mut **keychain, credential, setups, due) {
                    Ok(true) => {
                        rotated.settled.push(one.subject.named());
                        continue;
                    }
                    Ok(false) => ("its rotation did not come to a good end".to_owned(), None),
                    Err(error) => {
                        (format!("it could not be rotated: {error}"), error.hint().map(Into::into))
                    }
                }
            }
        };
        rotated.settled.push(one.subject.named());
        let finding = Finding::of_unrotated(one, &why, hint.as_deref(), options.now);
        rotated.findings.push(finding);
    }
    Ok(rotated)
}
