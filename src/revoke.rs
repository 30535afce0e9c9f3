//! Revokes a token at its forge, and makes sure that it is dead.
//!
//! The forge is asked once that the token be revoked, which needs the token itself. Whatever it
//! answers, it is then asked about the token, with the questions of [`check`](crate::check): its
//! acceptance may take a while to come into force, and an answer may be lost. Only a forge that
//! does not take the token any more proves that it is dead.
//!
//! Nothing here speaks to people or changes a keychain: what becomes of the account is the
//! caller's matter, and a token that is not proved to be dead must be kept.

use crate::api::http::{Client, Transport};
use crate::api::state::{Reason, Standing, State};
use crate::api::{self, Api, Asking, Revocation};
use crate::check::all::QUESTIONS;
use crate::check::api_layer;
use crate::check::{Options, Subject};
use crate::forge::Id;
use std::thread;
use std::time::{Duration, Instant};

/// The waits before the questions whether the token is dead, in seconds: six in a minute.
const WAITS: [u64; 6] = [0, 2, 4, 9, 15, 25];

/// The longest time in which these questions are asked.
const A_MINUTE: Duration = Duration::from_secs(60);

/// The greatest number of questions with which the forge is asked to revoke: some must be asked
/// first what kind of token it is.
const MOST: u8 = 4;

/// The result of a revocation. The judgement says why it is so, with the server's own words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// The token is dead.
    Confirmed,
    /// The token was dead before.
    AlreadyDead(Standing),
    /// The forge has accepted it, and still takes the token, or cannot be asked about it.
    NotInForce(Standing),
    /// The forge has no way to revoke a token of this kind: a person does it at its page.
    NoWay,
    /// Nobody was asked: something is missing here, or nobody knows who is to be asked.
    Unasked(Standing),
    /// There was no answer that could be understood. The token may be dead all the same.
    NotReached(Standing),
    /// The forge did not do it, and takes the token.
    Denied(Standing),
}

impl Outcome {
    /// Returns whether the token is dead after this.
    pub(crate) fn is_dead(&self) -> bool {
        matches!(self, Self::Confirmed | Self::AlreadyDead(_))
    }
}

/// Returns the forge at an account's host, where it has a way to revoke the account's token.
pub(crate) fn forge_that_can(subject: &Subject, options: &Options) -> Option<Id> {
    let credential = subject.credential.as_ref()?;
    let (forge, _) = api_layer::forge_of(subject, options)?;
    let kind = api_layer::kind_of(credential, forge);
    api::of(forge).can_revoke(kind).then_some(forge)
}

/// Asks the forge to revoke the token that answers in this account, and waits until that is in
/// force, for at most a minute. `waiting` is called where it has accepted and still takes the
/// token.
///
/// Each question may take as long as the options say.
pub(crate) fn revoke(subject: &Subject, options: &Options, waiting: &mut dyn FnMut()) -> Outcome {
    let unasked = |reason| Outcome::Unasked(Standing::of(State::Unknown, reason));
    let Some(credential) = &subject.credential else { return unasked(Reason::NoAccount) };
    if api_layer::forge_of(subject, options).is_none() {
        return unasked(Reason::NoForge);
    }
    match api_layer::target(subject, credential, options) {
        Err(standing) if standing.reason == Some(Reason::OtherForge) => {
            return Outcome::Unasked(standing);
        }
        // Whoever has no way needs no address either.
        _ if forge_that_can(subject, options).is_none() => return Outcome::NoWay,
        Err(standing) if standing.reason == Some(Reason::NoWay) => return Outcome::NoWay,
        Err(standing) => return Outcome::Unasked(standing),
        Ok(_) => {}
    }
    let Ok(client) = Client::new(&api_layer::root(&credential.context)) else {
        return unasked(Reason::NoCurl);
    };
    let way = Way { subject, options, client: &client };
    match way.ask() {
        Revocation::Accepted(again) => way.wait(again.map(Duration::from_secs), waiting),
        Revocation::NoWay => Outcome::NoWay,
        Revocation::Dead(standing) => match way.look() {
            now if is_dead(&now) => Outcome::AlreadyDead(standing),
            now if lives(&now) => Outcome::Denied(standing),
            _ => Outcome::NotReached(standing),
        },
        Revocation::NotDone(standing) if standing.is_unasked() => Outcome::Unasked(standing),
        Revocation::NotDone(standing) => match way.look() {
            now if is_dead(&now) => Outcome::AlreadyDead(now),
            _ => Outcome::Denied(standing),
        },
        Revocation::Unknown(standing) => match way.look() {
            now if is_dead(&now) => Outcome::Confirmed,
            _ => Outcome::NotReached(standing),
        },
    }
}

/// Returns whether the forge does not take the token. A page for people does not say so: it may be
/// a proxy's.
fn is_dead(standing: &Standing) -> bool {
    standing.is_refused() && standing.reason != Some(Reason::Html)
}

fn lives(standing: &Standing) -> bool {
    matches!(standing.state, State::Good | State::Ending | State::Denied | State::Absent)
}

/// The way to a forge, for questions about one token.
struct Way<'a> {
    subject: &'a Subject,
    options: &'a Options,
    client: &'a Client,
}

impl Way<'_> {
    /// Asks once that the token be revoked.
    fn ask(&self) -> Revocation {
        let deadline = Instant::now() + self.options.timeout;
        let client: Option<&dyn Transport> = Some(self.client);
        let revoke = |api: &dyn Api, asking: &Asking<'_>| api.revoke(asking);
        let asked =
            api_layer::with_asking(self.subject, self.options, client, MOST, deadline, revoke);
        asked.unwrap_or_else(Revocation::NotDone)
    }

    /// Asks whether the forge takes the token.
    fn look(&self) -> Standing {
        self.look_until(Instant::now() + self.options.timeout)
    }

    fn look_until(&self, deadline: Instant) -> Standing {
        let client: Option<&dyn Transport> = Some(self.client);
        let layer = api_layer::of(self.subject, self.options, client, QUESTIONS, deadline);
        layer.map_or_else(Standing::good, |layer| layer.standing)
    }

    /// Asks until the forge does not take the token any more. A forge that says when it wants to be
    /// asked is asked then, but not later than planned.
    fn wait(&self, again: Option<Duration>, waiting: &mut dyn FnMut()) -> Outcome {
        let end = Instant::now() + A_MINUTE;
        let mut last = Standing::of(State::Unknown, Reason::Timeout);
        for (number, wait) in WAITS.into_iter().map(Duration::from_secs).enumerate() {
            if number == 1 {
                waiting();
            }
            thread::sleep(again.unwrap_or(wait).min(wait));
            let deadline = end.min(Instant::now() + self.options.timeout);
            if Instant::now() >= deadline {
                break;
            }
            last = self.look_until(deadline);
            if is_dead(&last) {
                return Outcome::Confirmed;
            }
        }
        Outcome::NotInForce(last)
    }
}
