//! Puts a new token in the place of an account's, so that a crash at any moment loses none that
//! lives without a word of it.
//!
//! ```text
//! begin       the lock, without which nothing begins; the account read again; a note with the
//!             time, which keeps as much room as the new token will need
//! asked       one request for a new token, which is never repeated
//! answered    the new token is written before anything else happens, the old one beside it
//! verified    the forge is asked about the new one
//! ended       the old one is revoked where the forge lets us; note and old token are dropped
//! ```
//!
//! The account says how far a rotation came ([`Stage`]), and [`resume()`] brings one to its end that
//! was cut off. A request can be on its way, or in the server, when the process ends. So for some
//! time nobody knows whether a new token was made. After that the old one is asked about, which is
//! safe: it lives, and nothing happened; or it does not, and the answer is lost. A second request
//! with the old token would make a forge that finds this suspicious end the new one, too.
//!
//! A password or a page leads to a new token as well. The rotation is then the same, but the old
//! token lives on until it is revoked.
//!
//! Nothing here speaks to people. [`Outside`] is the forge and the clock.

pub(crate) mod following;
mod keeping;
pub(crate) mod online;
pub(crate) mod password;
mod resume;
pub(crate) mod revoking;
#[cfg(test)]
mod tests;

pub(crate) use resume::{Resumed, resume};

use crate::api::Facts;
use crate::api::renewal::{Issued, Outcome};
use crate::api::state::{Standing, State};
use crate::check::api_layer::ApiLayer;
use crate::check::kept::Kept;
use crate::context::Context;
use crate::credential::{Account, Credential, Maker, Token};
use crate::error::Error;
use crate::hardening::interrupts::{self, Held};
use crate::helper;
use crate::keychain::Keychain;
use crate::keychain::lock::Lock;
use crate::secret::Secret;
use crate::time;
use keeping::Unkept;
use std::thread;
use std::time::Duration;

/// How long after the note a request may still be on its way, or in the server, in seconds.
pub(crate) const SETTLED_AFTER: u64 = 90;

/// The longest time that the request may take. It is far less than [`SETTLED_AFTER`].
pub(crate) const REQUEST: Duration = Duration::from_secs(30);

/// Everything outside of the keychain that a rotation needs.
pub(crate) trait Outside {
    /// Asks the forge about an account's token.
    fn ask(&self, credential: &Credential) -> ApiLayer;

    /// Sends the one request for a new token in the place of the account's.
    fn renew(&self, credential: &Credential) -> Outcome;

    /// Returns what becomes of the old token when the forge makes the new one.
    fn old(&self) -> Old {
        Old::Ends
    }

    /// Makes the forge revoke a token that was replaced, or returns nothing where it does so
    /// itself, or cannot.
    fn revoke(&self, old: &Credential) -> Option<Standing> {
        let _ = old;
        None
    }

    /// Takes the lock at a host, without which nothing begins, or returns nothing where it cannot
    /// be had.
    fn lock(&self, keychain: &mut dyn Keychain, host: &Context) -> Option<Lock> {
        keychain.exclusive(Some(host))
    }

    /// Returns the keychain that takes a new token where its own cannot.
    fn refuge(&self) -> Option<Box<dyn Keychain>> {
        keeping::refuge()
    }

    /// Returns the time, in seconds since 1970 UTC.
    fn now(&self) -> u64 {
        time::now()
    }

    /// Waits.
    fn wait(&self, time: Duration) {
        thread::sleep(time);
    }
}

/// How far a rotation came that has not come to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stage {
    /// It began at this time, in seconds since 1970 UTC. The new token is not here.
    Begun(u64),
    /// The new token is here, and was not verified.
    Unverified,
    /// The new token is here, and the old one was not revoked.
    Unrevoked,
}

impl Stage {
    /// Returns how far an account's rotation came, if one has not come to its end.
    pub(crate) fn of(credential: &Credential) -> Option<Self> {
        match (credential.rotating_at, &credential.previous) {
            (Some(at), None) => Some(Self::Begun(at)),
            (Some(_), Some(_)) => Some(Self::Unverified),
            (None, Some(_)) => Some(Self::Unrevoked),
            (None, None) => None,
        }
    }

    /// Returns it in words for people.
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::Begun(_) => "a rotation has begun",
            Self::Unverified => "a new token that was not verified",
            Self::Unrevoked => "the token before it was not revoked",
        }
    }

    /// Returns for how many seconds from `now` on nobody knows what has become of it.
    pub(crate) fn unsettled_for(self, now: u64) -> u64 {
        match self {
            // A clock that was set back must not make anybody wait for ever.
            Self::Begun(at) => {
                at.saturating_add(SETTLED_AFTER).saturating_sub(now).min(SETTLED_AFTER)
            }
            Self::Unverified | Self::Unrevoked => 0,
        }
    }
}

