//! Plans what becomes of the entries that were found. The plan is shown before it is carried out.

use super::found::{Entry, Source};
use crate::cli::accounts::existing;
use crate::context::shown;
use crate::credential::{Account, Credential, Username};
use crate::error::Error;
use crate::forge;
use crate::helper::{self, Choice};
use crate::keychain::{Keychain, Kind};
use crate::setup::Opened;
use crate::terminal;
use crate::time::now;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The steps for the entries of a source.
pub(super) struct Plan<'a> {
    source: &'a Source,
    /// The steps, one for each entry.
    steps: Vec<Step>,
    replace: bool,
}

/// The step that is planned, or was taken, for an entry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The token is to be stored for a new account.
    Store,
    /// The token is to replace another one of the account.
    Replace,
    /// The token was written and read back.
    Stored,
    /// The account that answers for the context has this very token.
    AlreadyThere,
    /// The account has this very token, but git brought account or token, or another token is set
    /// aside there.
    Claim,
    /// The account has another token, which must not be replaced.
    Differs,
    /// The earlier entry at this index has another token for the account, and has been served
    /// instead. This entry leaves the source with that one.
    Unserved(usize),
    /// An earlier source has another token for the account, which has been served instead. This
    /// entry leaves its source if the keychain has that token.
    Shadowed { is_settled: bool },
    /// A person wants the entry to stay in its source.
    Declined,
    /// The entry stays in its source, for this reason.
    Stays(&'static str),
}

impl Step {
    /// Returns whether the keychain is to be changed.
    pub(super) fn is_wanted(self) -> bool {
        matches!(self, Self::Store | Self::Replace | Self::Claim)
    }

    fn text(self) -> String {
        match self {
            Self::Store => "import".to_owned(),
            Self::Replace => "import, replacing another token".to_owned(),
            Self::Stored => "imported".to_owned(),
            Self::AlreadyThere => "is there already".to_owned(),
            Self::Claim => "is there already, from git: becomes yours".to_owned(),
            Self::Differs => "stays: another token is stored for this account".to_owned(),
            Self::Unserved(_) | Self::Shadowed { .. } => {
                "left out: an earlier one has been used in its place".to_owned()
            }
            Self::Declined => "stays".to_owned(),
            Self::Stays(why) => format!("stays: {why}"),
        }
    }
}

impl<'a> Plan<'a> {
    /// Compares the entries with the accounts in the keychains of their contexts, and changes
    /// nothing.
    ///
    /// # Errors
    /// Where a keychain fails.
    pub(super) fn make(
        source: &'a Source,
        opened: &mut Opened<'_>,
        replace: bool,
    ) -> Result<Self, Error> {
        let mut places = Places::of(source);
        let mut firsts: BTreeMap<Account, usize> = BTreeMap::new();
        let mut steps = Vec::with_capacity(source.entries.len());
        for (index, entry) in source.entries.iter().enumerate() {
            let token = match &entry.token {
                Ok(token) => token,
                Err(why) => {
                    steps.push(Step::Stays(why));
                    continue;
                }
            };
            let (keychain, allow_http) = opened.at(&token.context)?;
            steps.push(if token.context.exposes_secrets() && !allow_http {
                Step::Stays("http is unencrypted")
            } else if token.is_expired(now()) {
                Step::Stays("it has expired")
            } else {
                let first = *firsts.entry(token.account()).or_insert(index);
                let other = &source.entries[first];
                let is_same = other.token.as_ref().is_ok_and(|other| other.token == token.token);
                match (is_same, other.group == entry.group) {
                    // Only a question to the keychain shows which one it is.
                    _ if is_from_here(source, keychain)? => {
                        Step::Stays("it is in this very keychain")
                    }
                    (true, _) => match shadowed(keychain, entry)? {
                        Some(shadowed) => shadowed,
                        None if places.have_room_for(token, keychain)? => Step::Store,
                        None => step(keychain, token, replace)?,
                    },
                    (false, true) => Step::Unserved(first),
                    (false, false) => Step::Stays("another one here is for the same account"),
                }
            });
        }
        Ok(Self { source, steps, replace })
    }

    /// Returns the step for the entry at this index.
    pub(super) fn step(&self, index: usize) -> Step {
        self.steps[index]
    }

    /// Returns how many steps are of this kind.
    pub(super) fn count(&self, is_such: impl Fn(&Step) -> bool) -> usize {
        self.steps.iter().filter(|step| is_such(step)).count()
    }

    /// Returns the numbers of the entries that can be removed from the source: those whose tokens
    /// the keychain has, and those that were never served instead of these.
    pub(super) fn settled(&self) -> Vec<usize> {
        self.numbers(|step| matches!(step, Step::Stored | Step::AlreadyThere))
    }

    /// Returns the numbers of the entries that can be removed once the plan is carried out.
    pub(super) fn to_settle(&self) -> Vec<usize> {
        self.numbers(|step| !matches!(step, Step::Stays(_) | Step::Differs | Step::Declined))
    }

