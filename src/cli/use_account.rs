//! `git credential-pat use [URL] [NAME]` shows or chooses the account that answers at a URL.
//!
//! git's own setting `credential.URL.username` holds the choice, so that it counts for everything
//! that runs git. It is written so that it counts before other settings, and then git is asked.

use super::place::{Place, usable};
use super::settle::{self, Lack};
use super::status::finding::origin;
use super::{KeychainArguments, accounts};
use crate::context::Context;
use crate::credential::{Account, Credential, Username};
use crate::error::Error;
use crate::git::{self, Failed, url};
use crate::helper::verdict::{Question, Reason, Verdict, judge};
use crate::helper::{self, Choice, Policy};
use crate::setup::{Opened, Setups};
use crate::terminal;
use crate::time::now;
use crate::withheld::{listed, use_words, whose};
use std::collections::BTreeSet;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The host, or the organisation or repository on it [default: this repository's remotes;
    /// outside of one, every URL for which a token is kept]
    url: Option<String>,
    /// The account that git is to use there, whose token is in the keychain already
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Make git ask for no particular account there
    #[arg(long, conflicts_with = "name", requires = "url")]
    unset: bool,
    #[command(flatten)]
    keychain: KeychainArguments,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let place = arguments.url.as_deref().map(|url| Place::typed("use", url)).transpose()?;
    let setups = arguments.keychain.setups()?;
    match (place, &arguments.name) {
        (Some(place), Some(name)) => set(&setups, &place, name),
        (Some(place), None) if arguments.unset => unset(&place),
        (Some(place), None) => show(&setups, &[place]),
        (None, _) => show(&setups, &places(&setups)?),
    }
}

/// Returns the URLs of this repository's remotes, else those for which a token is kept.
fn places(setups: &Setups) -> Result<Vec<Place>, Error> {
    let mut places: Vec<Place> = Place::of_remotes();
    if places.is_empty() {
        let mut contexts = BTreeSet::new();
        for setup in setups.everywhere()? {
            let mut keychain = setup.open()?;
            let listed = helper::with_retries(|| keychain.list())?;
            contexts.extend(listed.into_iter().map(|(_, account)| account.context));
        }
        contexts.retain(|context| context.registry().is_none());
        places.extend(contexts.into_iter().map(Place::of));
    }
    Ok(places)
}

fn show(setups: &Setups, places: &[Place]) -> Result<(), Error> {
    if places.is_empty() {
        terminal::hint("no account is there: store a token with git credential-pat login URL");
    }
    for place in places {
        let Shown { line, hint } = shown(setups, place)?;
        terminal::write_raw(format!("{}\n", crate::context::shown(&line)).as_bytes())?;
        if let Some(hint) = hint {
            terminal::hint(&hint);
        }
    }
    Ok(())
}

/// The text about a URL.
struct Shown {
    line: String,
    hint: Option<String>,
}

/// Returns in words which account answers a get of git's at this URL, and why.
fn shown(setups: &Setups, place: &Place) -> Result<Shown, Error> {
    let configuration = setups.configuration(Some(&place.url));
    let told = configuration.username.as_ref().filter(|_| place.username.is_none());
    let context = &place.context;
    let contexts =
        if configuration.sends_path { context.outwards() } else { vec![context.host_level()] };
    let question = Question {
        contexts: &contexts,
        username: place.username.as_ref().or(told.map(|(_, name)| name)),
        takes_schemes: true,
    };
    let mut verdict = Verdict::Nobody;
    let mut names: Vec<Username> = Vec::new();
    for holder in setups.holders(&place.url)? {
        let Some(mut keychain) = holder.open()? else { continue };
        let policy = Policy { allow_http: holder.allow_http, now: now() };
        let found = helper::with_retries(|| keychain.find(&context.outwards(), None))?;
        names.extend(keychain.usernames(&found)?);
        if matches!(verdict, Verdict::Nobody) {
            verdict = judge(&mut *keychain, &question, policy)?;
        }
    }
    names.sort();
    names.dedup();
    let because = match told {
        Some((entry, name)) => format!(", because git asks for {name} ({})", origin(entry)),
        None => String::new(),
    };
    let choose = |at: &Context, name: Option<&Username>| {
        Some(format!("to choose one: git credential-pat {}", use_words(at, name)))
    };
    let (line, hint) = match &verdict {
        Verdict::Served(item) => {
            let name = own_name(&item.1);
            names.retain(|other| *other != name && !other.is_empty());
            let others = if names.is_empty() {
                String::new()
            } else {
                format!("; also there: {}", listed(&names))
            };
            let who = if name.is_empty() { whose(&item.1.context, None) } else { name.to_string() };
            (format!("{context}: {who}{because}{others}"), None)
        }
        Verdict::Withheld(item, reason) => {
            let name = own_name(&item.1);
            let why = match reason {
                Reason::Rejected => "was rejected by the host",
                Reason::Scheme => "needs a newer git (2.46)",
                Reason::Expired | Reason::Renewable => "has expired",
            };
            let whose = whose(&item.1.context, Some(&name));
            (format!("{context}: nobody, {whose} {why}{because}"), None)
        }
        Verdict::Ambiguous(at, names) => {
            let line = format!("{context}: nobody, it could be any of {}", listed(names));
            (line, choose(at, names.first()))
        }
        Verdict::Locked => (format!("{context}: the keychain is locked"), None),
        Verdict::Damaged => return Err(Error::Damaged),
        Verdict::RefusedHttp => (format!("{context}: nobody, http is unencrypted"), None),
        Verdict::Nobody if names.is_empty() => (format!("{context}: nobody{because}"), None),
        Verdict::Nobody => {
            let line = format!("{context}: nobody{because}; there is {}", listed(&names));
            (line, choose(context, names.first()))
        }
    };
    Ok(Shown { line, hint })
}

