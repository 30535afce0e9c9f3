//! Asks any helper of git's, by git's own protocol, for one URL after the other.
//!
//! The helper may ask a person, at the terminal or in a window, and gets two minutes for that.
//! Where nobody is there it gets less, and after it has not answered once it is asked no more.

use super::found::{Entry, Source, credential};
use crate::child::Stopped;
use crate::cli::place::Place;
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::git;
use crate::protocol::{MAX_REQUEST, Request, description};
use crate::source::{Ended, printed};
use crate::terminal::display;
use crate::terminal::prompt::Terminal;
use std::process::Command;
use std::time::Duration;

/// The longest time that a helper may take where it could ask a person.
const PATIENCE_WITH_A_PERSON: Duration = Duration::from_secs(120);

/// The longest time that a helper may take where nobody is there.
const PATIENCE: Duration = Duration::from_secs(30);

const TOO_SLOW: &str = "the helper did not answer in time";

/// Returns the answers of the helper with this name, or at this path, for these URLs.
///
/// # Errors
/// [`Error::Usage`] where no URL is named.
pub(super) fn read(name: &str, places: &[Place]) -> Result<Source, Error> {
    if places.is_empty() {
        return Err(Error::Usage("name the places that the helper is asked for, as URLs"));
    }
    let somebody_is_there = display::is_seen() || Terminal::open().is_ok();
    let patience = if somebody_is_there { PATIENCE_WITH_A_PERSON } else { PATIENCE };
    let mut entries: Vec<Entry> = Vec::with_capacity(places.len());
    for (number, place) in places.iter().enumerate() {
        let is_mute = entries.last().is_some_and(|last| matches!(last.token, Err(TOO_SLOW)));
        let token = if is_mute {
            Err(TOO_SLOW)
        } else {
            let username = place.username.as_ref().map(Username::as_bytes);
            ask(git::credential_helper(name), &place.context, username, patience)
        };
        entries.push(Entry::new(number, place.context.to_string(), token));
    }
    let remark =
        "the other helper still has them, and answers as long as git is configured with it";
    Ok(Source {
        name: format!("the helper {name}"),
        entries,
        removal: None,
        remark: Some(remark),
        sends_path: false,
    })
}

/// Returns the answer of this command for a context.
fn ask(
    mut command: Command,
    context: &Context,
    username: Option<&[u8]>,
    patience: Duration,
) -> Result<Credential, &'static str> {
    const FAILED: &str = "the helper failed";
    // A question of the helper's would be for a new token.
    command.env("GIT_TERMINAL_PROMPT", "0").env("GCM_INTERACTIVE", "never");
    let question = description(context, username, None);
    let answer = printed(command, Some(&question), patience, MAX_REQUEST);
    let answer = answer.map_err(|ended| match ended {
        Ended::Early(Stopped::NotStarted) => "the helper cannot be run",
        Ended::Early(Stopped::TooSlow) => TOO_SLOW,
        Ended::Early(Stopped::TooMuch | Stopped::Failed) | Ended::Badly(_) => FAILED,
    })?;
    let answer = Request::parse(&answer);
    let answer = answer.map_err(|_| "the helper's answer cannot be understood")?;
    let token = answer.password.ok_or("the helper has none for it")?;
    let found = credential(context.clone(), answer.username, token)?;
    Ok(Credential { expiry: answer.expiry, refresh_token: answer.refresh_token, ..found })
}
