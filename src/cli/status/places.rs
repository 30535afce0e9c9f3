//! Finds the URLs that are looked at: the one that was named, else those of this repository's
//! remotes, else none.

use super::finding::{Finding, Mend};
use crate::cli::import::look::{has_token, without_token};
use crate::cli::place::{HOLDS_TOKEN, Place};
use crate::context::{Context, escape};
use crate::credential::Username;
use crate::error::Error;
use crate::forge;
use crate::git::entries::Entries;
use crate::git::remotes::{self, RemoteUrl};
use crate::git::url;
use crate::git::words::{any_of, typed};
use std::fmt::Write;

/// A URL to which git would go.
pub(in crate::cli) struct Asked {
    /// The URL as git compares it, see [`Place::url`].
    pub(in crate::cli) url: String,
    /// The context, which is the host's where the path can have no scope.
    pub(in crate::cli) context: Context,
    pub(super) username: Option<Username>,
    /// Whether a person named the URL.
    pub(super) named: bool,
}

/// A URL for whose host no account can exist: git asks for the host exactly as the URL has it.
pub(super) struct Unanswered {
    /// The URL, without a token.
    pub(super) url: String,
    /// The URL that is probably meant.
    meant: Option<Place>,
    /// The way to put that URL in its place.
    mend: Mend,
    pub(super) named: bool,
}

/// A URL that is looked at.
pub(super) enum Looked {
    At(Asked),
    Unanswered(Unanswered),
}

impl Asked {
    /// Reads a URL that a person named. An empty text is none.
    pub(in crate::cli) fn named(context: &str) -> Option<Self> {
        let place = Place::parse(context).ok().filter(|_| !context.is_empty())?;
        Some(Self::of(place, true))
    }

    fn of(place: Place, named: bool) -> Self {
        let Place { url, context, username } = place;
        Self { url, context, username, named }
    }

    /// Reads a URL as git does.
    fn as_git_reads(url: &str, named: bool) -> Option<Self> {
        let (host, username) = url::place(url)?;
        let context = host.scoped(&url::path(url)?).unwrap_or(host);
        let url = url.trim_end_matches('/').to_owned();
        Some(Self { url, context, username, named })
    }
}

impl Unanswered {
    /// Takes a URL that a person named.
    fn named(url: &str) -> Result<Self, Error> {
        // A URL that no person can mean either is an error.
        let meant = Place::parse(url)?;
        let mend = Mend::Advice(format!("write {} in its place", typed(&meant.url)));
        Ok(Self { url: url.to_owned(), meant: Some(meant), mend, named: true })
    }

    /// Takes the URL of a remote.
    fn of_remote(remote: &RemoteUrl, url: &str, entries: &Entries) -> Self {
        let meant = meant(url);
        let mend = meant.as_ref().map_or(Mend::Nothing, |place| {
            let new = typed(&place.url);
            let key = if remote.is_push { "pushurl" } else { "url" };
            let mut lines = entries.named("remote", key);
            let is_it = |value: &str, name: &str| name == remote.name && *value == **remote.url;
            // The URL in the configuration may differ: `insteadOf` may have replaced its beginning,
            // or it has a token, which is not to be shown.
            if url != *remote.url || !lines.any(|line| is_it(&line.value, &line.subsection)) {
                return Mend::Advice(format!("write {new} in its place"));
            }
            let push = if remote.is_push { "--push " } else { "" };
            let (name, old) = (typed(&remote.name), typed(&any_of(&[url])));
            Mend::Command(format!("git remote set-url {push}{name} {new} {old}"))
        });
        Self { url: url.to_owned(), meant, mend, named: false }
    }

    /// Returns the URL that is probably meant, as git would come to it.
    pub(super) fn meant(&self) -> Option<Asked> {
        let place = self.meant.as_ref()?;
        Asked::as_git_reads(&place.url, self.named)
    }

    /// Returns the finding that git gets no answer there. An answer is expected where an account is
    /// kept for the URL that is meant.
    pub(super) fn finding(self, is_expected: bool) -> Finding {
        let (protocol, _) = self.url.split_once("://").unwrap_or_default();
        let place = format!("{protocol}://{}", escape(&url::host(&self.url)));
        let what = format!(
            "git asks for {}, as the URL has it, and no account can be for that",
            forge::shown(&place)
        );
        let finding = if self.named || is_expected { Finding::wrong } else { Finding::note };
        finding("host", what, self.mend)
    }
}

/// Returns the meaning that a library or a resolver gives a URL whose host git sends as it is.
fn meant(url: &str) -> Option<Place> {
    let (protocol, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (name, port) = host.rsplit_once(':').unwrap_or((host, ""));
    let name = ::url::Host::parse(name.trim_end_matches('.')).ok()?;
    let at = if user.is_empty() { "" } else { "@" };
    let colon = if port.is_empty() { "" } else { ":" };
    Place::parse(&format!("{protocol}://{user}{at}{name}{colon}{port}{path}")).ok()
}

/// Returns the named URL, else those of the remotes.
///
/// # Errors
/// Where the named URL cannot be understood.
pub(super) fn looked_at(url: Option<&str>, entries: &Entries) -> Result<Vec<Looked>, Error> {
    if let Some(url) = url.map(str::trim) {
        return Ok(vec![named(url)?]);
    }
    let mut places: Vec<Looked> = Vec::new();
    for remote in remotes::urls() {
        let Some(url) = without_token(&remote.url) else { continue };
        let is_known = |known: &Looked| match known {
            Looked::At(asked) => asked.url == url.trim_end_matches('/'),
            Looked::Unanswered(unanswered) => unanswered.url == *url,
        };
        if places.iter().any(is_known) {
            continue;
        }
        places.push(match Asked::as_git_reads(&url, false) {
            Some(asked) if forge::is_in_context(&asked.context) => continue,
            Some(asked) => Looked::At(asked),
            // git refuses a URL without a host.
            None if url::host(&url).is_empty() => continue,
            None => Looked::Unanswered(Unanswered::of_remote(&remote, &url, entries)),
        });
    }
    Ok(places)
}

/// Reads a URL that a person named as git would read it. A text without a protocol is read as for
/// the other commands.
fn named(url: &str) -> Result<Looked, Error> {
    if !url.contains("://") {
        return Ok(Looked::At(Asked::of(Place::typed("status", url)?, true)));
    }
    if forge::holds_token(url.as_bytes()) || has_token(url) {
        return Err(HOLDS_TOKEN);
    }
    match Asked::as_git_reads(url, true) {
        Some(asked) if forge::is_in_context(&asked.context) => Err(HOLDS_TOKEN),
        Some(asked) => Ok(Looked::At(asked)),
        None => Ok(Looked::Unanswered(Unanswered::named(url)?)),
    }
}

/// Returns a username in the form that a URL needs.
pub(in crate::cli) fn percent(name: &Username) -> String {
    let mut text = String::new();
    for &byte in name.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}
