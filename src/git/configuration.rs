//! What git's configuration comes to at a URL: which helpers git asks there and in which order, for
//! which username, and whether it sends the path. All code that needs to know it asks here, so that
//! a command always agrees with `status` and with git.

use super::entries::{Entries, Entry, is_true};
use super::helper_line::Helper;
use super::url::{self, is_whole};
use crate::arguments::HelperOptions;
use crate::context::Context;
use crate::credential::Username;
use crate::source::SourceOptions;

/// A section of git's configuration.
pub(crate) struct Spot {
    /// The file's scope: `global` or `local`.
    pub(crate) scope: &'static str,
    /// The URL that it is for; empty for all.
    pub(crate) place: String,
}

/// See the [module](self).
pub(crate) struct Configuration<'a> {
    /// The helpers in git's order, each with the line that names it.
    pub(crate) helpers: Vec<(&'a Entry, Helper)>,
    /// Whether git sends the path.
    pub(crate) sends_path: bool,
    /// The username that git asks for where the URL has none, with the line that says so.
    pub(crate) username: Option<(&'a Entry, Username)>,
    /// The last line that makes git forget the helpers before it.
    pub(crate) reset: Option<&'a Entry>,
}

impl<'a> Configuration<'a> {
    /// Returns what counts at this URL, or without one what counts everywhere.
    pub(crate) fn at(entries: &'a Entries, url: Option<&str>) -> Self {
        let mut here = Self { helpers: Vec::new(), sends_path: false, username: None, reset: None };
        for entry in entries.at("credential", url) {
            match entry.name.as_str() {
                "helper" => match Helper::parse(&entry.value) {
                    Helper::Reset => {
                        here.helpers.clear();
                        here.reset = Some(entry);
                    }
                    helper => here.helpers.push((entry, helper)),
                },
                "username" => {
                    here.username = Some((entry, Username::new(entry.value.as_bytes())));
                }
                "usehttppath" => here.sends_path = is_true(&entry.value),
                _ => {}
            }
        }
        here
    }

    /// Returns where a line of ours must stand so that it counts here, at this context: after the
    /// last line that makes git forget the helpers before it.
    pub(crate) fn spot(&self, context: Option<&Context>) -> Spot {
        let Some(reset) = self.reset else { return Spot { scope: "global", place: String::new() } };
        let is_local = matches!(reset.scope.as_str(), "local" | "worktree");
        let place = reset.subsection.as_str();
        let can_be_written = is_whole(place) && reset.key().is_some();
        let place = match context {
            Some(_) if place.is_empty() || can_be_written => place.to_owned(),
            Some(context) => url::of(&context.host_level()),
            None => String::new(),
        };
        Spot { scope: if is_local { "local" } else { "global" }, place }
    }

    /// Returns our lines that git asks and that can be understood.
    pub(crate) fn our_lines(&self) -> impl Iterator<Item = (&'a Entry, &HelperOptions)> {
        self.helpers.iter().filter_map(|(entry, helper)| match helper {
            Helper::Ours(Some(options)) => Some((*entry, &**options)),
            _ => None,
        })
    }

    /// Returns the first of our lines that has a keychain.
    pub(crate) fn our_keychain(&self) -> Option<(&'a Entry, &HelperOptions)> {
        self.our_lines().find(|(_, options)| options.source.is_none())
    }

    /// Returns the sources of tokens that our lines have in place of a keychain.
    pub(crate) fn sources(&self) -> impl Iterator<Item = &SourceOptions> {
        self.our_lines().filter_map(|(_, options)| options.source.as_ref())
    }

    /// Returns whether git asks us here, for a keychain or a source.
    pub(crate) fn has_ours(&self) -> bool {
        self.helpers.iter().any(|(_, helper)| matches!(helper, Helper::Ours(_)))
    }

    /// Returns whether a line of ours is for a host that it names.
    pub(crate) fn has_ours_for_the_host(&self) -> bool {
        let is_for_all = |place: &str| place.is_empty() || place.ends_with("://");
        let ours = |(entry, helper): &(&Entry, Helper)| {
            matches!(helper, Helper::Ours(_)) && !is_for_all(&entry.subsection)
        };
        self.helpers.iter().any(ours)
    }

    /// Returns whether git asks us here for accounts of a keychain.
    pub(crate) fn has_our_keychain(&self) -> bool {
        self.helpers.iter().any(|(_, helper)| helper.is_our_keychain())
    }

    /// Returns whether git asks us here, and never for accounts of a keychain.
    pub(crate) fn has_only_sources(&self) -> bool {
        self.sources().next().is_some() && !self.has_our_keychain()
    }
}