/// Returns the account's own username, also where it answers for any.
fn own_name(credential: &Credential) -> Username {
    credential.username.clone().unwrap_or_default()
}

fn set(setups: &Setups, place: &Place, name: &str) -> Result<(), Error> {
    let name = usable(Username::new(name.as_bytes()))?;
    if name.is_empty() {
        return Err(Error::Usage("this username cannot be used"));
    }
    let context = &place.context;
    let credential = account(setups, place, &name)?;
    git::set_username(context, &name)?;
    let setups = Setups::read(None).map_err(Failed::tell)?;
    // The URL is taken as the setting has it, because the typed one may carry a username.
    let now_asked = setups.configuration(Some(&url::of(context))).username;
    if now_asked.is_none_or(|(_, asked)| asked != name) {
        settle::say_that_another_counts("use", context);
        return Ok(());
    }
    terminal::say("use", &format!("git uses {name} at {context} from now on"));
    if !credential.is_live(now()) {
        terminal::say(
            "use",
            &format!("{} serves no more", whose(&credential.context, Some(&name))),
        );
        terminal::hint(&format!(
            "with a new one: {}",
            crate::withheld::login("--replace", &credential.context, Some(&name))
        ));
    }
    let mut keychain = setups.at(Some(&place.url))?.open()?;
    let lacks = settle::lacks(&setups, &place.url, &mut *keychain, &credential, None)?;
    // A person who names an account for a part of a host wants git to find it there.
    let settings = lacks.into_iter().filter(|lack| !matches!(lack, Lack::Account(_)));
    let settings = settings.map(|lack| match lack {
        path @ Lack::Path(_) => settle::Setting::Lack(path, true),
        other => settle::Setting::Lack(other, false),
    });
    settle::carry_out("use", &settings.collect::<Vec<_>>(), &[])
}

/// Returns the account with this username that can answer there.
fn account(setups: &Setups, place: &Place, name: &Username) -> Result<Credential, Error> {
    let contexts = place.context.outwards();
    let mut there: Vec<Username> = Vec::new();
    for holder in setups.holders(&place.url)? {
        let Some(mut keychain) = holder.open()? else { continue };
        let choose = || helper::choose(&mut *keychain, &contexts, Some(name), now());
        if let Choice::Account(item) = helper::with_retries(choose)? {
            return Ok(item.1);
        }
        let found = keychain.find(&contexts, None)?;
        there.extend(keychain.usernames(&found)?);
    }
    there.retain(|name| !name.is_empty());
    there.sort();
    there.dedup();
    if !there.is_empty() {
        let accounts = listed(&there);
        terminal::say("use", &format!("the accounts for {}: {accounts}", place.context));
    }
    Err(Error::NoAccount)
}

fn unset(place: &Place) -> Result<(), Error> {
    let context = &place.context;
    let asked = |setups: &Setups| {
        setups.configuration(Some(&url::of(context))).username.map(|(_, name)| name)
    };
    let setups = Setups::read(None).map_err(Failed::tell)?;
    if asked(&setups).is_none() {
        terminal::say("use", &format!("git asks for nobody in particular at {context}"));
        return Ok(());
    }
    git::unset_username(context)?;
    let setups = Setups::read(None).map_err(Failed::tell)?;
    match asked(&setups) {
        None => terminal::say("use", &format!("git asks for nobody in particular at {context}")),
        Some(_) => settle::say_that_another_counts("use", context),
    }
    Ok(())
}

/// Takes back git's settings for accounts that are gone, each with its own username, also if it
/// answered any. Where git asks for a username for which no account is kept any more, it gets
/// nobody's token.
///
/// # Errors
/// Where the keychain fails, or git's configuration cannot be changed.
pub(super) fn forget(
    command: &'static str,
    setups: &Setups,
    gone: &[Account],
) -> Result<(), Error> {
    // What is for a part of a host is found for an account at the host, too.
    let mut settings = BTreeSet::new();
    for Account { context, username } in gone {
        if context.registry().is_some() || username.is_empty() {
            continue;
        }
        let places = git::username::places_of(setups.entries(), context, username);
        settings.extend(places.into_iter().map(|place| (place, username)));
    }
    let mut opened = Opened::none(setups);
    for (place, username) in settings {
        let (keychain, _) = opened.at(&place)?;
        if accounts::is_there(keychain, &place, username)? {
            continue;
        }
        git::unset_username(&place)?;
        terminal::say(command, &format!("git asks for {username} at {place} no more"));
    }
    Ok(())
}
