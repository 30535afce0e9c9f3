//! A forge that gives a new token for a person's password: Gitea and Forgejo.
//!
//! The old token lives on until it is deleted, so that it does not tell what has become of a request
//! without an answer. The new token's name does: it has the time of the note in it. While the
//! password is at hand, a token of this name whose answer was lost is deleted again. Afterwards a
//! person is told to look for it.

use super::online::{Online, subject};
use super::{Old, Outside, REQUEST};
use crate::api::Asking;
use crate::api::password::{self, Entry};
use crate::api::renewal::{Outcome, Person, Wish};
use crate::api::state::{Reason, Standing, State};
use crate::check::Options;
use crate::check::api_layer::{self, ApiLayer};
use crate::credential::Credential;
use crate::terminal::display;
use crate::time;
use std::time::Instant;

/// The greatest number of questions in a row: a person may have many tokens.
const QUESTIONS: u8 = 8;

/// The forge, as it is asked in the name of a person.
pub(crate) struct WithPassword<'a> {
    pub(crate) online: &'a Online<'a>,
    pub(crate) person: &'a Person<'a>,
    /// What the forge knows of the old token.
    pub(crate) entry: Entry,
}

/// Returns the name of a token whose rotation began at this time.
pub(crate) fn name_of_token(began: u64) -> String {
    format!("git on {} since {}", display::machine(), time::rfc3339(began))
}

/// Asks the forge, as a person, about the token of an account. Nothing is changed.
///
/// # Errors
/// Why there is no answer: [`State::Refused`] where the password or the code is not taken.
pub(crate) fn look_up(
    online: &Online<'_>,
    credential: &Credential,
    person: &Person<'_>,
) -> Result<Option<Entry>, Standing> {
    asking(online, credential, QUESTIONS, |asking| password::look_up(asking, person))?
}

fn asking<T>(
    online: &Online<'_>,
    credential: &Credential,
    most: u8,
    ask: impl FnOnce(&Asking<'_>) -> T,
) -> Result<T, Standing> {
    let options = Options { now: time::now(), ..online.options.clone() };
    let deadline = Instant::now() + REQUEST;
    let ask = |_: &dyn crate::api::Api, asking: &Asking<'_>| ask(asking);
    api_layer::with_asking(&subject(credential), &options, None, most, deadline, ask)
}

impl WithPassword<'_> {
    /// Deletes the token of this name, whose answer was lost. Returns whether it was there: nothing
    /// has happened then after all.
    fn undo(&self, credential: &Credential, name: &str) -> bool {
        let undone = asking(self.online, credential, QUESTIONS, |asking| {
            let entry = password::look_for(asking, self.person, name).ok()??;
            password::delete(asking, self.person, &entry).ok()
        });
        matches!(undone, Ok(Some(())))
    }
}

impl Outside for WithPassword<'_> {
    fn ask(&self, credential: &Credential) -> ApiLayer {
        self.online.ask(credential)
    }

    fn renew(&self, credential: &Credential) -> Outcome {
        let name = name_of_token(credential.rotating_at.unwrap_or_default());
        let person = Some(*self.person);
        let wish = Wish { expiry: 0, name: &name, scopes: &self.entry.scopes, person };
        let api = |api: &dyn crate::api::Api, asking: &Asking<'_>| api.renew(asking, &wish);
        let options = Options { now: time::now(), ..self.online.options.clone() };
        let deadline = Instant::now() + REQUEST;
        let asked = api_layer::with_asking(&subject(credential), &options, None, 1, deadline, api);
        match asked.unwrap_or_else(Outcome::DidNotHappen) {
            Outcome::Unclear(standing) if self.undo(credential, &name) => {
                let said = "the answer was lost, and the new token was deleted again".to_owned();
                let reason = standing.reason.unwrap_or(Reason::Answer);
                Outcome::DidNotHappen(Standing::of(State::Unknown, reason).saying(Some(said)))
            }
            outcome => outcome,
        }
    }

    fn old(&self) -> Old {
        Old::LivesOn
    }

    fn revoke(&self, old: &Credential) -> Option<Standing> {
        let deleted = asking(self.online, old, 1, |asking| {
            password::delete(asking, self.person, &self.entry)
        });
        deleted.and_then(|deleted| deleted).err()
    }
}
