//! The entries of a source, in the same form for all sources.

use crate::cli::place::{Place, flaw};
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::forge;
use crate::keychain::Kind;
use crate::plain_text::{are_two, is_first};
use crate::secret::Secret;
use crate::time::now;
use std::collections::BTreeMap;
use std::path::Path;

/// The reasons why an entry holds no token at all.
pub(super) const NO_TOKEN: &str = "it has no token";
pub(super) const NO_URL: &str = "it is no URL";

/// A file, a configuration or a store in which tokens were found.
pub(super) struct Source {
    /// Its name for people, such as a path.
    pub(super) name: String,
    /// The entries that were found, in the source's order.
    pub(super) entries: Vec<Entry>,
    /// The way to remove entries, or none where the source is another program's own.
    pub(super) removal: Option<Box<dyn Removal>>,
    /// A hint for people once the source is imported, and removed where that is possible.
    pub(super) remark: Option<&'static str>,
    /// Whether a removal also tells git to send the path to helpers.
    pub(super) sends_path: bool,
}

/// A part of a source that may hold a token.
pub(super) struct Entry {
    /// Its number in the source, counted from 0, for [`Removal::remove`].
    pub(super) number: usize,
    /// Its position for people, such as `line 3`, and never its text.
    pub(super) label: String,
    /// The token, or the reason why none can be imported.
    pub(super) token: Result<Credential, &'static str>,
    /// The number of its group. The entries of a group are alternatives: of those for one account,
    /// only the first has been served.
    pub(super) group: usize,
    /// The token that has been served for this account instead, because another source of the same
    /// program comes first.
    pub(super) instead: Option<Secret>,
}

impl Entry {
    /// Makes an entry of a source whose entries are all alternatives.
    pub(super) fn new(
        number: usize,
        label: String,
        token: Result<Credential, &'static str>,
    ) -> Self {
        Self { number, label, token, group: 0, instead: None }
    }
}

/// A way to remove entries from a source.
pub(super) trait Removal {
    /// Which of our own keychains it is, if it is one.
    fn keychain(&self) -> Option<Kind> {
        None
    }

    /// Checks whether these entries could be removed, and changes nothing.
    ///
    /// # Errors
    /// Where they could not be removed.
    fn check(&self, numbers: &[usize]) -> Result<(), Error>;

    /// Returns the file that holds the entry with this number, if a file holds it.
    fn file(&self, number: usize) -> Option<&Path> {
        let _ = number;
        None
    }

    /// Removes the entries with these numbers in one step, and leaves everything else as it is.
    ///
    /// # Errors
    /// Where they cannot be removed. The source is then as it was.
    fn remove(&self, numbers: &[usize]) -> Result<(), Error>;
}

impl Source {
    /// Which of our own keychains it is, if it is one.
    pub(super) fn keychain(&self) -> Option<Kind> {
        self.removal.as_ref().and_then(|removal| removal.keychain())
    }

    /// Removes the entries that are for none of these URLs, if there are any URLs.
    pub(super) fn keep_only(&mut self, places: &[Place]) {
        let is_named = |context: &Context| places.iter().any(|place| place.context == *context);
        let is_wanted = |entry: &Entry| match &entry.token {
            Ok(token) => token.context.outwards().iter().any(is_named),
            Err(_) => false,
        };
        self.entries.retain(|entry| places.is_empty() || is_wanted(entry));
    }
}

/// Returns a found token as the keychain is to keep it, or the reason why it cannot be kept. The
/// token may be the username. A token without a username gets the one of its host's tokens.
pub(super) fn credential(
    context: Context,
    username: Option<Username>,
    password: Secret,
) -> Result<Credential, &'static str> {
    let username = username.unwrap_or_default();
    let (username, token) = if is_first(Some(&context), username.as_bytes(), password.expose()) {
        if are_two(username.as_bytes(), password.expose()) {
            return Err("two tokens stand in it");
        }
        let name = forge::known_username(&context, username.as_bytes());
        let name = name.ok_or(
            "a token stands in its username's place, and the name to send it with is not known",
        )?;
        (Username::new(name.as_bytes()), Secret::new(username.as_bytes()))
    } else if username.is_empty() {
        let name = forge::conventional_username(&context, None, password.expose());
        (Username::new(name.as_bytes()), password)
    } else {
        (username, password)
    };
    if token.expose().is_empty() {
        return Err(NO_TOKEN);
    }
    if token.expose().iter().any(u8::is_ascii_control) {
        return Err("its token holds control characters");
    }
    if let Some(flaw) = flaw(&username) {
        return Err(flaw);
    }
    if forge::is_in_context(&context) {
        return Err("a token stands where its place should");
    }
    let any_username = forge::is_meaningless(&context, username.as_bytes());
    Ok(Credential { any_username, ..Credential::new(context, Some(username), token, now()) })
}

/// Makes each account answer for its own username alone where several usernames of one context have
/// tokens of their own. This holds even where the host ignores usernames.
pub(super) fn keep_names_apart(sources: &mut [Source]) {
    let mut owners: BTreeMap<Context, Option<Username>> = BTreeMap::new();
    let tokens = || sources.iter().flat_map(|source| &source.entries);
    for token in tokens().filter_map(|entry| entry.token.as_ref().ok()) {
        if !token.any_username {
            continue;
        }
        let owner = owners.entry(token.context.clone()).or_insert_with(|| token.username.clone());
        if *owner != token.username {
            *owner = None;
        }
    }
    for entry in sources.iter_mut().flat_map(|source| &mut source.entries) {
        if let Ok(token) = &mut entry.token
            && matches!(owners.get(&token.context), Some(None))
        {
            token.any_username = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Source, credential, keep_names_apart};
    use crate::context::Context;
    use crate::credential::Username;
    use crate::secret::Secret;

    fn source(entries: &[(&str, &str)]) -> Source {
        let entries = entries.iter().enumerate().map(|(number, (url, name))| {
            let context = Context::from_canonical(url).expect("canonical");
            let username = Some(Username::new(name.as_bytes()));
            let token = credential(context, username, Secret::new(b"TESTONLY"));
            Entry::new(number, String::new(), token)
        });
        Source {
            name: String::new(),
            entries: entries.collect(),
            removal: None,
            remark: None,
            sends_path: false,
        }
    }

    fn answer_any(sources: &[Source]) -> Vec<bool> {
        let entries = sources.iter().flat_map(|source| &source.entries);
        entries.map(|entry| entry.token.as_ref().is_ok_and(|token| token.any_username)).collect()
    }

    #[test]
    fn a_token_whose_name_means_nothing_answers_any() {
        let mut sources = [source(&[
            ("https://dev.azure.com/myorg", "PersonalAccessToken"),
            ("https://other.visualstudio.com", "x"),
            ("https://bitbucket.org", "x-token-auth"),
            ("https://bitbucket.org/team", "alice"),
            ("https://github.com", "x-access-token"),
        ])];
        keep_names_apart(&mut sources);
        assert_eq!(answer_any(&sources), [true, true, true, false, false]);
    }

    #[test]
    fn of_several_names_at_one_place_each_answers_for_itself() {
        let one = source(&[("https://dev.azure.com", "a"), ("https://dev.azure.com/x", "a")]);
        let other = source(&[("https://dev.azure.com", "b"), ("https://dev.azure.com/x", "a")]);
        let mut sources = [one, other];
        keep_names_apart(&mut sources);
        assert_eq!(answer_any(&sources), [false, true, false, true]);
    }
}
