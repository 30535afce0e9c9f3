//! Reads one entry of a program of the keyring family (python-keyring, go-keyring, keyring-rs), by
//! its service and its user.
//!
//! `SERVICE/USER` is split at the last `/`: a service is often a URL (`gh:github.com`,
//! `https://upload.example/legacy/`), a user hardly ever. The user may be empty.

use super::found::{Entry, Source, credential};
use crate::cli::place::Place;
use crate::context::escape;
use crate::credential::Username;
use crate::error::Error;
use crate::forge;
use crate::keychain::family;

/// The names by which an entry is known.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Names {
    service: String,
    user: String,
}

impl Names {
    /// Reads `SERVICE/USER`.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        const FORM: &str = "name the entry: keyring=SERVICE/USER";
        let (service, user) = text.rsplit_once('/').ok_or(FORM)?;
        if service.is_empty() || text.chars().any(char::is_control) {
            return Err(FORM);
        }
        if forge::holds_token(text.as_bytes()) {
            return Err("a token is no entry's name");
        }
        Ok(Self { service: service.to_owned(), user: user.to_owned() })
    }
}

/// Returns the entry as a token for the one URL that is named. The account's username is the URL's,
/// else the entry's user.
///
/// # Errors
/// [`Error::Usage`] where there is not exactly one URL; where the entry cannot be read.
pub(super) fn read(names: &Names, places: &[Place]) -> Result<Source, Error> {
    let [place] = places else {
        return Err(Error::Usage("keyring= is one token: name the one place it is for, as a URL"));
    };
    let Names { service, user } = names;
    let secret = family::read(service, user)?;
    let username = place.username.clone().unwrap_or_else(|| Username::new(user.as_bytes()));
    let token = credential(place.context.clone(), Some(username), secret);
    let entry = Entry::new(0, place.context.to_string(), token);
    Ok(Source {
        name: format!(
            "the keyring entry {}/{}",
            escape(service.as_bytes()),
            escape(user.as_bytes())
        ),
        entries: vec![entry],
        removal: None,
        remark: Some("the entry stays: it belongs to the program that made it"),
        sends_path: false,
    })
}

/// Returns the reason why an entry cannot be read, in the words of a plan.
pub(super) fn reason(error: Error) -> &'static str {
    match error {
        Error::NoEntry => "the keyring has none for it",
        Error::SeveralEntries => "the keyring has several different ones for it",
        Error::Locked => "the keychain is locked",
        Error::Denied | Error::RefusedOrWrongPassword => "the keychain denied access",
        Error::TimedOut => "the keychain did not answer in time",
        Error::Refused(why) => why,
        _ => "the keychain failed",
    }
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn an_entry_is_split_at_the_last_slash() {
        for (text, service, user) in [
            ("app/alice", "app", "alice"),
            ("gh:github.com/", "gh:github.com", ""),
            (
                "https://upload.example/legacy//__token__",
                "https://upload.example/legacy/",
                "__token__",
            ),
            ("a=b/c d", "a=b", "c d"),
        ] {
            let names = Names::parse(text).ok().map(|names| (names.service, names.user));
            assert_eq!(names, Some((service.to_owned(), user.to_owned())), "{text}");
        }
    }
}
