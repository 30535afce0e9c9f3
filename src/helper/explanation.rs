//! Why an account answers a request, and why each of the others does not.
//!
//! The verdict is that of [`judge`] itself, on a keychain that asks nobody, writes nothing and
//! unlocks nothing. So what is told here is what a get would do; only the reasons are put in
//! words.

use super::choice::{counts, read_sound};
use super::verdict::{Question, Reason, Verdict, judge};
use super::{Policy, host_of, with_retries};
use crate::context::Context;
use crate::credential::{Account, Credential, Username};
use crate::error::Error;
use crate::keychain::{Found, Keychain, Kind};
use crate::protocol::Request;
use std::ops::DerefMut;

/// Why an account does, or does not, answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Why {
    /// It does.
    Answers,
    /// It was put away, and does not until it is brought back.
    PutAway,
    /// It would, but the host rejected its token.
    Rejected,
    /// It would, but its token's time is over.
    Expired,
    /// It would, but the request did not say that it takes a token of this scheme.
    Scheme,
    /// It would, but it must be unlocked first.
    Locked,
    /// It would, but what is kept cannot be understood.
    Damaged,
    /// Several would, and nothing tells which is meant.
    Ambiguous,
    /// It is for a part of the host, and the request has no path.
    NoPath,
    /// It is for another part of the host.
    OtherPath,
    /// The request names another username.
    OtherUsername,
    /// An account for a smaller part of the host comes first.
    LessSpecific,
    /// Another account of this place comes first: the one without a username, the one of
    /// exactly this name, or a later copy.
    AnotherFirst,
    /// Requests of this kind are not answered: unencrypted `http`, or no host of ours.
    Refused,
}

/// An account and what is known of it.
pub(crate) struct Explained {
    /// Its key.
    pub(crate) account: Account,
    /// Its content, unless it is locked or damaged.
    pub(crate) credential: Option<Credential>,
    /// Whether it is locked.
    pub(crate) locked: bool,
    /// What becomes of it.
    pub(crate) why: Why,
}

/// What becomes of every account of the request's host, in the order of their keys.
///
/// # Errors
/// Where the keychain fails. That it is locked is no failure but a reason.
pub(crate) fn explain(
    request: &Request,
    policy: Policy,
    keychain: &mut dyn Keychain,
) -> Result<Vec<Explained>, Error> {
    let Some(host) = host_of(request) else { return Ok(Vec::new()) };
    let mut still = Still(keychain);
    let mut accounts = with_retries(|| of_host(Some(&host), &mut still, policy.now))?;
    let question = Question {
        contexts: &host.answering(request.path.as_deref()),
        username: request.username.as_ref(),
        takes_schemes: request.capabilities.authtype,
    };
    let outcome = match judge(&mut still, &question, policy)? {
        Verdict::RefusedHttp => return Ok(accounts),
        Verdict::Served(item) => Outcome::one(&item.1, Why::Answers),
        Verdict::Withheld(item, reason) => Outcome::one(
            &item.1,
            match reason {
                Reason::Rejected => Why::Rejected,
                Reason::Scheme => Why::Scheme,
                Reason::Expired | Reason::Renewable => Why::Expired,
            },
        ),
        Verdict::Nobody => Outcome::Nobody,
        Verdict::Ambiguous(names) => Outcome::Among(names),
        Verdict::Locked => Outcome::All(Why::Locked),
        Verdict::Damaged => Outcome::All(Why::Damaged),
    };
    for at in 0..accounts.len() {
        accounts[at].why = why(&accounts[at], &accounts, &outcome, &question, policy.now);
    }
    Ok(accounts)
}

/// Every account that is kept at `now` (seconds since 1970 UTC), for whatever place; none of them
/// is said to answer.
///
/// # Errors
/// Where the keychain fails.
pub(crate) fn accounts(keychain: &mut dyn Keychain, now: u64) -> Result<Vec<Explained>, Error> {
    with_retries(|| of_host(None, keychain, now))
}

