//! Reports on programs that read git's configuration themselves, and less of it than git does.

use super::finding::{Finding, Mend};
use crate::git::entries::Entry;
use crate::git::helper_line::{self, Helper};
use std::env;
use std::path::{Path, PathBuf};

/// Returns which of these helpers such a program does not see, if it is in use. `by_name` makes
/// our line name this program by its name.
pub(super) fn findings(helpers: &[(&Entry, Helper)], by_name: Mend) -> Vec<Finding> {
    cargo(helpers).into_iter().chain(hugging_face(helpers, by_name)).collect()
}

/// Returns what cargo's own git does not see: it asks only one helper.
fn cargo(helpers: &[(&Entry, Helper)]) -> Option<Finding> {
    let has_ours = helpers.iter().any(|(_, helper)| matches!(helper, Helper::Ours(_)));
    let (last, helper) = helpers.last().filter(|_| has_ours)?;
    let is_asked = matches!(helper, Helper::Ours(_)) && !has_port(&last.subsection);
    if is_asked || !Path::new("Cargo.toml").is_file() {
        return None;
    }
    let what = "cargo's own git asks the last helper only, and none for a URL with a port";
    let advice = "have git do it: set net.git-fetch-with-cli in cargo's configuration";
    Some(Finding::note("cargo", what, Mend::Advice(advice.to_owned())))
}

fn has_port(place: &str) -> bool {
    let rest = place.split_once("://").map_or(place, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
}

/// Returns what Hugging Face's client does not see: it takes no path with a dot for a helper.
fn hugging_face(helpers: &[(&Entry, Helper)], by_name: Mend) -> Option<Finding> {
    let is_ours = |(_, helper): &&(&Entry, Helper)| matches!(helper, Helper::Ours(_));
    let mut ours = helpers.iter().filter(is_ours).peekable();
    ours.peek()?;
    let has_dot =
        |(entry, _): &(&Entry, Helper)| helper_line::our_program(&entry.value).0.contains('.');
    if !ours.all(has_dot) || !token_file().is_some_and(|file| file.is_file()) {
        return None;
    }
    let what = "Hugging Face's client does not recognise a helper whose path has a dot in it, and \
                then advises to keep tokens in plain text";
    Some(Finding::note("hugging-face", what, by_name))
}

/// Returns the file in which that client keeps its token.
fn token_file() -> Option<PathBuf> {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(file) = variable("HF_TOKEN_PATH") {
        return Some(file);
    }
    let cache = || variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    let folder = variable("HF_HOME").or_else(|| Some(cache()?.join("huggingface")))?;
    Some(folder.join("token"))
}
