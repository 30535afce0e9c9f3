//! What a source holds: the same for all of them.

use crate::cli::place::Place;
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::forge;
use crate::keychain::Kind;
use crate::secret::Secret;
use crate::time::now;

/// A place where tokens were found.
pub(super) struct Source {
    /// What people call it, such as a path.
    pub(super) name: String,
    /// What was found, in its order.
    pub(super) entries: Vec<Entry>,
    /// How to take some of it out; none where it is not plain text, or another program's own.
    pub(super) removal: Option<Box<dyn Removal>>,
    /// What to know once it has been imported, and removed where it can be.
    pub(super) remark: Option<&'static str>,
    /// Whether git is told to send the path to helpers when something is removed.
    pub(super) sends_path: bool,
}

/// One thing in a source that may be a token.
pub(super) struct Entry {
    /// Its number in the source, counted from 0, for [`Removal::remove`].
    pub(super) number: usize,
    /// How to find it there, such as `line 3`. Never its text.
    pub(super) label: String,
    /// The token; or why there is none that could be imported.
    pub(super) token: Result<Credential, &'static str>,
}

/// Takes entries out of a source.
pub(super) trait Removal {
    /// Which of our own keychains it is, if it is one.
    fn keychain(&self) -> Option<Kind> {
        None
    }

    /// Removes the entries with these numbers and leaves everything else as it is, in one
    /// step.
    ///
    /// # Errors
    /// Where it cannot be done; the source is then as it was.
    fn remove(&self, numbers: &[usize]) -> Result<(), Error>;
}

impl Source {
    /// Which of our own keychains it is, if it is one.
    pub(super) fn keychain(&self) -> Option<Kind> {
        self.removal.as_ref().and_then(|removal| removal.keychain())
    }

    /// Passes over what is for none of these places, if there are any.
    pub(super) fn keep_only(&mut self, places: &[Place]) {
        let is_named = |context: &Context| places.iter().any(|place| place.context == *context);
        let is_wanted = |entry: &Entry| match &entry.token {
            Ok(token) => token.context.outwards().iter().any(is_named),
            Err(_) => false,
        };
        self.entries.retain(|entry| places.is_empty() || is_wanted(entry));
    }
}

/// A token that was found, as the keychain is to keep it; or why it cannot be kept. Without a
/// username it has the host's conventional one.
pub(super) fn credential(
    context: Context,
    username: Option<Username>,
    token: Secret,
) -> Result<Credential, &'static str> {
    if token.expose().is_empty() {
        return Err("it has no token");
    }
    if token.expose().iter().any(u8::is_ascii_control) {
        return Err("its token holds control characters");
    }
    let username = username.filter(|name| !name.is_empty()).unwrap_or_else(|| {
        Username::new(forge::conventional_username(&context, token.expose()).as_bytes())
    });
    if username.as_bytes().iter().any(u8::is_ascii_control) {
        return Err("its username holds control characters");
    }
    if username.is_token() || forge::is_in_context(&context) {
        return Err("a token stands where its username or its place should");
    }
    Ok(Credential::new(context, Some(username), token, now()))
}
