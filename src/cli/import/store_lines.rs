//! Ends git's own `store`, once its files are empty. As long as git asks it, the next fetch writes
//! each token back into its file.

use super::from::From;
use crate::cli::configure::plan::Plan;
use crate::error::Error;
use crate::git::Failed;
use crate::git::configuration::Configuration;
use crate::git::entries::{Entries, Entry};
use crate::git::files;
use crate::git::helper_line::{Helper, store_file};
use crate::plain_text::places::named;
use crate::terminal;
use std::path::{Path, PathBuf};

/// Removes the lines of `store` from the user's and this repository's configuration, where nothing
/// is left in the files of `store` and `agrees` says so. For a line in another file, says the
/// command.
///
/// # Errors
/// Where git cannot read or change its configuration.
pub(super) fn end(agrees: &mut dyn FnMut(&str) -> Result<bool, Error>) -> Result<(), Error> {
    let entries = Entries::read().map_err(Failed::tell)?;
    let mut plans: Vec<Plan> = Vec::new();
    for line in entries.named("credential", "helper").filter(|line| counts(&entries, line)) {
        let left = entries_left(line);
        if let Some((count, file)) = left.first() {
            let are = if *count == 1 { "1 entry is" } else { &format!("{count} entries are") };
            say(&format!("git goes on asking store: {are} left in {}", named(file)));
            continue;
        }
        let Some(key) = line.key() else { continue };
        if let Some(scope) = own_scope(line) {
            let mut plan = Plan::new(scope);
            plan.unset(&key, &[&line.value]);
            if !plans.contains(&plan) {
                plans.push(plan);
            }
        } else {
            let file = line.file().unwrap_or_default();
            let mut plan = Plan::of_file(file);
            plan.unset(&key, &[&line.value]);
            say(&format!(
                "git goes on writing tokens to store, which stands in {}",
                named(Path::new(file))
            ));
            terminal::hint(&format!("who may change that file types: {}", plan.one_line()));
        }
    }
    if plans.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = plans.iter().map(Plan::one_line).collect();
    let question = "git would write each token back to store at its next fetch. Take \
                    credential.helper store out of its configuration?";
    if agrees(question)? {
        for plan in &plans {
            plan.change_all()?;
        }
        say("took credential.helper store out of git's configuration");
    } else {
        say("git writes each token back to store at its next fetch");
        terminal::hint(&lines.join("; "));
    }
    Ok(())
}

fn say(what: &str) {
    terminal::say("import", what);
}

/// Returns whether git asks `store` by this line, and us as well. A person who has no other helper
/// keeps the line.
fn counts(entries: &Entries, line: &Entry) -> bool {
    let is_store = matches!(Helper::parse(&line.value), Helper::Other(name) if name == "store");
    let place = Some(line.subsection.as_str()).filter(|place| !place.is_empty());
    let here = Configuration::at(entries, place);
    is_store
        && here.has_our_keychain()
        && here.helpers.iter().any(|(entry, _)| std::ptr::eq(*entry, line))
}

/// Returns the files of this line's `store` that still hold entries, each with their number.
fn entries_left(line: &Entry) -> Vec<(usize, PathBuf)> {
    let from = From::Store(store_file(&line.value));
    let Ok(sources) = from.sources(&[]) else { return Vec::new() };
    let files = sources.into_iter().filter(|source| !source.entries.is_empty());
    let files = files.filter_map(|source| {
        let file = source.removal.as_ref()?.file(0)?.to_owned();
        Some((source.entries.len(), file))
    });
    files.collect()
}

/// Returns the scope of a line in the user's or this repository's own file, or nothing where the
/// line is in another file, such as an included one.
fn own_scope(line: &Entry) -> Option<&'static str> {
    let file = Path::new(line.file()?);
    match line.scope.as_str() {
        "global" => files::global().filter(|own| files::is_same(own, file)).map(|_| "global"),
        "local" => {
            let is_own = files::local().is_some_and(|own| files::is_same(&own, file))
                || file == Path::new(".git/config");
            is_own.then_some("local")
        }
        _ => None,
    }
}
