//! What becomes of an account's two tokens: the one that answers and the one that was set aside.
//!
//! git approves a token that stands in a URL even where it was never sent (a public repository, a
//! submodule's or a redirect's `https://alice:JUNK@host`), and a store looks the same as for a
//! token that has worked. So a store must not be able to destroy a token, nor to put a stranger's
//! token in the place of a person's answer:
//!
//! - Where no live token answers, the token that git brings does. The one that answered before is
//!   set aside: a person's always, git's unless a person's or a live one is set aside already.
//! - Where a person's account answers, the token that git brings is set aside, in place of one of
//!   git's. Where a person's token is set aside already, git's is not kept.
//! - Where git's account answers, the token that git brings answers from then on, and the old one
//!   is set aside. But a live one that was set aside stays for 30 days.
//! - A token that was set aside, and is stored again, answers where no live one does; in git's
//!   account also where another does, unless it was refused.
//! - A refusal marks the one of the two that it names. It promotes none: anybody can provoke one.
//!
//! A rotation adds a note and a token, and both stand outside of these rules. As long as the note
//! is there, nobody knows which token lives, or the new one was not verified: git changes nothing.
//! The token that a rotation has replaced never answers, and neither a store nor a refusal of it
//! changes anything: a fetch that began before the rotation comes back with it.
//!
//! Everything here is about one account's content; no keychain is read or written.

use crate::credential::{Aside, Credential, KEPT_FOR, Maker, State, Token, TokenPlace, Username};
use crate::secret::Secret;

/// Returns the account's content after git has brought this token, or none where it stays as it is.
pub(super) fn brought(
    old: &Credential,
    username: Option<&Username>,
    new: &Token,
    now: u64,
) -> Option<Credential> {
    let is_dead = !old.is_live(now) || old.token.expose().is_empty();
    let is_same = new.is(old.authtype.as_deref(), &old.token);
    // After most uses git brings the same token and nothing new about it.
    if is_same && !is_dead && adds_nothing_to(new, old) {
        return None;
    }
    if old.rotating_at.is_some() || is_previous(old, new) {
        return None;
    }
    let old = without_what_is_gone(old, now);
    let answering = old.answering();
    if is_same {
        let token = renewed(answering, new, now);
        return Some(Credential { put_away_at: None, ..old }.with_answering(token));
    }
    if let Some(aside) = old.aside.clone().map(|aside| aside.token)
        && new.is(aside.authtype.as_deref(), &aside.secret)
    {
        let answers = is_dead || (old.made_by == Maker::Git && aside.rejected_at.is_none());
        let token = renewed(aside, new, now);
        return answers.then(|| with_places_changed(old, username, &token, now));
    }
    if is_dead {
        let aside = aside_of_dead(&old, new, now);
        return Some(Credential { aside, ..answered_by(old, username, new) });
    }
    let aside = old.aside.as_deref();
    match old.made_by {
        Maker::Person if aside.is_some_and(|aside| aside.token.made_by == Maker::Person) => None,
        Maker::Person => {
            let aside = Some(Box::new(Aside { token: new.clone(), since: now }));
            Some(Credential { aside, ..old })
        }
        Maker::Git => {
            let stays = |aside: &&Aside| {
                let is_live = aside.token.state(now) == State::Live;
                is_live && now <= aside.since.saturating_add(KEPT_FOR)
            };
            let aside = aside.filter(stays).cloned().map(Box::new);
            let aside = aside.or_else(|| set_aside(answering, now));
            Some(Credential { aside, ..answered_by(old, username, new) })
        }
    }
}

/// Returns the account's content after the host has refused this token, or none where it stays as
/// it is.
pub(super) fn refused(
    old: &Credential,
    (authtype, secret): (Option<&[u8]>, &Secret),
    now: u64,
) -> Option<Credential> {
    if old.rotating_at.is_some() {
        return None;
    }
    disowned(old, |scheme, token| scheme == authtype && token == secret, now)
}

