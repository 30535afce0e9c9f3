//! The places that are looked at: the URL that was named, else those of this repository's
//! remotes, else none in particular.

use crate::cli::import::look::without_token;
use crate::cli::place::Place;
use crate::context::Context;
use crate::credential::Username;
use crate::error::Error;
use crate::git::remotes;
use std::fmt::Write;

/// A place, as git would come to it.
pub(in crate::cli) struct Asked {
    /// As git compares it, see [`Place::url`].
    pub(in crate::cli) url: String,
    pub(in crate::cli) context: Context,
    pub(super) username: Option<Username>,
    /// Whether a person named it.
    pub(super) named: bool,
}

impl Asked {
    fn parse(text: &str, named: bool) -> Result<Self, Error> {
        let Place { url, context, username } = Place::parse(text)?;
        Ok(Self { url, context, username, named })
    }

    /// A context that a person named; none for an empty text.
    pub(in crate::cli) fn named(context: &str) -> Option<Self> {
        Self::parse(context, true).ok().filter(|_| !context.is_empty())
    }
}

/// The place that is named, else those of the remotes.
///
/// # Errors
/// Where the named URL cannot be understood.
pub(super) fn asked(url: Option<&str>) -> Result<Vec<Asked>, Error> {
    if let Some(url) = url {
        return Ok(vec![Asked::parse(url, true)?]);
    }
    let mut places: Vec<Asked> = Vec::new();
    for url in remotes::urls() {
        let Some(url) = without_token(&url) else { continue };
        let Ok(place) = Asked::parse(&url, false) else { continue };
        if places.iter().all(|known| known.url != place.url) {
            places.push(place);
        }
    }
    Ok(places)
}

/// A username as part of a URL.
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
