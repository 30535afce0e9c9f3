//! Reports on the tokens that our lines take from sources instead of a keychain, and whether they
//! are there now. No command is run.

use super::finding::{Finding, Mend, below_home};
use super::places::Asked;
use crate::forge;
use crate::source::{Origin, Source, SourceOptions};

/// Returns the source as people see it in the list of helpers.
pub(in crate::cli) fn name(source: &SourceOptions) -> String {
    match (source, source.open()) {
        (SourceOptions::Runner, None) => "pat --ci".to_owned(),
        (SourceOptions::Runner, Some(found)) => {
            format!("pat --ci ({} for {})", origin(&found), found.context)
        }
        (SourceOptions::Bound(source), _) => {
            format!("pat --for {} ({})", source.context, origin(source))
        }
    }
}

/// Returns the origin of a token for people. A command is not shown, because it may hold anything.
fn origin(source: &Source) -> String {
    match &source.origin {
        Origin::Variable(name) => format!("the variable {}", forge::shown(name)),
        Origin::File(path) => format!("the file {}", below_home(&path.to_string_lossy())),
        Origin::Command(_) => "a command".to_owned(),
    }
}

/// Returns whether the source exists and is bound to this URL, or to a wider context.
pub(super) fn is_for(source: &SourceOptions, asked: &Asked) -> bool {
    source.open().is_some_and(|source| asked.context.outwards().contains(&source.context))
}

/// Returns whether the source answers for this URL, as far as that shows without running a command.
pub(super) fn may_answer(source: &SourceOptions, asked: &Asked) -> bool {
    is_for(source, asked) && source.open().is_some_and(|source| source.look().is_ok())
}

/// Returns what keeps a source from serving a URL. `alone` says that none of our other lines serves
/// there.
pub(super) fn about(source: &SourceOptions, asked: Option<&Asked>, alone: bool) -> Option<Finding> {
    let what = match source.open() {
        None => "--ci finds no runner: its mark or its server's address is missing".to_owned(),
        Some(found) => {
            if asked.is_some_and(|asked| !is_for(source, asked)) {
                return None;
            }
            let why = found.look().err()?;
            format!("no token for {} comes from {}: {why}", found.context, origin(&found))
        }
    };
    // A runner may well have a token that is missing here.
    let is_missed = match source {
        SourceOptions::Runner => alone && asked.is_some_and(|asked| asked.named),
        SourceOptions::Bound(_) => alone && asked.is_some(),
    };
    let finding = if is_missed { Finding::wrong } else { Finding::note };
    let advice = "have it there before git runs; no command of ours does that";
    Some(finding("source", what, Mend::Advice(advice.to_owned())))
}
