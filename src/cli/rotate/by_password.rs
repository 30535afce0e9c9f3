//! The way of an account whose forge gives a new token for the password: Gitea and Forgejo. It is
//! asked for once, goes to the forge alone, and is kept nowhere.
//!
//! The forge is first asked, with the password, which token the old one is and what it may do. That
//! changes nothing, and proves password and code before anything begins.

use super::one::Way;
use super::words;
use crate::api::password::Entry;
use crate::api::renewal::Person;
use crate::api::state::{Standing, State};
use crate::check::kept::Kept;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::keychain::Keychain;
use crate::rotate;
use crate::rotate::online::Online;
use crate::rotate::password::{WithPassword, look_up};
use crate::terminal::prompt::Terminal;
use std::time::Duration;

/// How long somebody may take to type a password.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

impl Way<'_> {
    /// Gets a new token for a person's password, and puts it in the place of the old one. Without a
    /// password, the person makes it on a page. Returns whether all is well.
    ///
    /// # Errors
    /// Where the keychain fails, or the person gives up. Nothing has changed then.
    pub(super) fn by_password(
        &self,
        keychain: &mut dyn Keychain,
        old: &Credential,
        online: &Online<'_>,
    ) -> Result<bool, Error> {
        let Ok(mut terminal) = Terminal::open() else {
            words::needs_person(old);
            return Ok(false);
        };
        let place = old.context.host_level();
        terminal.show(&format!(
            "{place} gives a new token for the password, which goes there and is kept nowhere."
        ))?;
        let name = name(&mut terminal, old)?;
        let question = format!("Password of {name} at {place} (none, to use the page): ");
        let password = terminal.ask_passphrase(&question, PATIENCE)?;
        if password.expose().is_empty() {
            return self.by_page(keychain, old, online);
        }
        let person = Person { name: &name, password: &password, otp: None };
        let code;
        let (person, found) = match look_up(online, old, &person) {
            Err(standing) if wants_code(&standing) => {
                code = terminal.ask_hidden("Code of your second factor: ")?;
                let person = Person { otp: Some(&code), ..person };
                (person, look_up(online, old, &person))
            }
            found => (person, found),
        };
        let Some(entry) = entry(old, found) else { return Ok(false) };
        let outside = WithPassword { online, person: &person, entry };
        let begun = rotate::begin(keychain, &old.account(), old, online)?;
        let asked = begun.ask(&outside);
        Ok(self.after(keychain, old, asked, &outside))
    }
}

/// Returns the name to log in with: that of the token's owner, where the forge has told it.
fn name(terminal: &mut Terminal, old: &Credential) -> Result<String, Error> {
    if let Some(owner) = Kept::of(old).owner {
        return Ok(owner);
    }
    let username = old.username.as_ref().map(Username::to_string).unwrap_or_default();
    let is_named = |answer: &str| match answer {
        "" => Err(Error::Refused("a name is needed")),
        name => Ok(name.to_owned()),
    };
    terminal.ask_for("Your name there", &username, is_named)
}

/// Returns whether the forge wants the code of a second factor, as far as its words tell.
fn wants_code(standing: &Standing) -> bool {
    let said = standing.said.as_deref().unwrap_or_default().to_lowercase();
    standing.state == State::Refused && !said.contains("password")
}

/// Returns what the forge knows of the old token, or says why nothing is begun.
fn entry(old: &Credential, found: Result<Option<Entry>, Standing>) -> Option<Entry> {
    match found {
        Ok(Some(entry)) if !entry.scopes.is_empty() => Some(entry),
        Ok(Some(_)) => {
            words::not_by_password(old, "the old token has no scopes");
            None
        }
        Ok(None) => {
            words::not_by_password(old, "the old token is not among those of this name");
            None
        }
        Err(standing) => {
            words::not_by_password(old, &words::in_words(&standing));
            None
        }
    }
}
