//! Chooses which of several accounts at one context git is to use, where a URL names no username.
//! Without a choice git would get none of them. The default is the account that has answered so
//! far, unless a person says otherwise.

use crate::cli::status::finding::this_command;
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::git::url;
use crate::helper::{self, Choice};
use crate::keychain::Keychain;
use crate::setup::Setups;
use crate::terminal;
use crate::terminal::prompt::Terminal;
use crate::time::now;
use crate::withheld::{listed, use_words};

/// Several accounts at a context, see the [module](self).
#[derive(Clone, PartialEq, Eq)]
pub(in crate::cli) struct Several {
    pub(super) context: Context,
    /// The username of the account that came last.
    new: Username,
    /// The usernames of all accounts.
    names: Vec<Username>,
    /// The username of the account that has answered so far, if its token serves.
    so_far: Option<Username>,
    /// The username for which git is told to ask.
    told: Option<Username>,
}

/// The account that was chosen.
#[derive(Clone, PartialEq, Eq)]
pub(in crate::cli) struct Chosen {
    pub(super) several: Several,
    /// Its username, or none where nobody was asked and none has answered so far.
    pub(super) name: Option<Username>,
}

/// Returns the account that answers at this context where a URL names no username. This is asked
/// before another account is stored there.
///
/// # Errors
/// Where the keychain fails.
pub(in crate::cli) fn answering(
    setups: &Setups,
    keychain: &mut dyn Keychain,
    context: &Context,
) -> Result<Option<Credential>, Error> {
    let contexts = context.outwards();
    let told = told(setups, context);
    match helper::with_retries(|| helper::choose(keychain, &contexts, told.as_ref(), now())) {
        Ok(Choice::Account(item)) => Ok(Some(item.1)),
        Ok(_) | Err(Error::Damaged) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns the username for which git is told to ask. The one in a clone's URL does not count,
/// because another clone's URL may lack it.
fn told(setups: &Setups, context: &Context) -> Option<Username> {
    setups.configuration(Some(&url::of(context))).username.map(|(_, name)| name)
}

impl Several {
    /// Returns the accounts from which to choose, if there are others beside this one at its
    /// context, or git is told to ask for another.
    ///
    /// # Errors
    /// Where the keychain fails.
    pub(super) fn beside(
        setups: &Setups,
        keychain: &mut dyn Keychain,
        credential: &Credential,
        so_far: Option<Credential>,
    ) -> Result<Option<Self>, Error> {
        let context = &credential.context;
        let new = credential.account().username;
        if new.is_empty() {
            return Ok(None);
        }
        let told = told(setups, context);
        let persons = || helper::names_of_persons(keychain, context, now());
        let mut names = helper::with_retries(persons)?;
        let is_needed = match &told {
            Some(asked) => *asked != new,
            None => names.iter().any(|name| *name != new),
        };
        if !is_needed {
            return Ok(None);
        }
        // An account of a wider context does not count: a person has just stored one for this
        // part of the host.
        let counts = |old: &Credential| old.context == *context && old.is_live(now());
        let so_far = so_far.filter(counts).map(|old| old.account().username);
        let so_far = so_far.filter(|name| *name != new);
        names.push(new.clone());
        names.sort();
        names.dedup();
        Ok(Some(Self { context: context.clone(), new, names, so_far, told }))
    }

    /// Returns whether both are at the same context.
    pub(in crate::cli) fn is_at(&self, other: &Self) -> bool {
        self.context == other.context
    }

    /// Returns the username that is chosen where a person only agrees.
    fn default(&self) -> &Username {
        self.so_far.as_ref().unwrap_or(&self.new)
    }

    /// Asks a person to choose.
    ///
    /// # Errors
    /// Where the person gives up.
    pub(super) fn ask(self, terminal: &mut Terminal) -> Result<Chosen, Error> {
        let context = &self.context;
        let list: Vec<String> = self.names.iter().map(Username::listed).collect();
        terminal.show(&format!("Accounts at {context}: {}.", list.join(", ")))?;
        match (&self.so_far, &self.told) {
            (Some(name), _) => terminal.show(&format!("{} has answered so far.", name.listed()))?,
            (None, Some(name)) if !self.names.contains(name) => {
                terminal.show(&format!("git asks for {name} there, of whom no token is kept."))?;
            }
            (None, _) => {}
        }
        let question = "Which one is git to use where a URL names none";
        let name = terminal.ask_for(question, &self.default().listed(), |answer| {
            let named = self.names.iter().find(|name| name.listed() == answer);
            // A mere yes chooses the offered account.
            let agrees = ["y", "yes"].iter().any(|yes| answer.eq_ignore_ascii_case(yes));
            let named = named.or_else(|| agrees.then(|| self.default()));
            named.cloned().ok_or(Error::Usage("no account there has this name"))
        })?;
        Ok(Chosen { several: self, name: Some(name) })
    }

    /// Chooses the account that has answered so far, where nobody is asked.
    pub(super) fn kept(self) -> Chosen {
        Chosen { name: self.so_far.clone(), several: self }
    }

    /// Chooses no account.
    pub(super) fn open(self) -> Chosen {
        Chosen { name: None, several: self }
    }
}

impl Chosen {
    /// Returns the username that git is to be told, if it is not told already.
    pub(super) fn to_tell(&self) -> Option<&Username> {
        let name = self.name.as_ref().filter(|name| !name.is_empty());
        name.filter(|name| self.several.told.as_ref() != Some(*name))
    }

    /// Says what git does now.
    pub(super) fn say(&self, command: &'static str) {
        let Several { context, new, names, told, .. } = &self.several;
        let hint = |what: &str, name: &Username| {
            terminal::hint(&format!(
                "{what}: {} {}",
                this_command(),
                use_words(context, Some(name))
            ));
        };
        match (&self.name, told) {
            (Some(name), _) if name == new => {
                terminal::say(command, &format!("git uses {name} at {context} from now on"));
            }
            (Some(name), _) => {
                let name = name.listed();
                terminal::say(command, &format!("git goes on to use {name} at {context}"));
                hint(&format!("to use {new} there"), new);
            }
            (None, Some(told)) => {
                terminal::say(command, &format!("git asks for {told} at {context}"));
                hint(&format!("to use {new} there"), new);
            }
            (None, None) => {
                let names = listed(names);
                terminal::say(command, &format!("several accounts are at {context}: {names}"));
                hint("choose one, such as", new);
            }
        }
    }
}