/// Whether the old token ends when the forge makes the new one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Old {
    /// The forge ends it in the same moment.
    Ends,
    /// It lives until it is revoked.
    LivesOn,
}

/// A rotation that has begun: the note is written, the lock is held, and signals that end the
/// process wait.
pub(crate) struct Begun<'k> {
    keychain: &'k mut dyn Keychain,
    account: Account,
    noted: Credential,
    _lock: Lock,
    held: Held,
}

/// The result of the request.
pub(crate) enum Asked {
    /// The new token is in the account, and the old one beside it.
    Here(Box<Credential>),
    /// The account has another token by now, which stays. The new one is set aside there.
    Beside,
    /// The account's keychain did not take the new token, for this reason. The kernel's keyring has
    /// it, until the next rotation brings it home or the machine is started anew.
    InRefuge(Error),
    /// No keychain took the new token, for this reason. This is its only copy, so signals that end
    /// the process still wait.
    Unkept(Box<Credential>, Error, Held),
    /// There is no new token, and the old one is as it was. The error is that of taking the note
    /// away, which did not succeed.
    DidNotHappen(Standing, Option<Error>),
    /// Nobody knows whether there is a new token. The note stays.
    Unclear(Standing),
}

/// Begins a rotation of the token that was seen in the account, and keeps what was learnt of it.
///
/// # Errors
/// Where the lock cannot be had, the account is not as it was seen, its token serves no more, or
/// the keychain cannot be written with room for two tokens. Nothing has changed then.
pub(crate) fn begin<'k>(
    keychain: &'k mut dyn Keychain,
    account: &Account,
    seen: &Credential,
    outside: &dyn Outside,
) -> Result<Begun<'k>, Error> {
    let host = account.context.host_level();
    let (lock, now) = (outside.lock(keychain, &host).ok_or(Error::Busy)?, outside.now());
    let there = helper::kept_at(keychain, account)?.ok_or(Error::NoAccount)?;
    if there.token != seen.token {
        return Err(Error::Replaced);
    }
    if Stage::of(&there).is_some() {
        return Err(Error::Rotating);
    }
    if there.linked_to.is_some() || there.token.expose().is_empty() {
        return Err(Error::Refused("the account has no token of its own"));
    }
    if !there.is_live(now) {
        return Err(if there.is_expired(now) { Error::Expired } else { Error::Rejected });
    }
    let held = interrupts::hold();
    let (expiry, known) = (seen.expiry, seen.known.clone());
    let noted = Credential { rotating_at: Some(now), expiry, known, ..there };
    helper::with_retries(|| helper::put(keychain, &noted)).map_err(|error| match error {
        Error::TooLong => NO_ROOM,
        error => error,
    })?;
    let begun = Begun { keychain, account: account.clone(), noted, _lock: lock, held };
    begun.prove()
}

const NO_ROOM: Error =
    Error::Refused("the keychain has no room for two tokens in this account: nothing was begun");

impl Begun<'_> {
    /// Fails where the note cannot be read back.
    fn prove(self) -> Result<Self, Error> {
        let is_there = helper::kept_at(self.keychain, &self.account)
            .map(|there| there.is_some_and(|there| there.rotating_at == self.noted.rotating_at));
        match is_there {
            Ok(true) => Ok(self),
            result => {
                let _ = self.drop_note();
                Err(result.err().unwrap_or(Error::Keychain("the note could not be read back")))
            }
        }
    }

    /// Sends the request, and writes the answer before anything else happens.
    pub(crate) fn ask(self, outside: &dyn Outside) -> Asked {
        match outside.renew(&self.noted) {
            Outcome::Issued(issued) => self.answered(issued, outside.old(), outside),
            Outcome::DidNotHappen(standing) => {
                let failed = self.drop_note().err();
                Asked::DidNotHappen(standing, failed)
            }
            Outcome::Unclear(standing) => Asked::Unclear(standing),
        }
    }

    /// Writes the new token, with the old one beside it.
    pub(crate) fn answered(self, issued: Issued, old: Old, outside: &dyn Outside) -> Asked {
        let new = answered(&self.noted, issued, old, outside.now());
        match keeping::keep(self.keychain, &self.noted, new, outside) {
            Ok((there, false)) => Asked::Here(there),
            Ok((_, true)) => Asked::Beside,
            Err(Unkept::InRefuge(error)) => Asked::InRefuge(error),
            Err(Unkept::Nowhere(new, error)) => Asked::Unkept(new, error, self.held),
        }
    }

    /// Takes the note away: nothing has happened.
    ///
    /// # Errors
    /// Where the keychain fails. The note stays.
    pub(crate) fn drop_note(self) -> Result<(), Error> {
        without_note(self.keychain, &self.account, &self.noted.token)
    }
}

