//! `git credential-pat unconfigure [URL]` makes git forget this helper, and the settings of which
//! only this helper made use, or that were noted when we wrote them. Tokens stay where they are.

use super::configure::plan::{self, Consent, Plan, Whose};
use super::place::Place;
use super::watch;
use crate::error::Error;
use crate::git::entries::{Entries, Entry};
use crate::git::helper_line::{self, Helper};
use crate::git::words::typed;
use crate::git::written::{self, Note};
use crate::git::{Failed, files, key, url};
use crate::terminal;
use crate::terminal::prompt::Terminal;
use crate::watch::Installed;
use std::path::Path;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Only what is configured for this host, or for this part of it
    url: Option<String>,
    /// Only the lines that run this very program, not those of another copy of it
    #[arg(long)]
    this_program: bool,
    /// For this user, this machine and this repository, and all that this program is known to have
    /// written anywhere else
    #[arg(long, conflicts_with_all = ["url", "global", "system", "local"])]
    all: bool,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    consent: Consent,
}

/// The settings that are to be taken back.
struct Work<'a> {
    arguments: &'a Arguments,
    entries: &'a Entries,
    /// The URL in the form that is written now, and in that of older versions.
    place: Option<[String; 2]>,
    scopes: Vec<&'static str>,
    notes: Vec<Note>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let place = arguments.url.as_deref().map(|url| Place::typed("unconfigure", url));
    let place = place.transpose()?;
    let place = place.map(|place| [url::of(&place.context), place.context.to_string()]);
    if arguments.all {
        take_timer_back(arguments)?;
    } else if place.is_none() && !crate::watch::installed().is_empty() {
        terminal::hint("a timer checks the tokens still; without it: git credential-pat watch off");
    }
    let entries = Entries::read().map_err(Failed::tell)?;
    let has_repository = || files::local().is_some_and(|file| file.is_file());
    let scopes = match arguments.all {
        false => vec![arguments.whose.scope()],
        true if has_repository() => vec!["system", "global", "local"],
        true => vec!["system", "global"],
    };
    let work = Work { arguments, entries: &entries, place, scopes, notes: written::all() };
    let (mut plans, mut left) = (Vec::new(), Vec::new());
    for scope in &work.scopes {
        let mut plan = Plan::new(scope);
        work.forget_lines(scope, &mut plan, &mut left)?;
        plans.push(plan);
    }
    if !work.leaves_lines_of_ours() {
        for (scope, plan) in work.scopes.iter().zip(&mut plans) {
            work.unset_paths(scope, plan);
        }
        work.take_back_noted(&mut plans, &mut left)?;
    }
    plans.retain(|plan| !plan.is_empty());
    if plans.is_empty() {
        written::tidy();
        say("git is not configured with this helper there: nothing to change");
        return Ok(());
    }
    let mut terminal = match &arguments.consent {
        Consent { yes: false, dry_run: false } => Terminal::open().ok(),
        _ => None,
    };
    if !plan::agree(&plans, &arguments.consent, terminal.as_mut())? {
        return Ok(());
    }
    let mut failed = None;
    for plan in &plans {
        if let Err(error) = plan.change_all() {
            // The machine's configuration is its administrator's. The user's own is changed anyway.
            failed = Some(error);
            say(&format!("could not be changed, and still names this helper: {}", plan.whose()));
            terminal::hint(&format!("who may change it types: {}", plan.one_line()));
        }
    }
    written::tidy();
    if let Some(error) = failed {
        return Err(error);
    }
    say("git does not ask this helper any more; tokens stay in the keychain");
    for (whose, key) in left {
        say("an empty line is left by which git forgets all helpers");
        terminal::hint(&format!("git config {whose} --unset-all {} '^$'", typed(&key)));
    }
    Ok(())
}

/// Takes back the timer that `watch` has installed. Whatever fails there, git's configuration can be
/// changed all the same.
fn take_timer_back(arguments: &Arguments) -> Result<(), Error> {
    let Arguments { this_program, consent, .. } = arguments;
    let is_meant = |one: &Installed| !this_program || one.is_of_this_program();
    if !crate::watch::installed().iter().any(is_meant) {
        return Ok(());
    }
    if !consent.yes && !consent.dry_run {
        let Ok(mut terminal) = Terminal::open() else { return Ok(()) };
        if !terminal.confirm("Take back the timer that checks the tokens?")? {
            return Ok(());
        }
    }
    if let Err(trouble) = watch::take_back(*this_program, consent.dry_run) {
        say(&format!("the timer is left: {trouble}"));
        terminal::hint("git credential-pat watch off");
    }
    Ok(())
}

