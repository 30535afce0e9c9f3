//! Any helper of git's, asked by git's own protocol for one place after the other.
//!
//! It may ask a person in turn, at the terminal or in a window, and gets two minutes for that.
//! Where nobody is there, or it has not answered once, nobody waits for it any longer.

use super::found::{Entry, Source, credential};
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

/// How long a helper may take, in which a person may be asked.
const PATIENCE_WITH_A_PERSON: Duration = Duration::from_secs(120);

/// How long it may take where nobody is there.
const PATIENCE: Duration = Duration::from_secs(30);

const TOO_SLOW: &str = "the helper did not answer in time";

/// What the helper of this name, or at this path, answers for these places.
///
/// # Errors
/// [`Error::Usage`] where no place is named.
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

/// What this command answers for a place.
fn ask(
    mut command: Command,
    context: &Context,
    username: Option<&[u8]>,
    patience: Duration,
) -> Result<Credential, &'static str> {
    const FAILED: &str = "the helper failed";
    // What it would ask, it would ask for a new token.
    command.env("GIT_TERMINAL_PROMPT", "0").env("GCM_INTERACTIVE", "never");
    let question = description(context, username, None);
    let answer = printed(command, Some(&question), patience, MAX_REQUEST);
    let answer = answer.map_err(|ended| match ended {
        Ended::NotStarted => "the helper cannot be run",
        Ended::TooSlow => TOO_SLOW,
        Ended::TooMuch | Ended::Badly(_) | Ended::Failed => FAILED,
    })?;
    let answer = Request::parse(&answer);
    let answer = answer.map_err(|_| "the helper's answer cannot be understood")?;
    let token = answer.password.ok_or("the helper has none for it")?;
    let found = credential(context.clone(), answer.username, token)?;
    Ok(Credential { expiry: answer.expiry, refresh_token: answer.refresh_token, ..found })
}
