//! `git credential-pat configure [URL]` makes git ask this helper, once the keychain has been
//! proved. [`plan`] has the changes that this and `unconfigure` make to git's configuration.

mod lifetimes;
pub(super) mod plan;
mod proof;
mod source;
mod vault;

use super::KeychainArguments;
use super::place::Place;
use super::settle::above_repository;
use super::status::configuration::View;
use super::status::finding::Finding;
use super::status::places::Asked;
use crate::context::Context;
use crate::error::Error;
use crate::git::configuration::Configuration;
use crate::git::entries::Entries;
use crate::git::helper_line::{self, Helper};
use crate::git::url;
use crate::git::{self, Failed};
use crate::keychain::Kind;
use crate::terminal;
use crate::terminal::prompt::Terminal;
use lifetimes::Lifetimes;
use plan::{Consent, Plan, Whose};
use source::SourceArguments;
use vault::VaultArguments;

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
    /// Name this program `pat`, for which git looks in PATH each time, instead of by its path
    #[arg(long)]
    by_name: bool,
    #[command(flatten)]
    log: LogArguments,
    #[command(flatten)]
    consent: Consent,
    #[command(flatten)]
    keychain: KeychainArguments,
    #[command(flatten)]
    vault: VaultArguments,
    #[command(flatten)]
    kept: Lifetimes,
    #[command(flatten)]
    source: SourceArguments,
}

/// The options that say whether uses are noted, and whether the desktop is notified.
#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags are what people type")]
struct LogArguments {
    /// Make git's helper note each use, see `log`
    #[arg(long, overrides_with = "no_log")]
    log: bool,
    /// Make it stop noting them
    #[arg(long)]
    no_log: bool,
    /// Make git's helper send a desktop notification about an account that does not answer, where
    /// no terminal shows what it says
    #[arg(long, overrides_with = "no_notify")]
    notify: bool,
    /// Make it stop sending them
    #[arg(long)]
    no_notify: bool,
}

const NO_PATH: Error =
    Error::Refused("this program's path cannot be written in git's configuration");

const NO_NAME: Error =
    Error::Refused("git does not come to this program by its name: its folder is not in PATH");

pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let place = arguments.url.as_deref().map(|url| Place::typed("configure", url)).transpose()?;
    let context = place.map(|place| place.context);
    let text = |context: Option<&Context>| context.map_or_else(String::new, ToString::to_string);
    let source = arguments.source.read(&text(context.as_ref()), arguments.kept.of_source())?;
    let context = context.as_ref().map(above_repository);
    let place = context.as_ref().map_or_else(String::new, url::of);
    let key = git::key(&place, "helper");
    let mut plan = Plan::new(arguments.whose.scope());
    let replaces = |old: &Helper| match &source {
        Some((_, source)) => source::is_for_the_same(old, source),
        None => old.is_our_keychain(),
    };
    if let Some((_, source)) = &source {
        source::warn(source);
    }
    let values = plan.values(&key)?;
    let old = values.iter().rfind(|value| replaces(&Helper::parse(value))).map(String::as_str);
    let program = program(old, arguments.by_name)?;
    let line = match &source {
        Some((options, _)) => {
            let log = if logs(old, arguments) { " --log" } else { "" };
            let notify = if notifies(old, arguments) { " --notify" } else { "" };
            format!("{program}{options}{log}{notify}")
        }
        None => keychain_line(&program, old, &place, arguments)?,
    };
    let mut terminal = match &arguments.consent {
        Consent { yes: false, dry_run: false } => Terminal::open().ok(),
        _ => None,
    };
    let only = arguments.only || wants_only(&place, terminal.as_mut())?;
    plan.ask_us(&key, &line, only, &replaces)?;
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

/// Returns this program's name for our line: the one of the line before, if that leads to this very
/// program.
fn program(old: Option<&str>, by_name: bool) -> Result<String, Error> {
    if by_name {
        return helper_line::by_name().ok_or(NO_NAME);
    }
    match old.map(helper_line::our_program) {
        Some((word, Some(path))) if helper_line::is_this_program(&path) => Ok(word.to_owned()),
        _ => helper_line::by_path().ok_or(NO_PATH),
    }
}

/// Returns our line for the keychain that was named or found. The line is proved, except in a dry
/// run. The options of the line before stay, as far as they fit.
fn keychain_line(
    program: &str,
    old: Option<&str>,
    place: &str,
    arguments: &Arguments,
) -> Result<String, Error> {
    let url = Some(place).filter(|place| !place.is_empty());
    let kind = match arguments.keychain.setups()?.at(url)?.options.kind {
        Some(kind) => kind,
        None => proof::find()?,
    };
    let mut options = match old.map(Helper::parse) {
        Some(Helper::Ours(Some(options))) => options,
        _ => Box::default(),
    };
    arguments.kept.set(kind, &mut options)?;
    if let Some(identity) = arguments.vault.identity()? {
        options.identity = Some(identity);
    }
    options.log = logs(old, arguments);
    options.notify = notifies(old, arguments);
    let identity = options.identity.clone().filter(|_| kind == Kind::Vault);
    if kind == Kind::Vault && !arguments.consent.dry_run {
        arguments.vault.prepare(identity.as_ref())?;
    } else if kind != Kind::Vault && arguments.vault.is_given() {
        return Err(Error::Usage(
            "--low-memory, --passphrase-from, --identity and \
            --identity-command need --keychain vault",
        ));
    }
    let line = format!("{program}{}", helper_line::options_for(kind, &options));
    if !arguments.consent.dry_run {
        proof::prove(&line, kind, identity)?;
    }
    Ok(line)
}

/// Returns whether uses are to be noted: by the option, else by the line before.
fn logs(old: Option<&str>, arguments: &Arguments) -> bool {
    let noted = matches!(old.map(Helper::parse), Some(Helper::Ours(Some(line))) if line.log);
    arguments.log.log || noted && !arguments.log.no_log
}

/// Returns whether the desktop is to be notified: by the option, else by the line before.
fn notifies(old: Option<&str>, arguments: &Arguments) -> bool {
    let does = matches!(old.map(Helper::parse), Some(Helper::Ours(Some(line))) if line.notify);
    arguments.log.notify || does && !arguments.log.no_notify
}

/// Asks a person whether git should forget the other helpers. Returns the answer.
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

/// Says what is still in the way. Where git was configured for every host, this includes the URLs
/// for which other helpers are configured.
fn warn(place: &str) -> Result<(), Error> {
    let entries = Entries::read().map_err(Failed::tell)?;
    let mut said: Vec<Finding> = Vec::new();
    let mut say = |place: &str, asked: Option<&Asked>| {
        let configuration = Configuration::at(&entries, asked.map(|asked| asked.url.as_str()));
        for finding in View::of(&configuration, &entries, asked).findings() {
            if said.contains(&finding) {
                continue;
            }
            finding.say("configure", place);
            said.push(finding);
        }
    };
    say("", Asked::named(place).as_ref());
    if place.is_empty() {
        for asked in other_places(&entries) {
            say(&format!("at {}: ", asked.context), Some(&asked));
        }
    }
    Ok(())
}

/// Returns the URLs for which helpers of their own are configured.
fn other_places(entries: &Entries) -> Vec<Asked> {
    let mut places: Vec<Asked> = Vec::new();
    for entry in entries.named("credential", "helper") {
        // A pattern stands for hosts of any name.
        let asked = Asked::named(&entry.subsection.replace('*', "any"));
        places.extend(asked.filter(|asked| places.iter().all(|place| place.url != asked.url)));
    }
    places
}