/// Returns the account's content once a token is not to be served any more, or none where it stays
/// as it is. That counts also while a rotation is open. `is_it` is asked with a scheme and a token.
pub(super) fn disowned(
    old: &Credential,
    is_it: impl Fn(Option<&[u8]>, &Secret) -> bool,
    now: u64,
) -> Option<Credential> {
    if is_it(old.authtype.as_deref(), &old.token) {
        let rejected_at = Some(not_before(old.stored_at, now));
        let is_new = old.rejected_at.is_none();
        return is_new.then(|| Credential { rejected_at, ..without_what_is_gone(old, now) });
    }
    let aside = old.aside.as_ref().map(|aside| &aside.token);
    aside.filter(|aside| {
        is_it(aside.authtype.as_deref(), &aside.secret) && aside.rejected_at.is_none()
    })?;
    let mut new = old.clone();
    let token = &mut new.aside.as_mut()?.token;
    token.rejected_at = Some(not_before(token.stored_at, now));
    Some(new)
}

/// What is left of an account without one of its tokens.
pub(super) enum Rest {
    Nothing,
    Account(Box<Credential>),
}

/// Returns what is left of the account without this token, or none where it does not hold it. A
/// token that lay aside, or that a rotation has replaced, does not answer because another one is
/// gone: the account is put away with it, so that only a person brings it back.
pub(super) fn without(old: &Credential, secret: &Secret, now: u64) -> Option<Rest> {
    let place = old.place_of(secret)?;
    let mut new = without_what_is_gone(old, now);
    new.aside.take_if(|aside| aside.token.secret == *secret);
    new.previous.take_if(|previous| previous.secret == *secret);
    if place != TokenPlace::Answering {
        return Some(Rest::Account(Box::new(new)));
    }
    // What a rotation has replaced at a forge that ends it is dead.
    let previous = |new: &mut Credential| new.previous.take_if(|old| old.rejected_at.is_none());
    let other = new.aside.take().map(|aside| aside.token);
    let Some(other) = other.or_else(|| previous(&mut new).map(|token| *token)) else {
        return Some(Rest::Nothing);
    };
    let put_away_at = Some(not_before(other.stored_at, now));
    let new = Credential { rotating_at: None, put_away_at, ..new }.with_answering(other);
    Some(Rest::Account(Box::new(new)))
}

/// Returns the account's content once it is put away, or none where it is so already, or where a
/// rotation has not come to its end.
pub(super) fn put_away(old: &Credential, now: u64) -> Option<Credential> {
    if old.rotating_at.is_some() {
        return None;
    }
    let put_away_at = Some(not_before(old.stored_at, now));
    let is_already = old.put_away_at.is_some();
    (!is_already).then(|| Credential { put_away_at, ..without_what_is_gone(old, now) })
}

/// Returns the account's content after a person has brought it back, or none where no token was
/// refused and the account was not put away. It is a person's account from then on. A person's
/// token comes back before git's, and of two tokens of one maker the one that was not refused.
/// Where the token of a rotation was refused, the one that it has replaced comes back, if that was
/// not refused.
pub(super) fn restored(old: &Credential, now: u64) -> Option<Credential> {
    let old = with_previous_aside(without_what_is_gone(old, now), now);
    let answering = old.answering();
    let comes_back = |aside: &Token| match (aside.made_by, answering.made_by) {
        (Maker::Person, Maker::Git) => true,
        (Maker::Git, Maker::Person) => false,
        _ => answering.rejected_at.is_some() && aside.rejected_at.is_none(),
    };
    let aside = old.aside.clone().map(|aside| aside.token).filter(comes_back);
    let is_wanted = aside.is_some() || answering.rejected_at.is_some() || old.put_away_at.is_some();
    if !is_wanted {
        return None;
    }
    let restored = |token| Token { rejected_at: None, made_by: Maker::Person, ..token };
    let old = Credential { made_by: Maker::Person, ..old };
    Some(match aside {
        Some(token) => {
            let username = old.username.clone();
            with_places_changed(old, username.as_ref(), &restored(token), now)
        }
        None => Credential { put_away_at: None, ..old }.with_answering(restored(answering)),
    })
}

/// Returns the account after a rotation has come to its end: the new token was verified. Nothing
/// that was set aside is needed any more. The token that was replaced stays, if it is to be kept
/// until its forge has revoked it.
pub(crate) fn rotated(new: Credential, keeps_previous: bool) -> Credential {
    let previous = new.previous.filter(|_| keeps_previous);
    Credential { rotating_at: None, previous, aside: None, ..new }
}