    fn numbers(&self, is_done: impl Fn(&Step) -> bool) -> Vec<usize> {
        let is_done = |step: &Step| match step {
            Step::Shadowed { is_settled } => *is_settled,
            step => is_done(step),
        };
        let is_done = |step: &Step| match step {
            Step::Unserved(first) => is_done(&self.steps[*first]),
            step => is_done(step),
        };
        let entries = self.source.entries.iter().zip(&self.steps);
        entries.filter(|(_, step)| is_done(step)).map(|(entry, _)| entry.number).collect()
    }

    /// Returns how many of the entries that can be removed are kept nowhere then.
    pub(super) fn dropped(&self) -> usize {
        let shadowed = Step::Shadowed { is_settled: true };
        let is_settled =
            |first: &Step| matches!(first, Step::Stored | Step::AlreadyThere) || *first == shadowed;
        self.count(|step| match step {
            Step::Unserved(first) => is_settled(&self.steps[*first]),
            step => *step == shadowed,
        })
    }

    /// Returns the keychains that have the tokens.
    ///
    /// # Errors
    /// Where there is no such keychain.
    pub(super) fn kept_in(&self, opened: &mut Opened<'_>) -> Result<Vec<Kind>, Error> {
        let entries = self.source.entries.iter().zip(&self.steps);
        let kept = entries.filter(|(_, step)| matches!(step, Step::Stored | Step::AlreadyThere));
        let tokens = kept.filter_map(|(entry, _)| entry.token.as_ref().ok());
        tokens.map(|token| Ok(opened.at(&token.context)?.0.kind())).collect()
    }

    /// What is to be stored, in the source's order.
    pub(super) fn wanted(&self) -> Vec<&Credential> {
        let entries = self.source.entries.iter().zip(&self.steps);
        let wanted = entries.filter(|(_, step)| step.is_wanted());
        wanted.filter_map(|(entry, _)| entry.token.as_ref().ok()).collect()
    }

    /// Returns the credentials that were stored, in the source's order.
    pub(super) fn stored(&self) -> Vec<&Credential> {
        let entries = self.source.entries.iter().zip(&self.steps);
        let stored = entries.filter(|(_, step)| matches!(step, Step::Stored));
        stored.filter_map(|(entry, _)| entry.token.as_ref().ok()).collect()
    }

    /// Asks a person about each wanted entry. Returns how many are still wanted.
    ///
    /// # Errors
    /// Where the person gives up.
    pub(super) fn choose(
        &mut self,
        agrees: &mut dyn FnMut(&str) -> Result<bool, Error>,
    ) -> Result<usize, Error> {
        for (entry, step) in self.source.entries.iter().zip(&mut self.steps) {
            let Ok(token) = entry.token.as_ref().map_err(|_| ()) else { continue };
            if step.is_wanted() {
                let name = token.username.as_ref().filter(|name| !name.is_empty());
                let whose = name.map(|name| format!("{name} at ")).unwrap_or_default();
                if !agrees(&format!("Import {whose}{}?", token.context))? {
                    *step = Step::Declined;
                }
            }
        }
        Ok(self.count(|step| step.is_wanted()))
    }

    /// Writes the wanted tokens and reads them back. Returns the keychain of each that was stored.
    ///
    /// # Errors
    /// Where a keychain fails.
    pub(super) fn carry_out(&mut self, opened: &mut Opened<'_>) -> Result<Vec<Kind>, Error> {
        let first = self.source.entries.iter().find_map(|entry| entry.token.as_ref().ok());
        // One lock is for all keychains.
        let _guard = match first {
            Some(token) => opened.at(&token.context)?.0.exclusive(None),
            None => None,
        };
        let mut stored = Vec::new();
        for (entry, place) in self.source.entries.iter().zip(&mut self.steps) {
            let Ok(token) = &entry.token else { continue };
            if !place.is_wanted() {
                continue;
            }
            let (keychain, _) = opened.at(&token.context)?;
            // The keychain may have changed while a person thought about the question.
            let now = step(keychain, token, self.replace)?;
            if now == Step::Claim {
                claim(keychain, token)?;
                *place = Step::AlreadyThere;
            } else if now.is_wanted() && (now == *place || self.replace) {
                save(keychain, token)?;
                stored.push(keychain.kind());
                *place = Step::Stored;
            } else {
                *place = now;
                if now == Step::Differs {
                    terminal::say(
                        "import",
                        &format!("another token was stored meanwhile for {}", token.context),
                    );
                }
            }
        }
        Ok(stored)
    }

    /// Returns the labels of the wanted entries that hold more than a token, each with what that
    /// is.
    pub(super) fn copied_along(&self) -> Vec<(&str, String)> {
        let wanted = self.source.entries.iter().zip(&self.steps);
        let wanted = wanted.filter(|(_, step)| step.is_wanted());
        let found = wanted.filter_map(|(entry, _)| {
            let token = entry.token.as_ref().ok()?;
            let what = forge::around(&token.context, token.token.expose())?;
            Some((entry.label.as_str(), what))
        });
        found.collect()
    }

