//! Any helper of git's, asked by git's own protocol for one place after the other.

use super::found::{Entry, Source, credential};
use crate::cli::place::Place;
use crate::context::Context;
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::git;
use crate::protocol::{Request, description};
use std::io::{Read, Write};
use std::process::{Command, Stdio};

/// What the helper of this name, or at this path, answers for these places.
///
/// # Errors
/// [`Error::Usage`] where no place is named.
pub(super) fn read(name: &str, places: &[Place]) -> Result<Source, Error> {
    if places.is_empty() {
        return Err(Error::Usage("name the places that the helper is asked for, as URLs"));
    }
    let entries = places.iter().enumerate().map(|(number, place)| {
        let username = place.username.as_ref().map(Username::as_bytes);
        let token = ask(git::credential_helper(name), &place.context, username);
        Entry::new(number, place.context.to_string(), token)
    });
    let remark =
        "the other helper still has them, and answers as long as git is configured with it";
    Ok(Source {
        name: format!("the helper {name}"),
        entries: entries.collect(),
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
) -> Result<Credential, &'static str> {
    const FAILED: &str = "the helper failed";
    // What it would ask, it would ask for a new token.
    command.env("GIT_TERMINAL_PROMPT", "0").env("GCM_INTERACTIVE", "never");
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|_| "the helper cannot be run")?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that does not read may answer all the same.
        let _ = stdin.write_all(&description(context, username, None));
    }
    let answer = child.stdout.take().map(|mut stdout| {
        let answer = Request::read(&mut stdout);
        // Or it could be held up by what nobody reads.
        let _ = std::io::copy(&mut stdout.by_ref().take(1 << 20), &mut std::io::sink());
        answer
    });
    let status = child.wait().map_err(|_| FAILED)?;
    let Some(Ok(answer)) = answer else { return Err("the helper's answer cannot be understood") };
    let Some(token) = answer.password else {
        return Err(if status.success() { "the helper has none for it" } else { FAILED });
    };
    let found = credential(context.clone(), answer.username, token)?;
    Ok(Credential { expiry: answer.expiry, refresh_token: answer.refresh_token, ..found })
}
