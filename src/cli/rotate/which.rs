//! Finds the accounts whose tokens are to be rotated.

use super::Arguments;
use crate::cli::check::subjects;
use crate::cli::place::{Place, usable};
use crate::credential::{Credential, Username};
use crate::error::Error;
use crate::helper::verdict::Verdict;
use crate::keychain::{Keychain, Kind};
use crate::rotate::Stage;
use crate::setup::{Asking, Chosen, Setups, refused};
use crate::time::now;

/// An account that is meant, and the number of the keychain that has it.
pub(super) struct Meant {
    pub(super) credential: Credential,
    pub(super) keychain: usize,
}

/// Returns the accounts that are meant, and the error of a keychain that could not be read for
/// `--all`.
///
/// # Errors
/// Where no account is meant, or several could be; where a keychain fails.
pub(super) fn meant(
    arguments: &Arguments,
    setups: &Setups,
    keychains: &mut Vec<Box<dyn Keychain>>,
) -> Result<(Vec<Meant>, Option<Error>), Error> {
    match arguments.due {
        Some(due) if arguments.all => due_within(due.as_secs(), setups, keychains),
        _ => Ok((vec![named(arguments, setups, keychains)?], None)),
    }
}

fn named(
    arguments: &Arguments,
    setups: &Setups,
    keychains: &mut Vec<Box<dyn Keychain>>,
) -> Result<Meant, Error> {
    let place = match &arguments.url {
        Some(url) => Place::typed("rotate", url)?,
        None => only_remote()?,
    };
    subjects::check_api(arguments.api.as_deref(), &place.context)?;
    let username = match &arguments.username {
        Some(name) => Some(Username::new(name.as_bytes())),
        None => place.username.clone(),
    };
    let username = username.map(usable).transpose()?;
    let configured = setups.configuration(Some(&place.url)).username;
    let wanted = username.as_ref().or(configured.as_ref().map(|(_, name)| name));
    let contexts = place.context.outwards();
    let chosen = setups.first_answer(&place.url, &contexts, wanted, Asking::Person)?;
    let Some(Chosen { verdict, keychain, .. }) = chosen else { return Err(Error::NoAccount) };
    let item = match verdict {
        Verdict::Served(item) => item,
        // One that was cut off is brought to its end all the same.
        Verdict::Withheld(item, _) if Stage::of(&item.1).is_some() => item,
        verdict => return Err(refused(&verdict, keychain.kind())),
    };
    keychains.push(keychain);
    Ok(Meant { credential: item.1, keychain: keychains.len() - 1 })
}

fn only_remote() -> Result<Place, Error> {
    let mut places = Place::of_remotes();
    match (places.pop(), places.is_empty()) {
        (Some(place), true) => Ok(place),
        (None, _) => Err(Error::Usage("name a URL: no remote here is one of https")),
        (Some(_), false) => Err(Error::Usage("name a URL: there are several remotes here")),
    }
}

/// Returns the accounts whose tokens end within so many seconds, and those whose rotation was cut
/// off.
fn due_within(
    seconds: u64,
    setups: &Setups,
    keychains: &mut Vec<Box<dyn Keychain>>,
) -> Result<(Vec<Meant>, Option<Error>), Error> {
    let (held, failed) = subjects::all(setups, keychains)?;
    let limit = now().saturating_add(seconds);
    let is_due = |credential: &Credential| {
        let ends = credential.expiry.is_some_and(|expiry| expiry <= limit);
        Stage::of(credential).is_some() || (credential.is_live(now()) && ends)
    };
    let meant = held.into_iter().filter_map(|held| {
        let credential = held.subject.credential.filter(is_due)?;
        Some(Meant { credential, keychain: held.keychain? })
    });
    let is_kept = |meant: &Meant| keychains[meant.keychain].kind() != Kind::Source;
    Ok((meant.filter(is_kept).collect(), failed))
}
