//! Why an account answers a request, and why each of the others does not.
//!
//! The verdict comes from [`judge`] itself, on a keychain that asks nobody, writes nothing and
//! unlocks nothing. So an explanation says what a get would do; this module only words the reasons.

use super::choice::{counts, with_contents};
use super::verdict::{Question, Reason, Verdict, judge};
use super::{Policy, host_of, with_retries};
use crate::context::Context;
use crate::credential::{Account, Credential, Username};
use crate::error::Error;
use crate::keychain::{Found, Keychain, Kind};
use crate::protocol::Request;
use std::ops::DerefMut;

/// The reason why an account answers, or does not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Why {
    /// It answers.
    Answers,
    /// It was put away, and does not answer until it is brought back.
    PutAway,
    /// It was chosen, but the host rejected its token.
    Rejected,
    /// It was chosen, but its token has expired.
    Expired,
    /// It was chosen, but the request did not say that it takes a token of this scheme.
    Scheme,
    /// It would be chosen, but it must be unlocked first.
    Locked,
    /// It would be chosen, but its item cannot be understood.
    Damaged,
    /// Several accounts would answer, and nothing tells which is meant.
    Ambiguous,
    /// It has a scope, and the request has no path.
    NoPath,
    /// It has another scope.
    OtherPath,
    /// The request names another username.
    OtherUsername,
    /// An account with a more specific scope comes first.
    LessSpecific,
    /// Another account of this context comes first: the one without a username, the one of exactly
    /// this name, or a later copy.
    AnotherFirst,
    /// Requests of this kind are not answered: they are unencrypted `http`, or name no host of
    /// ours.
    Refused,
}

/// An account and what is known of it.
pub(crate) struct Explained {
    /// The account's key.
    pub(crate) account: Account,
    /// The account's content, unless it is locked or damaged.
    pub(crate) credential: Option<Credential>,
    /// Whether the account's item is locked.
    pub(crate) locked: bool,
    /// Why the account answers, or does not.
    pub(crate) why: Why,
}

/// Returns every account of the request's host with its reason, in the order of their keys.
///
/// # Errors
/// Where the keychain fails. A locked keychain is a reason here and no failure.
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
        Verdict::Ambiguous(_, names) => Outcome::Among(names),
        Verdict::Locked => Outcome::All(Why::Locked),
        Verdict::Damaged => Outcome::All(Why::Damaged),
    };
    for at in 0..accounts.len() {
        accounts[at].why = why(&accounts[at], &accounts, &outcome, &question, policy.now);
    }
    Ok(accounts)
}

/// Returns every account that is kept at `now` (seconds since 1970 UTC), of whatever context. None
/// of them is said to answer.
///
/// # Errors
/// Where the keychain fails.
pub(crate) fn accounts(keychain: &mut dyn Keychain, now: u64) -> Result<Vec<Explained>, Error> {
    with_retries(|| of_host(None, keychain, now))
}

/// Returns the accounts of one host, or of all, without those that are gone. Tokens of other hosts
/// are not read.
fn of_host(
    host: Option<&Context>,
    keychain: &mut dyn Keychain,
    now: u64,
) -> Result<Vec<Explained>, Error> {
    let mut listed = keychain.list()?;
    listed.retain(|(_, a)| host.is_none_or(|host| a.context.host_level() == *host));
    let mut accounts: Vec<Explained> = with_contents(keychain, listed)?
        .into_iter()
        .map(|(found, account, credential)| Explained {
            account,
            credential,
            locked: found.locked,
            why: Why::Refused,
        })
        .collect();
    accounts.retain(|one| one.credential.as_ref().is_none_or(|c| !c.is_gone(now)));
    accounts.sort_by(|a, b| a.account.cmp(&b.account));
    Ok(accounts)
}

/// What the verdict means for the accounts of a host.
enum Outcome {
    Nobody,
    /// The reason is the same for all accounts that might have been chosen.
    All(Why),
    /// Accounts of these names might have been chosen.
    Among(Vec<Username>),
    /// The reason is that of the chosen account, which was stored at this time.
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
            // A locked account without a username may be one that answers any.
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
        // A sound account would have been chosen, and a locked one would have been the outcome.
        Outcome::Nobody => Why::Damaged,
        Outcome::All(why) => *why,
        Outcome::Among(names) if names.contains(&account.username) => Why::Ambiguous,
        Outcome::Among(_) | Outcome::One(..) => Why::AnotherFirst,
    }
}

/// A keychain that is only looked at: nobody is asked, nothing is changed.
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