impl Work<'_> {
    fn is_here(&self, scope: &str, entry: &Entry) -> bool {
        let is_there = |place: &[String; 2]| place.contains(&entry.subsection);
        entry.scope == scope && self.place.as_ref().is_none_or(is_there)
    }

    fn goes(&self, entry: &Entry) -> bool {
        is_ours(&entry.value) && (!self.arguments.this_program || runs_this_program(&entry.value))
    }

    /// Makes git forget our lines of this scope. An empty line that must stay is added to `left`.
    fn forget_lines(
        &self,
        scope: &str,
        plan: &mut Plan,
        left: &mut Vec<(String, String)>,
    ) -> Result<(), Error> {
        let mut places: Vec<(&str, Vec<&str>)> = Vec::new();
        let lines = self.entries.named("credential", "helper");
        for entry in lines.filter(|entry| self.is_here(scope, entry) && self.goes(entry)) {
            let (place, line) = (entry.subsection.as_str(), entry.value.as_str());
            match places.iter_mut().find(|(known, _)| *known == place) {
                Some((_, lines)) => lines.push(line),
                None => places.push((place, vec![line])),
            }
        }
        for (place, lines) in &places {
            let key = key(place, "helper");
            if plan.forget(&key, lines)? {
                left.push((plan.whose(), key));
            }
        }
        Ok(())
    }

    fn leaves_lines_of_ours(&self) -> bool {
        let goes = |entry: &Entry| {
            self.goes(entry) && self.scopes.iter().any(|scope| self.is_here(scope, entry))
        };
        let mut lines = self.entries.named("credential", "helper");
        lines.any(|entry| is_ours(&entry.value) && !goes(entry))
    }

    /// Stops sending the path for parts of hosts: other helpers would look for a token with this
    /// very path, and find none.
    fn unset_paths(&self, scope: &str, plan: &mut Plan) {
        let lines = self.entries.named("credential", "usehttppath");
        for entry in lines.filter(|entry| self.is_here(scope, entry)) {
            if has_path(&entry.subsection) {
                plan.unset(&key(&entry.subsection, "useHttpPath"), &[&entry.value]);
            }
        }
    }

    /// Takes back the other settings that this program has written, if they are still there.
    fn take_back_noted(
        &self,
        plans: &mut Vec<Plan>,
        left: &mut Vec<(String, String)>,
    ) -> Result<(), Error> {
        for Note { file, key, value, before } in &self.notes {
            let Some(key) = key.as_ref().filter(|_| Path::new(file).is_file()) else { continue };
            let is_of = |plan: &Plan| {
                plan.file().is_some_and(|other| files::is_same(&other, Path::new(file)))
            };
            let plan = match plans.iter().position(is_of) {
                Some(number) => &mut plans[number],
                None if self.arguments.all => {
                    plans.push(Plan::of_file(file));
                    let last = plans.len() - 1;
                    &mut plans[last]
                }
                None => continue,
            };
            let is_for_place = |place: &[String; 2]| {
                place.iter().any(|place| key.starts_with(&format!("credential.{place}.")))
            };
            if self.place.as_ref().is_some_and(|place| !is_for_place(place)) {
                continue;
            }
            if key.ends_with(".helper") {
                // An empty line is removed with the lines for which it was written.
                let goes = !self.arguments.this_program || runs_this_program(value);
                if is_ours(value) && goes && !plan.changes_key(key) && plan.forget(key, &[value])? {
                    left.push((plan.whose(), key.clone()));
                }
            } else if !plan.changes_key(key) && plan.values(key)?.contains(value) {
                match before {
                    Some(before) => plan.replace(key, &[value], before),
                    None => plan.unset(key, &[value]),
                }
            }
        }
        Ok(())
    }
}

fn say(what: &str) {
    terminal::say("unconfigure", what);
}

fn is_ours(line: &str) -> bool {
    matches!(Helper::parse(line), Helper::Ours(_))
}

/// Returns whether the program that this line runs is the one that runs now.
fn runs_this_program(line: &str) -> bool {
    helper_line::our_program(line).1.is_some_and(|path| helper_line::is_this_program(&path))
}

/// Returns whether a section is for a part of a host.
fn has_path(place: &str) -> bool {
    let rest = place.split_once("://").map_or(place, |(_, rest)| rest);
    rest.trim_end_matches('/').contains('/')
}
