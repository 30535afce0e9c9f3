//! `git credential-pat configure [URL]`: makes git ask this helper, once the keychain has been
//! proved. [`plan`] is what both this and `unconfigure` do to git's configuration.

pub(super) mod plan;
mod proof;
mod source;

use super::place::Place;
use super::settle::{above_repository, say};
use super::status::configuration::View;
use super::status::places::Asked;
use super::{KeychainArguments, describe};
use crate::context::Context;
use crate::error::Error;
use crate::git::configuration::Configuration;
use crate::git::entries::Entries;
use crate::git::helper_line::{self, Helper};
use crate::git::url;
use crate::git::{self, Failed};
use crate::keychain::{self, Kind, Options};
use crate::terminal;
use crate::terminal::prompt::Terminal;
use plan::{Consent, Plan, Whose};
use source::SourceArguments;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Only for this host, or for a part of it
    url: Option<String>,
    #[command(flatten)]
    whose: Whose,
    /// Make git forget the helpers that are configured before, so that none of them answers
    /// first or gets a copy of a token
    #[arg(long)]
    only: bool,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    keychain: KeychainArguments,
    #[command(flatten)]
    source: SourceArguments,
}

const NO_PATH: Error =
    Error::Refused("this program's path cannot be written in git's configuration");

pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let context = arguments.url.as_deref().map(Place::parse).transpose()?.map(|url| url.context);
    let text = |context: Option<&Context>| context.map_or_else(String::new, ToString::to_string);
    let source = arguments.source.read(&text(context.as_ref()))?;
    let context = context.as_ref().map(above_repository);
    let place = context.as_ref().map_or_else(String::new, url::of);
    let key = git::key(&place, "helper");
    let mut plan = Plan::new(arguments.whose.scope());
    let line = match &source {
        Some((options, _)) => source::line(options)?,
        None => line(&plan.values(&key)?, keychain_kind(arguments, &place)?)?,
    };
    let mut terminal = match &arguments.consent {
        Consent { yes: false, dry_run: false } => Terminal::open().ok(),
        _ => None,
    };
    let only = arguments.only || wants_only(&place, terminal.as_mut())?;
    plan.ask_us(&key, &line, only, &|old| match &source {
        Some((_, source)) => source::is_for_the_same(old, source),
        None => old.is_our_keychain(),
    })?;
    if let Some(context) = context.filter(|context| context.is_scoped() && source.is_some())
        && !git::sends_path(&url::of(&context)).map_err(Failed::tell)?
    {
        plan.add(&git::key(&place, "useHttpPath"), "true");
    }
    if plan.is_empty() {
        terminal::say("configure", "git's configuration says so already: nothing to change");
    } else if plan.carry_out(&arguments.consent, terminal.as_mut())? {
        let place = if place.is_empty() { "every host".to_owned() } else { place.clone() };
        terminal::say("configure", &format!("git asks this helper for {place} now"));
    } else {
        return Ok(());
    }
    warn(&place)
}

/// The keychain that is to be used: named, or found; and proved, unless that would change it.
fn keychain_kind(arguments: &Arguments, place: &str) -> Result<Kind, Error> {
    let url = Some(place).filter(|place| !place.is_empty());
    let kind = arguments.keychain.setups()?.at(url)?.options.kind;
    let options = Options { kind, lifetime: None, patient: true, cache: None };
    let mut keychain = keychain::open(&options)?;
    if !arguments.consent.dry_run {
        proof::prove(&mut *keychain)?;
        let described = describe(keychain.kind());
        terminal::say(
            "configure",
            &format!("a test token was stored in and deleted from {described}"),
        );
    } else if kind.is_none() {
        // Only when it is asked it turns out which one there is.
        keychain.list()?;
    }
    Ok(keychain.kind())
}

/// Our line for git: as it stands there, if that is this program, with the options that still
/// fit.
fn line(values: &[String], kind: Kind) -> Result<String, Error> {
    let old = values.iter().rfind(|value| Helper::parse(value).is_our_keychain());
    let options = match old.map(|line| Helper::parse(line)) {
        Some(Helper::Ours(Some(options))) => options,
        _ => Box::default(),
    };
    let program = old.map(|line| helper_line::our_program(line));
    let program = match program {
        Some((word, Some(path))) if helper_line::is_this_program(&path) => word.to_owned(),
        _ => helper_line::this_program().ok_or(NO_PATH)?,
    };
    Ok(format!("{program}{}", helper_line::options_for(kind.name(), &options)))
}

/// Whether a person wants the other helpers to be forgotten.
fn wants_only(place: &str, terminal: Option<&mut Terminal>) -> Result<bool, Error> {
    let Some(terminal) = terminal else { return Ok(false) };
    let entries = Entries::read().map_err(Failed::tell)?;
    let asked = Asked::named(place);
    let configuration = Configuration::at(&entries, asked.as_ref().map(|asked| asked.url.as_str()));
    let others = View::of(&configuration, &entries, asked.as_ref()).other_names().join(", ");
    if others.is_empty() {
        return Ok(false);
    }
    terminal.confirm(&format!(
        "git asks {others}, too, and gives a copy of each token. Make it forget what is configured \
         before this helper?"
    ))
}

/// Says what is still in the way.
fn warn(place: &str) -> Result<(), Error> {
    let entries = Entries::read().map_err(Failed::tell)?;
    let asked = Asked::named(place);
    let configuration = Configuration::at(&entries, asked.as_ref().map(|asked| asked.url.as_str()));
    for finding in View::of(&configuration, &entries, asked.as_ref()).findings() {
        say("configure", &finding);
    }
    Ok(())
}
