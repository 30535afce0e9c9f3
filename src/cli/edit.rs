//! `git credential-pat edit URL` changes the details of an account, without its token.
//!
//! Under another username the account is another item of the keychain. The new item exists, and
//! registries lead to it, before the old one is deleted.

use super::login::expiry;
use super::place::{Place, usable};
use super::{KeychainArguments, accounts, links};
use crate::context::Context;
use crate::credential::{Credential, Maker, Username};
use crate::error::Error;
use crate::git::{self, Failed};
use crate::helper::{self, Choice};
use crate::keychain::Keychain;
use crate::setup::Setups;
use crate::terminal;
use crate::time::{now, relative};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The host, or the organisation or repository that the token is for; if it has several
    /// accounts, with the name of one, as in <https://alice@github.com>
    url: String,
    /// Call the account by this name from now on
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// The token's end, as for login, or `never`
    #[arg(long, value_name = "DATE|90d|never")]
    expires: Option<String>,
    /// Give the token to this container registry, too, e.g. ghcr.io
    #[arg(long, value_name = "REGISTRY")]
    also: Vec<String>,
    /// Answer any username that a clone URL carries with this token
    #[arg(long)]
    any_username: bool,
    /// Drop the own token of a registry of --also
    #[arg(long, requires = "also")]
    replace: bool,
    #[command(flatten)]
    keychain: KeychainArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let Arguments { username, expires, also, any_username, replace, .. } = arguments;
    let place = Place::typed("edit", &arguments.url)?;
    if username.is_none() && expires.is_none() && also.is_empty() && !any_username {
        return Err(Error::Usage(
            "say what is to change: --username, --expires, --also or --any-username",
        ));
    }
    let registries = links::registries(also)?;
    let username = username.as_ref().map(|name| usable(Username::new(name.as_bytes())));
    let username = username.transpose()?;
    if username.as_ref().is_some_and(Username::is_empty) {
        return Err(Error::Usage("this username cannot be used"));
    }
    let expiry = expires.as_ref().map(|text| expiry::parse(text, now())).transpose()?;
    let (setups, setup) = arguments.keychain.setup_at("edit", &place)?;
    let mut keychain = setup.open()?;
    let guard = keychain.exclusive(None);
    let old = account(&mut *keychain, &place)?;
    let new = Credential {
        username: username.or_else(|| old.username.clone()),
        any_username: old.any_username || *any_username,
        expiry: expiry.unwrap_or(old.expiry),
        made_by: Maker::Person,
        ..old.clone()
    };
    if new.any_username && new.username.is_none() {
        return Err(Error::Refused("the account has no username yet: add --username NAME"));
    }
    let links = links::of(&registries, &new);
    links::may_be_written(&links, *replace)?;
    write(&mut *keychain, &old, &new)?;
    drop(guard);
    leave(&mut *keychain, &old, &new)?;
    report(&old, &new);
    if let Some(name) = old.username.as_ref().filter(|_| old.username != new.username) {
        rename_for_git(&setups, &mut *keychain, &new, name)?;
    }
    links::write("edit", &links, *replace)
}

/// Returns the account that is meant: the one with the URL's username, or the only one at the
/// context.
fn account(keychain: &mut dyn Keychain, place: &Place) -> Result<Credential, Error> {
    let Place { context, username, .. } = place;
    let contexts = std::slice::from_ref(context);
    let choose = || helper::choose(keychain, contexts, username.as_ref(), now());
    match helper::with_retries(choose)? {
        Choice::Account(item) if username.is_none() || item.1.username == *username => Ok(item.1),
        Choice::Account(_) | Choice::None => Err(Error::NoAccount),
        Choice::Ambiguous(..) => Err(Error::Usage(
            "several accounts are there: name one in the URL, as in https://NAME@HOST",
        )),
    }
}

/// Writes the changed account and reads it back.
fn write(keychain: &mut dyn Keychain, old: &Credential, new: &Credential) -> Result<(), Error> {
    let (was, is) = (old.account(), new.account());
    if was != is && accounts::existing(keychain, &is)?.is_some() {
        return Err(Error::Refused("another account is called so already: log out of it first"));
    }
    helper::with_retries(|| helper::put(keychain, new))?;
    match accounts::existing(keychain, &is)? {
        Some(read) if read.token == new.token => Ok(()),
        _ => Err(Error::Keychain("the account could not be read back")),
    }
}

/// Makes registries lead to the account's new name, and then deletes the account's old item.
fn leave(keychain: &mut dyn Keychain, old: &Credential, new: &Credential) -> Result<(), Error> {
    if old.username != new.username {
        links::follow(old, new)?;
    }
    let was = old.account();
    if was != new.account() {
        let _guard = keychain.exclusive(None);
        helper::with_retries(|| helper::delete(keychain, &was.context, Some(&was.username)))?;
    }
    Ok(())
}

fn report(old: &Credential, new: &Credential) {
    let say = |text: &str| terminal::say("edit", text);
    let place = &new.context;
    let name = new.username.clone().unwrap_or_default();
    if old.username != new.username {
        say(&format!("the account at {place} is called {name} now"));
    }
    if old.any_username != new.any_username {
        say(&format!("the account {name} at {place} answers any username now"));
    }
    if old.expiry != new.expiry {
        say(&match new.expiry {
            Some(expiry) => {
                format!("the token for {name} at {place} expires {}", relative(expiry, now()))
            }
            None => format!("the token for {name} at {place} has no end that is known"),
        });
    }
    if old == new {
        say(&format!("the account {name} at {place} is so already"));
    }
}

/// Makes git ask for the account by its new name, where it asks by the old one.
fn rename_for_git(
    setups: &Setups,
    keychain: &mut dyn Keychain,
    new: &Credential,
    old_name: &Username,
) -> Result<(), Error> {
    let name = new.username.clone().unwrap_or_default();
    let mut told: Vec<Context> = Vec::new();
    for place in git::username::places_of(setups.entries(), &new.context, old_name) {
        // Another account may have the old name there.
        if !accounts::is_there(keychain, &place, old_name)? || new.any_username {
            git::set_username(&place, &name)?;
            told.push(place);
        }
    }
    let setups = Setups::read(None).map_err(Failed::tell)?;
    for place in told {
        let asked = setups.configuration(Some(&git::url::of(&place))).username;
        if asked.is_some_and(|(_, asked)| asked == name) {
            terminal::say("edit", &format!("git asks for {name} at {place} now"));
        } else {
            super::settle::say_that_another_counts("edit", &place);
        }
    }
    Ok(())
}