/// Returns the account with the token that a rotation has replaced set aside, where that token may
/// live, and the new one was refused.
fn with_previous_aside(old: Credential, now: u64) -> Credential {
    let comes_back =
        |previous: &Token| old.rejected_at.is_some() && previous.state(now) == State::Live;
    match &old.previous {
        Some(previous) if comes_back(previous) => {
            let aside = set_aside((**previous).clone(), now);
            Credential { rotating_at: None, previous: None, aside, ..old }
        }
        _ => old,
    }
}

/// Returns whether it is the token that a rotation has replaced.
fn is_previous(old: &Credential, token: &Token) -> bool {
    let previous = old.previous.as_deref();
    previous.is_some_and(|previous| previous.is(token.authtype.as_deref(), &token.secret))
}

/// Returns the time of storing a token in place of one that was stored at `old`. Where a keychain
/// holds two items for one account, the later one answers. Neither two writes in one second nor a
/// clock that was set back may give the answer to the other item.
pub(super) fn later_than(old: u64, now: u64) -> u64 {
    now.max(old.saturating_add(1))
}

/// Returns the time of a refusal. A clock that was set back must not move it into the distant past.
fn not_before(stored_at: u64, now: u64) -> u64 {
    now.max(stored_at)
}

/// Removes a token that was set aside and refused long ago: it counts as absent.
fn without_what_is_gone(old: &Credential, now: u64) -> Credential {
    let mut old = old.clone();
    old.aside = old.aside.filter(|aside| !aside.token.is_long_rejected(now));
    old
}

/// Returns whether everything that git says of the answering token is known. What git does not say
/// is no difference: an older git does not send the expiry back.
fn adds_nothing_to(new: &Token, old: &Credential) -> bool {
    let refresh_token = new.refresh_token.as_ref();
    new.expiry.is_none_or(|expiry| old.expiry == Some(expiry))
        && refresh_token.is_none_or(|token| old.refresh_token.as_ref() == Some(token))
}

/// Returns a token that has just worked, with what was known of it and what git says now.
fn renewed(old: Token, new: &Token, now: u64) -> Token {
    Token {
        // A token that has just worked has not expired, whatever was known.
        expiry: new.expiry.or(old.expiry.filter(|&expiry| expiry > now)),
        refresh_token: new.refresh_token.clone().or(old.refresh_token),
        stored_at: later_than(old.stored_at, now),
        rejected_at: None,
        ..old
    }
}

/// Returns the account with a new token, which inherits nothing from the old one.
fn answered_by(old: Credential, username: Option<&Username>, new: &Token) -> Credential {
    // No username and an empty one are one account; a new token says which of the two it is.
    let username = if old.any_username { old.username.clone() } else { username.cloned() };
    let token = Token { stored_at: later_than(old.stored_at, new.stored_at), ..new.clone() };
    Credential { username, put_away_at: None, ..old }.with_answering(token)
}

/// Returns the account with its two tokens exchanged.
fn with_places_changed(
    old: Credential,
    username: Option<&Username>,
    aside: &Token,
    now: u64,
) -> Credential {
    let rejected_at = old.rejected_at.or(old.put_away_at);
    let token = Token { rejected_at, ..old.answering() };
    let new = answered_by(old, username, aside);
    Credential { aside: set_aside(token, now), ..new }
}

/// Returns the token to set aside once git has brought one to an account whose own is dead.
fn aside_of_dead(old: &Credential, new: &Token, now: u64) -> Option<Box<Aside>> {
    // A token that was put away with its account can be brought back for as long as a refused one.
    let rejected_at = old.rejected_at.or(old.put_away_at);
    let dead = Token { rejected_at, ..old.answering() };
    // An expired token stays expired, but its refresh token may get a new one.
    let ends = old.is_expired(now) && (dead.refresh_token.is_none() || new.refresh_token.is_some());
    if ends || dead.is_long_rejected(now) {
        return old.aside.clone();
    }
    let comes_first = |aside: &Token| {
        let is_better = aside.made_by == Maker::Person || aside.state(now) == State::Live;
        dead.made_by == Maker::Git && is_better
    };
    match &old.aside {
        Some(aside) if comes_first(&aside.token) => Some(aside.clone()),
        _ => set_aside(dead, now),
    }
}

/// Returns a token as one that is set aside now; an empty one is dropped.
fn set_aside(token: Token, now: u64) -> Option<Box<Aside>> {
    (!token.secret.expose().is_empty()).then(|| Box::new(Aside { token, since: now }))
}
