//! `git credential-pat unconfigure [URL]`: makes git forget this helper, and the settings that
//! only this helper made sense of. Tokens stay where they are.

use super::configure::plan::{Consent, Plan, Whose};
use super::place::Place;
use crate::error::Error;
use crate::git::entries::{Entries, Entry};
use crate::git::helper_line::{self, Helper};
use crate::git::words::typed;
use crate::git::{Failed, key, url};
use crate::terminal;
use crate::terminal::prompt::Terminal;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Only what is configured for this host, or for this part of it
    url: Option<String>,
    /// Only the lines that run this very program, not those of another copy of it
    #[arg(long)]
    this_program: bool,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    consent: Consent,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let place = arguments.url.as_deref().map(|url| Place::typed("unconfigure", url));
    let place = place.transpose()?;
    // As they are written now, and as they were once.
    let place = place.map(|place| [url::of(&place.context), place.context.to_string()]);
    let scope = arguments.whose.scope();
    let entries = Entries::read().map_err(Failed::tell)?;
    let is_here = |entry: &&Entry| {
        entry.scope == scope && place.as_ref().is_none_or(|place| place.contains(&entry.subsection))
    };
    let is_of_ours = |entry: &&Entry| matches!(Helper::parse(&entry.value), Helper::Ours(_));
    let goes = |entry: &&Entry| {
        is_of_ours(entry) && (!arguments.this_program || runs_this_program(&entry.value))
    };
    let mut plan = Plan::new(scope);
    let mut places: Vec<(&str, Vec<&str>)> = Vec::new();
    for entry in entries.named("credential", "helper").filter(is_here).filter(goes) {
        let (place, line) = (entry.subsection.as_str(), entry.value.as_str());
        match places.iter_mut().find(|(known, _)| *known == place) {
            Some((_, lines)) => lines.push(line),
            None => places.push((place, vec![line])),
        }
    }
    let mut left = Vec::new();
    for (place, lines) in &places {
        let key = key(place, "helper");
        if plan.forget(&key, lines)? {
            left.push(key);
        }
    }
    let remain = entries
        .named("credential", "helper")
        .filter(is_of_ours)
        .any(|entry| !is_here(&entry) || !goes(&entry));
    if !remain {
        // Other helpers would look for tokens of this very path, and find none.
        for entry in entries.named("credential", "usehttppath").filter(is_here) {
            if has_path(&entry.subsection) {
                plan.unset(&key(&entry.subsection, "useHttpPath"), &[&entry.value]);
            }
        }
    }
    if plan.is_empty() {
        terminal::say(
            "unconfigure",
            "git is not configured with this helper there: nothing to change",
        );
        return Ok(());
    }
    let mut terminal = match &arguments.consent {
        Consent { yes: false, dry_run: false } => Terminal::open().ok(),
        _ => None,
    };
    if plan.carry_out(&arguments.consent, terminal.as_mut())? {
        terminal::say(
            "unconfigure",
            "git does not ask this helper any more; tokens stay in the keychain",
        );
        for key in left {
            terminal::say("unconfigure", "an empty line is left by which git forgets all helpers");
            terminal::hint(&format!("git config --{scope} --unset-all {} '^$'", typed(&key)));
        }
    }
    Ok(())
}

/// Whether the program that this line runs is the one that runs now.
fn runs_this_program(line: &str) -> bool {
    helper_line::our_program(line).1.is_some_and(|path| helper_line::is_this_program(&path))
}

/// Whether a section is for a part of a host.
fn has_path(place: &str) -> bool {
    let rest = place.split_once("://").map_or(place, |(_, rest)| rest);
    rest.trim_end_matches('/').contains('/')
}
