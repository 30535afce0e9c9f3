//! Whether the account that a question is for may be served and, if not, why.
//!
//! This is the one place that says so: to git's get, to `status`, to `token` and `exec`, and to
//! docker. Each of them puts its question and only words what comes back.

use super::choice::{Choice, Item, choose};
use super::{Policy, with_retries};
use crate::context::Context;
use crate::credential::{State, Username};
use crate::error::Error;
use crate::keychain::Keychain;

/// For whom an account is wanted.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// From where it may be answered: the most specific context first, of one host.
    pub contexts: &'a [Context],
    /// Whose account, where somebody is named.
    pub username: Option<&'a Username>,
    /// Whether who asks can use a scheme other than Basic.
    pub takes_schemes: bool,
}

/// What comes of a question.
pub enum Verdict {
    /// This account answers.
    Served(Box<Item>),
    /// This account was chosen, and its token must not leave. Nobody else's does instead.
    Withheld(Box<Item>, Reason),
    /// No account is there for the question.
    Nobody,
    /// Accounts of these names are, and nothing tells which is meant.
    Ambiguous(Vec<Username>),
    /// The account must be unlocked first, and was not.
    Locked,
    /// What is kept for the account cannot be understood, or was not meant for it.
    Damaged,
    /// The question was for unencrypted `http`. The keychain was not asked.
    RefusedHttp,
}

/// Why the token of the account that was chosen must not leave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// The host rejected it.
    Rejected,
    /// Who asks cannot use its scheme.
    Scheme,
    /// Its time is over.
    Expired,
    /// Its time is over, and a refresh token is there that gets a new one.
    Renewable,
}

/// Judges a question. What fails for a moment is tried again.
///
/// # Errors
/// Where the keychain fails otherwise than by being locked or damaged.
pub fn judge(
    keychain: &mut dyn Keychain,
    question: &Question<'_>,
    policy: Policy,
) -> Result<Verdict, Error> {
    let Question { contexts, username, takes_schemes } = *question;
    if !contexts.iter().all(|context| policy.allows(context)) {
        return Ok(Verdict::RefusedHttp);
    }
    let item = match with_retries(|| choose(keychain, contexts, username, policy.now)) {
        Ok(Choice::Account(item)) => item,
        Ok(Choice::None) => return Ok(Verdict::Nobody),
        Ok(Choice::Ambiguous(names)) => return Ok(Verdict::Ambiguous(names)),
        Err(Error::Locked) => return Ok(Verdict::Locked),
        Err(Error::Damaged) => return Ok(Verdict::Damaged),
        Err(error) => return Err(error),
    };
    let credential = &item.1;
    let reason = match credential.state(policy.now) {
        // It was not chosen.
        State::PutAway => return Ok(Verdict::Nobody),
        State::Rejected => Reason::Rejected,
        _ if credential.authtype.is_some() && !takes_schemes => Reason::Scheme,
        State::Expired if credential.refresh_token.is_some() => Reason::Renewable,
        State::Expired => Reason::Expired,
        State::Live => return Ok(Verdict::Served(item)),
    };
    Ok(Verdict::Withheld(item, reason))
}