/// The accounts of one host, or of all, without those that are gone. No other token is read.
fn of_host(
    host: Option<&Context>,
    keychain: &mut dyn Keychain,
    now: u64,
) -> Result<Vec<Explained>, Error> {
    let mut listed = keychain.list()?;
    listed.retain(|(_, a)| host.is_none_or(|host| a.context.host_level() == *host));
    let open: Vec<Found> =
        listed.iter().map(|(found, _)| found).filter(|found| !found.locked).cloned().collect();
    let (mut read, _) = read_sound(keychain, &open)?;
    let mut accounts: Vec<Explained> = listed
        .into_iter()
        .map(|(found, account)| {
            let is_it = |(f, c): &(Found, Credential)| *f == found && c.account() == account;
            let credential = read.iter().position(is_it).map(|at| read.swap_remove(at).1);
            Explained { account, credential, locked: found.locked, why: Why::Refused }
        })
        .collect();
    accounts.retain(|one| one.credential.as_ref().is_none_or(|c| !c.is_gone(now)));
    accounts.sort_by(|a, b| a.account.cmp(&b.account));
    Ok(accounts)
}

/// What the verdict means for the accounts of a host.
enum Outcome {
    Nobody,
    /// It concerns all who might have been chosen.
    All(Why),
    /// Accounts of these names might have been.
    Among(Vec<Username>),
    /// It concerns the one that was chosen, which was stored at this time.
    One(Account, u64, Why),
}

impl Outcome {
    fn one(credential: &Credential, why: Why) -> Self {
        Self::One(credential.account(), credential.stored_at, why)
    }
}

fn why(
    this: &Explained,
    all: &[Explained],
    outcome: &Outcome,
    &Question { contexts, username, .. }: &Question<'_>,
    now: u64,
) -> Why {
    let account = &this.account;
    if let Outcome::One(chosen, stored_at, why) = outcome
        && chosen == account
    {
        let is_it = this.credential.as_ref().is_some_and(|c| c.stored_at == *stored_at);
        return if is_it { *why } else { Why::AnotherFirst };
    }
    let is_there = |other: &Explained| other.credential.as_ref().is_none_or(|c| counts(c, now));
    if !is_there(this) {
        let is_put_away = this.credential.as_ref().is_some_and(|c| c.put_away_at.is_some());
        return if is_put_away { Why::PutAway } else { Why::Damaged };
    }
    let Some(distance) = contexts.iter().position(|context| *context == account.context) else {
        return if contexts.len() == 1 { Why::NoPath } else { Why::OtherPath };
    };
    let is_meant = |other: &Explained| {
        let answers_any = || match &other.credential {
            Some(credential) => credential.any_username,
            // What is locked may be one that does.
            None => other.account.username.is_empty(),
        };
        username.is_none_or(|name| *name == other.account.username || answers_any())
    };
    if !is_meant(this) {
        return Why::OtherUsername;
    }
    let nearest = all
        .iter()
        .filter(|other| is_meant(other) && is_there(other))
        .filter_map(|other| contexts.iter().position(|c| *c == other.account.context))
        .min();
    match outcome {
        _ if nearest.is_some_and(|nearest| nearest < distance) => Why::LessSpecific,
        // What is sound would have been chosen, and what is locked be the outcome.
        Outcome::Nobody => Why::Damaged,
        Outcome::All(why) => *why,
        Outcome::Among(names) if names.contains(&account.username) => Why::Ambiguous,
        Outcome::Among(_) | Outcome::One(..) => Why::AnotherFirst,
    }
}

/// A keychain as it is: nobody is asked, nothing is changed.
pub(crate) struct Still<K>(pub(crate) K);

impl<K> Keychain for Still<K>
where
    K: DerefMut,
    K::Target: Keychain,
{
    fn kind(&self) -> Kind {
        self.0.kind()
    }

    fn find(
        &mut self,
        contexts: &[Context],
        username: Option<&Username>,
    ) -> Result<Vec<Found>, Error> {
        self.0.find(contexts, username)
    }

    fn list(&mut self) -> Result<Vec<(Found, Account)>, Error> {
        self.0.list()
    }

    fn usernames(&mut self, found: &[Found]) -> Result<Vec<Username>, Error> {
        self.0.usernames(found)
    }

    fn read(&mut self, found: &[Found]) -> Result<Vec<(Found, Credential)>, Error> {
        self.0.read(found)
    }

    fn write(&mut self, _at: Option<&Found>, _credential: &Credential) -> Result<(), Error> {
        Err(Error::Denied)
    }

    fn delete(&mut self, _found: &Found) -> Result<(), Error> {
        Err(Error::Denied)
    }
}