    /// Returns the plan as a table for people.
    pub(super) fn table(&self) -> String {
        let mut rows = vec![["PLACE".to_owned(), "USERNAME".to_owned(), "WHAT".to_owned()]];
        rows.extend(self.source.entries.iter().zip(&self.steps).map(|(entry, step)| {
            let (place, username) = match &entry.token {
                Ok(token) => {
                    let username = token.username.clone().unwrap_or_default();
                    (token.context.to_string(), username.to_string())
                }
                Err(_) => (entry.label.clone(), "-".to_owned()),
            };
            [place, username, step.text()].map(|text| shown(&text).into_owned())
        }));
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
        let (place, username) = (width(0).unwrap_or(0), width(1).unwrap_or(0));
        let mut text = format!("{}\n", shown(&self.source.name));
        for row in rows {
            let _ = writeln!(text, "  {:place$}  {:username$}  {}", row[0], row[1], row[2]);
        }
        text
    }
}

/// The accounts that keychains have, as far as they are known.
enum Places {
    /// They are not known: the keychain is asked about each token's account.
    Unknown,
    /// They are known for these keychains: one question about all accounts is asked instead of many
    /// about single ones.
    Known(Vec<(Kind, BTreeSet<Account>)>),
}

impl Places {
    fn of(source: &Source) -> Self {
        const MANY: usize = 10;
        if source.entries.len() < MANY { Self::Unknown } else { Self::Known(Vec::new()) }
    }

    /// Returns whether it is known that no account answers yet where this token would.
    fn have_room_for(
        &mut self,
        token: &Credential,
        keychain: &mut dyn Keychain,
    ) -> Result<bool, Error> {
        let Self::Known(keychains) = self else { return Ok(false) };
        let kind = keychain.kind();
        let known = keychains.iter().position(|(known, _)| *known == kind);
        if known.is_none() {
            let list = helper::with_retries(|| keychain.list())?;
            // If no keychain was named, its kind is known only now.
            let kind = keychain.kind();
            keychains.push((kind, list.into_iter().map(|(_, account)| account).collect()));
        }
        let at = known.unwrap_or(keychains.len() - 1);
        let accounts = &keychains[at].1;
        let username = token.account().username;
        // An account without a filed username may answer for any.
        Ok(token.context.outwards().into_iter().all(|context| {
            [username.clone(), Username::default()]
                .into_iter()
                .all(|username| !accounts.contains(&Account { context: context.clone(), username }))
        }))
    }
}

/// Returns whether the tokens come from this keychain.
fn is_from_here(source: &Source, keychain: &mut dyn Keychain) -> Result<bool, Error> {
    let Some(kind) = source.keychain() else { return Ok(false) };
    helper::with_retries(|| keychain.asks_before_it_searches())?;
    Ok(keychain.kind() == kind)
}

/// Returns the step for an entry in whose place another source's token has been served. Returns
/// nothing where there is none, or where that token is dead: git would take this one next.
fn shadowed(keychain: &mut dyn Keychain, entry: &Entry) -> Result<Option<Step>, Error> {
    let (Some(instead), Ok(token)) = (&entry.instead, &entry.token) else { return Ok(None) };
    let kept = answering(keychain, token)?.filter(|kept| kept.token == *instead);
    let is_dead = kept.as_ref().is_some_and(|kept| !kept.is_live(now()));
    Ok((!is_dead).then_some(Step::Shadowed { is_settled: kept.is_some() }))
}

fn step(keychain: &mut dyn Keychain, token: &Credential, replace: bool) -> Result<Step, Error> {
    let Some(old) = answering(keychain, token)? else { return Ok(Step::Store) };
    let is_same = old.token == token.token && old.authtype.is_none();
    if is_same && old.is_live(now()) {
        let is_yours = old.clone().as_a_persons() == old;
        return Ok(if is_yours { Step::AlreadyThere } else { Step::Claim });
    }
    if old.account() != token.account() {
        return Ok(Step::Store);
    }
    Ok(match (is_same, replace) {
        (true, _) => Step::Stays("it is stored, and expired or rejected"),
        (false, true) => Step::Replace,
        (false, false) => Step::Differs,
    })
}

/// Returns the account that answers so far where this token would. A damaged item counts as none:
/// it holds nothing that could be lost.
fn answering(keychain: &mut dyn Keychain, token: &Credential) -> Result<Option<Credential>, Error> {
    let (contexts, username) = (token.context.outwards(), token.account().username);
    match helper::with_retries(|| helper::choose(keychain, &contexts, Some(&username), now())) {
        Ok(Choice::Account(account)) => Ok(Some(account.1)),
        Ok(_) | Err(Error::Damaged) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes the account that has the token a person's.
fn claim(keychain: &mut dyn Keychain, token: &Credential) -> Result<(), Error> {
    match answering(keychain, token)? {
        Some(old) if old.token == token.token => save(keychain, &old.as_a_persons()),
        _ => Err(Error::Keychain("the token could not be read back")),
    }
}

/// Writes the account and reads it back.
fn save(keychain: &mut dyn Keychain, token: &Credential) -> Result<(), Error> {
    helper::with_retries(|| helper::put(keychain, token))?;
    match existing(keychain, &token.account())? {
        Some(read) if read.token == token.token => Ok(()),
        _ => Err(Error::Keychain("the token could not be read back")),
    }
}
