//! `git credential-pat unconfigure [URL]`: makes git forget this helper, and the settings that
//! only this helper made sense of. Tokens stay where they are.

use super::configure::plan::{Consent, Plan, Whose};
use super::place::Place;
use crate::error::Error;
use crate::git::entries::{Entries, Entry};
use crate::git::helper_line::Helper;
use crate::git::{Failed, key, url};
use crate::terminal;
use crate::terminal::prompt::Terminal;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Only what is configured for this host, or for this part of it
    url: Option<String>,
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    consent: Consent,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Error> {
    let place = arguments.url.as_deref().map(Place::parse).transpose()?;
    // As they are written now, and as they were once.
    let place = place.map(|place| [url::of(&place.context), place.context.to_string()]);
    let scope = arguments.whose.scope();
    let entries = Entries::read().map_err(Failed::tell)?;
    let is_here = |entry: &&Entry| {
        entry.scope == scope && place.as_ref().is_none_or(|place| place.contains(&entry.subsection))
    };
    let is_ours = |entry: &&Entry| matches!(Helper::parse(&entry.value), Helper::Ours(_));
    let mut plan = Plan::new(scope);
    let mut places: Vec<&str> = Vec::new();
    for entry in entries.named("credential", "helper").filter(is_here).filter(is_ours) {
        if !places.contains(&entry.subsection.as_str()) {
            places.push(&entry.subsection);
        }
    }
    for place in &places {
        plan.forget_us(&key(place, "helper"))?;
    }
    let remain =
        entries.named("credential", "helper").filter(is_ours).any(|entry| !is_here(&entry));
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
    }
    Ok(())
}

/// Whether a section is for a part of a host.
fn has_path(place: &str) -> bool {
    let rest = place.split_once("://").map_or(place, |(_, rest)| rest);
    rest.trim_end_matches('/').contains('/')
}