/// Returns the account with a token that a forge has just given in the place of its own.
fn answered(noted: &Credential, issued: Issued, old: Old, now: u64) -> Credential {
    let Issued { token, facts } = issued;
    let rejected_at = if old == Old::Ends { Some(now) } else { noted.rejected_at };
    let previous = Token { rejected_at, ..noted.answering() };
    let new = Token {
        secret: token,
        authtype: noted.authtype.clone(),
        expiry: None,
        refresh_token: None,
        stored_at: now.max(noted.stored_at.saturating_add(1)),
        rejected_at: None,
        known: None,
        made_by: Maker::Person,
    };
    // What is known of the forge counts for the new token, and what was known of the old one's end
    // does not.
    let kept = Kept::of(noted).of_successor();
    let new =
        Credential { previous: Some(Box::new(previous)), made_by: Maker::Person, ..noted.clone() }
            .with_answering(new);
    let facts = Facts { last_used: None, ..facts };
    kept.learn(new, &facts, now)
}

/// Takes the note of a rotation away that did not happen, unless the account has another token.
fn without_note(keychain: &mut dyn Keychain, account: &Account, old: &Secret) -> Result<(), Error> {
    let Some(there) = helper::kept_at(keychain, account)? else { return Ok(()) };
    if there.token != *old || !there.awaits_new_token() {
        return Ok(());
    }
    let new = Credential { rotating_at: None, ..there };
    helper::with_retries(|| helper::put(keychain, &new))
}

/// What became of the new token.
pub(crate) enum Verified {
    /// The forge takes it. The rotation has come to its end.
    Ended(Box<Credential>),
    /// The forge takes it, but did not revoke the old one, which stays until it does.
    Unrevoked(Standing),
    /// The forge was not asked, or its answer says nothing. The note stays.
    Unknown(Standing),
    /// The forge does not take it. The note stays.
    Refused(Standing),
}

/// Asks the forge about the new token, and brings the rotation to its end where it takes it. The
/// old one is revoked before that, where the forge lets us, unless it is to live on.
///
/// # Errors
/// Where the keychain fails. The new token is in it all the same.
pub(crate) fn verify(
    keychain: &mut dyn Keychain,
    new: &Credential,
    keeps_old: bool,
    outside: &dyn Outside,
) -> Result<Verified, Error> {
    let layer = outside.ask(new);
    if layer.standing.is_refused() {
        return Ok(Verified::Refused(layer.standing));
    }
    if !is_alive(&layer.standing) {
        return Ok(Verified::Unknown(layer.standing));
    }
    let old = new.previous.as_deref().filter(|old| !keeps_old && old.rejected_at.is_none());
    let old = old.map(|old| new.clone().with_answering(old.clone()));
    let unrevoked = old.and_then(|old| outside.revoke(&old)).filter(is_alive_or_unknown);
    let learnt = Kept::of(new).learn(new.clone(), &layer.facts, outside.now());
    let ended = end(keychain, learnt, unrevoked.is_some())?;
    Ok(match unrevoked {
        None => Verified::Ended(Box::new(ended)),
        Some(standing) => Verified::Unrevoked(standing),
    })
}

/// Ends a rotation whose new token is known to be good.
///
/// # Errors
/// Where the keychain fails.
pub(crate) fn end(
    keychain: &mut dyn Keychain,
    new: Credential,
    keeps_previous: bool,
) -> Result<Credential, Error> {
    let _guard = keychain.exclusive(Some(&new.context.host_level()));
    let there = helper::kept_at(keychain, &new.account())?;
    let Some(there) = there.filter(|there| there.token == new.token) else { return Ok(new) };
    let ended = Credential { expiry: new.expiry, known: new.known, ..there };
    let ended = helper::rotated(ended, keeps_previous);
    helper::with_retries(|| helper::put(keychain, &ended))?;
    Ok(ended)
}

/// Returns whether an answer shows that the token lives: also where it may not do what was asked.
fn is_alive(standing: &Standing) -> bool {
    matches!(standing.state, State::Good | State::Ending | State::Denied)
}

fn is_alive_or_unknown(standing: &Standing) -> bool {
    !standing.is_refused()
}
