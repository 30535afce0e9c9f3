//! Tells `status` what an import would find in plain text, and what would become of it. Nobody is
//! asked, and nothing is changed. The verdict on each token is the plan's own, so that an advised
//! command does what the advice says.

use super::found::{self, Entry, NO_TOKEN, NO_URL, Source};
use super::from::{From, PLAIN_TEXT};
use super::git_config::IN_THE_MIDDLE;
use super::git_hosts::NO_GIT_HOST;
use super::plan::{Plan, Step};
use crate::error::Error;
use crate::git::words::typed;
use crate::keychain::Kind;
use crate::plain_text::places::home;
use crate::plain_text::url::Parts;
use crate::setup::Opened;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The tokens of one source, and what would become of them.
pub(in crate::cli) struct Look {
    /// The source's name for people, such as `~/.netrc`.
    pub(in crate::cli) name: String,
    /// The source's name for `--from`.
    pub(in crate::cli) from: String,
    /// Whether the source is git's configuration, and no file of tokens.
    pub(in crate::cli) is_configuration: bool,
    /// The positions, such as `line 3`, of the tokens that leave the source with `--remove`.
    pub(in crate::cli) moved: Vec<String>,
    /// The keychain that they move to, if it loses them at a reboot.
    pub(in crate::cli) forgetful: Option<Kind>,
    /// How many tokens leave the source only with `--replace`, because the keychain has others.
    pub(in crate::cli) differ: usize,
    /// The entries that stay.
    pub(in crate::cli) stays: Vec<Stays>,
}

/// An entry that no import moves.
pub(in crate::cli) struct Stays {
    /// Its position for people, such as `line 3`.
    pub(in crate::cli) label: String,
    pub(in crate::cli) why: &'static str,
    /// The file that holds it.
    pub(in crate::cli) file: Option<PathBuf>,
}

/// Returns a URL without the token before its host, which may be a password or a username. Returns
/// nothing where it is no URL of http or https.
pub(in crate::cli) fn without_token(url: &str) -> Option<Zeroizing<String>> {
    let is_http = ["https://", "http://"].iter().any(|protocol| url.starts_with(protocol));
    let parts = Parts::of(url.as_bytes()).filter(|_| is_http)?;
    String::from_utf8(parts.without_token()).ok().map(Zeroizing::new)
}

/// Returns whether a URL has a token before its host.
pub(in crate::cli) fn has_token(url: &str) -> bool {
    Parts::of(url.as_bytes()).is_some_and(|parts| parts.has_token())
}

/// Looks into the usual files, git's configuration and these files of git's `store`. gh's file is
/// left out, because it is gh's own.
pub(in crate::cli) fn into_plain_text(
    stores: &[PathBuf],
    opened: &mut Opened<'_>,
) -> Vec<Result<Look, Error>> {
    let usual = PLAIN_TEXT.into_iter().filter(|from| *from != From::Gh(None));
    let stores = stores.iter().map(|file| From::Store(Some(file.clone())));
    // Some programs read `_netrc` on every system.
    let second = home().map(|home| From::Netrc(Some(home.join("_netrc"))));
    let second = second.filter(|_| !cfg!(windows));
    let mut looks = Vec::new();
    for from in usual.chain(stores).chain(second) {
        match from.sources(&[]) {
            Ok(mut sources) => {
                found::keep_names_apart(&mut sources);
                looks.extend(sources.iter().map(|source| Ok(look(&from, source, opened))));
            }
            Err(error) => looks.push(Err(error)),
        }
    }
    looks
}

fn look(from: &From, source: &Source, opened: &mut Opened<'_>) -> Look {
    let plan = Plan::make(source, opened, false).ok();
    let mut look = Look {
        name: source.name.clone(),
        from: word(from),
        is_configuration: *from == From::Config,
        moved: Vec::new(),
        forgetful: None,
        differ: 0,
        stays: Vec::new(),
    };
    for (index, entry) in source.entries.iter().enumerate() {
        // Where a keychain cannot be read, its tokens are not known.
        let step = plan.as_ref().map_or_else(|| unplanned(entry), |plan| plan.step(index));
        match step {
            Step::Differs => look.differ += 1,
            Step::Stays(NO_TOKEN | NO_URL | NO_GIT_HOST) => {}
            // Other findings report snippets and headers, whatever these hold.
            Step::Stays(IN_THE_MIDDLE)
                if [".helper in ", ".extraheader in "].iter().any(|k| entry.label.contains(k)) => {}
            Step::Stays(why) => {
                let file = source.removal.as_ref().and_then(|r| r.file(entry.number));
                let file = file.map(Path::to_owned);
                look.stays.push(Stays { label: entry.label.clone(), why, file });
            }
            _ => {
                look.moved.push(entry.label.clone());
                let kind = entry.token.as_ref().ok().and_then(|token| {
                    opened.at(&token.context).ok().map(|(keychain, _)| keychain.kind())
                });
                let forgetful = kind.filter(|kind| !kind.outlives_reboot());
                look.forgetful = look.forgetful.or(forgetful);
            }
        }
    }
    look
}

fn unplanned(entry: &Entry) -> Step {
    match &entry.token {
        Ok(_) => Step::Store,
        Err(why) => Step::Stays(why),
    }
}

/// Returns a source's name for `--from`, as it is typed.
fn word(from: &From) -> String {
    let with_file = |name: &str, file: &Option<PathBuf>| match file {
        Some(file) => typed(&format!("{name}={}", file.display())),
        None => name.to_owned(),
    };
    match from {
        From::Store(file) => with_file("store", file),
        From::Netrc(file) => with_file("netrc", file),
        _ => "config".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_token;

    #[test]
    fn a_token_in_a_url_is_left_out() {
        let token = "ghp_TESTONLY0123456789";
        for (url, rest) in [
            (format!("https://alice:{token}@h.example/a"), "https://alice@h.example/a"),
            (format!("https://{token}@h.example/a"), "https://h.example/a"),
            (format!("https://{token}:@h.example"), "https://h.example"),
            (format!("https://{token}:x@h.example"), "https://h.example"),
            ("https://TESTONLY:x-oauth-basic@h.example".to_owned(), "https://h.example"),
            ("https://h.example/a:b@c".to_owned(), "https://h.example/a:b@c"),
        ] {
            assert_eq!(without_token(&url).as_deref().map(String::as_str), Some(rest));
        }
        assert!(without_token("ssh://git@h.example").is_none());
    }
}
